"""The bytes of one stream that were taken from a source and not used yet: frames are looked at where they lie.

>>> from types import SimpleNamespace
>>> links = SimpleNamespace(take=lambda stream, frames: np.arange(20, dtype=np.uint8))
>>> tape = Tape(links, 0)
>>> tape.pull(), tape.words(0) == (0x0706050403020100, 0x0F0E0D0C0B0A0908), tape.words(8)
(True, True, None)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams.daq.wibeth import FRAME_BYTES

if TYPE_CHECKING:
    from streams.receiver.receive import Links

Bytes = NDArray[np.uint8]
TAKE_FRAMES = 16  # frames asked for at once: 115 kB
HEADER_BYTES = 16  # words 0 and 1
_EMPTY = np.zeros(0, np.uint8)
_WORDS = struct.Struct("<QQ")


class Tape:
    """Bytes of a stream in the order in which they came.

    Attributes
    ----------
    data, at : the piece that is being used, and how much of it is used.
    """

    __slots__ = ("_links", "_next", "_stream", "at", "data")

    def __init__(self, links: Links, stream: int) -> None:
        self._links, self._stream = links, stream
        self.data, self.at = _EMPTY, 0
        self._next: Bytes = _EMPTY  # the piece that follows

    def pull(self, frames: int = TAKE_FRAMES) -> bool:
        """Take more from the source; False if it has nothing now."""
        rest = len(self.data) - self.at
        # A source may use its memory again at the next take: what is left has to be moved. Of whole frames only one or
        # two are left as a rule, and stay in a piece of their own.
        if rest:
            if len(self._next) or rest % FRAME_BYTES:
                self.data, self._next = np.concatenate((self.data[self.at :], self._next)), _EMPTY
            else:
                self.data = self.data[self.at :].copy()
            self.at = 0
        more = self._links.take(self._stream, frames)
        if not len(more):
            return False
        if not rest:
            self.data, self.at = more, 0
        elif len(self.data) % FRAME_BYTES or len(self._next):
            self.data = np.concatenate((self.data, self._next, more))
            self._next = _EMPTY
        else:
            self._next = more
        return True

    def frames(self) -> int:
        """Return how many whole frames there are in one piece."""
        return (len(self.data) - self.at) // FRAME_BYTES

    def skip(self, count: int) -> None:
        """Go on by so many bytes of the piece."""
        self.at += count
        if self.at == len(self.data) and len(self._next):
            self.data, self._next, self.at = self._next, _EMPTY, 0

    def words(self, offset: int) -> tuple[int, int] | None:
        """Return words 0 and 1 of a frame that begins ``offset`` bytes further on; None if they are not there."""
        at = self.at + offset
        if at + HEADER_BYTES <= len(self.data):
            return _unpacked(self.data, at)
        if at == len(self.data) and len(self._next) >= HEADER_BYTES:
            return _unpacked(self._next, 0)
        if len(self._next):
            self._join()
            return self.words(offset)
        return None

    def need(self, count: int) -> bool:
        """See to it that ``count`` bytes lie in one piece; False if there are fewer and no more come now."""
        while len(self.data) - self.at < count:
            if len(self._next):
                self._join()
            elif not self.pull():
                return False
        return True

    def left(self) -> int:
        """Return how many bytes there are."""
        return len(self.data) - self.at + len(self._next)

    def piece(self, count: int) -> Bytes:
        """Return the next bytes of the piece: uint8 (count,), a view."""
        return self.data[self.at : self.at + count]

    def lay(self, data: Bytes) -> None:
        """Go on with these bytes; there were none left."""
        self.data, self.at = data, 0

    def give_up(self) -> int:
        """Forget the bytes that are left, which the source will give again; return how many there were."""
        count = self.left()
        self.data, self.at, self._next = _EMPTY, 0, _EMPTY
        return count

    def drain(self) -> int:
        """Throw away all that there is and that comes; return how many bytes that were."""
        count = 0
        while self.left() or self.pull():
            count += self.give_up()
        return count

    def _join(self) -> None:
        self.data, self.at = np.concatenate((self.data[self.at :], self._next)), 0
        self._next = _EMPTY


def _unpacked(data: Bytes, at: int) -> tuple[int, int]:
    word0, word1 = _WORDS.unpack_from(data, at)  # type: ignore[arg-type]  # an array is a buffer
    return word0, word1
