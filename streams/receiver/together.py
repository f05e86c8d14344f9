"""All streams of a window at once, as long as every frame of them is right: nothing is done stream by stream.

A source may be able to give the frames of its 40 streams in one call (``Bundled``; a file is). Each span is then read,
checked and unpacked by two compiled calls. At the first frame that is not right ``receive`` goes on stream by stream,
and comes back here when all are in order again.

>>> import numpy as np
>>> word0 = np.arange(40, dtype=np.uint64) << np.uint64(22)
>>> words = np.zeros((40, 4, 900), np.uint64)
>>> words[..., 0] = word0[:, None] + (np.arange(7, 11, dtype=np.uint64) << np.uint64(40))
>>> words[..., 1] = 5000 + 2048 * np.arange(4)
>>> bundle = Bundle(words.view(np.uint8).reshape(40, -1), np.zeros(40, np.int64), size=4 * 7200, ahead=False)
>>> found = lock_all(bundle, word0, begin=5000)
>>> found.base, found.seq0[39]
(5000, 7)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from streams.daq import spans
from streams.daq.wibeth import FRAME_BYTES, SEQ_MODULO, TIMESTAMP_PER_FRAME
from streams.receiver.lock import FIRST_FRAMES, Lock, begin_of
from streams.receiver.place import SAME_MASK, SEQ_SHIFT
from streams.receiver.tape import HEADER_BYTES, Bytes

if TYPE_CHECKING:
    from streams.receiver.stream import Stream
    from streams.receiver.window import Window


_LONGEST = 8  # spans that are read stream by stream before the next try


class Bundle(NamedTuple):
    """The next frames of all streams: row k of ``room`` has ``size`` bytes of them from byte ``starts[k]`` on."""

    room: NDArray[np.uint8]  # (40, any number), in one piece
    starts: NDArray[np.int64]  # (40,)
    size: int
    ahead: bool  # word 0 of the next frame follows them in each stream; else nothing comes in any

    def pieces(self) -> list[Bytes]:
        """Return the frames of each stream, uint8 (count,), as views."""
        ends = (self.starts + self.size).tolist()
        return [row[low:end] for row, low, end in zip(self.room, self.starts.tolist(), ends, strict=True)]

    def following(self) -> NDArray[np.uint64]:
        """Return word 0 of the next frames: uint64 (40,); (0,) if nothing comes."""
        if not self.ahead:
            return np.zeros(0, np.uint64)
        first = self.room.shape[1] * np.arange(len(self.room)) + self.starts + self.size
        words: NDArray[np.uint64] = self.room.reshape(-1)[first[:, None] + np.arange(8)].view("<u8")[:, 0]
        return words


@runtime_checkable
class Bundled(Protocol):
    """``Links`` with all their bytes at hand: ``until`` does nothing, and what was taken can be taken again."""

    def take_all(self, frames: int) -> Bundle | None:
        """Take the next frames of all streams, at most ``frames`` of each; None if they cannot be taken so.

        They may be overwritten at the next call, not before.
        """

    def give_back(self, stream: int, count: int) -> None:
        """Let the last ``count`` bytes that were taken of a stream come again."""

    def checks_all(self, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return the frame checks of all streams: uint64 (40, count), or (40, 0) if the source has none."""


def lock_all(bundle: Bundle, word0: NDArray[np.uint64], begin: int) -> Lock | None:
    """Return what ``lock`` would, if the first frames of all streams agree; else None."""
    heads = [piece.reshape(-1, FRAME_BYTES)[:FIRST_FRAMES, :HEADER_BYTES] for piece in bundle.pieces()]
    first = np.array(heads).view("<u8")
    number = np.arange(FIRST_FRAMES, dtype=np.uint64)
    time = int(first[0, 0, 1])
    seq = (first[:, :1, 0] >> np.uint64(SEQ_SHIFT)) + number & np.uint64(SEQ_MODULO - 1)
    if first.shape[1] < FIRST_FRAMES or (first[..., 0] != word0[:, None] | seq << np.uint64(SEQ_SHIFT)).any():
        return None
    if (first[..., 1] != np.uint64(time) + TIMESTAMP_PER_FRAME * number).any():
        return None
    base = begin_of(time, begin)
    before = (time - base) // TIMESTAMP_PER_FRAME
    seq0 = {stream: (start - before) % SEQ_MODULO for stream, start in enumerate(seq[:, 0].tolist())}
    return Lock(base, seq0, seq0[0])


