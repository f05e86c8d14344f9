"""Places of a stream whose frames are not there: open ones, and those that were given up, with the reason.

>>> from types import SimpleNamespace
>>> from streams.receiver.report import TRUNCATED, Report
>>> window = Window(SimpleNamespace(name="memory"), None, Report(), index=0)
>>> holes = Holes(window, 5)
>>> holes.open(0, 4)
>>> holes.refuse(((2, 2, TRUNCATED),), after=1)
>>> holes.fill(0), holes.give_up([1, 2], end=3), 3 in holes
(None, None, True)
>>> [(gap.timestamp, gap.cause) for gap in window.report.gaps]
[(2048, 'lost'), (4096, 'truncated')]
"""

from __future__ import annotations

from streams.receiver.place import FAR, WAIT, Options
from streams.receiver.refused import Refused
from streams.receiver.report import LOST
from streams.receiver.window import Window

_FILLED = -1


class Holes:
    """What a stream lacks, as far back as ``FAR`` places.

    Attributes
    ----------
    begin : first place that is not given up yet.
    newest : last place that may be a hole; frames of later ones have not come.
    refused : frames that came and were refused, and may explain a hole.
    """

    __slots__ = ("_number", "_why", "_window", "begin", "newest", "refused")

    def __init__(self, window: Window, number: int) -> None:
        self._window, self._number = window, number
        self._why: dict[int, int | None] = {}  # None: not given up
        self.begin, self.newest = 0, -1
        self.refused = Refused()

    def __contains__(self, place: int) -> bool:
        return place in self._why

    def open(self, low: int, high: int) -> None:
        """Take down that places ``low`` to ``high`` - 1 have no frame yet; those given up before stay so."""
        for place in range(max(low, high - FAR), high):
            self._why.setdefault(place, None)

    def open_again(self, place: int) -> None:
        """Take down that the frame of a place turned out to be wrong."""
        self._why[place] = None

    def fill(self, place: int) -> None:
        """Take down that the frame of a place is there."""
        self._why.pop(place, None)

    def refuse(self, options: Options, after: int) -> None:
        """Keep why a frame was refused, which came when ``after`` was the newest place."""
        self.refused.add(options, after)
        if max(high for _, high, _ in options) < self.begin:
            self._explain(self.begin)
            self.settle(self.begin)

    def give_up(self, places: list[int], end: int, cause: int | None = None) -> None:
        """Count missing frames before place ``end``; without a cause, the refused frames may tell it."""
        self._why.update(dict.fromkeys(places, LOST if cause is None else cause))
        if len(self.refused) and cause is None:
            self._explain(end)
        for place in places:
            self._window.missing(self._number, place, 1, self._why[place] or LOST)

    def give_up_all(self, place: int, blocks: int) -> None:
        """Count missing frames of which nothing was seen."""
        self._window.missing(self._number, place, blocks, LOST)
        self._why.update(dict.fromkeys(range(max(place, place + blocks - FAR), place + blocks), LOST))

    def settle(self, place: int) -> None:
        """Count refused frames that explain nothing before ``place`` as copies: a good one came."""
        self.begin = place
        if len(self.refused):
            copies = self.refused.settle(place)
            if copies:
                self._window.report.add("duplicated", self._number, copies)
        if len(self._why) > 2 * FAR:
            self._why = {hole: why for hole, why in self._why.items() if hole >= place - FAR}

    def end(self) -> None:
        """Let what is left explain what was given up: no frame comes any more."""
        if len(self.refused):
            self.newest = -WAIT - 1
            self._explain(self.begin)

    def _explain(self, end: int) -> None:
        """Let the refused frames explain what is missing before ``end``."""
        for place, cause in self.refused.explain(self._is_open, end).items():
            if place < self.begin:
                self._window.report.change_cause(self._number, self._why[place] or LOST, cause)
            self._why[place] = cause

    def _is_open(self, place: int) -> bool:
        """Return if a place is missing, or may be, and nothing explains it."""
        coming = max(self.begin - 1, self.newest) < place <= self.newest + WAIT
        return self._why.get(place, LOST if coming else _FILLED) in (None, LOST)
