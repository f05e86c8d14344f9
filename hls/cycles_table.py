"""A netlist as the numbers that ``hls.cycles_kernel`` runs on.

>>> from hls.netlist import Edge, Netlist, Port, Stream
>>> from trigger.network_spec import Format
>>> stream = Stream(2, 3, 1, Format(signed=False, width=8, fraction=0))
>>> ends = (Port("pixels", "s_axis", stream),), (Port("pixels", "m_axis", stream),)
>>> wires = Netlist("wires", *ends, (), (Edge("s_axis", "m_axis", 0, stream, 0),))
>>> tables(wires, frames=2, signals={}).inputs[0, :4].tolist()  # links 0 to 1, 6 beats, 12 in all
[0, 1, 6, 12]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls import cycles_fronts
from hls.cycles_columns import (
    BEATS,
    CLOCKS,
    DEEP,
    DEPTH,
    END_WAIT,
    FIFO,
    FIRST,
    KIND,
    LENGTH,
    ROW_WAIT,
    STRIDE,
    TOTAL,
    TRACE,
    WIRE,
)
from hls.cycles_kernel import Tables
from hls.cycles_units import FIELDS, GLOBAL, LAZY, MAC, PIPE, REPACK, RESIZE, ROW_WINDOW, WINDOW
from hls.netlist import Block, Front, Global, Mac, Netlist, Port, Resize, Window
from streams.errors import UserError

_KINDS = {"wire": WIRE, "fifo": FIFO, "deep": DEEP}
_FLUSHING = 8  # field of a window
_EDGE_COLUMNS, _PORT_COLUMNS = 8, 21

Signals = Mapping[str, NDArray[Any]]


def tables(
    netlist: Netlist, *, frames: int, signals: Signals, untimed: Mapping[str, int] | None = None
) -> Tables:
    """Return the tables of a run of ``frames``; ``signals``: recorded valid or ready by label of the port.

    ``untimed`` : as in ``hls.cycles.run``.
    """
    numbers = {(edge.producer, edge.consumer, edge.port): k for k, edge in enumerate(netlist.edges)}
    links: list[int] = []

    def linked(label: str, *, into: bool) -> list[int]:
        chosen = netlist.into(label) if into else netlist.out_of(label)
        if not chosen:
            raise UserError(f"netlist {netlist.name}: nothing {'enters' if into else 'leaves'} {label!r}")
        links.extend(numbers[edge.producer, edge.consumer, edge.port] for edge in chosen)
        return [len(links) - len(chosen), len(links)]

    blocks: list[list[int]] = []
    rows: list[list[int]] = []
    for block in netlist.blocks:
        first = len(rows)
        rows += _units(block if untimed is None else replace(block, stages=min(block.stages, 1)))
        for row in rows[first:]:
            if row[0] in (WINDOW, ROW_WINDOW) and untimed is not None:
                row[_FLUSHING] = untimed.get(block.label, LAZY)
        blocks.append([first, len(rows), *linked(block.label, into=True), *linked(block.label, into=False)])
    edges = np.zeros((len(netlist.edges), _EDGE_COLUMNS), np.int64)
    edges[:, KIND] = [_KINDS[edge.kind] for edge in netlist.edges]
    edges[:, DEPTH] = [edge.depth for edge in netlist.edges]
    ends = [(port, linked(port.label, into=False)) for port in netlist.inputs]
    ends += [(port, linked(port.label, into=True)) for port in netlist.outputs]
    totals = [netlist.beats(port, frames) for port, _ in ends]
    ports = _ports(ends, len(netlist.inputs), totals, signals)
    if netlist.mode == "continuous":
        ports[:, BEATS] = [port.stream.columns for port, _ in ends]
        ports[:, STRIDE] = [port.field.stride for port, _ in ends]
        ports[:, ROW_WAIT] = ports[:, END_WAIT] = [port.field.rows - 1 for port, _ in ends]
    return Tables(
        np.array(rows, np.int64).reshape(-1, FIELDS),
        np.array(blocks, np.int64).reshape(-1, 6),
        np.array(links, np.int64),
        edges,
        ports[: len(netlist.inputs)].copy(),
        ports[len(netlist.inputs) :].copy(),
    )


def _ports(
    ends: Sequence[tuple[Port, list[int]]], n_inputs: int, totals: Sequence[int], signals: Signals
) -> NDArray[np.int64]:
    """Return the rows of inputs, then outputs; signals lie behind each other in that order."""
    table = np.zeros((len(ends), _PORT_COLUMNS), np.int64)
    table[:, FIRST : FIRST + 2] = [link for _, link in ends]
    table[:, BEATS] = [port.stream.beats for port, _ in ends]
    table[:, TOTAL] = totals
    table[:, LENGTH] = [len(signals.get(port.label, ())) for port, _ in ends]
    table[:, TRACE] = [0, *accumulate(table[:-1, LENGTH])]
    for way in (table[:n_inputs], table[n_inputs:]):
        way[:, CLOCKS] = [0, *accumulate(way[:-1, TOTAL])]
    return table


def _units(block: Block) -> list[list[int]]:
    """Return the rows of a block's units, filled up with zeros."""
    found = [_front(front) for front in block.fronts] + [[PIPE, block.stages]] * (block.stages > 0)
    return [row + [0] * (FIELDS - len(row)) for row in found]


def _front(front: Front) -> list[int]:
    """Return the fields of a front, in the order that ``hls.cycles_units`` states."""
    if isinstance(front, Window):
        last = [(front.rows - 1) * front.stride[0], (front.columns - 1) * front.stride[1]]
        if front.endless:
            columns, ahead = front.source.columns, front.kernel[1] - 1 - front.padding[1]
            beyond = max(last[1] + ahead - (columns - 1), 0)
            return [ROW_WINDOW, columns, ahead, last[1], beyond, *front.stride, front.kernel[0]]
        return [WINDOW, front.source.rows, front.source.columns, front.delay, *last, *front.stride]
    if isinstance(front, Mac):
        return [MAC, front.turns, front.beats, front.depth, front.places]
    if isinstance(front, Global):
        return [GLOBAL, front.source.beats]
    if isinstance(front, Resize):
        rows = 1 if front.by_row else front.source.rows
        return [RESIZE, rows, front.source.columns, *front.size, *front.padding]
    given, wanted = front.source.channels, front.sink.channels
    return [REPACK, given, wanted, cycles_fronts.Repack(given, wanted).places]
