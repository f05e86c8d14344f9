"""What ``convert`` decided and predicts: rates, kernels, area, FIFO depths, intervals, latency.

>>> layer = LayerPlan(name="conv", module="layer0_conv", kind="conv2d", kernel="shift_add", weights=72, rate=1.0,
...     peak=1.0, interval=1, stages=5, multipliers=0, memory_bits=15888, estimate=Resources(lut=900, ff=700))
>>> plan = Plan(network="example", latency_clk=1004, latency_first_clk=1001, clocks_per_frame=63488,
...     pixels_per_frame=63488, layers=[layer], fifos=[], outputs=[])
>>> table(plan).row_count
2
"""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from hls.synth.resources import Resources
from streams.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table


class LayerPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One hardware block.

    Attributes
    ----------
    name : its layers' names, joined by a plus sign; of a block that only repacks beats, its module.
    module : name of its module.
    kind : its first layer: ``conv2d``, ``maxpool2d``, ...; ``repack``.
    kernel : ``shift_add`` (unrolled), ``mac`` (multipliers, weight memory), ``max``, ``average``, ``pixelwise``,
        ``resize`` or ``repack``.
    weights : number of weights.
    rate, peak : windows per clock (without a window: beats) that the network asks of it at full speed: on average
        over a frame, and within the rows in which its input moves.
    interval : clocks per window, or per beat of a dense layer: 1 unless the kernel is ``mac``.
    stages : pipeline registers of the arithmetic; of a ``mac`` those behind its sums.
    multipliers : products made side by side.
    memory_bits : bits of line buffers and weight memory.
    estimate : area of its module.
    """

    name: str
    module: str
    kind: str
    kernel: str
    weights: int
    rate: float
    peak: float
    interval: int
    stages: int
    multipliers: int
    memory_bits: int
    estimate: Resources


class FifoPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The FIFO between two modules (or ports); ``depth`` 0: wires."""

    producer: str
    consumer: str
    kind: str
    width: int
    depth: int


class OutputPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One output; ``port`` is the prefix of its signals; clocks as in ``Plan``."""

    name: str
    port: str
    latency_clk: int
    latency_first_clk: int


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole network; all clock numbers hold with frames back to back and outputs that are always ready.

    Attributes
    ----------
    latency_clk : clocks from the acceptance of the last pixel that a cell depends on to that cell; the largest, of all
        outputs.
    latency_first_clk : the same of a frame's first cell.
    clocks_per_frame : clocks from a frame's first pixel to the next frame's.
    pixels_per_frame : beats per frame (of the largest input).
    fifos : every connection between modules.
    kernels, reuse : choices that ``write_rtl`` was given.
    mode : frames, or rows without end; then a row stands in the place of a frame everywhere here.
    """

    network: str
    latency_clk: int
    latency_first_clk: int
    clocks_per_frame: int
    pixels_per_frame: int
    layers: list[LayerPlan]
    fifos: list[FifoPlan]
    outputs: list[OutputPlan]
    flag_depth: int = 16
    kernels: dict[str, str] = {}
    reuse: dict[str, int] = {}
    mode: Literal["frames", "continuous"] = "frames"


def write(plan: Plan, path: Path) -> None:
    """Write ``plan`` as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")


def read(path: Path) -> Plan:
    """Read a plan.

    Raises
    ------
    UserError : no such file, or not a plan.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise UserError(f"cannot read plan {path}: {error.strerror}: convert the model again") from error
    except msgspec.DecodeError as error:
        raise UserError(f"plan {path}: {error}: convert the model again") from error


def table(plan: Plan) -> Table:
    """Return the plan as a table for people; the last row is the sum. Deep FIFOs are told below it."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    unit = "frame" if plan.mode == "frames" else "row"
    title = (
        f"{plan.network}: latency {plan.latency_clk} clocks (first cell {plan.latency_first_clk}),"
        f" {plan.clocks_per_frame} clocks per {unit} of {plan.pixels_per_frame} pixels"
    )
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits 80 columns
    shown.caption, shown.caption_justify = _told(plan), "left"
    for name in ("layer", "kernel", "rate", "peak", "clocks", "mult", "LUT", "FF", "DSP", "BRAM"):
        text = name in ("layer", "kernel")
        justify: Literal["left", "right"] = "left" if text else "right"
        least = 12 if name == "layer" else None
        shown.add_column(name, justify=justify, no_wrap=name != "layer", overflow="fold", min_width=least)
    for layer in plan.layers:
        asked = (f"{layer.rate:.3f}", f"{layer.peak:.2f}", str(layer.interval), str(layer.multipliers))
        shown.add_row(layer.name, layer.kernel, *asked, *_area(layer.estimate))
    total = reduce(add, (layer.estimate for layer in plan.layers), Resources())
    shown.add_row("sum (estimate)", "", "", "", "", "", *_area(total))
    return shown


def _area(found: Resources) -> tuple[str, str, str, str]:
    return str(found.lut), str(found.ff), str(found.dsp), str(found.bram)


def _told(plan: Plan) -> str:
    """Return what stands below the table: deep FIFOs, and the latencies of several outputs."""
    deep = [
        f"{fifo.producer} -> {fifo.consumer}: {fifo.depth} words" for fifo in plan.fifos if fifo.depth > 2
    ]
    lines = ["FIFOs: " + ", ".join(deep)] if deep else []
    if len(plan.outputs) > 1:
        each = (f"{o.name} {o.latency_clk} clocks (first {o.latency_first_clk})" for o in plan.outputs)
        lines.append("latency: " + ", ".join(each))
    return "\n".join(lines)
