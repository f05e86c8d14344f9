"""Clock-by-clock model of the generated network: who moves when, without any data.

It follows the RTL shells register by register (``net_guard``, ``net_window``, ``net_mac``, ``net_enable``,
``net_fifo``, ``net_tail``), so its clocks are equal to the simulated ones, with any pattern of ``tvalid``
and ``tready``.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 2, 1), output_shape=(2, 2, 1), output=pixel)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 2, 1), number=pixel),), layers=[relu])
>>> clocks = run(cut(spec), [2], frames=1, pixels=4)
>>> clocks.taken.tolist(), clocks.given.tolist()
([0, 1, 2, 3], [5, 6, 7, 8])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hls.cycles_kernel import FIELDS, simulate
from hls.netlist import FIFO_DEPTH, FLAG_DEPTH, Block, Mac, Netlist, Window
from streams.errors import UserError

#: Clocks without any movement after which a run is given up.
MAX_CLOCKS = 2_000_000_000

Clocks = NDArray[np.int64]


class Run(NamedTuple):
    """Clock numbers of a run: of each accepted pixel, and of each output beat handed over."""

    taken: Clocks
    given: Clocks


def run(
    netlist: Netlist,
    stages: Sequence[int],
    *,
    frames: int,
    pixels: int,
    valid: NDArray[Any] | None = None,
    ready: NDArray[Any] | None = None,
) -> Run:
    """Return when pixels go in and cells come out, from the first clock after reset.

    Parameters
    ----------
    stages : registers of each block's arithmetic.
    frames : frames sent, each of ``pixels`` beats.
    valid, ready : bool array, one item per clock: the recorded ``s_axis_tvalid`` and ``m_axis_tready``; default and
        after the end: always true.

    Raises
    ------
    UserError : the network stands still (cannot happen with ``ready`` true at the end).
    """
    blocks = netlist.blocks
    cells = blocks[-1].sink.beats if blocks else pixels
    taken, given = np.full(frames * pixels, -1, np.int64), np.full(frames * cells, -1, np.int64)
    table = np.array([_fields(b, s) for b, s in zip(blocks, stages, strict=True)], np.int64)
    nothing = np.zeros(0, np.bool_)
    simulate(
        table.reshape(-1, len(FIELDS)),
        np.array([pixels, cells, FIFO_DEPTH, FLAG_DEPTH, MAX_CLOCKS], np.int64),
        nothing if valid is None else valid.astype(np.bool_),
        nothing if ready is None else ready.astype(np.bool_),
        taken,
        given,
    )
    if len(given) and given[-1] < 0:
        raise UserError(
            f"the network stands still after {int((given >= 0).sum())} of {len(given)} output beats"
        )
    return Run(taken, given)


def _fields(block: Block, stages: int) -> list[int]:
    """Return the numbers of one block, in the order of ``FIELDS``."""
    windows = [front for front in block.fronts if isinstance(front, Window)]
    macs = [front for front in block.fronts if isinstance(front, Mac)]
    inputs, beats = (macs[0].turns, macs[0].beats) if macs else (0, 0)
    if not windows:
        return [0, 1, 1, 0, 0, 0, 1, 1, inputs, beats, stages]
    window = windows[0]
    last = [(window.rows - 1) * window.stride[0], (window.columns - 1) * window.stride[1]]
    grid = [window.source.rows, window.source.columns]
    return [1, *grid, window.delay, *last, *window.stride, inputs, beats, stages]


def last_pixel(netlist: Netlist, rows: int, columns: int) -> NDArray[np.int64]:
    """Return for each output beat of a frame the number of the last pixel that it depends on.

    The frame's last beat depends on the last pixel always: its ``tuser`` does.
    """
    row, column = np.arange(rows), np.arange(columns)
    for front in (front for block in netlist.blocks for front in block.fronts):
        if isinstance(front, Mac) and front.beats > 1:
            row, column = row[-1:], column[-1:]
        elif isinstance(front, Window):
            sides = zip(
                (row, column),
                front.kernel,
                front.stride,
                front.padding,
                (front.rows, front.columns),
                strict=True,
            )
            row, column = (
                before[np.minimum(np.arange(n) * stride - pad + size - 1, len(before) - 1)]
                for before, size, stride, pad, n in sides
            )
    pixel = (row[:, None] * columns + column).ravel()
    pixel[-1] = rows * columns - 1
    return pixel


class Timing(NamedTuple):
    """What the plan states: see ``hls.plan.Plan``."""

    latency_clk: int
    latency_first_clk: int
    clocks_per_frame: int


def timing(netlist: Netlist, stages: Sequence[int], rows: int, columns: int, frames: int = 4) -> Timing:
    """Return latency and interval with frames back to back and an output that is always ready."""
    pixels = rows * columns
    clocks = run(netlist, stages, frames=frames, pixels=pixels)
    needed = last_pixel(netlist, rows, columns)
    delay = clocks.given.reshape(frames, -1) - clocks.taken.reshape(frames, pixels)[:, needed]
    followed = delay[:-1]  # the last frame has none behind it
    interval = clocks.taken.reshape(frames, pixels)[-1, 0] - clocks.taken.reshape(frames, pixels)[-2, 0]
    return Timing(int(followed.max()), int(followed[:, 0].max()), int(interval))
