"""Faults put between a source of frames and its reader: the same bytes for the same seed, however they are asked for.

``Injected`` is a ``Links`` around a ``Links``. What happens to a frame follows from the seed, its stream and its number
alone (its timestamp / 2 048), and a frame is hit by one fault at most. A frame that is to come later comes right behind
a frame that is whole, so that every fault can be seen; where no such frame is near, the frame is left alone. The ledger
says what was done. The source's bytes are taken as frames of 7 200 bytes one after the other.

>>> from types import SimpleNamespace
>>> three = np.zeros(3 * FRAME_BYTES, np.uint8)
>>> source = SimpleNamespace(begin=0, until=lambda timestamp: False, take=lambda stream, frames: three)
>>> links = Injected(source, parse("silent=0@1+1"))
>>> len(links.take(0, 16)) // FRAME_BYTES, links.ledger.table()
(2, {'injected silent': 1})
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.daq.spans import frame_checks
from streams.daq.wibeth import FRAME_BYTES, TIMESTAMP_PER_FRAME
from streams.injection.fates import FURTHEST, HOW, LATE, edges, fates, jump_counts, moved
from streams.injection.faults import ALL_STREAMS, CHANCES, STREAMS_PER_LINK, Faults, parse
from streams.injection.ledger import Ledger, kind_of_bit
from streams.receiver.receive import Links
from streams.rng import key

__all__ = ["Faults", "Injected", "Ledger", "injected", "parse"]

Bytes = NDArray[np.uint8]

KEPT_CHECKS = 4096  # frames of a stepped stream whose checks are kept
_HEADER_BITS = 4 * 64
_SILENT, _STEPPED = len(CHANCES) + 1, len(CHANCES) + 2
#: The frame that it comes behind, its own number, what was done, its bytes.
Later = tuple[int, int, str, Bytes]


@dataclass
class _Stream:
    """The state of one stream: what is still to be read, what comes later, what is ready to be taken."""

    number: int = 0  # frames of the source so far
    rest: Bytes = field(
        default_factory=lambda: np.zeros(0, np.uint8)
    )  # bytes of a frame that has not come whole
    later: list[Later] = field(default_factory=list)  # a heap
    ready: deque[Bytes] = field(default_factory=deque)
    whole: int = -1  # the last frame that went out whole and in its place
    sent: int = -1  # the last frame of which anything went out in its place
    checks: dict[int, int] = field(default_factory=dict)  # of stepped frames, by timestamp
    flushed: bool = False


class Injected:
    """A window with faults: again a ``Links``.

    Parameters
    ----------
    links : the window.
    faults : what to do to its frames.
    ledger : takes down what was done; one for all windows of a run.
    """

    def __init__(self, links: Links, faults: Faults, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()
        self._links, self._faults, self._edges = links, faults, edges(faults)
        self._first = links.begin // TIMESTAMP_PER_FRAME
        if self.ledger.origin is None:
            self.ledger.origin = self._first
        self._streams: dict[int, _Stream] = {}
        self._ended = False

    @property
    def name(self) -> str:
        """Name of the window, for messages."""
        return self._links.name

    @property
    def begin(self) -> int:
        """Timestamp of the window's first frame."""
        return self._links.begin

    def until(self, timestamp: int) -> bool:
        """Let the source go on to this time; False: nothing comes after what ``take`` still gives."""
        self._ended = not self._links.until(timestamp)
        return not self._ended

    def take(self, stream: int, frames: int) -> Bytes:
        """Return the next bytes of a stream, at most ``frames`` * 7 200."""
        state = self._streams.setdefault(stream, _Stream())
        while not state.ready:
            data = self._links.take(stream, frames)
            if len(data):
                self._pass(stream, state, data)
            elif self._ended and not state.flushed:
                self._flush(stream, state)
            else:
                return np.zeros(0, np.uint8)
        return _taken(state.ready, frames * FRAME_BYTES)

    def checks(self, stream: int, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return the checks of the frames with these timestamps, as the source has them."""
        found = self._links.checks(stream, timestamp, count)
        stepped = self._streams[stream].checks if stream in self._streams else {}
        times = range(timestamp, timestamp + count * TIMESTAMP_PER_FRAME, TIMESTAMP_PER_FRAME)
        known = [k for k, at in enumerate(times) if at in stepped] if stepped else []
        if not known or not (len(found) or len(known) == count):
            return found
        found = found.copy() if len(found) else np.zeros(count, np.uint64)
        found[known] = [stepped[times[k]] for k in known]
        return found

    def _pass(self, stream: int, state: _Stream, data: Bytes) -> None:
        """Take in bytes of the source; what becomes of its whole frames is put into ``ready``."""
        if len(state.rest):
            data = np.concatenate((state.rest, data))
        count = len(data) // FRAME_BYTES
        state.rest = data[count * FRAME_BYTES :].copy()
        first = state.number
        state.number += count
        frames = self._stepped(stream, state, first, data[: count * FRAME_BYTES].reshape(count, FRAME_BYTES))
        fate = self._fates(stream, first, count)
        hits = deque(np.flatnonzero(fate).tolist())
        done = 0
        while True:
            hit = hits[0] if hits else count
            land = state.later[0][0] - first if state.later else count
            if min(hit, land) >= count:
                break
            if land < hit:
                self._whole(state, frames[done : land + 1], first + land + 1)
                self._land(stream, state, heapq.heappop(state.later), first + land)
                done = land + 1
            else:
                self._whole(state, frames[done:hit], first + hit)
                self._hit(stream, state, first + hits.popleft(), int(fate[hit]), frames[hit])
                done = hit + 1
        self._whole(state, frames[done:], first + count)

    def _whole(self, state: _Stream, frames: Bytes, end: int) -> None:
        if len(frames):
            state.ready.append(frames.reshape(-1))
            state.whole = state.sent = end - 1

    def _fates(self, stream: int, first: int, count: int) -> NDArray[np.uint8]:
        """Return what happens to the frames ``first`` to ``first + count`` of this window."""
        number = self._first + first
        found = fates(self._faults.seed, stream, number, count, self._edges)
        for step in self._faults.step:
            if step.stream == stream:
                found[max(0, step.first + self._origin - number) :] = _STEPPED
        for silence in self._faults.silent:
            if silence.link == stream // STREAMS_PER_LINK:
                low = max(0, silence.first + self._origin - number)
                high = (
                    max(0, silence.first + silence.frames + self._origin - number)
                    if silence.frames
                    else count
                )
                found[low:high] = _SILENT
        return found

    @property
    def _origin(self) -> int:
        assert self.ledger.origin is not None
        return self.ledger.origin

    def _hit(self, stream: int, state: _Stream, number: int, fate: int, frame: Bytes) -> None:
        if fate == _SILENT:
            self._note(stream, number, "silent")
            return
        if fate == _STEPPED:
            state.sent = number
            counts = self._own_step(stream, number)
            self._note(stream, number, "step", counts)
            state.ready.append(moved(frame[None], counts)[0])
            return
        kind = CHANCES[fate - 1]
        how = int(key(self._faults.seed, stream, self._first + number, HOW))
        state.sent = state.sent if kind in ("lost", "reordered", "late") else number
        if kind in ("duplicated", "reordered", "late"):
            self._delay(stream, state, number, kind, how, frame)
        elif kind == "truncated":
            left = 1 + how % (FRAME_BYTES - 1)
            self._note(stream, number, kind, left)
            state.ready.append(frame[:left].copy())
        elif kind in ("flipped", "header"):
            bit = how % (8 * FRAME_BYTES if kind == "flipped" else _HEADER_BITS)
            self._note(stream, number, kind_of_bit(bit), bit)
            broken = frame.copy()
            broken[bit // 8] ^= np.uint8(1 << bit % 8)
            state.ready.append(broken)
        elif kind == "jump":
            counts = jump_counts(how, int(frame[8:16].view("<u8")[0]))
            self._note(stream, number, kind, counts)
            state.ready.append(moved(frame[None], counts)[0])
        else:
            self._note(stream, number, kind)

    def _delay(self, stream: int, state: _Stream, number: int, kind: str, how: int, frame: Bytes) -> None:
        """Put a frame, or a copy of it, behind a later one that is whole; if there is none, leave it alone."""
        low, high = LATE if kind == "late" else (1, FURTHEST)
        if kind == "duplicated" and how % 2:
            self._note(stream, number, kind)
            for _ in range(2):
                self._whole(state, frame[None].copy(), number + 1)
            return
        fate = self._fates(stream, number + low, high - low + 1)
        fine = low + np.flatnonzero(fate == 0)
        if kind == "duplicated" or not len(fine):
            self._whole(state, frame[None].copy(), number + 1)
        if len(fine):
            delay = int(fine[how // 2 % len(fine)])
            heapq.heappush(state.later, (number + delay, number, kind, frame.copy()))

    def _land(self, stream: int, state: _Stream, late: Later, place: int) -> None:
        """Send a frame that comes later, now that ``place`` is the last that went out whole."""
        _, number, kind, frame = late
        behind = place - number
        if (kind == "late" and behind < LATE[0]) or (
            kind == "reordered" and behind < 0 and number < state.sent
        ):
            self._note(
                stream, number, "lost"
            )  # the window ends before it comes, or before anything shows that it is late
            return
        if kind == "duplicated" or behind > 0:
            self._note(stream, number, kind, behind)
        state.ready.append(frame)

    def _flush(self, stream: int, state: _Stream) -> None:
        """Send what is left at the end of the window, by number."""
        state.flushed = True
        for late in sorted(state.later, key=lambda entry: entry[1]):
            self._land(stream, state, late, state.whole)
        state.later.clear()
        if len(state.rest):
            state.ready.append(state.rest)

    def _stepped(self, stream: int, state: _Stream, first: int, frames: Bytes) -> Bytes:
        """Return the frames with the timestamps of a clock of all streams that has stepped."""
        at = self._first + first - self._origin + np.arange(len(frames))
        counts = np.zeros(len(frames), np.int64)
        for step in self._faults.step:
            if step.stream == ALL_STREAMS:
                counts += step.counts * (at >= step.first)
                for k in np.flatnonzero(at == step.first).tolist():
                    self._note(stream, first + k, "step_of_all", step.counts)
        if counts.any():
            frames = moved(frames, counts)
            self._keep_checks(stream, state, frames[counts > 0])
        return frames

    def _own_step(self, stream: int, number: int) -> int:
        """Return by how much the clock of this stream alone is off at a frame."""
        at = self._first + number - self._origin
        return sum(step.counts for step in self._faults.step if step.stream == stream and step.first <= at)

    def _keep_checks(self, stream: int, state: _Stream, frames: Bytes) -> None:
        """Keep the checks of frames whose clock was ahead when they were made, under their own times.

        Those of a clock that steps back would stand in for frames that came before.
        """
        if len(frames) and len(self._links.checks(stream, self.begin, 1)):
            words = frames.view("<u8")
            state.checks.update(zip(words[:, 1].tolist(), frame_checks(words).tolist(), strict=True))
            for old in list(state.checks)[: max(0, len(state.checks) - KEPT_CHECKS)]:
                del state.checks[old]

    def _note(self, stream: int, number: int, kind: str, detail: int = 0) -> None:
        self.ledger.note(stream, self._first + number - self._origin, kind, detail)


def injected(windows: Iterable[Links], faults: Faults, ledger: Ledger) -> Iterator[Links]:
    """Yield the windows of a run with faults; ``ledger`` takes down what was done in all of them."""
    for links in windows:
        yield Injected(links, faults, ledger)


def _taken(ready: deque[Bytes], most: int) -> Bytes:
    """Take the next bytes, at most ``most``, out of ``ready``."""
    parts, room = [], most
    while ready and room:
        part = ready.popleft()
        if len(part) > room:
            ready.appendleft(part[room:].copy())
            part = part[:room]
        parts.append(part)
        room -= len(part)
    if not ready:
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    ready.extend([ready.popleft().copy() for _ in range(len(ready))])  # a source may use its bytes again
    return np.concatenate(parts)
