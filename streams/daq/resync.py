"""One stream of frames: those in order straight from the bytes; the rest is told apart, put in its place or refused.

Place k of a window is the frame whose timestamp is ``base`` + 2 048 k. A stream's seq_id must be ``seq0`` + k (modulo
4 096): then its header is right. Rules for all else:

- A frame whose header is right and whose place is empty is delivered, unless it is late: more than ``WAIT`` places
  behind the newest. A right header makes its place the newest even if the frame itself is refused then.
- The frame check, where the source has it, is the last word: a wrong one refuses the frame (corrupted).
- A frame is whole if the next one's header stands right behind it, or its check is right, or nothing follows. If a
  header stands within its 7 200 bytes, it was cut short there. No header at all: 7 200 bytes are passed over.
- If seq_id and timestamp disagree, the frame is held back until the next one. If that goes on from it, the stream
  did: by the seq_id, if that follows on (then the clock stepped, and the frames are refused, unless the clocks of most
  streams did: ``streams.daq.receive``); else by the timestamp (then the seq_id stepped). If not, it is refused:
  jumped if its timestamp is wrong in more than one bit, else corrupted. Likewise if both agree, but 2 048 places or
  more away: then the stream was silent.

Two cases cannot be told apart from the bytes. A single timestamp that is wrong by one bit may be a jump: it counts as
corrupted. Cut frames next to each other of which not even 16 bytes are left count as one truncated, the others as lost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.daq import spans
from streams.daq.place import FAR, SEQ_MASK, SEQ_SHIFT, WAIT, explain, in_order, place_of
from streams.daq.refused import ENDLESS, Options, Refused
from streams.daq.report import CORRUPTED, JUMPED, LATE, LOST, TRUNCATED
from streams.daq.sentences import difference
from streams.daq.tape import HEADER_BYTES, Bytes, Tape
from streams.daq.wibeth import FRAME_BYTES, SEQ_MODULO, TIMESTAMP_PER_FRAME
from streams.daq.window import Window

_PATTERN_BYTES = 5  # of word 0 that are the same in all frames of a stream
_FOLLOWING = 64  # frames after which a frame still goes on from one that was held back
_FLAG_BYTE, _FLAGS = 20, 0b0010_0110  # bits 33, 34 (crc_err) and 37 (lol) of word 2


class Stream:
    """What is known of one stream of a window, and its bytes.

    Attributes
    ----------
    newest : the last place whose header was right.
    seq0 : seq_id of place 0.
    """

    def __init__(self, window: Window, number: int, seq0: int, tape: Tape) -> None:
        self.window, self.number, self.seq0, self.tape = window, number, seq0, tape
        identity = window.identity
        self._word0 = int(identity.word0[number])
        self._first, self._step = identity.places.first[number], identity.places.step[number]
        self._pattern = self._word0.to_bytes(8, "little")[:_PATTERN_BYTES]
        self.newest = -1
        self._samples, self._got = np.zeros((0, 0), np.uint16), np.zeros(0, np.bool_)
        self.stepped: dict[int, tuple[int, Bytes]] = {}  # place: by how much the clock is off, frame
        self.refused = Refused()
        self._off: int | None = None  # the clock's step that is known
        self._begin = 0  # first place of the span; what is before it is over
        self._last = -1  # last place of the span
        self._holes: dict[int, int | None] = {}  # places not there; why, once they are given up
        self._pending: list[tuple[int, Bytes]] = []  # frames that are in order, of places after the span
        self._candidate: tuple[int, int, Bytes, Options] | None = None  # seq_id, timestamp, frame, else

    def fill(self, begin: int, samples: NDArray[np.uint16], got: NDArray[np.bool_]) -> bool:
        """Put the frames of a span into it; False if the source has none of some place now.

        Parameters
        ----------
        begin : place of the span's first block.
        samples : uint16 array, (n, 163840).
        got : bool array, (n,), set where a frame is delivered.
        """
        self._begin, self._last = begin, begin + len(got) - 1
        self._samples, self._got = samples, got
        if self._pending:
            self._deliver_pending()
        while self.newest < self._last or (self.newest <= self._last + WAIT and not got.all()):
            if not self._run() and not self._one():
                return False
        return True

    def give_up(self, begin: int, got: NDArray[np.bool_]) -> None:
        """Count the places of a span that no frame came for."""
        end = begin + len(got)
        self._drop_candidate(end)
        for place in (begin + np.flatnonzero(~got)).tolist():
            self._missing(place, 1)
        self._settle(end)

    def give_up_all(self, begin: int, end: int) -> None:
        """Count places of which no stream has a frame, however many they are."""
        self._drop_candidate(end)
        for place in self.refused.places(begin, end - 1):
            if place > begin:
                self._missing(begin, place - begin)
            self._missing(place, 1)
            begin = place + 1
        if end > begin:
            self._missing(begin, end - begin)
        self._settle(end)

    def upcoming(self) -> int:
        """Return the first place after the span that has a frame, else the one after the newest."""
        places = [place for place, _ in self._pending] + list(self.stepped)
        return min(places, default=self.newest + 1)

    def reach(self) -> int:
        """Return the last place that anything was seen of."""
        return max(self.newest, self.refused.reach())

    def _run(self) -> bool:
        """Use the frames that follow in order and in one piece; False if the next frame is none of them."""
        if not self.tape.need(FRAME_BYTES):
            return False
        place = self.newest + 1
        ahead = place > self._last
        if place < self._begin:
            return False
        count = min(self.tape.frames(), (self._last + WAIT if ahead else self._last) + 1 - place)
        frames = self.tape.piece(count * FRAME_BYTES).reshape(count, FRAME_BYTES)
        if ahead:
            good, checked = in_order(frames, self._word(place), self.window.time(place)), False
        else:
            good, checked = self._open(place, frames)
        if good and not checked and not self._followed(good * FRAME_BYTES):
            good -= 1
        if not good:
            return False
        if ahead:
            self._pending.append((place, frames[:good].copy()))
        else:
            self._mark(place, frames[:good])
        if self._candidate:
            self._drop_candidate()
        if len(self.refused):
            self.refused.bound(place, WAIT)
        self.newest += good
        self.tape.skip(good * FRAME_BYTES)
        return True

    def _open(self, place: int, frames: Bytes) -> tuple[int, bool]:
        """Put frames in order into the span; return how many are right from the start, and if that was checked."""
        time = self.window.time(place)
        checks = self.window.links.checks(self.number, time, len(frames))
        row = place - self._begin
        samples = self._samples[row : row + len(frames)]
        word0 = self._word(place)
        good = spans.open_frames(frames, word0, time, checks, self._first, self._step, samples)
        return good, len(checks) > 0

    def _mark(self, place: int, frames: Bytes) -> None:
        """Take down that frames are delivered."""
        row = place - self._begin
        self._got[row : row + len(frames)] = True
        flagged = frames[:, _FLAG_BYTE] & _FLAGS
        if flagged.any():
            self.window.report.add("flagged", self.number, int(np.count_nonzero(flagged)))

    def _deliver_pending(self) -> None:
        pending, self._pending = self._pending, []
        for place, frames in pending:
            count = min(len(frames), self._last + 1 - place)
            if count < len(frames):
                self._pending.append((place + max(count, 0), frames[max(count, 0) :]))
            at = 0
            while at < count:
                good, _ = self._open(place + at, frames[at:count])
                if good:
                    self._mark(place + at, frames[at : at + good])
                at += good
                if at < count:
                    self._spoiled(place + at)
                    at += 1

    def _word(self, place: int) -> int:
        """Return word 0 of the frame of a place."""
        return self._word0 | (self.seq0 + place) % SEQ_MODULO << SEQ_SHIFT

    # ---- one frame that is not the next in order

    def _one(self) -> bool:
        """Use one frame, or what is left of it; False if its bytes have not come yet."""
        words = self._peek(0)
        if words is None and not (self.window.over and self.tape.left()):
            return False
        if words is None or (words[0] ^ self._word0) & ~SEQ_MASK:
            return self._no_header(words)
        seq, timestamp = words[0] >> SEQ_SHIFT & (SEQ_MODULO - 1), words[1]
        place = place_of(seq - self.seq0, self.newest)
        size = self._size()
        if not size:
            return False
        self._say(words)
        frame = self.tape.piece(size)
        self.tape.skip(size)
        if size < FRAME_BYTES:
            self.window.report.add("resync_bytes", self.number, size)
        if timestamp == self.window.time(place):
            self._accept(place, frame, None)
        elif timestamp == self.window.time(place) + (self._off or 0):
            self._accept(place, frame, self._off)
        else:
            self._odd(seq, timestamp, frame)
        return True

    def _peek(self, offset: int) -> tuple[int, int] | None:
        words = self.tape.words(offset)
        while words is None and self.tape.pull():
            words = self.tape.words(offset)
        return words

    def _followed(self, offset: int) -> bool:
        """Return if a header stands here, or nothing at all."""
        words = self._peek(offset)
        if words is None:
            return self.tape.left() == offset
        return not (words[0] ^ self._word0) & ~SEQ_MASK

    def _size(self) -> int:
        """Return how many bytes of the frame here there are: fewer than 7 200 if it was cut; 0 if that is not known."""
        if not self.tape.need(FRAME_BYTES):
            return (self._search() or self.tape.left()) if self.window.over else 0
        if self._followed(FRAME_BYTES):
            return FRAME_BYTES
        if self.tape.left() < FRAME_BYTES + HEADER_BYTES and not self.window.over:
            return 0
        self.tape.need(FRAME_BYTES + HEADER_BYTES)
        return self._search() or FRAME_BYTES

    def _search(self) -> int:
        """Return where within the next 7 200 bytes a header stands that fits this stream; 0 if nowhere."""
        at = 0
        while True:
            at = self.tape.find(self._pattern, at + 1, FRAME_BYTES - 1 + _PATTERN_BYTES)
            if at < 0:
                return 0
            words = self.tape.words(at)
            if words is None or (words[0] ^ self._word0) & ~SEQ_MASK:
                continue
            seq = words[0] >> SEQ_SHIFT & (SEQ_MODULO - 1)
            places = explain(seq, words[1], self.seq0, self.window.base, self.newest)
            if places[0][1] != ENDLESS:
                return at

    def _no_header(self, words: tuple[int, int] | None) -> bool:
        """Pass over bytes without a header, up to the next one or 7 200; False if more have to come first."""
        enough = self.tape.need(FRAME_BYTES + HEADER_BYTES)
        if not enough and not self.window.over:
            return False
        found = self._search()
        left = min(self.tape.left(), FRAME_BYTES)
        self.tape.need(left)
        options: Options = ((self.newest + 1, ENDLESS, TRUNCATED),)
        if not found and left == FRAME_BYTES:
            options = ((self.newest + 1, ENDLESS, CORRUPTED),)
            if words is not None:
                seq, timestamp = words[0] >> SEQ_SHIFT & (SEQ_MODULO - 1), words[1]
                place = place_of(seq - self.seq0, self.newest)
                if timestamp == self.window.time(place):
                    options = ((place, place, CORRUPTED),)
        size = found or left
        if words is not None:
            self._say(words)
        self.tape.skip(size)
        self.window.report.add("resync_bytes", self.number, size)
        self._refuse(options)
        return True

    def _accept(self, place: int, frame: Bytes, off: int | None) -> None:
        """Take a frame whose header is right, or off only by a step of the clock that is known."""
        ahead = place > self.newest
        if ahead:
            self._advance(place)
        elif place not in self._holes:
            self.window.report.add("duplicated", self.number)
            return
        if place < self._begin or self.newest - place > WAIT:
            self._refuse(((place, place, LATE),))
        elif len(frame) < FRAME_BYTES:
            self._refuse(((place, place, TRUNCATED),))
        elif off is not None:
            self.stepped[place] = (off, frame.copy())
            self._holes.pop(place, None)
        elif not self._right(place, frame):
            self._refuse(((place, place, CORRUPTED),))
        else:
            self._holes.pop(place, None)
            if not ahead:
                self.window.report.add("reordered", self.number)
            if place > self._last:
                self._pending.append((place, frame[None].copy()))
            else:
                self._open(place, frame[None])
                self._mark(place, frame[None])

    def _advance(self, place: int) -> None:
        """Make a place the newest one; those before it are holes until their frames come."""
        self._drop_candidate()
        for hole in range(max(self.newest + 1, place - FAR), place + 1):
            self._holes.setdefault(hole, None)
        self.refused.bound(place, WAIT)
        self.newest = place

    def _right(self, place: int, frame: Bytes) -> bool:
        checks = self.window.checks(self.number, place, 1)
        return not len(checks) or int(spans.frame_checks(frame.view(np.uint64))) == int(checks[0])

    def _odd(self, seq: int, timestamp: int, frame: Bytes) -> None:
        """Hold back a frame whose seq_id and timestamp disagree; see if it goes on from the one held back before."""
        window = self.window
        options = explain(seq, timestamp, self.seq0, window.base, self.newest)
        if len(frame) < FRAME_BYTES:
            low, high, _ = options[-1]
            self._refuse(((low, high, TRUNCATED),))
            return
        held = self._candidate
        self._candidate = None
        if held:
            steps = (seq - held[0]) % SEQ_MODULO
            if 0 < steps <= _FOLLOWING and timestamp - held[1] == steps * TIMESTAMP_PER_FRAME:
                self._step_to(*held[:3])
                place = place_of(seq - self.seq0, self.newest)
                off = timestamp - window.time(place)
                self._accept(place, frame, off or None)
                return
            self._refuse(held[3])
        self._candidate = (seq, timestamp, frame.copy(), options)

    def _step_to(self, seq: int, timestamp: int, frame: Bytes) -> None:
        """Go on from this frame: after a silence, a step of the clock or one of the seq_id."""
        window, following = self.window, self.newest + 1
        by_seq = place_of(seq - self.seq0, self.newest)
        by_time, phase = divmod(timestamp - window.base, TIMESTAMP_PER_FRAME)
        fits = phase == 0 and by_time > self.newest
        if fits and (by_time - by_seq) % SEQ_MODULO == 0:
            self._accept(by_time, frame, None)
            return
        window.report.add("stepped", self.number)
        if abs(by_seq - following) > WAIT:
            by_seq = by_time if fits else following
            self.seq0 = (seq - by_seq) % SEQ_MODULO
        off = timestamp - window.time(by_seq)
        if off:
            self._off = off
        self._accept(by_seq, frame, off or None)

    def _drop_candidate(self, end: int = ENDLESS) -> None:
        """Refuse the frame that is held back, if it may be of a place before ``end``."""
        if self._candidate and self._candidate[3][0][0] < end:
            options = self._candidate[3]
            self._candidate = None
            self._refuse(options)

    def _say(self, words: tuple[int, int]) -> None:
        """Describe the first fault: how a frame differs from the one that should come."""
        if self.window.report.first is None:
            place = self.newest + 1
            self.window.say(self.number, place, difference(words, (self._word(place), self.window.time(place))))

    # ---- what is missing

    def _refuse(self, options: Options) -> None:
        """Keep why a frame was refused, until its place is given up."""
        if max(high for _, high, _ in options) >= self._begin:
            self.refused.add(options)
            return
        place, _, cause = options[0]
        if self._holes.get(place) == LOST:
            self._holes[place] = cause
            self.window.report.change_cause(self.number, cause)
        else:
            self.window.report.add("duplicated", self.number)

    def _spoiled(self, place: int) -> None:
        """Refuse a frame that waited, for its check is wrong."""
        self._holes[place] = None
        self._refuse(((place, place, CORRUPTED),))

    def _missing(self, place: int, blocks: int) -> None:
        cause = LOST
        if blocks == 1:
            cause = self.refused.claim(place)
            if self.stepped.pop(place, None):
                cause = JUMPED
        self.window.missing(self.number, place, blocks, cause)
        for hole in range(max(place, place + blocks - FAR), place + blocks):
            self._holes[hole] = cause
        if len(self._holes) > 2 * FAR:
            oldest = max(self.newest, place) - FAR
            self._holes = {hole: why for hole, why in self._holes.items() if hole >= oldest}

    def _settle(self, place: int) -> None:
        if len(self.refused):
            copies = self.refused.settle(place)
            if copies:
                self.window.report.add("duplicated", self.number, copies)
