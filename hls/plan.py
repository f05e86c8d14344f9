"""What ``convert`` decided and predicts: kernels, intervals, latency.

>>> layer = LayerPlan(name="conv", kind="conv2d", kernel="shift_add", weights=72, rate=1.0, interval=1, stages=5,
...     adder_bits=900, multipliers=0, memory_bits=15888)
>>> plan = Plan(network="example", latency_clk=1004, latency_first_clk=1001, clocks_per_frame=63488,
...     pixels_per_frame=63488, layers=[layer])
>>> table(plan).row_count
1
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from streams.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table


class LayerPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One hardware block.

    Attributes
    ----------
    name : its layers' names, joined by a plus sign.
    kind : its first layer: ``conv2d``, ``maxpool2d``, ``dense`` or ``quantize``.
    kernel : ``shift_add`` (unrolled), ``mac`` (sequential, weight memory), ``max`` or ``quantize``.
    weights : number of weights.
    rate : windows per clock that a network of one pixel per clock asks of it, on average over a frame.
    interval : clocks per window, or per beat of a dense layer: 1 unless the kernel is ``mac``.
    stages : pipeline registers of the arithmetic; of a ``mac`` those behind its sums.
    adder_bits : bits of all adders and comparators, about its LUTs (an estimate).
    multipliers : multipliers (DSP blocks, an estimate).
    memory_bits : bits of line buffers and weight memory.
    """

    name: str
    kind: str
    kernel: str
    weights: int
    rate: float
    interval: int
    stages: int
    adder_bits: int
    multipliers: int
    memory_bits: int


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole network; all clock numbers hold with frames back to back and an output that is always ready.

    Attributes
    ----------
    latency_clk : clocks from the acceptance of the last pixel that a cell depends on to that cell; the largest.
    latency_first_clk : the same of a frame's first cell.
    clocks_per_frame : clocks from a frame's first pixel to the next frame's.
    pixels_per_frame : beats per frame; equal to ``clocks_per_frame`` where no kernel is sequential and busy.
    """

    network: str
    latency_clk: int
    latency_first_clk: int
    clocks_per_frame: int
    pixels_per_frame: int
    layers: list[LayerPlan]


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
    """Return the plan as a table for people."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = (
        f"{plan.network}: latency {plan.latency_clk} clocks (first cell {plan.latency_first_clk}),"
        f" {plan.clocks_per_frame} clocks per frame of {plan.pixels_per_frame} pixels"
    )
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits 80 columns
    names = ("layer", "kernel", "weights", "rate", "clocks", "stages", "adders", "mult", "memory")
    for name in names:
        text = name in ("layer", "kernel")
        justify: Literal["left", "right"] = "left" if text else "right"
        least = 12 if name == "layer" else None
        shown.add_column(name, justify=justify, no_wrap=name != "layer", overflow="fold", min_width=least)
    for layer in plan.layers:
        numbers = (layer.interval, layer.stages, layer.adder_bits, layer.multipliers, layer.memory_bits)
        rate = f"{layer.rate:.3f}"
        shown.add_row(
            layer.name, layer.kernel, str(layer.weights), rate, *(str(number) for number in numbers)
        )
    return shown
