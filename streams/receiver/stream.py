"""One stream of a window: frames in order go straight from its bytes into the span; the others see ``resync``.

>>> Stream.__base__.__name__
'Resync'
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.daq import spans
from streams.daq.wibeth import FRAME_BYTES, SEQ_MODULO
from streams.receiver.place import SEQ_SHIFT, WAIT, in_order, place_of
from streams.receiver.report import CORRUPTED, JUMPED
from streams.receiver.resync import Resync
from streams.receiver.tape import Bytes
from streams.receiver.tray import FLAG_BYTE, FLAGS

_NONE = np.zeros(0, np.uint8)


class Stream(Resync):
    """A stream while its window is read."""

    def idle(self, begin: int) -> bool:
        """Return if all before place ``begin`` is done, and nothing of what follows has been looked at."""
        return not (self.newest != begin - 1 or self._tray.pending or self._held or len(self.holes.refused))

    def ready(self, begin: int, blocks: int) -> Bytes:
        """Return the bytes of the frames from place ``begin`` on, at most ``blocks``; none if order is disturbed."""
        tape = self.tape
        if not self.idle(begin):
            return _NONE
        frames = tape.frames()
        if frames < blocks and tape.pull(blocks - frames):
            tape.need(blocks * FRAME_BYTES)
            frames = tape.frames()
        return tape.piece(min(frames, blocks) * FRAME_BYTES)

    def took(self, good: int, checked: bool) -> int:
        """Go on behind frames that were put into the span; return how many of ``good`` are sure to be whole."""
        last = 0 if checked else 1  # without checks it takes the next header
        self.tape.skip((good - last) * FRAME_BYTES)
        if last and self._framing.followed(FRAME_BYTES):
            self.tape.skip(FRAME_BYTES)
            last = 0
        good -= last
        self.newest += good
        return good

    def fill(self, begin: int, samples: NDArray[np.uint16], got: NDArray[np.bool_]) -> bool:
        """Put the frames of a span into it; False if the source has none of some place now.

        Parameters
        ----------
        begin : place of the span's first block.
        samples : uint16 array, (n, 163840).
        got : bool array, (n,), set where a frame is delivered.
        """
        self.holes.begin, last = begin, begin + len(got) - 1
        tray = self._tray
        tray.lay(begin, samples, got)
        if tray.pending:
            for place in tray.serve():
                self._wrong(place, CORRUPTED)
        while self.newest < last or (self.newest <= last + WAIT and not got.all()):
            if not self._run() and not self._one():
                return False
        return True

    def give_up(self, begin: int, got: NDArray[np.bool_]) -> None:
        """Count the places of a span that no frame came for."""
        self.holes.newest = self.newest
        end = begin + len(got)
        self._drop_held(end)
        places = (begin + np.flatnonzero(~got)).tolist()
        off = [place for place in places if self.stepped.pop(place, None)] if self.stepped else []
        if off:
            self.holes.give_up(off, end, JUMPED)
            places = [place for place in places if place not in off]
        self.holes.give_up(places, end)
        self.holes.settle(end)

    def give_up_all(self, begin: int, end: int) -> None:
        """Count places of which no stream has a frame, however many they are."""
        self.holes.newest = self.newest
        self._drop_held(end)
        for place in self.holes.refused.places(begin, end - 1):
            if place > begin:
                self.holes.give_up_all(begin, place - begin)
            self.holes.give_up([place], place + 1)
            begin = place + 1
        if end > begin:
            self.holes.give_up_all(begin, end - begin)
        self.holes.settle(end)

    def upcoming(self) -> int:
        """Return the first place after the span that has a frame, else the one after the newest."""
        places = [place for place, _, _ in self._tray.pending] + list(self.stepped)
        return min(places, default=self.newest + 1)

    def reach(self) -> int:
        """Return the last place that anything was seen of."""
        return max(self.newest, self.holes.refused.reach()) if len(self.holes.refused) else self.newest

    def _run(self) -> bool:
        """Use the frames that follow in order and in one piece; False if the next frame is none of them."""
        if not self.tape.need(FRAME_BYTES):
            return False
        place, tray = self.newest + 1, self._tray
        ahead = place > tray.last
        if place < self.holes.begin:
            return False
        count = min(self.tape.frames(), (tray.last + WAIT if ahead else tray.last) + 1 - place)
        frames = self.tape.piece(count * FRAME_BYTES).reshape(count, FRAME_BYTES)
        if ahead:
            good, checked = in_order(frames, tray.word(place, self.seq0), self.window.time(place)), False
        else:
            good, checked = tray.open(place, frames, self.seq0)
        if good and not checked and not self._framing.followed(good * FRAME_BYTES):
            good -= 1
        if not good:
            return False
        frames = self.tape.piece(good * FRAME_BYTES).reshape(
            good, FRAME_BYTES
        )  # more was taken: it may have moved
        if ahead:
            tray.pending.append((place, frames.copy(), self.seq0))
        else:
            tray.mark(place, frames)
        if self._held:
            self._drop_held()
        if len(self.holes.refused):
            self.holes.refused.bound(place)
        self.newest += good
        self.tape.skip(good * FRAME_BYTES)
        return True

    def step(self, place: int, off: int, got: NDArray[np.bool_]) -> None:
        """Go by a clock that stepped at ``place``; ``got`` are the places from there on that went by the old one."""
        tray, wrong = self._tray, (place + np.flatnonzero(got)).tolist()
        for first, frames, _ in tray.pending:
            wrong += range(first, first + len(frames))
        for old in wrong:
            self._wrong(old, JUMPED)
        tray.pending, tray.last = [], place - 1
        stepped, self.stepped = self.stepped, {}
        for new, (by, frame) in stepped.items():
            if by != off:
                self.stepped[new] = (by - off, frame)
            elif self._right(new, frame):
                tray.pending.append((new, frame[None], self.seq0))
            else:
                self._wrong(new, CORRUPTED)
        if self._off is not None or wrong:
            self._off = (self._off or 0) - off or None
        held, self._held = self._held, []
        for odd in held:
            new = place_of(odd.seq - self.seq0, self.newest)
            if odd.timestamp == self.window.time(new):
                self._accept(new, odd.frame, None)
            else:
                self._held.append(odd)


def open_in_order(
    streams: list[Stream], begin: int, samples: NDArray[np.uint16], got: NDArray[np.bool_]
) -> None:
    """Put the frames of all streams into a span, as far as they come in order: straight from the bytes, in one pass.

    Parameters
    ----------
    streams : the 40 streams of a window.
    begin, samples : place of the span's first block; uint16 array, (n, 163840).
    got : bool array, (40, n), set where a frame is delivered.
    """
    window, blocks = streams[0].window, len(samples)
    pieces = [stream.ready(begin, blocks) for stream in streams]
    seq = np.array([(stream.seq0 + begin) % SEQ_MODULO for stream in streams], np.uint64)
    word0 = window.identity.word0 | seq << np.uint64(SEQ_SHIFT)
    time = window.time(begin)
    rows = [window.links.checks(stream.number, time, blocks) for stream in streams]
    checked = len(rows[0]) > 0
    checks = np.array(rows, np.uint64) if checked else np.zeros((0, 0), np.uint64)
    good, flagged = spans.open_span(pieces, word0, time, checks, window.identity.places, samples)
    # Before more is taken, for then the source may use the memory again:
    flags = {
        number: pieces[number][FLAG_BYTE::FRAME_BYTES] & FLAGS for number in np.flatnonzero(flagged).tolist()
    }
    counts = zip(streams, good.tolist(), strict=True)
    whole = [stream.took(count, checked) if count else 0 for stream, count in counts]
    got |= np.arange(blocks) < np.array(whole)[:, None]
    for number, flag in flags.items():
        window.report.add("flagged", number, int(np.count_nonzero(flag[: whole[number]])))
