"""A chain over the frames of many streams at once: compiled, the same TPs as ``clear``, at the speed of memory.

>>> from streams.daq import adc_words, wibeth
>>> from trigger.baselines.hits import Integral32
>>> from trigger.baselines.pedestal import Frugal
>>> from trigger.baselines.threshold import Threshold
>>> adc = np.full((1, 64, 64), 900, np.uint16)
>>> adc[0, 10:13, 5] = 980, 1000, 970
>>> frames = wibeth.empty_frames(1)
>>> adc_words.pack(adc, frames)
>>> chain = Chain((Frugal(initial=900), Threshold((60, 60, 60))), Integral32(), tp_version=2)
>>> streams = FastStreams(chain, np.arange(64)[None], np.zeros((1, 64), int))
>>> streams.process(frames[None])[["channel", "time_start", "samples_over_threshold", "adc_integral"]].tolist()
[(5, 320, 3, 250)]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.daq.tp import TP
from streams.daq.wibeth import FRAME_BYTES
from trigger.baselines import fast_closings as closings
from trigger.baselines import fast_steps as work
from trigger.baselines import program as p
from trigger.baselines.chain import Chain
from trigger.baselines.fast_closings import MOST_OF_FRAME, Desk, Labels

ROW = 128  # bytes of 64 int16
ROOM = 64 * MOST_OF_FRAME  # TPs taken at once


class State(NamedTuple):
    """What goes on from frame to frame, of all streams."""

    lanes: NDArray[np.int16]  # (streams, rows, 64), of the steps
    hits: NDArray[np.int64]  # (streams, 7, 64)
    seen: NDArray[np.int64]  # (streams,), samples


class Room(NamedTuple):
    """Room for work, the same for all streams."""

    rows: NDArray[np.int16]  # (2, 64, 64)
    masks: NDArray[np.uint64]  # (64,)
    found: NDArray[np.void]  # (4096,) TPs of a frame that are still to be sorted
    tps: NDArray[np.void]


class Own(NamedTuple):
    """Addresses of what one stream has, and how many samples it has seen."""

    lanes: int
    parameters: int
    seen: int


class FastStreams:
    """The channels of many streams, with their state between calls.

    Parameters
    ----------
    chain : what to run, of built-in steps.
    channels : int array, (streams, 64), the offline channel of each.
    planes : int array, (streams, 64), 0, 1 or 2.
    """

    def __init__(self, chain: Chain, channels: NDArray[np.integer], planes: NDArray[np.integer]) -> None:
        self.program = p.translate(chain, planes)
        self.channels = channels.astype(np.int32).ravel()
        n = len(channels)
        lanes = np.broadcast_to(self.program.initial[None, :, None], (n, len(self.program.initial), 64))
        self.state = State(lanes.copy(), np.zeros((n, closings.FIELDS, 64), np.int64), np.zeros(n, np.int64))
        rows, masks = np.zeros((2, 64, 64), np.int16), np.zeros(64, np.uint64)
        self.room = Room(rows, masks, np.zeros(MOST_OF_FRAME, TP), np.zeros(ROOM, TP))

    def process(
        self, frames: NDArray[np.uint64], missing: NDArray[np.bool_] | None = None
    ) -> NDArray[np.void]:
        """Return the TPs that close in these frames: TP array, frame after frame, in each stream after stream.

        Parameters
        ----------
        frames : uint64 array, (streams, n, 900), in the order of time.
        missing : bool array, (n, streams): frames that are not there; the streams go on as if they had not been.
        """
        words = np.ascontiguousarray(frames).view()
        words.flags.writeable = False  # one type for compiled code, whatever the frames lie in
        absent = np.zeros((0, 0), np.bool_) if missing is None else np.ascontiguousarray(missing)
        parts, done = [], 0
        while done < words.shape[0] * words.shape[1]:
            done, n = _run(words, absent, done, self.program, self.state, self.room)
            tps = self.room.tps[:n].copy()
            tps["channel"] = self.channels[tps["channel"]]
            parts.append(tps)
        return np.concatenate(parts) if parts else np.zeros(0, TP)


@compiled
def _run(
    frames: NDArray[np.uint64],
    missing: NDArray[np.bool_],
    done: int,
    program: p.Program,
    state: State,
    room: Room,
) -> tuple[int, int]:
    """Run frames from number ``done`` on until all are done or there may be no room; return where, and the TPs."""
    # Arrays are taken out of their tuples here, once: in the loop that would cost as much as the sums.
    steps, lanes, seen, hits = program.steps, state.lanes, state.seen, state.hits
    parameters, closing, found, tps = program.parameters, program.closing, room.found, room.tps
    fixed = program.labels
    n, streams, base = 0, frames.shape[0], frames.ctypes.data
    desk = Desk(room.rows.ctypes.data, room.rows.ctypes.data + 64 * ROW, room.masks.ctypes.data)
    while done < streams * frames.shape[1] and n + MOST_OF_FRAME <= len(tps):
        frame, stream = done // streams, done % streams
        done += 1
        if len(missing) and missing[frame, stream]:
            continue
        words = base + FRAME_BYTES * (stream * frames.shape[1] + frame)
        own = Own(
            lanes.ctypes.data + ROW * stream * lanes.shape[1],
            parameters.ctypes.data + ROW * stream * parameters.shape[1],
            seen[stream],
        )
        _steps(words, steps, own, desk)
        seen[stream] += 64
        detid = (
            fixed[2] if fixed[2] >= 0 else np.int64(frames[stream, frame, 0] >> np.uint64(6) & np.uint64(63))
        )
        labels = Labels(frames[stream, frame, 1], stream, fixed[0], fixed[1], detid)
        if closing[0] == p.FALLING_EDGE:
            summed = steps[len(steps) - 1, p.CODE] == p.FD_RUN_SUM
            work.exceeding(desk.sums if summed else desk.signal, closing[1], desk.masks)
            count = closings.falling_edge(desk, hits, labels, found, closing[2] != 0)
            n = closings.by_register(found, count, tps, n)
            continue
        work.nonzero(desk.signal, desk.masks)
        if closing[0] == p.INTEGRAL16:
            n = closings.integral16(desk, hits, labels, tps, n)
        else:
            n = closings.integral32(desk, hits, labels, tps, n)
    return done, n


@compiled
def _steps(words: int, steps: NDArray[np.int64], own: Own, desk: Desk) -> None:
    """Run the steps over the frame at an address; the first is a pedestal."""
    for k in range(len(steps)):
        code, limit, flag = steps[k, p.CODE], steps[k, p.LIMIT], steps[k, p.FLAG]
        state, given = own.lanes + ROW * steps[k, p.STATE], own.parameters + ROW * steps[k, p.PARAMETER]
        if code == p.FRUGAL or code == p.FIXED:
            moving = 64 if code == p.FRUGAL else max(min(flag - own.seen, 64), 0)
            if k:
                work.pedestal_of_rows(desk.signal, state, limit, moving)
                continue
            if steps[k, p.FIRST_SAMPLE] and own.seen == 0:
                work.first_sample(words, state)
            work.pedestal_of_frame(words, desk.signal, state, limit, moving)
        elif code == p.RUN_SUM:
            work.run_sum(desk.signal, state, given, flag != 0)
        elif code == p.FD_RUN_SUM:
            work.fd_run_sum(desk.signal, desk.sums, state, given, limit, flag != 0)
        elif code == p.THRESHOLD:
            work.threshold(desk.signal, given)
