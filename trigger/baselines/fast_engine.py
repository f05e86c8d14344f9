"""The compiled loop over frames: steps, then closing, for each frame of each stream.

Arrays are taken out of their tuples once, at the start of a loop, and are addresses within it: taking them out costs
more than the sums of a sample.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.daq.wibeth import FRAME_BYTES
from trigger.baselines import fast_closings as closings
from trigger.baselines import fast_steps as work
from trigger.baselines import program as p
from trigger.baselines.fast_closings import MOST_OF_FRAME, Desk, Labels

ROW = 128  # bytes of 64 int16


class State(NamedTuple):
    """What goes on from frame to frame, of all streams."""

    lanes: NDArray[np.int16]  # (streams, rows, 64), of the steps
    hits: NDArray[np.int64]  # (streams, 7, 64)
    seen: NDArray[np.int64]  # (streams,), samples


class Room(NamedTuple):
    """Room for work, the same for all streams."""

    rows: NDArray[np.int16]  # (2, 64, 64): signals, and what later steps of fdreadoutlibs make of them
    masks: NDArray[np.uint64]  # (64,)
    found: NDArray[np.void]  # (4096,) TPs of a frame that are still to be sorted
    tps: NDArray[np.void]
    sorter: closings.Sorter


class Part(NamedTuple):
    """What a call is to do: frames by number (frame x streams + stream), and the steps that they go through."""

    begin: int
    end: int
    first_step: int
    last_step: int  # one behind


class Own(NamedTuple):
    """Addresses of what one stream has, and how many samples it has seen."""

    lanes: int
    parameters: int
    seen: int
    ahead: int  # the frame that comes next


@compiled
def run(
    frames: NDArray[np.uint64],
    missing: NDArray[np.bool_],
    part: Part,
    program: p.Program,
    state: State,
    room: Room,
) -> tuple[int, int]:
    """Run frames until all are done or there may be no room; return the number of the next, and how many TPs."""
    hits, seen, steps, closing = state.hits, state.seen, program.steps, program.closing
    found, tps, labels = room.found, room.tps, program.labels
    sorter, over = room.sorter, room.masks
    n, done, streams = 0, part.begin, frames.shape[0]
    rows, masks = room.rows.ctypes.data, room.masks.ctypes.data
    desk = Desk(rows, masks)
    last = desk.signal + 64 * ROW * steps[len(steps) - 1, p.ROWS]
    while done < part.end and n + MOST_OF_FRAME <= len(tps):
        frame, stream = done // streams, done % streams
        done += 1
        if len(missing) and missing[frame, stream]:
            continue
        ahead = _address(frames, done % streams, done // streams)
        own = _own(state.lanes, program.parameters, seen, stream, ahead)
        _steps(_address(frames, stream, frame), steps, part, own, desk)
        seen[stream] += 64
        detid = labels[2]
        if detid < 0:
            detid = np.int64(frames[stream, frame, 0] >> np.uint64(6) & np.uint64(63))
        label = Labels(frames[stream, frame, 1], stream, labels[0], labels[1], detid)
        if closing[0] == p.FALLING_EDGE:
            busy = work.exceeding(last, closing[1], desk.masks) | np.uint64(hits[stream, closings.OPEN, 0])
            count = closings.falling_edge(desk, hits, label, found, busy, closing[2] != 0)
            hits[stream, closings.OPEN, 0] = np.int64(over[63])  # those over threshold at the last sample
        else:
            busy = work.nonzero(desk.signal, desk.masks) | np.uint64(hits[stream, closings.OPEN, 0])
            count = 0
            if busy and closing[0] == p.INTEGRAL16:
                count = closings.integral16(desk, hits, label, found, busy)
            elif busy:
                count = closings.integral32(desk, hits, label, found, busy)
        if count:
            n = closings.in_order(found, count, sorter, tps, n)
    return done, n


@compiled
def segment(frames: NDArray[np.uint64], part: Part, program: p.Program, state: State, room: Room) -> None:
    """Run some steps of one frame, number ``part.begin``, and leave the values in ``room.rows``."""
    frame, stream = part.begin // frames.shape[0], part.begin % frames.shape[0]
    rows = room.rows.ctypes.data
    own = _own(state.lanes, program.parameters, state.seen, stream, 0)
    desk = Desk(rows, room.masks.ctypes.data)
    _steps(_address(frames, stream, frame), program.steps, part, own, desk)


@compiled
def _address(frames: NDArray[np.uint64], stream: int, frame: int) -> int:
    address: int = frames.ctypes.data + FRAME_BYTES * (stream * frames.shape[1] + frame)
    return address


@compiled
def _own(
    lanes: NDArray[np.int16], parameters: NDArray[np.int16], seen: NDArray[np.int64], stream: int, ahead: int
) -> Own:
    return Own(
        lanes.ctypes.data + ROW * stream * lanes.shape[1],
        parameters.ctypes.data + ROW * stream * parameters.shape[1],
        seen[stream],
        ahead,
    )


@compiled
def _steps(words: int, steps: NDArray[np.int64], part: Part, own: Own, desk: Desk) -> None:
    """Run steps over the frame at an address; step 0 unpacks it."""
    for k in range(part.first_step, part.last_step):
        code, limit, flag = steps[k, p.CODE], steps[k, p.LIMIT], steps[k, p.FLAG]
        state, given = own.lanes + ROW * steps[k, p.STATE], own.parameters + ROW * steps[k, p.PARAMETER]
        rows = desk.signal + 64 * ROW * steps[k, p.ROWS]
        if code == p.FRUGAL or code == p.FIXED:
            moving = 64 if code == p.FRUGAL else max(min(flag - own.seen, 64), 0)
            if k:
                work.pedestal_of_rows(rows, state, limit, moving)
                continue
            if steps[k, p.FIRST_SAMPLE] and own.seen == 0:
                work.first_sample(words, state)
            work.pedestal_of_frame(words, rows, state, limit, moving, own.ahead)
            if steps[k, p.COPY]:
                work.copy(rows, rows + 64 * ROW)
        elif code == p.RUN_SUM:
            work.run_sum(rows, state, given, flag != 0)
        elif code == p.FD_RUN_SUM:
            work.fd_run_sum(desk.signal if k == 1 else rows, rows, state, given, limit, flag != 0)
        elif code == p.THRESHOLD:
            work.threshold(rows, given)
