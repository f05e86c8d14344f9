"""Compare what the device sent with what the reference says: in order, exactly, and all of it."""

from __future__ import annotations

from collections import deque
from typing import Any


class Scoreboard:
    """In-order comparison of beats; a beat is an integer or a tuple.

    >>> board = Scoreboard("adder.m_axis")
    >>> board.expect(3)
    >>> board.saw(3)
    >>> board.finish(at_least=1)
    >>> board.saw(4)
    Traceback (most recent call last):
    AssertionError: adder.m_axis: beat 1: got 4, but nothing was expected
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.checked = 0
        self._expected: deque[Any] = deque()

    @property
    def waiting(self) -> int:
        """Beats expected and not yet seen."""
        return len(self._expected)

    def expect(self, *values: Any) -> None:
        """Append values that the device must send next."""
        self._expected.extend(values)

    def saw(self, value: Any) -> None:
        """Compare one beat of the device with the oldest expected one."""
        if not self._expected:
            raise AssertionError(f"{self.name}: beat {self.checked}: got {value}, but nothing was expected")
        want = self._expected.popleft()
        if value != want:
            raise AssertionError(f"{self.name}: beat {self.checked}: got {value}, want {want}")
        self.checked += 1

    def finish(self, at_least: int) -> None:
        """Fail if beats are missing, or if fewer than ``at_least`` were compared (a vacuous pass)."""
        if self._expected:
            raise AssertionError(f"{self.name}: {len(self._expected)} expected beats never came")
        if self.checked < at_least:
            raise AssertionError(f"{self.name}: only {self.checked} beats compared, {at_least} wanted")
