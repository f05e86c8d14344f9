"""A firmware folder as co-simulation needs it: network, settings, plan, RTL, and parameters of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hls import plan
from streams.errors import UserError
from trigger import network_spec, settings
from trigger.frames import COLUMNS, GUARD, ROWS

#: Hand-written modules of the chain, in ``hls/rtl``.
CHAIN_SOURCES = (
    "pedestal_lane.sv",
    "pedestal_bins.sv",
    "frame_rows.sv",
    "front_end.sv",
    "commit_fifo.sv",
    "decide.sv",
    "chain.sv",
)


@dataclass(frozen=True)
class Firmware:
    """What ``convert`` wrote.

    Attributes
    ----------
    spec, settings, plan : ``network.json``, ``trigger.json``, ``plan.json``.
    rtl : the file list of the generated network.
    """

    spec: network_spec.NetworkSpec
    settings: settings.TriggerSettings
    plan: plan.Plan
    rtl: Path

    @property
    def stride(self) -> tuple[int, int]:
        """Rows and columns of pixels per cell."""
        rows, columns, _ = self.spec.output_shape
        return self.spec.input_shape[0] // rows, self.spec.input_shape[1] // columns

    def parameters(self) -> dict[str, int]:
        """Return the parameters of ``chain.sv``."""
        front_end, output = self.settings.front_end, self.spec.output
        return {
            "TicksPerPixel": front_end.ticks_per_pixel,
            "AccumulatorLimit": front_end.accumulator_limit,
            "Shift": front_end.shift,
            "Offset": front_end.offset,
            "OutputBits": output.width,
            "OutputSigned": int(output.signed),
            "Outputs": self.spec.output_shape[-1],
            "CellRows": self.stride[0],
            "CellChannels": self.stride[1],
        }


def read(folder: Path) -> Firmware:
    """Read a firmware folder.

    Raises
    ------
    UserError : no such folder, a file is missing or damaged, or the network does not fit the chain.
    """
    if not folder.is_dir():
        raise UserError(f"firmware folder {folder} does not exist: make it with `lartrig convert`")
    rtl = folder / "rtl" / "network.f"
    if not rtl.is_file():
        raise UserError(f"firmware folder {folder} has no rtl/network.f: convert the model again")
    for line in rtl.read_text().split():
        if not (rtl.parent / line).is_file():
            raise UserError(
                f"firmware folder {folder} has no rtl/{line}, which rtl/network.f names: convert again"
            )
    firmware = Firmware(
        network_spec.read(folder / "network.json"),
        settings.read(folder / "trigger.json"),
        plan.read(folder / "plan.json"),
        rtl,
    )
    _check(folder, firmware)
    return firmware


def _check(folder: Path, firmware: Firmware) -> None:
    spec = firmware.spec
    if firmware.plan.mode != "frames":
        raise UserError(
            f"{folder}: its RTL is for rows without end, want frames: convert without --continuous"
        )
    if spec.input_shape != (ROWS, COLUMNS, 1):
        raise UserError(
            f"{folder}: the network takes images of {spec.input_shape}, want ({ROWS}, {COLUMNS}, 1):"
            f" convert with --rows {ROWS} --columns {COLUMNS}"
        )
    if spec.input.signed or spec.input.width != 8:
        kind = "signed" if spec.input.signed else "unsigned"
        raise UserError(
            f"{folder}: the network takes pixels of {spec.input.width} bits, {kind}; want 8, unsigned"
        )
    shape = spec.output_shape
    fits = len(shape) == 3 and not ROWS % shape[0] and not COLUMNS % shape[1]
    if not fits or (COLUMNS // 2 - GUARD) % firmware.stride[1] or GUARD % firmware.stride[1]:
        raise UserError(
            f"{folder}: the network's map is {shape}: its cells do not divide the {ROWS} rows, the {GUARD} guard"
            " columns and the channels of a face: use poolings that do"
        )
