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

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streams.daq.tp import TP
from streams.daq.wibeth import FRAME_WORDS
from trigger.baselines import fast_closings as closings
from trigger.baselines import fast_engine as engine
from trigger.baselines import program as p
from trigger.baselines.chain import Chain, Step

ROOM = 64 * closings.MOST_OF_FRAME  # TPs taken at once


class RowsAtWork(Protocol):
    """A step from outside this package at work on the 64 channels of one stream."""

    def rows(self, values: NDArray[np.int16], /) -> None:
        """Change the values of a frame in place: int16 array, (64 samples, 64 channels)."""


class OneByOne:
    """A step that has a clear version only, sample by sample."""

    def __init__(self, step: Step, planes: NDArray[np.integer]) -> None:
        self.channels = [step.channel(int(plane)) for plane in planes]

    def rows(self, values: NDArray[np.int16]) -> None:
        """Change the values of a frame in place."""
        for c, channel in enumerate(self.channels):
            values[:, c] = [channel.step(value) for value in values[:, c].tolist()]


class FastStreams:
    """The channels of many streams, with their state between calls.

    A step that this package does not know is called once for each frame, in Python: its method ``lanes(planes)``, if
    it has one, returns what then works on the 64 channels of a stream (``RowsAtWork``); else its clear version runs.

    Parameters
    ----------
    chain : what to run.
    channels : int array, (streams, 64), the offline channel of each.
    planes : int array, (streams, 64), 0, 1 or 2.
    """

    def __init__(self, chain: Chain, channels: NDArray[np.integer], planes: NDArray[np.integer]) -> None:
        self.program = p.translate(chain, planes)
        n = len(channels)
        lanes = np.broadcast_to(self.program.initial[None, :, None], (n, len(self.program.initial), 64))
        hits = np.zeros((n, closings.FIELDS, 64), np.int64)
        self.state = engine.State(lanes.copy(), hits, np.zeros(n, np.int64))
        rows, masks = np.zeros((2, 64, 64), np.int16), np.zeros(64, np.uint64)
        found = np.zeros(closings.MOST_OF_FRAME, TP)
        sorter = closings.Sorter(np.zeros(257, np.int64), chain.offline(channels).ravel())
        self.room = engine.Room(rows, masks, found, np.zeros(ROOM, TP), sorter)
        others = [k for k, code in enumerate(self.program.steps[:, p.CODE]) if code == p.OTHER]
        self.others = {k: [_at_work(chain.steps[k], planes[s]) for s in range(n)] for k in others}

    def process(
        self, frames: NDArray[np.uint64], missing: NDArray[np.bool_] | None = None
    ) -> NDArray[np.void]:
        """Return the TPs that close in these frames: TP array, frame after frame, in each stream after stream.

        Parameters
        ----------
        frames : uint64 array, (streams, n, 900), in the order of time.
        missing : bool array, (n, streams): frames that are not there; the streams go on as if they had not been.
        """
        streams = len(self.state.seen)
        if frames.ndim != 3 or (frames.shape[0], frames.shape[2]) != (streams, FRAME_WORDS):
            raise ValueError(
                f"frames of {streams} streams: got {frames.shape}, want ({streams}, n, {FRAME_WORDS})"
            )
        words = np.ascontiguousarray(frames, "<u8").view()
        words.flags.writeable = False  # one type for compiled code, whatever the frames lie in
        absent = np.zeros((0, 0), np.bool_) if missing is None else np.ascontiguousarray(missing)
        parts, done, total = [], 0, streams * frames.shape[1]
        while done < total:
            end, first = (done + 1, self._ahead(words, absent, done)) if self.others else (total, 0)
            part = engine.Part(done, end, first, len(self.program.steps))
            done, n = engine.run(words, absent, part, self.program, self.state, self.room)
            parts.append(self.room.tps[:n].copy())
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, TP), *parts])

    def _ahead(self, words: NDArray[np.uint64], absent: NDArray[np.bool_], done: int) -> int:
        """Run the steps of one frame up to the last that is not built in; return the number of the next."""
        frame, stream = divmod(done, len(self.state.seen))
        first = 0
        for k, at_work in self.others.items():
            if not (absent.size and absent[frame, stream]):
                part = engine.Part(done, done + 1, first, k)
                engine.segment(words, part, self.program, self.state, self.room)
                at_work[stream].rows(self.room.rows[self.program.steps[k, p.ROWS]])
            first = k + 1
        return first


def _at_work(step: Step, planes: NDArray[np.integer]) -> RowsAtWork:
    lanes = getattr(step, "lanes", None)
    at_work: RowsAtWork = OneByOne(step, planes) if lanes is None else lanes(planes)
    return at_work
