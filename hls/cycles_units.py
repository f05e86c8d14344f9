"""What each unit of a block does in one clock: one function per kind of front, and the arithmetic pipeline.

A function moves its unit by a clock and returns ``s_ready``: whether it takes the beat that may be ``offered``.
``wanted``: what is behind takes a beat. Column ``VALID`` of the state is ``m_valid``, ``MOVED`` says that something
else than a counter changed. All columns are registers, by their names in the RTL.

>>> import numpy as np
>>> state, ring = np.zeros((1, COLUMNS), np.int64), np.zeros((1, QUEUE), np.int64)
>>> units = np.array([[PIPE, 2, *[0] * 9]])
>>> [(step_pipe(units, state, ring, 0, offered, True), int(state[0, VALID])) for offered in (True, False, False)]
[(True, 0), (True, 1), (True, 0)]
"""

from __future__ import annotations

from typing import Any

import numba

#: Kinds of units; the first column of the table.
PIPE, WINDOW, MAC, GLOBAL, RESIZE, REPACK, ROW_WINDOW = range(7)
#: How a window's flush is timed: as in the RTL; only when no pixel will follow; before each next frame.
AS_BUILT, LAZY, EAGER = range(3)
#: Columns of the table of units, of their state, and entries of the queue that some have.
FIELDS, COLUMNS, QUEUE = 11, 16, 64
_MASK = QUEUE - 1