class Together:
    """The streams of a window while nothing is wrong.

    Parameters
    ----------
    window : it has no source of this kind, or it has one: then a span is tried before streams are read one by one.
    blocks : blocks of a span at most.
    """

    def __init__(self, window: Window, blocks: int) -> None:
        self._window, self._blocks = window, blocks
        self._source = window.links if isinstance(window.links, Bundled) else None
        self._bundle = self._source.take_all(blocks) if self._source else None
        self._rest = self._pause = 0  # spans until the next try, and how many that were the last time

    def lock(self) -> Lock | None:
        """Return where the window begins, if its first frames are all right; else leave them to the streams."""
        window, bundle = self._window, self._bundle
        if not bundle or not self._source:
            return None
        found = lock_all(bundle, window.identity.word0, window.links.begin)
        if not found:
            for stream in range(len(bundle.room)):
                self._source.give_back(stream, bundle.size)
            self._bundle = None
        return found

    def spans(self, streams: list[Stream], at: int) -> Iterator[NDArray[np.uint16]]:
        """Yield spans from place ``at`` on as long as all streams are in order: uint16 (n, 163840), at most 16 blocks.

        After that the streams go on behind them, with the bytes that were taken.
        """
        bundle = self._bundle or self._again(streams, at)
        self._bundle = None
        if not bundle or not self._source:
            return
        seq0 = np.array([stream.seq0 for stream in streams], np.uint64)
        while bundle:
            samples = np.empty((self._blocks, spans.SAMPLES_PER_BLOCK), np.uint16)
            count = self._open(bundle, seq0, at, samples)
            if not count:
                break
            at += count
            self._pause = 0
            yield samples[:count]
            bundle = self._source.take_all(self._blocks)
        for stream in streams:
            stream.newest = at - 1
        for stream, piece in zip(streams, bundle.pieces(), strict=True) if bundle else ():
            stream.tape.lay(piece)
        self._pause = self._rest = min(2 * self._pause + 1, _LONGEST)

    def _again(self, streams: list[Stream], at: int) -> Bundle | None:
        """Return the next frames, if all streams are in order."""
        if not self._source:
            return None
        self._rest -= 1
        if self._rest > 0 or not all(stream.idle(at) for stream in streams):
            return None
        for stream in streams:
            left = stream.tape.give_up()
            if left:
                self._source.give_back(stream.number, left)
        return self._source.take_all(self._blocks)

    def _open(self, bundle: Bundle, seq0: NDArray[np.uint64], place: int, samples: NDArray[np.uint16]) -> int:
        """Put frames into a span; return how many blocks that are, 0 if any frame is not right."""
        assert self._source is not None
        window, count = self._window, bundle.size // FRAME_BYTES
        own, time = window.identity.word0, window.time(place)
        checks = self._source.checks_all(time, count)
        if not checks.size and bundle.ahead and ((bundle.following() ^ own) & np.uint64(SAME_MASK)).any():
            return 0  # only the next header shows that a frame is whole
        word0 = own | (seq0 + np.uint64(place) & np.uint64(SEQ_MODULO - 1)) << np.uint64(SEQ_SHIFT)
        rows = spans.Rows(bundle.room, bundle.starts, count)
        good, flagged = spans.open_rows(rows, word0, time, checks, window.identity.places, samples)
        if int(good.min()) < count:
            return 0
        if flagged.any():
            window.report.counts["flagged"] += flagged
        window.report.counts["delivered"] += count
        window.report.blocks += count
        return count
