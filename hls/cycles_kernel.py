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

from hls.cycles_columns import (
    COUNT,
    FIFO,
    KIND,
    LENGTH,
    MOST,
    NEEDED,
    POPPED,
    PUSHED,
    SHOWN,
    WIRE,
)
from hls.cycles_ports import done, flags, guards, has_room, tails
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
        ended = done(inputs)
        moved = tails(outputs, links, edges, signals, clock, given)
        for b in range(len(blocks)):
            moved |= _block(b, units, blocks, links, edges, state, queue, clock, ended)
        moved |= guards(inputs, outputs, links, edges, sizes.flag_depth, signals, clock, taken)
        moved |= flags(inputs, outputs, sizes.flag_depth)
        moved |= _edges(edges)
        if done(outputs) and done(inputs):
            break
        if not moved and clock >= traced:
            pause = _pause(units, state, queue, clock)
            if pause == _NEVER:
                break
            clock += pause
    return clock + 1


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _block(
    b: int, units: Any, blocks: Any, links: Any, edges: Any, state: Any, queue: Any, clock: int,
    ended: bool,
) -> bool:  # fmt: skip
    """Move a block: the beat of all sources, its units from the last to the first, and what it pushes."""
    offered = True
    for k in range(blocks[b, 2], blocks[b, 3]):
        offered &= edges[links[k], SHOWN] == 1
    room = has_room(edges, links, blocks[b, 4], blocks[b, 5])
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
