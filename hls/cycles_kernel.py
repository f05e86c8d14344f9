"""The inner loop of ``hls.cycles``: every register that decides about a handshake, one clock at a time.

In a clock every wire follows from the registers: FIFOs show their words and their room, and each block takes beats from
its sources' FIFOs and pushes beats into its consumers'. So blocks may be moved in any order; the FIFOs move last.

>>> Sizes(flag_depth=16, untimed=0, max_clocks=100).untimed
0
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from hls.cycles_units import (
    BUSY,
    COLUMNS,
    DONE,
    MAC,
    MOVED,
    NEXT,
    PIPE,
    QUEUE,
    TURN,
    VALID,
    WINDOW,
    step_mac,
    step_pipe,
    step_window,
)  # fmt: skip

Array = NDArray[np.int64]
#: Columns of the table of edges: kind, words, beats inside, largest number of them, ``m_valid``, this clock's push and
#: pop, room that every push so far has needed.
KIND, DEPTH, COUNT, MOST, SHOWN, PUSHED, POPPED, NEEDED = range(8)
WIRE, FIFO, DEEP = range(3)
#: Columns of the table of inputs and outputs: first and end of its edges in ``links``, beats per frame, beats in all,
#: place in the list of clocks, place and length of the recorded signal, register is full, a beat is held on offer,
#: place in its frame of the next beat, beats passed, words in its flags' FIFO, its push and its pop.
FIRST, END, BEATS, TOTAL, CLOCKS, TRACE, LENGTH, FULL, HELD, PLACE, PASSED, FLAGS, PUSH, POP = range(14)
_NEVER = 1 << 40


class Tables(NamedTuple):
    """A netlist as numbers.

    Attributes
    ----------
    units : int64, (n_units, FIELDS): see ``hls.cycles_units``.
    blocks : int64, (n_blocks, 6): first and end of its units, of its sources and of its sinks in ``links``.
    links : int64: numbers of edges.
    edges, inputs, outputs : int64 tables by the columns above; they are changed.
    """

    units: Array
    blocks: Array
    links: Array
    edges: Array
    inputs: Array
    outputs: Array


class Sizes(NamedTuple):
    """Words of the flags' FIFOs; 1: the untimed graph (see ``hls.depths``); clocks to go at most."""

    flag_depth: int
    untimed: int
    max_clocks: int


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def simulate(
    tables: Tables, sizes: Sizes, signals: NDArray[np.bool_], policy: Array, taken: Array, given: Array
) -> int:
    """Fill ``taken`` and ``given`` with clock numbers and return how many passed; what never moves stays as it is.

    Parameters
    ----------
    signals : recorded valid and ready, one item per clock, all behind each other; true after their end. A beat that
        was offered once stays offered.
    policy : int64, (n_units,): ``flushing`` of each window.
    """
    units, blocks, _, edges, inputs, outputs = tables
    state = np.zeros((len(units), COLUMNS), np.int64)
    queue = np.zeros((len(units), max(QUEUE, units[:, 1].max() if len(units) else 0)), np.int64)
    traced = max(inputs[:, LENGTH].max(), outputs[:, LENGTH].max())
    clock = -1
    while clock < sizes.max_clocks - 1:
        clock += 1
        moved, ended = False, sizes.untimed == 1 and (inputs[:, PASSED] == inputs[:, TOTAL]).all()
        for o in range(len(outputs)):
            moved = _tail(outputs[o], tables, signals, clock, given) or moved
        for b in range(len(blocks)):
            moved = _block(blocks[b], tables, state, queue, policy, clock, ended) or moved
        for i in range(len(inputs)):
            moved = _guard(inputs[i], tables, sizes, signals, clock, taken) or moved
        moved = _flags(inputs, outputs, sizes) or moved
        for e in range(len(edges)):
            moved = _edge(edges[e]) or moved
        if (outputs[:, PASSED] == outputs[:, TOTAL]).all():
            break
        if not moved and clock >= traced:
            pause = _pause(units, state, queue, clock)
            if pause == _NEVER:
                break
            clock += pause
    return clock + 1


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _signal(port: Any, signals: Any, clock: int) -> bool:
    """Return the recorded signal of an input or output in this clock."""
    return bool(clock >= port[LENGTH] or signals[port[TRACE] + clock])


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _tail(port: Any, tables: Any, signals: Any, clock: int, given: Any) -> bool:
    """Move ``net_tail``; return whether anything moved."""
    edge = tables.edges[tables.links[port[FIRST]]]
    leaves = port[FULL] and _signal(port, signals, clock)
    if leaves and port[PASSED] < port[TOTAL]:
        given[port[CLOCKS] + port[PASSED]] = clock
        port[PASSED] += 1
    at_end = port[PLACE] == port[BEATS] - 1
    free = not port[FULL] or leaves
    take = free and edge[SHOWN] and (not at_end or port[FLAGS] > 0)
    if free:
        port[FULL] = take
    if take:
        port[PLACE] = 0 if at_end else port[PLACE] + 1
        edge[POPPED] = 1
        port[POP] = at_end
    return bool(leaves or take)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _room(edges: Any, links: Any, first: int, end: int) -> bool:
    """Return whether every FIFO of a fork has room."""
    room = True
    for k in range(first, end):
        room = room and edges[links[k], COUNT] < edges[links[k], DEPTH]
    return room


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _block(block: Any, tables: Any, state: Any, queue: Any, policy: Any, clock: int, ended: bool) -> bool:
    """Move a block: the beat of all sources, its units from the last to the first, and what it pushes."""
    units, edges, links = tables.units, tables.edges, tables.links
    offered = True
    for k in range(block[2], block[3]):
        offered = offered and edges[links[k], SHOWN] == 1
    room = _room(edges, links, block[4], block[5])
    first, last = block[0], block[1] - 1
    pushed = room and (state[last, VALID] == 1 if last >= first else offered)
    wanted, moved = room, False
    for u in range(last, first - 1, -1):
        source = offered if u == first else state[u - 1, VALID] == 1
        field = units[u]
        if field[0] == PIPE:
            wanted = step_pipe(field, state[u], queue[u], source, wanted)
        elif field[0] == WINDOW:
            wanted = step_window(field, state[u], queue[u], source, wanted, policy[u], ended)
        else:
            wanted = step_mac(field, state[u], queue[u], source, wanted, clock)
        moved = moved or state[u, MOVED] != 0
    if wanted and offered:
        for k in range(block[2], block[3]):
            edges[links[k], POPPED] = 1
    if pushed:
        for k in range(block[4], block[5]):
            edges[links[k], PUSHED] = 1
    return bool(moved or pushed or (wanted and offered))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _guard(port: Any, tables: Any, sizes: Any, signals: Any, clock: int, taken: Any) -> bool:
    """Move ``net_guard``; its consumers have moved. Return whether anything moved."""
    edges, links = tables.edges, tables.links
    wire = edges[links[port[FIRST]], KIND] == WIRE
    leaves = False
    if wire:
        leaves = edges[links[port[FIRST]], POPPED] == 1
        edges[links[port[FIRST]], POPPED] = 0
    elif port[FULL] and _room(edges, links, port[FIRST], port[END]):
        leaves = True
        for k in range(port[FIRST], port[END]):
            edges[links[k], PUSHED] = 1
    free = not port[FULL] or leaves
    wanted = port[PASSED] < port[TOTAL] and (port[HELD] or _signal(port, signals, clock))
    flag_room = port[FLAGS] < sizes.flag_depth
    if len(tables.inputs) == 1:
        for o in range(len(tables.outputs)):
            flag_room = flag_room and tables.outputs[o, FLAGS] < sizes.flag_depth
    accept = wanted and free and flag_room
    port[HELD] = wanted and not accept
    if free:
        port[FULL] = accept
        if wire:
            edges[links[port[FIRST]], SHOWN] = accept
    if accept:
        taken[port[CLOCKS] + port[PASSED]] = clock
        port[PASSED] += 1
        port[PUSH] = port[PASSED] % port[BEATS] == 0
    return bool(accept or leaves)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _flags(inputs: Any, outputs: Any, sizes: Any) -> bool:
    """Move the frames' flags: from the guards, where there are several through a FIFO each, to the outputs' FIFOs."""
    if len(inputs) == 1:
        handed = inputs[0, PUSH] == 1
    else:
        handed = True
        for i in range(len(inputs)):
            handed = handed and inputs[i, FLAGS] > 0
        for o in range(len(outputs)):
            handed = handed and outputs[o, FLAGS] < sizes.flag_depth
        for i in range(len(inputs)):
            inputs[i, FLAGS] += inputs[i, PUSH] - int(handed)
    moved = handed
    for i in range(len(inputs)):
        moved = moved or inputs[i, PUSH] == 1
        inputs[i, PUSH] = 0
    for o in range(len(outputs)):
        outputs[o, FLAGS] += int(handed) - outputs[o, POP]
        outputs[o, POP] = 0
    return bool(moved)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _edge(edge: Any) -> bool:
    """Move a FIFO; return whether anything changed."""
    if edge[KIND] == WIRE:
        return False
    if edge[PUSHED]:
        edge[NEEDED] = max(edge[NEEDED], edge[COUNT] + 1)
    after = edge[COUNT] + edge[PUSHED] - edge[POPPED]
    shown = int(after > 0) if edge[KIND] == FIFO else int(edge[COUNT] > edge[POPPED])
    changed = edge[PUSHED] or edge[POPPED] or shown != edge[SHOWN]
    edge[MOST] = max(edge[MOST], after)
    edge[COUNT], edge[SHOWN], edge[PUSHED], edge[POPPED] = after, shown, 0, 0
    return bool(changed)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _pause(units: Any, state: Any, queue: Any, clock: int) -> int:
    """Count on while nothing but counters would move; return for how many clocks. ``_NEVER``: all stands still."""
    least = _NEVER
    for u in range(len(units)):
        if units[u, 0] == MAC:
            if state[u, BUSY]:
                least = min(least, units[u, 1] - 1 - state[u, TURN])
            if state[u, NEXT] < state[u, DONE]:
                least = min(least, queue[u, state[u, NEXT] % QUEUE] - clock - 1)
    if 0 < least < _NEVER:
        for u in range(len(units)):
            if units[u, 0] == MAC and state[u, BUSY]:
                state[u, TURN] += least
    return int(least)
