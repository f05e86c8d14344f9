"""What each unit of a block does in one clock: one function per kind of front, and the arithmetic pipeline.

A function moves its unit by a clock and returns ``s_ready``: whether it takes the beat that may be ``offered``.
``wanted``: what is behind takes a beat. Column ``VALID`` of the state is ``m_valid``, ``MOVED`` says that something
else than a counter changed. All columns are registers, by their names in the RTL.

>>> import numpy as np
>>> pipe, ring = np.zeros(16, np.int64), np.zeros(64, np.int64)
>>> field = np.array([PIPE, 2, *[0] * 9])
>>> [(bool(step_pipe(field, pipe, ring, offered, True)), int(pipe[VALID])) for offered in (True, False, False)]
[(True, 0), (True, 1), (True, 0)]
"""

from __future__ import annotations

from typing import Any

import numba

#: Kinds of units; the first column of the table.
PIPE, WINDOW, MAC, GLOBAL, RESIZE, REPACK = range(6)
#: How a window's flush is timed: as in the RTL; only when no pixel will follow; before each next frame.
AS_BUILT, LAZY, EAGER = range(3)
#: Columns of the table of units, of their state, and entries of the queue that some have.
FIELDS, COLUMNS, QUEUE = 11, 16, 64

VALID, MOVED = 0, 1  # of every unit's state
# ---- of a pipeline: stage to which the next beat goes, and beats inside
_TURN, _FILLED = 2, 3
# ---- of a window: ``LINE`` counts beats of the line, ``HEAD`` and ``TAIL`` bound the queue of marks on their way
_PIXEL, _OPEN, _STEPPED, _ACTIVE, _ROW, _COL, _LINE, _HEAD, _TAIL = range(2, 11)
# ---- of a sequential kernel: ``NEXT`` and ``DONE`` bound the queue of sums on their way
BUSY, TURN, _BEAT, _USED, _SUMS, NEXT, DONE = range(2, 9)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def step_pipe(field: Any, state: Any, ring: Any, offered: bool, wanted: bool) -> bool:
    """Move ``net_enable``: all stages together. Fields: stages."""
    state[MOVED] = 0
    leaves = state[VALID]
    if leaves and not wanted:
        return False
    if offered or state[_FILLED]:
        turn = state[_TURN]
        ring[turn] = offered
        state[_FILLED] += int(offered) - leaves
        turn = 0 if turn + 1 == field[1] else turn + 1
        state[_TURN], state[VALID], state[MOVED] = turn, ring[turn], 1
    return True


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def step_mac(field: Any, state: Any, sums: Any, offered: bool, wanted: bool, clock: int) -> bool:
    """Move ``net_mac``. Fields: turns, beats, clocks to the buffer, places of the buffer."""
    popped = state[VALID] and wanted
    turns, done = field[1], state[TURN] == field[1] - 1
    ready = (not state[BUSY] or done) and (state[_BEAT] != 0 or state[_USED] != field[4])
    take = offered and ready
    begins = take and state[_BEAT] == 0
    arrives = state[NEXT] < state[DONE] and sums[state[NEXT] % QUEUE] == clock
    state[MOVED] = take or popped or arrives or (state[BUSY] and done)
    if arrives:
        state[_SUMS] += 1
        state[NEXT] += 1
    if state[BUSY]:
        state[TURN] = 0 if done else state[TURN] + 1
    if take:
        state[BUSY] = 1
        state[_BEAT] += 1
        if state[_BEAT] == field[2]:
            state[_BEAT] = 0
            sums[state[DONE] % QUEUE] = clock + turns + field[3]
            state[DONE] += 1
    elif done:
        state[BUSY] = 0
    state[_SUMS] -= int(popped)
    state[_USED] += int(begins) - int(popped)
    state[VALID] = state[_SUMS] > 0
    return bool(ready)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def step_window(
    field: Any, state: Any, marks: Any, offered: bool, wanted: bool, flushing: int, ended: bool
) -> bool:
    """Move ``net_window``. Fields: rows, columns, delay, last row and column of a window, strides.

    ``flushing``: ``AS_BUILT``, ``LAZY`` (only when ``ended``) or ``EAGER``; the last two also take a pixel only when
    the one before has left the registers, as if there were an idle clock between any two.
    """
    state[MOVED] = 0
    if state[VALID] and not wanted:
        return False
    first = state[_PIXEL] == 0
    flush, ready = first and state[_OPEN] > 0, True
    if flushing != AS_BUILT:
        ready = not state[_STEPPED] and not (flushing == EAGER and flush)
        flush = flush and not state[_STEPPED] and (flushing == EAGER or ended)
    offered = offered and ready
    step = offered or flush
    row, col = state[_ROW], state[_COL]
    inside = state[_STEPPED] and state[_ACTIVE] and row <= field[4] and col <= field[5]
    emit = inside and row % field[6] == 0 and col % field[7] == 0
    if emit and row == field[4] and col == field[5]:
        state[_OPEN] -= 1
    state[MOVED] = step or state[_STEPPED] or state[VALID]
    state[VALID], state[_STEPPED] = emit, step
    if step:
        _advance(field, state, marks, offered, first)
    return ready


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _advance(field: Any, state: Any, marks: Any, offered: bool, first: bool) -> None:
    """Move the line of ``net_window`` by a beat: a pixel, or an empty one."""
    if offered:
        if first:
            state[_OPEN] += 1
            marks[state[_TAIL] % QUEUE] = state[_LINE] + field[3]
            state[_TAIL] += 1
        state[_PIXEL] = 0 if state[_PIXEL] + 1 == field[1] * field[2] else state[_PIXEL] + 1
    if state[_HEAD] < state[_TAIL] and marks[state[_HEAD] % QUEUE] == state[_LINE]:
        state[_HEAD] += 1
        state[_ACTIVE], state[_ROW], state[_COL] = 1, 0, 0
    elif state[_COL] == field[2] - 1:
        if state[_ROW] == field[1] - 1:
            state[_ACTIVE] = 0
        state[_ROW], state[_COL] = state[_ROW] + 1, 0
    else:
        state[_COL] += 1
    state[_LINE] += 1
