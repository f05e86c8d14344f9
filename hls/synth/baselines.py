"""Fixed modules whose synthesis is kept in git, exactly: ``python -m hls.synth.baselines`` writes it anew.

>>> sorted(modules())[:3]
['kernel_conv_1x1x16_1', 'kernel_conv_3x3x1_8', 'kernel_conv_3x3x8_12']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hls import kernel_estimate
from hls.synth import yosys
from hls.synth.resources import Resources
from streams.errors import UserError

FOLDER = Path(__file__).parents[1] / "baselines"
RTL = Path(__file__).parents[1] / "rtl"
#: Modules that take Yosys 6 s or more: compared only where ``LARTRIG_ALL`` is set.
SLOW = frozenset({"kernel_conv_3x3x8_12", "kernel_conv_3x3x1_8", "net_mac_logic"})


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One synthesis with Yosys for UltraScale+; ``estimate`` is what ``hls.kernel_estimate`` expects."""

    tool: str
    top: str
    parameters: dict[str, int]
    resources: Resources
    levels: int
    cells: dict[str, int]
    estimate: Resources


@dataclass(frozen=True)
class Fixed:
    """A module; ``source`` writes what is not in ``hls/rtl`` into a folder and returns the file."""

    top: str
    files: tuple[str, ...]
    estimate: Resources
    parameters: Mapping[str, int] = field(default_factory=dict)
    source: Callable[[Path], Path] | None = None


def modules() -> dict[str, Fixed]:
    """Return the modules by name."""
    found = {
        "net_fifo": Fixed(
            "net_fifo", ("net_fifo.sv",), kernel_estimate.fifo(48, 2), {"Width": 48, "Depth": 2}
        ),
        "net_deep_fifo": Fixed(
            "net_deep_fifo",
            ("net_deep_fifo.sv",),
            kernel_estimate.fifo(36, 512),
            {"Width": 36, "Depth": 512},
        ),
        "net_quantize": _quantize(8, 18, 6, 8),
        "net_window_992x1": _window(992, 1, 8),
        "net_window_32x8": _window(32, 8, 6),
        "net_mac_dsp": _mac(
            {"Inputs": 16, "Filters": 4, "Width": 6, "WeightWidth": 6, "OutWidth": 16}, dsp=True
        ),
        "net_mac_logic": _mac(
            {"Inputs": 16, "Filters": 4, "Width": 6, "WeightWidth": 6, "OutWidth": 16, "Parallel": 2},
            dsp=False,
        ),
    }
    for name, (numbers, filters, width) in _KERNELS.items():
        found[name] = Fixed(
            "kernel", (), _estimate(numbers, filters, width), {}, _writer(numbers, filters, width)
        )
    return found


def measure(name: str, work: Path, cache: Path | None = None) -> Baseline:
    """Return the synthesis of a fixed module as it is now; ``work`` : folder for its generated source."""
    module = modules()[name]
    files = [RTL / file for file in module.files] + ([module.source(work)] if module.source else [])
    made = yosys.synthesise(files, module.top, "xcup", module.parameters, cache)
    tool = f"Yosys {yosys.version()}, synth_xilinx -family xcup"
    return Baseline(
        tool, module.top, dict(module.parameters), made.resources, made.levels, made.cells, module.estimate
    )


def read(name: str) -> Baseline:
    """Return what is kept in git.

    Raises
    ------
    UserError : nothing is kept under this name, or it is damaged.
    """
    path = FOLDER / f"{name}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Baseline)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(f"baseline {path}: {error}: run make synth") from error


def write(folder: Path = FOLDER) -> None:
    """Measure all modules anew and keep the figures."""
    import tempfile

    folder.mkdir(exist_ok=True)
    for name in modules():
        with tempfile.TemporaryDirectory() as work:
            made = measure(name, Path(work))
        yosys.keep(folder / f"{name}.json", msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")


#: Numbers per window, filters, bits of a number: 3 x 3 x 1 -> 8, 3 x 3 x 8 -> 12, 1 x 1 x 16 -> 1, weights of 6 bits.
_KERNELS = {
    "kernel_conv_3x3x1_8": (9, 8, 8),
    "kernel_conv_3x3x8_12": (72, 12, 6),
    "kernel_conv_1x1x16_1": (16, 1, 4),
}


def _weights(numbers: int, filters: int) -> list[list[int]]:
    import numpy as np

    rng = np.random.default_rng(11)
    made: list[list[int]] = rng.integers(-32, 32, (numbers, filters)).tolist()
    return made


def _estimate(numbers: int, filters: int, width: int) -> Resources:
    weights = [weight for row in _weights(numbers, filters) for weight in row]
    return kernel_estimate.shift_add(kernel_estimate.adder_bits(weights, width, 6))


def _writer(numbers: int, filters: int, width: int) -> Callable[[Path], Path]:
    def source(folder: Path) -> Path:
        import numpy as np

        from hls.kernels.emit import emit
        from hls.kernels.shift_add import shift_add

        program = shift_add(np.array(_weights(numbers, filters)), list(range(filters)), 0, (1 << width) - 1)
        out_width = max(program.nodes[output].width for output in program.outputs)
        text = emit(program, "kernel", in_width=width, out_width=out_width, reference="the weights")
        (folder / "kernel.sv").write_text(text)
        return folder / "kernel.sv"

    return source


def _quantize(count: int, in_width: int, out_width: int, shift: int) -> Fixed:
    parameters = {"Count": count, "InWidth": in_width, "OutWidth": out_width, "Shift": shift}
    estimate = kernel_estimate.quantize(count=count, in_width=in_width, out_width=out_width, shift=shift)
    return Fixed("net_quantize", ("net_quantize.sv",), estimate, parameters)


def _window(columns: int, channels: int, width: int) -> Fixed:
    parameters = {"Columns": columns, "OutCols": columns, "Channels": channels, "Width": width}
    estimate = kernel_estimate.window(columns=columns, kernel=(3, 3), beat_bits=channels * width)
    return Fixed("net_window", ("net_window.sv",), estimate, parameters)


def _mac(parameters: dict[str, int], *, dsp: bool) -> Fixed:
    from hls.kernel_choice import mac_clocks

    inputs, width, bits = parameters["Inputs"], parameters["Width"], parameters["WeightWidth"]
    parallel = parameters.get("Parallel", 1)
    clocks = mac_clocks(inputs=inputs, beats=1, parallel=parallel, dsp=dsp, weight_width=bits)
    whole = kernel_estimate.mac(
        inputs=inputs, beats=1, filters=parameters["Filters"], width=width, weight_width=bits,
        out_width=parameters["OutWidth"], parallel=parallel, groups=1, dsp=dsp, places=clocks.places,
    )  # fmt: skip
    rom = kernel_estimate.rom(parameters["Filters"] * parallel * bits, clocks.turns)  # not in net_mac itself
    estimate = Resources(whole.lut - rom.lut, whole.ff - rom.ff, whole.dsp, whole.bram - rom.bram)
    return Fixed("net_mac", ("net_mac.sv", "net_fifo.sv"), estimate, {**parameters, "UseDsp": int(dsp)})


if __name__ == "__main__":
    write()
