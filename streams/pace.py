"""Replay at a chosen speed: hand items on when the time in which they were taken has passed.

>>> from itertools import count
>>> ticks = count()
>>> pace = Pace()
>>> list(paced("abc", lambda item: 1.0, 0.5, pace, clock=lambda: float(next(ticks)), sleep=lambda seconds: None))
['a', 'b', 'c']
>>> pace.items, pace.late, pace.rows()["pace"]
(3, 0, 'never late')
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from streams.errors import ConfigError

Item = TypeVar("Item")
LATE_S = 1e-3  # later than this counts: a sleep may last as much longer than it should


@dataclass
class Pace:
    """How well a replay kept its pace.

    Attributes
    ----------
    items : handed on.
    late : of them, handed on more than a millisecond after their time.
    behind_s : by how much the last one was behind.
    most_behind_s : by how much the worst one was behind.
    """

    items: int = 0
    late: int = 0
    behind_s: float = 0.0
    most_behind_s: float = 0.0

    def rows(self) -> dict[str, object]:
        """Return names and values for a table."""
        if not self.late:
            return {"pace": "never late"}
        worst, last = self.most_behind_s * 1e3, self.behind_s * 1e3
        text = f"{self.late} of {self.items} late, at most by {worst:.1f} ms, at the end by {last:.1f} ms"
        return {"pace": text}


def checked_speed(speed: float) -> float:
    """Return a speed that can be kept.

    >>> checked_speed(-1)
    Traceback (most recent call last):
    streams.errors.ConfigError: speed: got -1, want more than 0 (1: as fast as the detector), or 0: free-running
    """
    if not 0 <= speed < float("inf"):
        raise ConfigError(
            f"speed: got {speed:g}, want more than 0 (1: as fast as the detector), or 0: free-running"
        )
    return speed


def paced(
    items: Iterable[Item],
    seconds_of: Callable[[Item], float],
    speed: float,
    pace: Pace | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Item]:
    """Hand on each item when its time is over, as a detector would: the clock starts when the first is asked for.

    An item that is ready too late is handed on at once, and the ones after it catch up: deadlines do not move.

    Parameters
    ----------
    items : what to hand on.
    seconds_of : how long the detector takes for an item [s].
    speed : 1 is as fast as the detector, 2 twice as fast; 0 hands on at once.
    pace : takes down how often and how far it was late.
    clock, sleep : seconds that pass, and how to wait.
    """
    pace = pace or Pace()
    start, due, speed = clock(), 0.0, checked_speed(speed)
    for item in items:
        pace.items += 1
        if speed:
            due += seconds_of(item) / speed
            wait = start + due - clock()
            if wait > 0:
                sleep(wait)
            pace.late += wait < -LATE_S
            pace.behind_s = max(0.0, -wait)
            pace.most_behind_s = max(pace.most_behind_s, pace.behind_s)
        yield item
