"""Where frames begin and end in a stream's bytes: whole ones, cut ones, and bytes without a header.

A frame is whole if another header stands right behind it, or nothing does. If a header stands within its 7 200
bytes, it was cut short there. If there is no header for longer, other frames lost theirs.

>>> import numpy as np
>>> from types import SimpleNamespace
>>> frames = np.zeros((3, FRAME_BYTES), np.uint8)
>>> frames[:, 0] = 0xC4
>>> cut = np.concatenate((frames[0, :1000], frames[1:].ravel()))
>>> framing = Framing(Tape(SimpleNamespace(take=lambda stream, frames: cut), 0), 0xC4)
>>> framing.size(over=True, fits=lambda seq, timestamp: True)
1000
"""

from __future__ import annotations

from collections.abc import Callable

from streams.daq.wibeth import FRAME_BYTES, SEQ_MODULO
from streams.receiver.place import SEQ_MASK, SEQ_SHIFT
from streams.receiver.tape import HEADER_BYTES, Tape

_LOOK_AHEAD = 6  # frames within which the next header must come
_PATTERN_BYTES = 5  # of word 0 that are the same in all frames of a stream

Words = tuple[int, int]  # words 0 and 1 of a frame
Fits = Callable[[int, int], bool]  # whether seq_id or timestamp may be the stream's


class Framing:
    """The frames on a tape; ``word0`` is that of its frames with seq_id 0."""

    __slots__ = ("_pattern", "_word0", "tape")

    def __init__(self, tape: Tape, word0: int) -> None:
        self.tape, self._word0 = tape, word0
        self._pattern = word0.to_bytes(8, "little")[:_PATTERN_BYTES]

    def words(self, offset: int = 0) -> Words | None:
        """Return two words, ``offset`` bytes further on; None if they have not come."""
        words = self.tape.words(offset)
        while words is None and self.tape.pull():
            words = self.tape.words(offset)
        return words

    def is_header(self, words: Words) -> bool:
        """Return if word 0 is the stream's own, but for seq_id."""
        return not (words[0] ^ self._word0) & ~SEQ_MASK

    def followed(self, offset: int) -> bool:
        """Return if a header stands here, or nothing at all."""
        words = self.words(offset)
        return self.tape.left() == offset if words is None else self.is_header(words)

    def size(self, over: bool, fits: Fits, least: int = HEADER_BYTES) -> int:
        """Return how many bytes there are of the frame that begins here: 7 200, fewer if it was cut.

        0 if that shows only in bytes that are still to come; there are none if ``over``. -1 if there is no telling.

        The next header tells: after 7 200 bytes or a multiple the frame is whole. Else it was cut, and what is between
        lost its headers. But ``least`` bytes must be left of it, as much as is right; else a later frame was cut.
        """
        if self.tape.need(FRAME_BYTES) and self.followed(FRAME_BYTES):
            return FRAME_BYTES
        for frames in range(1, _LOOK_AHEAD):
            enough = self.tape.need(frames * FRAME_BYTES + HEADER_BYTES)
            if not enough and not over:
                return 0
            found = self.search(fits, frames * FRAME_BYTES) or (0 if enough else self.tape.left())
            if found:
                part = found % FRAME_BYTES
                return part if part >= least or found < FRAME_BYTES else FRAME_BYTES
        return -1

    def search(self, fits: Fits, end: int = FRAME_BYTES) -> int:
        """Return where before ``end``, but not here, a header stands that fits; 0 if nowhere."""
        at = 0
        while True:
            at = self.tape.find(self._pattern, at + 1, end - 1 + _PATTERN_BYTES)
            if at < 0:
                return 0
            words = self.tape.words(at)
            if words and self.is_header(words) and fits(seq_of(words), words[1]):
                return at


def seq_of(words: Words) -> int:
    """Return the seq_id in word 0."""
    return words[0] >> SEQ_SHIFT & (SEQ_MODULO - 1)
