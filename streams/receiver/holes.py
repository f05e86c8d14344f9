"""Places of a stream whose frames are not there: open ones, and those that were given up, with the reason.

>>> from types import SimpleNamespace
>>> from streams.receiver.report import TRUNCATED, Report
>>> window = Window(SimpleNamespace(name="memory"), None, Report(), index=0)
>>> holes = Holes(window, 5)
>>> holes.open(0, 4)
>>> holes.refuse(((2, 2, TRUNCATED),))
>>> holes.fill(0), holes.give_up(1, 1), holes.give_up(2, 1), 3 in holes
(None, None, None, True)
>>> [(gap.timestamp, gap.cause) for gap in window.report.gaps]
[(2048, 'lost'), (4096, 'truncated')]
"""

from __future__ import annotations

from streams.receiver.place import FAR, WAIT
from streams.receiver.refused import Options, Refused
from streams.receiver.report import LOST
from streams.receiver.window import Window


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

    def refuse(self, options: Options) -> None:
        """Keep why a frame was refused until its place is given up; if it is already, say so instead of lost."""
        if max(high for _, high, _ in options) >= self.begin:
            self.refused.add(options)
            return
        place, _, cause = options[0]
        if self._why.get(place) == LOST:
            self._why[place] = cause
            self._window.report.change_cause(self._number, cause)
        else:
            self._window.report.add("duplicated", self._number)

    def give_up(self, place: int, blocks: int, cause: int | None = None) -> None:
        """Count missing frames; of a single one that has no cause, the refused frames may tell it."""
        if cause is None:
            cause = self.refused.claim(place, self._is_open) if blocks == 1 else LOST
        self._window.missing(self._number, place, blocks, cause)
        for hole in range(max(place, place + blocks - FAR), place + blocks):
            self._why[hole] = cause
        if len(self._why) > 2 * FAR:
            oldest = place + blocks - FAR
            self._why = {hole: why for hole, why in self._why.items() if hole >= oldest}

    def settle(self, place: int) -> None:
        """Count refused frames that explain nothing before ``place`` as copies: a good one came."""
        self.begin = place
        if len(self.refused):
            copies = self.refused.settle(place)
            if copies:
                self._window.report.add("duplicated", self._number, copies)

    def _is_open(self, place: int) -> bool:
        """Return if the frame of a place may still be missing."""
        known = self._why.get(place, 0) is None
        return place >= self.begin and (known or self.newest < place <= self.newest + WAIT)
