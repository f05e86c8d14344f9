"""Frames that were refused, and the missing frames that they explain: one each, and as many as can be.

What a refused frame was is not always plain. With a wrong bit in its header it may say two places, one by its timestamp
and one by its seq_id; without a readable header it says none. The rule: of all ways to give refused frames to missing
ones, take one that leaves the fewest over (a matching, by augmenting paths): a frame that may be of two places makes
room for one that may not. Among those, places that a frame says first are preferred, then those in the order in which
the frames came. That holds for places that were given up before, too, so that a frame that comes late finds its own.

>>> refused = Refused()
>>> refused.add(((7, 7, CORRUPTED), (3, 3, JUMPED)), after=2)
>>> refused.explain(lambda place: place in (3, 7), end=8)
{7: 1}
>>> refused.add(((7, 7, TRUNCATED),), after=6)
>>> refused.explain(lambda place: place == 3, end=8) == {3: JUMPED, 7: TRUNCATED}
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from streams.receiver.place import ENDLESS, FAR, WAIT, Options
from streams.receiver.report import CORRUPTED, JUMPED, TRUNCATED

__all__ = ["CORRUPTED", "JUMPED", "TRUNCATED", "Refused"]

_MANY = 64  # places of a frame without a header that are looked at
_LEVELS = 4  # what a frame says first or second, and in order or not


class _Frame(NamedTuple):
    """A refused frame: it came behind a right one of place ``after``, and before one of place ``before``."""

    options: Options
    after: int
    before: int = ENDLESS

    @property
    def own(self) -> bool:
        """True if its header says a place."""
        return self.options[0][1] != ENDLESS

    @property
    def end(self) -> int:
        """Its last place; one without a header may be before a frame that came too late."""
        return max(high if self.own else self.before + WAIT for _, high, _ in self.options)

    def places(self, level: int) -> Iterator[int]:
        """Yield its places that are as likely as ``level``, 0 to 3, or likelier."""
        for low, _, cause in self.options:
            second = cause != self.options[0][2]
            if not self.own:
                yield from range(low, min(self.before, low + _MANY))
                if level > 1 and self.before < ENDLESS:
                    yield from range(max(low, self.before + 1), self.before + WAIT + 1)
            elif level >= 2 * second + (not self.after < low < self.before):
                yield low

    def cause(self, place: int) -> int:
        """Return why it is missing if it is of this place."""
        return next(cause for low, high, cause in self.options if low <= place <= high)


class Refused:
    """The refused frames of a stream."""

    __slots__ = ("_left", "_told")

    def __init__(self) -> None:
        self._left: list[_Frame] = []  # they explain no missing frame yet
        self._told: dict[int, _Frame] = {}  # which of them explains a place that was given up

    def __len__(self) -> int:
        return len(self._left)

    def add(self, options: Options, after: int) -> None:
        """Keep a frame that was refused when ``after`` was the newest place."""
        self._left.append(_Frame(options, after))

    def bound(self, newest: int) -> None:
        """Take down that a frame came whose place is the first at ``newest``: those that are kept came before it."""
        for k, frame in enumerate(self._left):
            if frame.before == ENDLESS:
                self._left[k] = frame._replace(before=newest)

    def explain(self, is_open: Callable[[int], bool], end: int) -> dict[int, int]:
        """Return the causes of places before ``end``, by place: those that have one now, or another one than before.

        is_open : whether a place is missing, or may be, and no refused frame explains it.
        """
        told, changed = self._told, set[int]()

        def give(frame: _Frame, level: int, seen: set[int]) -> bool:
            """Give a frame one of its places, moving others out of the way; False if that cannot be."""
            places = [place for place in frame.places(level) if place not in seen]
            seen.update(places)
            for place in sorted(places, key=lambda place: 2 if place >= end else place in told):
                if give(told[place], level, seen) if place in told else is_open(place):
                    told[place] = frame
                    changed.add(place)
                    return True
            return False

        self._left.sort(key=lambda frame: frame.end)
        for level in range(_LEVELS):
            self._left = [frame for frame in self._left if not give(frame, level, set())]
        for place in [place for place in changed if place >= end]:
            self._left.append(told.pop(place))  # its own frame may still come
            changed.remove(place)
        return {place: told[place].cause(place) for place in changed}

    def places(self, low: int, high: int) -> list[int]:
        """Return the places from ``low`` to ``high`` that refused frames may explain, as many as could be."""
        found: set[int] = set()
        for frame in self._left:
            for first, last, _ in frame.options:
                begin = max(first, low)
                found.update(range(begin, min(last, high, begin + len(self._left) - 1) + 1))
        return sorted(found)

    def reach(self) -> int:
        """Return the last place that a refused frame must have had at least; -1 if there is none."""
        return max((min(low for low, _, _ in f.options) for f in self._left if f.own), default=-1)

    def settle(self, place: int) -> int:
        """Forget what can only explain places before ``place``; return how many of them had a place of their own."""
        old = [frame.own for frame in self._left if frame.end < place]
        if old:
            self._left = [frame for frame in self._left if frame.end >= place]
        if len(self._told) > 2 * FAR:
            self._told = {known: frame for known, frame in self._told.items() if known >= place - FAR}
        return sum(old)
