"""Frames that were refused: which missing frame is explained by which of them.

A frame with a wrong bit in its header may say two places: one by its timestamp, one by its seq_id. Which of them is its
own shows only later, when one turns out to be missing. A frame without a readable header lies somewhere between the
frames around it.

>>> refused = Refused()
>>> refused.add(((7, 7, CORRUPTED), (3, 3, JUMPED)))
>>> refused.claim(3, lambda place: place == 7), refused.claim(7, lambda place: False)
(0, 1)
"""

from __future__ import annotations

from collections.abc import Callable

from streams.receiver.report import CORRUPTED, JUMPED, LOST

__all__ = ["CORRUPTED", "ENDLESS", "JUMPED", "Options", "Refused"]

ENDLESS = 2**62
_MANY = 64  # places that are looked at
Options = tuple[
    tuple[int, int, int], ...
]  # (first place, last place, cause): what a refused frame can have been


class Refused:
    """The refused frames of a stream that no missing frame has claimed yet."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: list[tuple[Options, bool]] = []  # and: a place of its own

    def __len__(self) -> int:
        return len(self._left)

    def add(self, options: Options) -> None:
        """Keep a refused frame."""
        self._left.append((options, options[0][1] != ENDLESS))

    def bound(self, newest: int, wait: int) -> None:
        """End the places that are still endless: a frame came that is the first at ``newest``.

        A frame without a header lies before it; if there is no place between, frames came out of order.
        """
        for k, (options, own) in enumerate(self._left):
            if options[0][1] == ENDLESS:
                first, _, cause = options[0]
                places = (first, newest - 1) if first < newest else (newest - wait, newest + wait)
                self._left[k] = (((*places, cause),), own)

    def claim(self, place: int, is_open: Callable[[int], bool]) -> int:
        """Return why the frame of a place is missing: the cause of the refused frame that explains it, or lost.

        Of several that could, the one takes it that can explain the fewest others that are open, and whose places end
        first. A frame that can have been of two places does not take the second while the first, the likelier one,
        ``is_open`` and no other frame explains it.
        """
        fits = []
        for k, (options, _) in enumerate(self._left):
            found = next((cause for low, high, cause in options if low <= place <= high), None)
            first = options[0][0]
            if found is None or (first != place and is_open(first) and not self._covered(first, k)):
                continue
            others = (
                p for low, high, _ in options for p in range(low, min(high, low + _MANY) + 1) if p != place
            )
            fits.append((sum(map(is_open, others)), _end(options), k, found))
        if not fits:
            return LOST
        *_, k, cause = min(fits)
        del self._left[k]
        return cause

    def _covered(self, place: int, but: int) -> bool:
        """Return if a refused frame other than number ``but`` can have been of this place."""
        return any(
            low <= place <= high
            for k, (options, _) in enumerate(self._left)
            if k != but
            for low, high, _ in options
        )

    def places(self, low: int, high: int) -> list[int]:
        """Return the places from ``low`` to ``high`` that refused frames may explain, as many as could be."""
        found: set[int] = set()
        for options, _ in self._left:
            for first, last, _ in options:
                begin = max(first, low)
                found.update(range(begin, min(last, high, begin + len(self._left) - 1) + 1))
        return sorted(found)

    def reach(self) -> int:
        """Return the last place that a refused frame must have had at least; -1 if there is none."""
        return max((min(low for low, _, _ in options) for options, own in self._left if own), default=-1)

    def settle(self, place: int) -> int:
        """Forget what can only explain places before ``place``; return how many of them had a place of their own."""
        old = [own for options, own in self._left if _end(options) < place]
        if old:
            self._left = [entry for entry in self._left if _end(entry[0]) >= place]
        return sum(old)


def _end(options: Options) -> int:
    return max(last for _, last, _ in options)
