"""The TPs of a file in the order of time, a piece at a time: memory holds what may still come late, not the run.

>>> from trigger.compare.rows import ROW
>>> rows = np.zeros(4, ROW)
>>> rows["start"] = 0, 64, 32, 96
>>> feed = Feed(iter([rows[:2], rows[2:]]), late=32)
>>> feed.before(64)["start"].tolist(), feed.next_start, feed.before(1000)["start"].tolist(), feed.next_start
([0, 32], 64, [64, 96], None)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from trigger.compare.rows import ROW


class Feed:
    """Gives TPs in the order of their starts.

    Parameters
    ----------
    batches : ROW arrays.
    late : how much earlier than one before it a TP starts at most [62.5 MHz counts].
    """

    def __init__(self, batches: Iterator[NDArray[np.void]], late: int) -> None:
        self._batches, self._late = batches, late
        self._waiting = np.zeros(0, ROW)
        self._newest: int | None = None

    @property
    def next_start(self) -> int | None:
        """The earliest start that is still to come; None at the end."""
        while not len(self._waiting) and self._more():
            pass
        if not len(self._waiting):
            return None
        self._fill(int(self._waiting["start"].min()) + 1)
        return int(self._waiting["start"].min())

    def before(self, end: int) -> NDArray[np.void]:
        """Return all TPs that start before ``end`` and were not given yet, in the order of starts: ROW array."""
        self._fill(end)
        ready = self._waiting["start"] < end
        given, self._waiting = self._waiting[ready], self._waiting[~ready]
        return given[np.argsort(given["start"], kind="stable")]

    def _fill(self, end: int) -> None:
        """Read on until nothing before ``end`` can come any more."""
        while (self._newest is None or self._newest - self._late < end) and self._more():
            pass

    def _more(self) -> bool:
        """Read the next batch; False at the end."""
        batch = next(self._batches, None)
        if batch is None:
            return False
        if len(batch):
            newest = int(batch["start"].max())
            self._newest = newest if self._newest is None else max(self._newest, newest)
            self._waiting = np.concatenate([self._waiting, batch])
        return True
