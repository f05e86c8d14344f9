"""The inner loop of ``hls.cycles``: every register that decides about a handshake, one clock at a time.

>>> FIELDS.index("stages")
10
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

#: Columns of the table of blocks.
FIELDS = (
    "window", "rows", "columns", "delay", "row_last", "col_last", "row_stride", "col_stride",
    "inputs", "beats", "stages",
)  # fmt: skip
_WINDOW, _ROWS, _COLS, _DELAY, _ROW_LAST, _COL_LAST, _ROW_STRIDE, _COL_STRIDE, _INPUTS, _BEATS, _STAGES = (
    range(11)
)
# Registers of a block, by their names in the RTL. ``LINE`` counts beats of the line, ``HEAD`` and ``TAIL`` bound
# the queue of marks on their way; ``NEXT`` and ``DONE`` bound the queue of sums on their way.
_PIXEL, _OPEN, _MOVED, _ACTIVE, _ROW, _COL, _OUT, _LINE, _HEAD, _TAIL = range(10)
_BUSY, _INPUT, _BEAT, _USED, _SUMS, _NEXT, _DONE, _COUNT, _FILLED, _TURN = range(10, 20)
_QUEUE = 64
#: Clocks from the last number of a beat to its sum's place in the buffer; sums that the buffer holds (``net_mac``).
_MAC_DEPTH = 3
_MAC_PLACES = 4


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def simulate(
    table: NDArray[np.int64],
    sizes: NDArray[np.int64],
    valid: NDArray[np.bool_],
    ready: NDArray[np.bool_],
    taken: NDArray[np.int64],
    given: NDArray[np.int64],
) -> None:
    """Fill ``taken`` and ``given`` with clock numbers; what does not move stays as it is.

    Parameters
    ----------
    table : int64 array, (n_blocks, len(FIELDS)).
    sizes : pixels and cells per frame, depth of the FIFOs and of the flag FIFO, clocks to go at most.
    valid, ready : bool arrays, one item per clock; true after their end. A beat that was offered once stays offered.
    """
    pixels, cells, depth, flag_depth, max_clocks = sizes
    n = len(table)
    state = np.zeros((n, 20), np.int64)
    queue = np.zeros((n, 2, _QUEUE), np.int64)  # beats at which marks arrive; clocks at which sums arrive
    pipe = np.zeros((n, 1 if n == 0 else max(1, table[:, _STAGES].max())), np.bool_)
    guard = tail = waiting = False
    flags = cell = n_taken = n_given = 0
    before = state.copy()
    sequential = n > 0 and table[:, _INPUTS].max() > 2
    clock = -1
    while clock < max_clocks - 1:
        clock += 1
        if sequential:
            before[:] = state
        # From the output backwards: what is behind sees this clock's ready and last clock's valid.
        out_ready = clock >= len(ready) or ready[clock]
        if tail and out_ready:
            given[n_given] = clock
            n_given += 1
            if n_given == len(given):
                return
        free = not tail or out_ready
        offered = state[n - 1, _COUNT] > 0 if n else guard
        at_end = cell == cells - 1
        take = offered and free and (not at_end or flags > 0)
        if free:
            tail = take
        popped = take and at_end
        if take:
            cell = 0 if at_end else cell + 1
        for b in range(n - 1, -1, -1):
            offered = state[b - 1, _COUNT] > 0 if b else guard
            take = _block(table[b], state[b], queue[b], pipe[b], offered, take, depth, clock)
        free = not guard or take
        wanted = n_taken < len(taken) and (waiting or clock >= len(valid) or valid[clock])
        accept = wanted and free and flags < flag_depth
        waiting = wanted and not accept  # tvalid stays until the beat is taken
        pushed = False
        if free:
            guard = accept
        if accept:
            taken[n_taken] = clock
            n_taken += 1
            pushed = n_taken % pixels == 0
        flags += int(pushed) - int(popped)
        if sequential and clock >= max(len(valid), len(ready)) and not (accept or take or tail or popped):
            clock += _skip(table, state, before, queue, clock)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _skip(table: Any, state: Any, before: Any, queue: Any, clock: int) -> int:
    """Return for how many clocks nothing but counting inside ``net_mac`` goes on, and count that far."""
    least = 1 << 40
    for b in range(len(state)):
        for k in range(_TURN):
            if k != _INPUT and state[b, k] != before[b, k]:
                return 0
        if state[b, _FILLED] and state[b, _TURN] != before[b, _TURN]:
            return 0
        if state[b, _BUSY]:
            least = min(least, table[b, _INPUTS] - 1 - state[b, _INPUT])
        if state[b, _NEXT] < state[b, _DONE]:
            least = min(least, queue[b, 1, state[b, _NEXT] % _QUEUE] - clock - 1)
    if least <= 0 or least == 1 << 40:
        return 0
    for b in range(len(state)):
        if state[b, _BUSY]:
            state[b, _INPUT] += least
    return int(least)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _block(
    field: Any, state: Any, queue: Any, pipe: Any, offered: bool, popped: bool, depth: int, clock: int
) -> bool:
    """Move one block by a clock; return whether it takes the beat that is ``offered``.

    ``popped``: the block behind takes a word of the FIFO.
    """
    room = state[_COUNT] < depth
    stages = field[_STAGES]
    if stages > 0:
        leaves = pipe[state[_TURN]]
        moves = not leaves or room
    else:
        leaves = False
        moves = room
    if field[_INPUTS] > 0:
        result = state[_SUMS] > 0
        used = _mac_takes(field, state)
        inner = state[_OUT] > 0 if field[_WINDOW] else offered
        _mac(field, state, queue[1], inner and used, result and moves, clock)
        wanted = used
    else:
        result = state[_OUT] > 0 if field[_WINDOW] else offered
        wanted = moves
    take = wanted and offered
    if field[_WINDOW]:
        take = _window(field, state, queue[0], offered, wanted)
    if stages > 0:
        pushed = leaves and room
        if moves:
            pipe[state[_TURN]] = result
            state[_FILLED] += int(result) - int(leaves)
            state[_TURN] = state[_TURN] + 1 if state[_TURN] + 1 < stages else 0
    else:
        pushed = result and room
    state[_COUNT] += int(pushed) - int(popped)
    return bool(take)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _mac_takes(field: Any, state: Any) -> bool:
    idle = state[_BUSY] == 0 or state[_INPUT] == field[_INPUTS] - 1
    return bool(idle and (state[_BEAT] != 0 or state[_USED] != _MAC_PLACES))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _mac(field: Any, state: Any, sums: Any, take: bool, popped: bool, clock: int) -> None:
    """Move ``net_mac`` by a clock."""
    begins = take and state[_BEAT] == 0
    if state[_NEXT] < state[_DONE] and sums[state[_NEXT] % _QUEUE] == clock:
        state[_SUMS] += 1
        state[_NEXT] += 1
    done = state[_INPUT] == field[_INPUTS] - 1
    if state[_BUSY]:
        state[_INPUT] = 0 if done else state[_INPUT] + 1
    if take:
        state[_BUSY] = 1
        state[_BEAT] += 1
        if state[_BEAT] == field[_BEATS]:
            state[_BEAT] = 0
            sums[state[_DONE] % _QUEUE] = clock + field[_INPUTS] + _MAC_DEPTH
            state[_DONE] += 1
    elif done:
        state[_BUSY] = 0
    state[_SUMS] -= int(popped)
    state[_USED] += int(begins) - int(popped)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _window(field: Any, state: Any, marks: Any, offered: bool, wanted: bool) -> bool:
    """Move ``net_window`` by a clock; ``wanted``: the kernel takes a window. Return whether it takes a pixel."""
    if state[_OUT] and not wanted:
        return False
    first = state[_PIXEL] == 0
    step = offered or (first and state[_OPEN] > 0)
    row, col = state[_ROW], state[_COL]
    on_grid = row % field[_ROW_STRIDE] == 0 and col % field[_COL_STRIDE] == 0
    emit = (
        state[_MOVED] and state[_ACTIVE] and on_grid and row <= field[_ROW_LAST] and col <= field[_COL_LAST]
    )
    if emit and row == field[_ROW_LAST] and col == field[_COL_LAST]:
        state[_OPEN] -= 1
    state[_OUT] = 1 if emit else 0
    state[_MOVED] = 1 if step else 0
    if not step:
        return False
    if offered:
        if first:
            state[_OPEN] += 1
            marks[state[_TAIL] % _QUEUE] = state[_LINE] + field[_DELAY]
            state[_TAIL] += 1
        state[_PIXEL] = (state[_PIXEL] + 1) % (field[_ROWS] * field[_COLS])
    if state[_HEAD] < state[_TAIL] and marks[state[_HEAD] % _QUEUE] == state[_LINE]:
        state[_HEAD] += 1
        state[_ACTIVE], state[_ROW], state[_COL] = 1, 0, 0
    elif col == field[_COLS] - 1:
        state[_ACTIVE] = 0 if row == field[_ROWS] - 1 else state[_ACTIVE]
        state[_ROW], state[_COL] = row + 1, 0
    else:
        state[_COL] = col + 1
    state[_LINE] += 1
    return offered
