"""The units of continuous mode, one clock at a time: row window, and the words that run beside the rows.

Conventions as in ``hls.cycles_units``.

>>> import numpy as np
>>> units = np.array([[0, 2, 0, 1, 0, 1, 1, 1, 0, 0, 0]])  # rows of 2 pixels, a window of one place
>>> state = np.zeros((1, 16), np.int64)
>>> [(bool(step_row_window(units, state, 0, True, True, False)), int(state[0, VALID])) for _ in range(3)]
[(True, 0), (True, 1), (True, 1)]
"""

from __future__ import annotations

from typing import Any

import numba

from hls.cycles_units import AS_BUILT, EAGER, MOVED, VALID

# ---- ``REAL`` has a bit per column from the newest (lowest) to the anchor; ``SEEN`` is 1 once ``WAIT`` is set
_PIXEL, _NEED, _STEPPED, _REAL, _COL, _WAIT, _SEEN = range(2, 9)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def step_row_window(units: Any, state: Any, u: int, offered: bool, wanted: bool, ended: bool) -> bool:
    """Move ``net_row_window``.

    Fields: columns, columns ahead of the anchor, last column of a window, empty columns that complete a row, strides of
    rows and columns, rows of the kernel, and how it flushes (as ``step_window``).
    """
    state[u, MOVED] = 0
    if not state[u, _SEEN]:
        state[u, _SEEN], state[u, _WAIT] = 1, units[u, 7] - 1
    if state[u, VALID] and not wanted:
        return False
    columns, ahead, flushing = units[u, 1], units[u, 2], units[u, 8]
    flush, ready = state[u, _PIXEL] == 0 and state[u, _NEED] > 0, True
    if flushing != AS_BUILT:
        ready = not state[u, _STEPPED] and not (flushing == EAGER and flush)
        flush = flush and not state[u, _STEPPED] and (flushing == EAGER or ended)
    offered = offered and ready
    step = offered or flush
    active, col = (state[u, _REAL] >> ahead) & 1, state[u, _COL]
    inside = state[u, _STEPPED] and active and state[u, _WAIT] == 0 and col <= units[u, 3]
    emit = inside and col % units[u, 6] == 0
    state[u, MOVED] = step or state[u, _STEPPED] or state[u, VALID]
    state[u, VALID], state[u, _STEPPED] = emit, step
    if step:
        row_ends = offered and state[u, _PIXEL] == columns - 1
        if offered:
            state[u, _PIXEL] = 0 if row_ends else state[u, _PIXEL] + 1
        state[u, _NEED] = units[u, 4] if row_ends else max(state[u, _NEED] - 1, 0)
        state[u, _REAL] = ((state[u, _REAL] << 1) | int(offered)) & ((2 << ahead) - 1)
        if active and col == columns - 1:
            state[u, _COL] = 0
            state[u, _WAIT] = units[u, 5] - 1 if state[u, _WAIT] == 0 else state[u, _WAIT] - 1
        elif active:
            state[u, _COL] = col + 1
    return ready