VALID, MOVED = 0, 1  # of every unit's state
# ---- of a pipeline: stage to which the next beat goes, and beats inside
_TURN, _FILLED = 2, 3
# ---- of a window: ``LINE`` counts beats of the line, ``HEAD`` and ``TAIL`` bound the queue of marks on their way
_PIXEL, _OPEN, _STEPPED, _ACTIVE, _ROW, _COL, _LINE, _HEAD, _TAIL = range(2, 11)
# ---- of a sequential kernel: ``NEXT`` and ``DONE`` bound the queue of sums on their way
BUSY, TURN, _BEAT, _USED, _SUMS, NEXT, DONE = range(2, 9)
# ---- of the others: beat that is awaited; place of the next beat and its copy; numbers inside
_AWAITED = 2
_OUT_ROW, _OUT_COL, _ROW_COPY, _COL_COPY = range(2, 6)
_COUNT = 2


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def step_pipe(units: Any, state: Any, ring: Any, u: int, offered: bool, wanted: bool) -> bool:
    """Move ``net_enable``: all stages together. Fields: stages."""
    state[u, MOVED] = 0
    leaves = state[u, VALID]
    if leaves and not wanted:
        return False
    if offered or state[u, _FILLED]:
        turn = state[u, _TURN]
        ring[u, turn] = offered
        state[u, _FILLED] += int(offered) - leaves
        turn = 0 if turn + 1 == units[u, 1] else turn + 1
        state[u, _TURN], state[u, VALID], state[u, MOVED] = turn, ring[u, turn], 1
    return True


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def step_mac(units: Any, state: Any, sums: Any, u: int, offered: bool, wanted: bool, clock: int) -> bool:
    """Move ``net_mac``. Fields: turns, beats, clocks to the buffer, places of the buffer."""
    popped = state[u, VALID] and wanted
    turns, done = units[u, 1], state[u, TURN] == units[u, 1] - 1
    ready = (not state[u, BUSY] or done) and (state[u, _BEAT] != 0 or state[u, _USED] != units[u, 4])
    take = offered and ready
    begins = take and state[u, _BEAT] == 0
    arrives = state[u, NEXT] < state[u, DONE] and sums[u, state[u, NEXT] & _MASK] == clock
    state[u, MOVED] = take or popped or arrives or (state[u, BUSY] and done)
    if arrives:
        state[u, _SUMS] += 1
        state[u, NEXT] += 1
    if state[u, BUSY]:
        state[u, TURN] = 0 if done else state[u, TURN] + 1
    if take:
        state[u, BUSY] = 1
        state[u, _BEAT] += 1
        if state[u, _BEAT] == units[u, 2]:
            state[u, _BEAT] = 0
            sums[u, state[u, DONE] & _MASK] = clock + turns + units[u, 3]
            state[u, DONE] += 1
    elif done:
        state[u, BUSY] = 0
    state[u, _SUMS] -= int(popped)
    state[u, _USED] += int(begins) - int(popped)
    state[u, VALID] = state[u, _SUMS] > 0
    return bool(ready)


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def step_window(units: Any, state: Any, marks: Any, u: int, offered: bool, wanted: bool, ended: bool) -> bool:
    """Move ``net_window``. Fields: rows, columns, delay, last row and column of a window, strides, how it flushes.

    It flushes ``AS_BUILT``, ``LAZY`` (only when ``ended``) or ``EAGER``; the last two also take a pixel only when
    the one before has left the registers, as if there were an idle clock between any two.
    """
    state[u, MOVED] = 0
    if state[u, VALID] and not wanted:
        return False
    first, flushing = state[u, _PIXEL] == 0, units[u, 8]
    flush, ready = first and state[u, _OPEN] > 0, True
    if flushing != AS_BUILT:
        ready = not state[u, _STEPPED] and not (flushing == EAGER and flush)
        flush = flush and not state[u, _STEPPED] and (flushing == EAGER or ended)
    offered = offered and ready
    step = offered or flush
    row, col = state[u, _ROW], state[u, _COL]
    inside = state[u, _STEPPED] and state[u, _ACTIVE] and row <= units[u, 4] and col <= units[u, 5]
    on_grid = (units[u, 6] == 1 or row % units[u, 6] == 0) and (units[u, 7] == 1 or col % units[u, 7] == 0)
    emit = inside and on_grid
    if emit and row == units[u, 4] and col == units[u, 5]:
        state[u, _OPEN] -= 1
    state[u, MOVED] = step or state[u, _STEPPED] or state[u, VALID]
    state[u, VALID], state[u, _STEPPED] = emit, step
    if step:
        _advance(units, state, marks, u, offered, first)
    return ready


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _advance(units: Any, state: Any, marks: Any, u: int, offered: bool, first: bool) -> None:
    """Move the line of ``net_window`` by a beat: a pixel, or an empty one."""
    if offered:
        if first:
            state[u, _OPEN] += 1
            marks[u, state[u, _TAIL] & _MASK] = state[u, _LINE] + units[u, 3]
            state[u, _TAIL] += 1
        state[u, _PIXEL] = 0 if state[u, _PIXEL] + 1 == units[u, 1] * units[u, 2] else state[u, _PIXEL] + 1
    if state[u, _HEAD] < state[u, _TAIL] and marks[u, state[u, _HEAD] & _MASK] == state[u, _LINE]:
        state[u, _HEAD] += 1
        state[u, _ACTIVE], state[u, _ROW], state[u, _COL] = 1, 0, 0
    elif state[u, _COL] == units[u, 2] - 1:
        if state[u, _ROW] == units[u, 1] - 1:
            state[u, _ACTIVE] = 0
        state[u, _ROW], state[u, _COL] = state[u, _ROW] + 1, 0
    else:
        state[u, _COL] += 1
    state[u, _LINE] += 1


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def step_global(units: Any, state: Any, u: int, offered: bool, wanted: bool) -> bool:
    """Move ``net_global``. Fields: beats per frame."""
    ends = state[u, _AWAITED] == units[u, 1] - 1
    gives = state[u, VALID] == 1 and wanted
    ready = not ends or state[u, VALID] == 0 or wanted
    take = offered and ready
    if take:
        state[u, _AWAITED] = 0 if ends else state[u, _AWAITED] + 1
    if take and ends:
        state[u, VALID] = 1
    elif gives:
        state[u, VALID] = 0
    state[u, MOVED] = take or gives
    return ready


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def step_resize(units: Any, state: Any, u: int, offered: bool, wanted: bool) -> bool:
    """Move ``net_resize``. Fields: rows, columns, copies of a row and of a column, top, bottom, left, right."""
    state[u, MOVED] = 0
    if state[u, VALID] and not wanted:
        return False
    row, col = state[u, _OUT_ROW] - units[u, 5], state[u, _OUT_COL] - units[u, 7]  # without the zeros
    rows, columns = units[u, 1] * units[u, 3], units[u, 2] * units[u, 4]
    fresh = 0 <= row < rows and 0 <= col < columns and state[u, _ROW_COPY] == 0
    begins = state[u, _OUT_ROW] == 0 and state[u, _OUT_COL] == 0
    step = offered or not (fresh or begins)
    last = state[u, _COL_COPY] == units[u, 4] - 1
    state[u, MOVED] = step or state[u, VALID]
    state[u, VALID] = step
    if step:
        if 0 <= row < rows and 0 <= col < columns:
            state[u, _COL_COPY] = 0 if last else state[u, _COL_COPY] + 1
        state[u, _OUT_COL] += 1
        if col + 1 == columns + units[u, 8]:
            state[u, _OUT_COL] = 0
            state[u, _OUT_ROW] = 0 if row + 1 == rows + units[u, 6] else state[u, _OUT_ROW] + 1
            if 0 <= row < rows:
                state[u, _ROW_COPY] = 0 if state[u, _ROW_COPY] == units[u, 3] - 1 else state[u, _ROW_COPY] + 1
    return bool(fresh and last)


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def step_repack(units: Any, state: Any, u: int, offered: bool, wanted: bool) -> bool:
    """Move ``net_repack``. Fields: numbers per beat in and out, places."""
    ready = state[u, _COUNT] <= units[u, 3] - units[u, 1]
    take, gives = offered and ready, state[u, VALID] == 1 and wanted
    state[u, _COUNT] += units[u, 1] * int(take) - units[u, 2] * int(gives)
    state[u, VALID] = state[u, _COUNT] >= units[u, 2]
    state[u, MOVED] = take or gives
    return bool(ready)
