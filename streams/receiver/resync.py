"""Frames of a stream that do not come in order: each is told apart, put in its place or refused.

Place k of a window is the frame whose timestamp is ``base`` + 2 048 k. A stream's seq_id must be ``seq0`` + k (modulo
4 096): then its header is right. Rules for all else:

- A frame whose header is right and whose place is empty is delivered, unless it is late: more than ``WAIT`` places
  behind the newest. A right header makes its place the newest even if the frame itself is refused then.
- The frame check, where the source has it, is the last word: a wrong one refuses the frame (corrupted).
- Where a frame ends is told by the next header (``streams.receiver.framing``). A single bit of word 0 may be wrong in
  a header; the frame is refused then (corrupted). No header at all: 7 200 bytes are passed over.
- If seq_id and timestamp disagree, the frame is held back. If two others go on from it before one is right, the stream
  did: by the seq_id, if that follows on (then the clock stepped, and the frames are refused, unless the clocks of most
  streams did: ``streams.receiver.receive``); else by the timestamp (then the seq_id stepped). If not, it is refused:
  jumped if its timestamp is wrong in more than one bit, else corrupted. Likewise if both agree, but 2 048 places or
  more away: then the stream was silent.
- Which missing frame a refused one was is told in ``streams.receiver.refused``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from streams.daq import spans
from streams.daq.wibeth import FRAME_BYTES, SEQ_MODULO, TIMESTAMP_PER_FRAME
from streams.receiver.framing import Framing, Words, seq_of
from streams.receiver.holes import Holes
from streams.receiver.place import AGREE, ENDLESS, WAIT, Options, explain, place_of
from streams.receiver.report import CORRUPTED, LATE, TRUNCATED
from streams.receiver.sentences import difference
from streams.receiver.tape import HEADER_BYTES, Bytes, Tape
from streams.receiver.tray import Tray
from streams.receiver.window import Window

_FOLLOWING = 64  # frames after which a frame still goes on from one that was held back
_MOST_HELD = 4


class _Odd(NamedTuple):
    """A frame whose seq_id and timestamp disagree; it is held back until others show what it is."""

    seq: int
    timestamp: int
    frame: Bytes
    options: Options

    def follows(self, other: _Odd) -> bool:
        """Return if this frame goes on from another one by both."""
        steps = (self.seq - other.seq) % SEQ_MODULO
        return 0 < steps <= _FOLLOWING and self.timestamp - other.timestamp == steps * TIMESTAMP_PER_FRAME


class Resync:
    """What is known of one stream of a window, and its bytes: frames that are not the next in order.

    Attributes
    ----------
    newest : the last place whose header was right.
    seq0 : seq_id of place 0.
    stepped : frames after a step of the clock that is not believed yet: by how much, and the frame; by place.
    """

    def __init__(self, window: Window, number: int, seq0: int, tape: Tape) -> None:
        self.window, self.number, self.seq0, self.tape = window, number, seq0, tape
        word0 = int(window.identity.word0[number])
        self._framing = Framing(tape, word0)
        self._tray = Tray(window, number, word0)
        self.newest = -1
        self.holes = Holes(window, number)
        self.stepped: dict[int, tuple[int, Bytes]] = {}
        self._off: int | None = None  # the clock's step that is known
        self._held: list[_Odd] = []

    def _one(self) -> bool:
        """Use one frame, or what is left of it; False if its bytes have not come yet."""
        words = self._framing.words()
        if words is None and not (self.window.over and self.tape.left()):
            return False
        if words is None or not self._framing.is_header(words):
            return self._no_header(words)
        seq, timestamp = seq_of(words), words[1]
        place = place_of(seq - self.seq0, self.newest)
        right = timestamp == self.window.time(place)
        size = self._framing.size(self.window.over, self._fits)
        if not size:
            return False
        self._say(words)
        if not 0 < size <= FRAME_BYTES and right and self._right(place, self.tape.piece(FRAME_BYTES), False):
            size = FRAME_BYTES
        frame = self.tape.piece(size if size > 0 else FRAME_BYTES)
        self.tape.skip(len(frame))
        if len(frame) != FRAME_BYTES:
            self.window.report.add("resync_bytes", self.number, size)
        if right and self._framing.damage(words):
            self._refuse(((place, place, CORRUPTED),))
        elif size < 0 or self._framing.damage(words):
            self._refuse(((self.newest + 1, ENDLESS, CORRUPTED),))
        elif right:
            self._accept(place, frame, None)
        elif timestamp == self.window.time(place) + (self._off or 0):
            self._accept(place, frame, self._off)
        else:
            self._odd(seq, timestamp, frame)
        return True

    def _fits(self, seq: int, timestamp: int) -> bool:
        """Return if a header found somewhere may be this stream's: its seq_id or its timestamp is near."""
        return explain(seq, timestamp, self.seq0, self.window.base, self.newest)[0][1] != ENDLESS

    def _no_header(self, words: Words | None) -> bool:
        """Pass over bytes without a header, up to the next one or 7 200; False if more have to come first."""
        enough = self.tape.need(FRAME_BYTES + HEADER_BYTES)
        if not enough and not self.window.over:
            return False
        found = self._framing.search(self._fits)
        left = min(self.tape.left(), FRAME_BYTES)
        self.tape.need(left)
        size = found or left
        if words is not None:
            self._say(words)
        self.tape.skip(size)
        self.window.report.add("resync_bytes", self.number, size)
        cause = TRUNCATED if found or left < FRAME_BYTES else CORRUPTED
        self._refuse(((self.newest + 1, ENDLESS, cause),))
        return True

    def _accept(self, place: int, frame: Bytes, off: int | None) -> None:
        """Take a frame whose header is right, or off only by a step of the clock that is known."""
        ahead = place > self.newest
        if ahead:
            self._advance(place)
        elif place not in self.holes:
            self.window.report.add("duplicated", self.number)
            return
        if place < self.holes.begin or self.newest - place > WAIT:
            self._refuse(((place, place, LATE),))
        elif len(frame) != FRAME_BYTES:
            self._refuse(((place, place, TRUNCATED),))
        elif off is not None:
            self.stepped[place] = (off, frame.copy())
            self.holes.fill(place)
        elif not self._right(place, frame):
            self._refuse(((place, place, CORRUPTED),))
        else:
            self.holes.fill(place)
            if not ahead:
                self.window.report.add("reordered", self.number)
            if place > self._tray.last:
                self._tray.pending.append((place, frame[None].copy(), self.seq0))
            else:
                self._tray.open(place, frame[None], self.seq0)
                self._tray.mark(place, frame[None])

    def _advance(self, place: int) -> None:
        """Make a place the newest one; those before it are holes until their frames come."""
        self._drop_held()
        self.holes.open(self.newest + 1, place + 1)
        self.holes.refused.bound(place)
        self.newest = place

    def _right(self, place: int, frame: Any, unknown: bool = True) -> bool:
        """Return if the frame's check is right; ``unknown`` if the source has none."""
        checks = self.window.checks(self.number, place, 1)
        return int(spans.frame_checks(frame)) == int(checks[0]) if len(checks) else unknown

    def _odd(self, seq: int, timestamp: int, frame: Bytes) -> None:
        """Hold back a frame whose seq_id and timestamp disagree; see if it goes on from the one held back before."""
        window = self.window
        options = explain(seq, timestamp, self.seq0, window.base, self.newest)
        if len(frame) != FRAME_BYTES:
            low, high, _ = options[-1]
            self._refuse(((low, high, TRUNCATED),))
            return
        odd = _Odd(seq, timestamp, frame.copy(), options)
        agree = [held for held in self._held if odd.follows(held)]
        if len({held.seq for held in agree}) + 1 < AGREE:
            self._held.append(odd)
            if len(self._held) > _MOST_HELD:
                self._refuse(self._held.pop(0).options)
            return
        others, self._held = [held for held in self._held if not odd.follows(held)], []
        for other in others:
            self._refuse(other.options)
        self._step_to(agree[0])
        for later in (*agree[1:], odd):
            place = place_of(later.seq - self.seq0, self.newest)
            self._accept(place, later.frame, later.timestamp - window.time(place) or None)

    def _step_to(self, odd: _Odd) -> None:
        """Go on from this frame: after a silence, a step of the clock or one of the seq_id."""
        seq, timestamp, frame, _ = odd
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

    def _wrong(self, place: int, cause: int) -> None:
        """Refuse a frame that was taken for right."""
        self.holes.open_again(place)
        self._refuse(((place, place, cause),))

    def _refuse(self, options: Options) -> None:
        """Keep why the frame that came now was refused."""
        self.holes.refuse(options, self.newest)

    def _drop_held(self, end: int = ENDLESS) -> None:
        """Refuse the frames that are held back and may be of a place before ``end``."""
        held, self._held = self._held, []
        for odd in held:
            if min(low for low, _, _ in odd.options) < end:
                self._refuse(odd.options)
            else:
                self._held.append(odd)

    def _say(self, words: Words) -> None:
        """Describe the first fault: how a frame differs from the one that should come."""
        if self.window.report.first is None:
            place = self.newest + 1
            self.window.say(
                self.number,
                place,
                difference(words, (self._tray.word(place, self.seq0), self.window.time(place))),
            )
