"""Clock-by-clock model of the generated network: who moves when, without any data.

It follows the RTL shells register by register (``net_guard``, ``net_window``, ``net_mac``, ``net_enable``,
``net_fifo``, ``net_deep_fifo``, ``net_tail`` ...), so its clocks are equal to the simulated ones, with any pattern of
``tvalid`` and ``tready``. Inputs, outputs and edges go by the labels of the netlist.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 2, 1), output_shape=(2, 2, 1), output=pixel)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 2, 1), number=pixel),), layers=[relu])
>>> clocks = run(cut(spec), frames=1)
>>> clocks.taken["s_axis"].tolist(), clocks.given["m_axis"].tolist()
([0, 1, 2, 3], [5, 6, 7, 8])
>>> timing(cut(spec)).clocks_per_frame
4
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hls.cycles_columns import (
    CLOCKS,
    COUNT,
    DEPTH,
    MOST,
    NEEDED,
    PASSED,
    ROOM,
    SHOWN,
    TOTAL,
)
from hls.cycles_kernel import Sizes, Tables, simulate
from hls.cycles_table import tables
from hls.needed_pixels import needed_pixels
from hls.netlist import Edge, Netlist, Port
from streams.errors import UserError

#: Clocks after which a run is given up.
MAX_CLOCKS = 2_000_000_000
_MOST_ON_THE_WAY = 40  # frames: of those that end within the network's latency, all of one beat, say

Clocks = NDArray[np.int64]


class Run(NamedTuple):
    """What a run did.

    Attributes
    ----------
    taken, given : by label of an input or output: clock of each beat accepted, or handed over.
    occupancy : most words that each edge's FIFO held.
    needed : least depth of each edge's FIFO with which its room delays no beat of this run.
    flags : the same of the FIFOs of the frames' flags.
    clocks : clocks that passed until the last beat.
    """

    taken: dict[str, Clocks]
    given: dict[str, Clocks]
    occupancy: dict[Edge, int]
    needed: dict[Edge, int]
    flags: int
    clocks: int


def run(
    netlist: Netlist,
    *,
    frames: int,
    valid: Mapping[str, NDArray[Any]] | None = None,
    ready: Mapping[str, NDArray[Any]] | None = None,
    unbounded: bool = False,
    untimed: Mapping[str, int] | None = None,
) -> Run:
    """Return when beats go in and come out, from the first clock after reset.

    Parameters
    ----------
    frames : frames sent into every input.
    valid, ready : by label of an input or output: bool array, one item per clock: the recorded ``tvalid`` or
        ``tready``; default and after the end: always true.
    unbounded : every FIFO has room always (its clocks stay those of its kind).
    untimed : for ``hls.depths`` only: not the RTL but its untimed graph, in which any movement may be late. Then a
        pipeline is only sure to hold one beat, a window one, and each flushes at the frames' ends as this says by
        label of the block: ``LAZY`` or ``EAGER`` (``hls.cycles_units``); default: lazy.

    Raises
    ------
    UserError : the network stands still; the sentence names the FIFO that is full and the block that waits.
    """
    signals = {label: array.astype(np.bool_) for label, array in {**(valid or {}), **(ready or {})}.items()}
    table = tables(netlist, frames=frames, signals=signals, untimed=untimed)
    if unbounded:
        table.edges[:, DEPTH] = MAX_CLOCKS
    flag_depth = MAX_CLOCKS if unbounded or untimed is not None else netlist.flag_depth
    in_order = [
        signals.get(port.label, np.zeros(0, np.bool_)) for port in (*netlist.inputs, *netlist.outputs)
    ]
    taken, given = (np.full(int(way[:, TOTAL].sum()), -1, np.int64) for way in (table.inputs, table.outputs))
    sizes = Sizes(flag_depth, MAX_CLOCKS)
    clocks = simulate(table, sizes, np.concatenate(in_order), taken, given)
    if (table.outputs[:, PASSED] < table.outputs[:, TOTAL]).any():
        raise UserError(_still(netlist, table))
    return Run(
        _by_port(netlist.inputs, table.inputs, taken),
        _by_port(netlist.outputs, table.outputs, given),
        dict(zip(netlist.edges, table.edges[:, MOST].tolist(), strict=True)),
        dict(zip(netlist.edges, table.edges[:, NEEDED].tolist(), strict=True)),
        int(max(table.inputs[:, ROOM].max(), table.outputs[:, ROOM].max())),
        int(clocks),
    )


def _by_port(ports: Sequence[Port], table: NDArray[np.int64], clocks: Clocks) -> dict[str, Clocks]:
    return {
        port.label: clocks[row[CLOCKS] : row[CLOCKS] + row[TOTAL]]
        for port, row in zip(ports, table, strict=True)
    }


def _still(netlist: Netlist, table: Tables) -> str:
    """Return the sentence on a network that stands still: what is full, and who waits for what."""
    done, wanted = int(table.outputs[:, PASSED].sum()), int(table.outputs[:, TOTAL].sum())
    text = f"network {netlist.name} stands still after {done} of {wanted} output beats"
    state = dict(zip(netlist.edges, table.edges.tolist(), strict=True))
    full = [edge for edge in netlist.edges if edge.depth and state[edge][COUNT] >= edge.depth]
    for edge in full:
        empty = [other.producer for other in netlist.into(edge.consumer) if not state[other][SHOWN]]
        if empty:
            return (
                f"{text}: the FIFO {edge.producer} -> {edge.consumer} ({edge.depth} words) is full while"
                f" {edge.consumer} waits for {' and '.join(empty)}: make that FIFO deeper (hls.depths.depths)"
            )
    names = ", ".join(f"{edge.producer} -> {edge.consumer} ({edge.depth} words)" for edge in full)
    return f"{text}: full FIFOs: {names or 'none'}"


class Timing(NamedTuple):
    """What the plan states, with frames back to back and outputs that are always ready.

    Attributes
    ----------
    latency_clk : by label of an output: clocks from the acceptance of the last pixel (of all inputs) that a beat
        depends on to that beat; the largest.
    latency_first_clk : the same of a frame's first beat.
    clocks_per_frame : clocks from a frame's first pixel to the next frame's.
    """

    latency_clk: dict[str, int]
    latency_first_clk: dict[str, int]
    clocks_per_frame: int


def timing(netlist: Netlist) -> Timing:
    """Return latency of every output, and interval."""
    frames = steady_frames(netlist)
    clocks = run(netlist, frames=frames)
    needed = needed_pixels(netlist)
    taken = {label: array.reshape(frames, -1) for label, array in clocks.taken.items()}
    latency, first = {}, {}
    for label, array in clocks.given.items():
        known = np.max([taken[source][:, pixel] for source, pixel in needed[label].items()], axis=0)
        delay = (array.reshape(frames, -1) - known)[:-1]  # the last frame has none behind it
        latency[label], first[label] = int(delay.max()), int(delay[:, 0].max())
    interval = max(int(array[-1, 0] - array[-2, 0]) for array in taken.values())
    return Timing(latency, first, interval)


def steady_frames(netlist: Netlist) -> int:
    """Return so many frames that the last of them find the network filled by those before."""
    beats = min(port.stream.beats for port in netlist.inputs)
    on_the_way = -(-(run(netlist, frames=1, unbounded=True).clocks - beats) // beats)
    return 2 + 2 * min(max(on_the_way, 1), _MOST_ON_THE_WAY)
