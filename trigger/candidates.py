"""Cells over threshold -> candidates -> what each candidate is in truth.

A candidate is a set of cells of one face: a cell joins it if one of its cells lies within 20 channels and 25
microseconds (between first channels, and between first ticks). 25 microseconds after its last cell it closes, and
for another 25 microseconds its channels (and 20 either side) are dead: cells there are counted, not used. A candidate
that grows longer than one drift is closed as well, so that the memory stays bounded whatever comes in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.block import CHANNELS_PER_FACE, TICK_NS
from trigger.images import CELL_COLUMNS, CELL_TICKS
from trigger.truth import Truth

MERGE_CHANNELS = 20
MERGE_TICKS = 25_000 // TICK_NS  # 48 ticks = 24.6 microseconds: the last tick within 25
DEAD_TICKS = 25_000 // TICK_NS  # assumption: as long as the merging window
LONGEST_TICKS = 4395  # one drift, 2.25 ms (reference section 1.1)
MARGIN_CELLS = 1  # truth is looked for in a candidate's cells and this many around them


@dataclass(frozen=True, order=True)
class Fired:
    """A cell over threshold: its first tick (from the start of the run), first channel (0..959) and score."""

    first_tick: int
    channel: int
    score: int

    @property
    def face(self) -> int:
        """Face of the APA, 0 or 1."""
        return self.channel // CHANNELS_PER_FACE

    def near(self, other: Fired) -> bool:
        """Return whether two cells belong together.

        >>> a = Fired(0, 460, 9)
        >>> a.near(Fired(32, 440, 9)), a.near(Fired(64, 460, 9)), a.near(Fired(0, 436, 9)), a.near(Fired(0, 480, 9))
        (True, False, False, False)
        """
        return (
            self.face == other.face
            and abs(self.channel - other.channel) <= MERGE_CHANNELS
            and abs(self.first_tick - other.first_tick) <= MERGE_TICKS
        )


@dataclass
class Candidate:
    """Merged cells of one face, in the order (tick, channel)."""

    cells: list[Fired] = field(default_factory=list)

    @property
    def face(self) -> int:
        """Face of the APA, 0 or 1."""
        return self.cells[0].face

    @property
    def first_tick(self) -> int:
        """First tick of the first cell."""
        return self.cells[0].first_tick

    @property
    def last_tick(self) -> int:
        """First tick of the last cell."""
        return self.cells[-1].first_tick

    @property
    def channels(self) -> tuple[int, int]:
        """First and last channel that the cells cover."""
        first = [cell.channel for cell in self.cells]
        return min(first), max(first) + CELL_COLUMNS - 1

    @property
    def best(self) -> Fired:
        """The cell with the highest score (the earliest of equals)."""
        return max(self.cells, key=lambda cell: cell.score)


class Merger:
    """Merge a stream of cells into candidates.

    >>> merger = Merger()
    >>> merger.add([Fired(0, 100, 5), Fired(0, 104, 9), Fired(0, 480, 7)], now=32)
    []
    >>> [(len(c.cells), c.best.channel) for c in merger.finish()]
    [(2, 104), (1, 480)]
    """

    def __init__(self) -> None:
        self._open: list[Candidate] = []
        self._dead: list[Candidate] = []
        self.dropped_cells = 0  # cells that fell into a dead region

    @property
    def oldest_tick(self) -> int | None:
        """First tick of the oldest open candidate."""
        return min((c.first_tick for c in self._open), default=None)

    def add(self, fired: Iterable[Fired], now: int) -> list[Candidate]:
        """Take the next cells, none earlier than before; return the candidates that have closed.

        Parameters
        ----------
        fired : cells, in any order among those of one call.
        now : tick that the stream has reached: no later cell starts before it.
        """
        closed: list[Candidate] = []
        for cell in sorted(fired):
            closed += self._close(cell.first_tick)
            self._take(cell)
        return closed + self._close(now)

    def finish(self) -> list[Candidate]:
        """End the window: close everything, forget the dead regions."""
        closed, self._open, self._dead = self._open, [], []
        return sorted(closed, key=lambda c: c.cells[0])

    def _close(self, now: int) -> list[Candidate]:
        closed = [
            c for c in self._open if c.last_tick + MERGE_TICKS < now or now - c.first_tick > LONGEST_TICKS
        ]
        self._open = [c for c in self._open if c not in closed]
        self._dead = [c for c in self._dead + closed if c.last_tick + MERGE_TICKS + DEAD_TICKS >= now]
        return sorted(closed, key=lambda c: c.cells[0])

    def _take(self, cell: Fired) -> None:
        mine = [c for c in self._open if any(cell.near(other) for other in reversed(c.cells))]
        if mine:
            joined = Candidate(sorted([cell, *(other for c in mine for other in c.cells)]))
            self._open = [c for c in self._open if c not in mine] + [joined]
        elif any(self._in_dead(cell, c) for c in self._dead):
            self.dropped_cells += 1
        else:
            self._open.append(Candidate([cell]))

    @staticmethod
    def _in_dead(cell: Fired, candidate: Candidate) -> bool:
        channels = [other.channel for other in candidate.cells]
        return (
            cell.face == candidate.face
            and min(channels) - MERGE_CHANNELS <= cell.channel <= max(channels) + MERGE_CHANNELS
        )


@dataclass(frozen=True)
class Match:
    """What a candidate is: the event with the most charge in its cells and the cells around them.

    Attributes
    ----------
    event : id of that event; 0 if there is no charge at all (noise).
    origin : name of its origin; ``"noise"`` for event 0.
    electrons : its charge there.
    """

    event: int
    origin: str
    electrons: float


def match(candidate: Candidate, truth: Truth) -> Match:
    """Return the event that a candidate belongs to: the one with the most charge there, the lowest id of equals.

    Charge counts in the candidate's cells and ``MARGIN_CELLS`` around each (4 channels, 32 ticks), on its own face.
    """
    start = candidate.first_tick - MARGIN_CELLS * CELL_TICKS
    end = candidate.last_tick + (1 + MARGIN_CELLS) * CELL_TICKS
    charge = truth.charge(start, end)
    charge = charge[charge["channel"] // CHANNELS_PER_FACE == candidate.face]
    charge = charge[np.isin(_keys(charge["tick"], charge["channel"]), _surroundings(candidate))]
    if not len(charge):
        return Match(0, "noise", 0.0)
    events, index = np.unique(charge["event"], return_inverse=True)
    electrons = np.bincount(index, weights=charge["electrons"].astype(np.float64))
    best = int(electrons.argmax())
    return Match(int(events[best]), truth.origin(int(events[best])), float(electrons[best]))


def _keys(tick: NDArray[np.int64], channel: NDArray[np.int16]) -> NDArray[np.int64]:
    """One integer per cell (row of cells since the start of the run, group of four channels)."""
    return (tick // CELL_TICKS) * 1024 + channel.astype(np.int64) // CELL_COLUMNS


def _surroundings(candidate: Candidate) -> NDArray[np.int64]:
    reach = range(-MARGIN_CELLS, MARGIN_CELLS + 1)
    return np.array(
        [
            (cell.first_tick // CELL_TICKS + row) * 1024 + cell.channel // CELL_COLUMNS + column
            for cell in candidate.cells
            for row in reach
            for column in reach
        ],
        np.int64,
    )
