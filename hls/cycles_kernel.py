"""The inner loop of ``hls.cycles``: every register that decides about a handshake, one clock at a time.

In a clock every wire follows from the registers: FIFOs show their words and their room, and each block takes beats from
its sources' FIFOs and pushes beats into its consumers'. So blocks may be moved in any order; the FIFOs move last.

>>> Sizes(flag_depth=16, max_clocks=100).flag_depth
16
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from hls.cycles_rows import step_row_window
from hls.cycles_units import (
    BUSY,
    COLUMNS,
    DONE,
    GLOBAL,
    MAC,
    MOVED,
    NEXT,
    PIPE,
    QUEUE,
    RESIZE,
    ROW_WINDOW,
    TURN,
    VALID,
    WINDOW,
    step_global,
    step_mac,
    step_pipe,
    step_repack,
    step_resize,
    step_window,
)  # fmt: skip

Array = NDArray[np.int64]
#: Columns of the table of edges: kind, words, beats inside, largest number of them, ``m_valid``, this clock's push and
#: pop, room that every push so far has needed.
KIND, DEPTH, COUNT, MOST, SHOWN, PUSHED, POPPED, NEEDED = range(8)
WIRE, FIFO, DEEP = range(3)
#: Columns of the table of inputs and outputs: first and end of its edges in ``links``, beats per frame, beats in all,
#: place in the list of clocks, place and length of the recorded signal, register is full, a beat is held on offer,
#: place in its frame of the next beat, beats passed, words in its flags' FIFO, its push and its pop, room needed there.
FIRST, END, BEATS, TOTAL, CLOCKS, TRACE, LENGTH, FULL, HELD, PLACE, PASSED, FLAGS, PUSH, POP, ROOM = range(15)
#: In continuous mode a frame is a row, and a second word per row is pushed with its first beat: words in that FIFO, its
#: push and its pop, rows until one that is wanted (in either FIFO), rows from one output row to the next (0: frames).
ROWS, ROW_PUSH, ROW_POP, ROW_WAIT, END_WAIT, STRIDE = range(15, 21)
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
    """Words of the flags' FIFOs; clocks to go at most."""

    flag_depth: int
    max_clocks: int


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def simulate(tables: Tables, sizes: Sizes, signals: NDArray[np.bool_], taken: Array, given: Array) -> int:
    """Fill ``taken`` and ``given`` with clock numbers and return how many passed; what never moves stays as it is.

    Parameters
    ----------
    signals : recorded valid and ready, one item per clock, all behind each other; true after their end. A beat that
        was offered once stays offered.
    """
    units, blocks, links, edges, inputs, outputs = tables
    state = np.zeros((len(units), COLUMNS), np.int64)
    queue = np.zeros((len(units), max(QUEUE, units[:, 1].max() if len(units) else 0)), np.int64)
    traced = max(inputs[:, LENGTH].max(), outputs[:, LENGTH].max())
    clock = -1
    while clock < sizes.max_clocks - 1:
        clock += 1
        ended = _done(inputs)
        moved = _tails(outputs, links, edges, signals, clock, given)
        for b in range(len(blocks)):
            moved |= _block(b, units, blocks, links, edges, state, queue, clock, ended)
        moved |= _guards(inputs, outputs, links, edges, sizes.flag_depth, signals, clock, taken)
        moved |= _flags(inputs, outputs, sizes.flag_depth)
        moved |= _edges(edges)
        if _done(outputs) and _done(inputs):
            break
        if not moved and clock >= traced:
            pause = _pause(units, state, queue, clock)
            if pause == _NEVER:
                break
            clock += pause
    return clock + 1


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _done(ports: Any) -> bool:
    """Return whether all beats of all inputs, or outputs, have passed."""
    done = True
    for p in range(len(ports)):
        done &= ports[p, PASSED] == ports[p, TOTAL]
    return done


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _tails(outputs: Any, links: Any, edges: Any, signals: Any, clock: int, given: Any) -> bool:
    """Move every ``net_tail``; return whether anything moved."""
    moved = False
    for o in range(len(outputs)):
        e = links[outputs[o, FIRST]]
        ready = clock >= outputs[o, LENGTH] or signals[outputs[o, TRACE] + clock]
        leaves = outputs[o, FULL] == 1 and ready
        if leaves and outputs[o, PASSED] < outputs[o, TOTAL]:
            given[outputs[o, CLOCKS] + outputs[o, PASSED]] = clock
            outputs[o, PASSED] += 1
        at_end = outputs[o, PLACE] == outputs[o, BEATS] - 1
        free = outputs[o, FULL] == 0 or leaves
        endless = outputs[o, STRIDE] > 0
        row_here = not endless or (outputs[o, ROWS] > 0 and outputs[o, ROW_WAIT] == 0)
        end_here = outputs[o, FLAGS] > 0 and outputs[o, END_WAIT] == 0
        take = free and edges[e, SHOWN] == 1 and row_here and (not at_end or end_here)
        if free:
            outputs[o, FULL] = take
        if take:
            outputs[o, PLACE] = 0 if at_end else outputs[o, PLACE] + 1
            outputs[o, POP] = at_end
            edges[e, POPPED] = 1
        moved |= leaves or take
        if endless:
            moved |= _row_words(outputs, o, take and at_end)
    return moved


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _row_words(outputs: Any, o: int, ends: bool) -> bool:
    """Pop the words of rows in ``net_row_tail``: those that nobody wants at once, those of a row when it ``ends``."""
    drop_row = outputs[o, ROW_WAIT] > 0 and outputs[o, ROWS] > 0
    drop_end = outputs[o, END_WAIT] > 0 and outputs[o, FLAGS] > 0
    outputs[o, ROW_POP], outputs[o, POP] = drop_row or ends, drop_end or ends
    outputs[o, ROW_WAIT] -= drop_row
    outputs[o, END_WAIT] -= drop_end
    if ends:
        outputs[o, ROW_WAIT] = outputs[o, END_WAIT] = outputs[o, STRIDE] - 1
    return bool(drop_row or drop_end)


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _room(edges: Any, links: Any, first: int, end: int) -> bool:
    """Return whether every FIFO of a fork has room."""
    room = True
    for k in range(first, end):
        room &= edges[links[k], COUNT] < edges[links[k], DEPTH]
    return room


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _block(
    b: int, units: Any, blocks: Any, links: Any, edges: Any, state: Any, queue: Any, clock: int,
    ended: bool,
) -> bool:  # fmt: skip
    """Move a block: the beat of all sources, its units from the last to the first, and what it pushes."""
    offered = True
    for k in range(blocks[b, 2], blocks[b, 3]):
        offered &= edges[links[k], SHOWN] == 1
    room = _room(edges, links, blocks[b, 4], blocks[b, 5])
    first, last = blocks[b, 0], blocks[b, 1] - 1
    pushed = room and (state[last, VALID] == 1 if last >= first else offered)
    wanted, moved = room, False
    for u in range(last, first - 1, -1):
        source = offered if u == first else state[u - 1, VALID] == 1
        kind = units[u, 0]
        if kind == PIPE:
            wanted = step_pipe(units, state, queue, u, source, wanted)
        elif kind == WINDOW:
            wanted = step_window(units, state, queue, u, source, wanted, ended)
        elif kind == MAC:
            wanted = step_mac(units, state, queue, u, source, wanted, clock)
        elif kind == GLOBAL:
            wanted = step_global(units, state, u, source, wanted)
        elif kind == RESIZE:
            wanted = step_resize(units, state, u, source, wanted)
        elif kind == ROW_WINDOW:
            wanted = step_row_window(units, state, u, source, wanted, ended)
        else:
            wanted = step_repack(units, state, u, source, wanted)
        moved |= state[u, MOVED] == 1
    if wanted and offered:
        for k in range(blocks[b, 2], blocks[b, 3]):
            edges[links[k], POPPED] = 1
    if pushed:
        for k in range(blocks[b, 4], blocks[b, 5]):
            edges[links[k], PUSHED] = 1
    return moved or pushed or (wanted and offered)


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _guards(
    inputs: Any, outputs: Any, links: Any, edges: Any, flag_depth: int, signals: Any, clock: int, taken: Any
) -> bool:
    """Move every ``net_guard``; the consumers have moved. Return whether anything moved."""
    flag_room = True
    if len(inputs) == 1:
        for o in range(len(outputs)):
            flag_room &= outputs[o, FLAGS] < flag_depth and outputs[o, ROWS] < flag_depth
    moved = False
    for i in range(len(inputs)):
        first = links[inputs[i, FIRST]]
        leaves = inputs[i, FULL] == 1
        if edges[first, KIND] == WIRE:
            leaves = edges[first, POPPED] == 1
            edges[first, POPPED] = 0
        elif leaves:
            leaves = _room(edges, links, inputs[i, FIRST], inputs[i, END])
            for k in range(inputs[i, FIRST], inputs[i, END]):
                edges[links[k], PUSHED] = leaves
        free = inputs[i, FULL] == 0 or leaves
        asked = inputs[i, HELD] == 1 or clock >= inputs[i, LENGTH] or signals[inputs[i, TRACE] + clock]
        wanted = asked and inputs[i, PASSED] < inputs[i, TOTAL]
        accept = wanted and free and flag_room and inputs[i, FLAGS] < flag_depth
        inputs[i, HELD] = wanted and not accept
        if free:
            inputs[i, FULL] = accept
            if edges[first, KIND] == WIRE:
                edges[first, SHOWN] = accept
        if accept:
            taken[inputs[i, CLOCKS] + inputs[i, PASSED]] = clock
            inputs[i, PASSED] += 1
            inputs[i, ROW_PUSH] = inputs[i, PLACE] == 0
            inputs[i, PLACE] = 0 if inputs[i, PLACE] == inputs[i, BEATS] - 1 else inputs[i, PLACE] + 1
            inputs[i, PUSH] = inputs[i, PLACE] == 0
        moved |= accept or leaves
    return moved


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _flags(inputs: Any, outputs: Any, flag_depth: int) -> bool:
    """Move the frames' flags: from the guards, where there are several through a FIFO each, to the outputs' FIFOs."""
    handed = moved = inputs[0, PUSH] == 1
    if len(inputs) > 1:
        handed = True
        for i in range(len(inputs)):
            handed &= inputs[i, FLAGS] > 0
        for o in range(len(outputs)):
            handed &= outputs[o, FLAGS] < flag_depth
        for i in range(len(inputs)):
            moved |= inputs[i, PUSH] == 1
            inputs[i, ROOM] = max(inputs[i, ROOM], inputs[i, FLAGS] + inputs[i, PUSH])
            inputs[i, FLAGS] += inputs[i, PUSH] - int(handed)
    begun = inputs[0, ROW_PUSH]
    for i in range(len(inputs)):
        inputs[i, PUSH] = inputs[i, ROW_PUSH] = 0
    for o in range(len(outputs)):
        if outputs[o, STRIDE] > 0:
            outputs[o, ROWS] += begun - outputs[o, ROW_POP]
            outputs[o, ROOM] = max(outputs[o, ROOM], outputs[o, ROWS])
        outputs[o, ROOM] = max(outputs[o, ROOM], outputs[o, FLAGS] + int(handed))
        outputs[o, FLAGS] += int(handed) - outputs[o, POP]
        outputs[o, POP] = 0
    return bool(moved or handed)


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _edges(edges: Any) -> bool:
    """Move every FIFO; return whether anything changed."""
    moved = False
    for e in range(len(edges)):
        if edges[e, KIND] != WIRE:
            count, push, pop = edges[e, COUNT], edges[e, PUSHED], edges[e, POPPED]
            if push == 1 and count >= edges[e, NEEDED]:
                edges[e, NEEDED] = count + 1
            after = count + push - pop
            shown = int(after > 0) if edges[e, KIND] == FIFO else int(count > pop)
            moved |= push == 1 or pop == 1 or shown != edges[e, SHOWN]
            if after > edges[e, MOST]:
                edges[e, MOST] = after
            edges[e, COUNT], edges[e, SHOWN], edges[e, PUSHED], edges[e, POPPED] = after, shown, 0, 0
    return moved


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _pause(units: Any, state: Any, queue: Any, clock: int) -> int:
    """Count on while nothing but counters would move; return for how many clocks. ``_NEVER``: all stands still."""
    least = _NEVER
    for u in range(len(units)):
        if units[u, 0] == MAC:
            if state[u, BUSY]:
                least = min(least, units[u, 1] - 1 - state[u, TURN])
            if state[u, NEXT] < state[u, DONE]:
                least = min(least, queue[u, state[u, NEXT] & (QUEUE - 1)] - clock - 1)
    if 0 < least < _NEVER:
        for u in range(len(units)):
            if units[u, 0] == MAC and state[u, BUSY]:
                state[u, TURN] += least
    return least
