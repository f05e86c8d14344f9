"""Where frames begin and end in a stream's bytes: whole ones, cut ones, and bytes without a header.

A header is one whose word 0, but for seq_id, is the stream's own, or wrong in a single bit. A frame is whole if
another header stands 7 200 bytes behind its own, or nothing does. If one stands nearer, the frame was cut short there.
Between two headers there may be what is left of frames that were cut so short that they have none.

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

import re
from collections.abc import Callable

import numpy as np

from streams.compiled import compiled
from streams.daq.wibeth import FRAME_BYTES, SEQ_MODULO
from streams.receiver.place import SAME_MASK, SEQ_SHIFT
from streams.receiver.tape import HEADER_BYTES, Bytes, Tape

_LOOK_AHEAD = 6  # frames within which the next header must come
_WORD_BYTES = 8

Words = tuple[int, int]  # words 0 and 1 of a frame
Fits = Callable[[int, int], bool]  # whether seq_id or timestamp may be the stream's


class Framing:
    """The frames on a tape; ``word0`` is that of its frames with seq_id 0."""

    __slots__ = ("_rests", "_word0", "tape")

    def __init__(self, tape: Tape, word0: int) -> None:
        self.tape, self._word0 = tape, word0
        self._rests = _rests(word0)

    def words(self, offset: int = 0) -> Words | None:
        """Return two words, ``offset`` bytes further on; None if they have not come."""
        words = self.tape.words(offset)
        while words is None and self.tape.pull():
            words = self.tape.words(offset)
        return words

    def damage(self, words: Words) -> int:
        """Return the bits of word 0 that are wrong, without those of seq_id."""
        return (words[0] ^ self._word0) & SAME_MASK

    def is_header(self, words: Words) -> bool:
        """Return if this is a header: one bit of word 0 may be wrong."""
        wrong = self.damage(words)
        return not wrong & (wrong - 1)

    def followed(self, offset: int) -> bool:
        """Return if a header stands here, or nothing at all."""
        words = self.words(offset)
        return self.tape.left() == offset if words is None else self.is_header(words)

    def size(self, over: bool, fits: Fits) -> int:
        """Return how many bytes there are of the frame that begins here: 7 200, or another number if it was cut.

        0 if that shows only in bytes that are still to come; there are none if ``over``. -1 if there is no telling.

        The next header tells: after 7 200 bytes or a multiple the frame is whole, and what is between lost its
        headers. It is, too, if the bytes more than that are what is left of later frames. Else it was cut; if what is
        left of later frames begins less than 8 bytes before, they are passed over with it.
        """
        if self.tape.need(FRAME_BYTES) and self.followed(FRAME_BYTES):
            return FRAME_BYTES
        for frames in range(1, _LOOK_AHEAD):
            enough = self.tape.need(frames * FRAME_BYTES + HEADER_BYTES)
            if not enough and not over:
                return 0
            end = frames * FRAME_BYTES if enough else self.tape.left()
            found = self.search(fits, end) or (0 if enough else end)
            if found:
                return self._size_before(found)
        return -1

    def _size_before(self, found: int) -> int:
        """Return the size of a frame if the next header stands ``found`` bytes behind its own."""
        part = found % FRAME_BYTES
        whole = found - part
        if not whole:
            return found
        data = self.tape.piece(found).tobytes()
        short = (n for n in range(_WORD_BYTES) if self._rests.fullmatch(data, whole - n))
        rests = next(short, None)  # how many bytes before 7 200 what is left of other frames begins
        if not part or rests == 0:
            return FRAME_BYTES
        return found if rests or part < _WORD_BYTES else part

    def search(self, fits: Fits, end: int = FRAME_BYTES) -> int:
        """Return where before ``end``, but not here, a header stands that fits, or its word 0 alone; 0 if nowhere."""
        at, data = 0, self.tape.piece(end + HEADER_BYTES)
        while True:
            at = int(_find(data, at + 1, end, np.uint64(self._word0)))
            if at < 0:
                return 0
            words = self.tape.words(at)
            if not words or fits(seq_of(words), words[1]):
                return at


def seq_of(words: Words) -> int:
    """Return the seq_id in word 0."""
    return words[0] >> SEQ_SHIFT & (SEQ_MODULO - 1)


def _rests(word0: int) -> re.Pattern[bytes]:
    """Return a pattern of what is left of frames, one or more, that were cut within word 0.

    >>> found = _rests(0x38200001040020C4)
    >>> [bool(found.fullmatch(bytes.fromhex(rest))) for rest in ("c4c420", "c420000401ffff", "c421")]
    [True, True, False]
    """
    pattern = b""
    for byte in (*(re.escape(bytes([byte])) for byte in word0.to_bytes(8, "little")[:5]), b".", b".")[::-1]:
        pattern = byte + (b"(?:" + pattern + b")?" if pattern else b"")
    return re.compile(b"(?:" + pattern + b")+", re.DOTALL)


@compiled
def _find(data: Bytes, first: int, end: int, word0: np.uint64) -> int:
    """Return where from ``first`` on, and before ``end``, word 0 of a header stands, -1 if nowhere."""
    word, same = np.uint64(0), np.uint64(SAME_MASK)
    for k in range(first, min(end + 7, len(data))):
        word = (word >> np.uint64(8)) | (np.uint64(data[k]) << np.uint64(56))
        if k >= first + 7:
            wrong = (word ^ word0) & same
            if wrong & (wrong - np.uint64(1)) == 0:
                return k - 7
    return -1
