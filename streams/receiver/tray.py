"""The part of a span that one stream fills, and the frames that wait for later spans.

>>> tray = Tray(Window(None, None, None, 0), 5, 0xC4)
>>> hex(tray.word(place=3, seq0=4095))
'0x200000000c4'
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.daq import spans
from streams.daq.wibeth import SAMPLES, SEQ_MODULO
from streams.receiver.place import SEQ_SHIFT
from streams.receiver.tape import Bytes
from streams.receiver.window import Window

FLAG_BYTE, FLAGS = 20, 0b0010_0110  # bits 33, 34 (crc_err) and 37 (lol) of word 2


@compiled
def blank(
    missing: NDArray[np.bool_],
    first: NDArray[np.int32],
    step: NDArray[np.int32],
    samples: NDArray[np.uint16],
) -> None:
    """Make the samples of missing frames zero: ``missing`` (40, n), ``first`` and ``step`` of ``Places``."""
    for stream in range(missing.shape[0]):
        for row in range(missing.shape[1]):
            if missing[stream, row]:
                for channel in range(first.shape[1]):
                    for tick in range(SAMPLES):
                        samples[row, first[stream, channel] + tick * step[stream, channel]] = 0


class Tray:
    """Where a stream's samples go.

    Attributes
    ----------
    begin, last : first and last place of the span.
    pending : frames in order whose headers are right, of places after the span: first place, uint8 (n, 7200), seq0.
    """

    __slots__ = ("_got", "_number", "_samples", "_window", "_word0", "begin", "last", "pending")

    def __init__(self, window: Window, number: int, word0: int) -> None:
        self._window, self._number, self._word0 = window, number, word0
        self.begin, self.last = 0, -1
        self._samples, self._got = np.zeros((0, 0), np.uint16), np.zeros(0, np.bool_)
        self.pending: list[tuple[int, Bytes, int]] = []

    def lay(self, begin: int, samples: NDArray[np.uint16], got: NDArray[np.bool_]) -> None:
        """Begin a span."""
        self.begin, self.last = begin, begin + len(got) - 1
        self._samples, self._got = samples, got

    def word(self, place: int, seq0: int) -> int:
        """Return word 0 of the frame of a place."""
        return self._word0 | (seq0 + place) % SEQ_MODULO << SEQ_SHIFT

    def open(self, place: int, frames: Any, seq0: int) -> tuple[int, bool]:
        """Put frames into the span; return how many are right from the start, and if their checks were compared."""
        window = self._window
        time = window.time(place)
        checks = window.links.checks(self._number, time, len(frames))
        row = place - self.begin
        samples, word0 = self._samples[row : row + len(frames)], self.word(place, seq0)
        good = spans.open_frames(frames, word0, time, checks, window.identity.places, self._number, samples)
        return good, len(checks) > 0

    def mark(self, place: int, frames: Bytes) -> None:
        """Take down that frames are delivered."""
        row = place - self.begin
        self._got[row : row + len(frames)] = True
        flagged = int(np.count_nonzero(frames[:, FLAG_BYTE] & FLAGS))
        if flagged:
            self._window.report.add("flagged", self._number, flagged)

    def serve(self) -> list[int]:
        """Put the pending frames of the span into it; return the places of those whose check is wrong."""
        pending, self.pending, wrong = self.pending, [], []
        for place, frames, seq0 in pending:
            count = max(0, min(len(frames), self.last + 1 - place))
            if count < len(frames):
                self.pending.append((place + count, frames[count:], seq0))
            at = 0
            while at < count:
                good, _ = self.open(place + at, frames[at:count], seq0)
                if good:
                    self.mark(place + at, frames[at : at + good])
                at += good
                if at < count:
                    wrong.append(place + at)
                    at += 1
        return wrong
