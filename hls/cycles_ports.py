"""Inputs and outputs in one clock: guards, tails, and the words that run beside the frames, or rows.

>>> import numpy as np
>>> outputs = np.zeros((1, 21), np.int64)
>>> bool(done(outputs))  # nothing is wanted
True
"""

from __future__ import annotations

from typing import Any

import numba

from hls.cycles_columns import (
    BEATS,
    CLOCKS,
    COUNT,
    DEPTH,
    END,
    END_WAIT,
    FIRST,
    FLAGS,
    FULL,
    HELD,
    KIND,
    LENGTH,
    PASSED,
    PLACE,
    POP,
    POPPED,
    PUSH,
    PUSHED,
    ROOM,
    ROW_POP,
    ROW_PUSH,
    ROW_WAIT,
    ROWS,
    SHOWN,
    STRIDE,
    TOTAL,
    TRACE,
    WIRE,
)


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def done(ports: Any) -> bool:
    """Return whether all beats of all inputs, or outputs, have passed."""
    done = True
    for p in range(len(ports)):
        done &= ports[p, PASSED] == ports[p, TOTAL]
    return done


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def tails(outputs: Any, links: Any, edges: Any, signals: Any, clock: int, given: Any) -> bool:
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
def has_room(edges: Any, links: Any, first: int, end: int) -> bool:
    """Return whether every FIFO of a fork has room."""
    room = True
    for k in range(first, end):
        room &= edges[links[k], COUNT] < edges[links[k], DEPTH]
    return room


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def guards(
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
            leaves = has_room(edges, links, inputs[i, FIRST], inputs[i, END])
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
def flags(inputs: Any, outputs: Any, flag_depth: int) -> bool:
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
