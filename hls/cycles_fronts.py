"""Clock-by-clock models of net_global, net_resize and net_repack: registers that decide about a handshake, no data.

``step(offered, room)`` is one clock: ``offered`` is s_valid, ``room`` is m_ready; it returns (take, give): whether a
beat goes in (s_valid and s_ready) and whether one goes out (m_valid and m_ready) at the end of this clock. ``valid`` is
m_valid; it depends on registers only, so it may be read before ``step``. A new object is a module after reset.

>>> front = Resize(rows=1, columns=2, size=(1, 2), padding=(0, 0, 1, 0))
>>> [front.step(offered=True, room=True) for _ in range(7)]  # out: 0 a a b b, in: a with its second copy
[(False, False), (False, True), (True, True), (False, True), (True, True), (False, True), (False, True)]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


class Front(Protocol):
    """What all of them have."""

    @property
    def valid(self) -> bool:
        """Whether a beat is offered to what is behind."""

    def step(self, offered: bool, room: bool) -> tuple[bool, bool]:
        """Go on by one clock; return whether a beat went in, and whether one went out."""


@dataclass
class Global:
    """``net_global``: takes ``beats`` beats, gives one. Only the last beat of a frame waits for the output register."""

    beats: int
    beat: int = 0  # that is awaited
    valid: bool = False

    def step(self, offered: bool, room: bool) -> tuple[bool, bool]:
        """Go on by one clock."""
        ends = self.beat == self.beats - 1
        free = not self.valid or room
        take = offered and (free or not ends)
        give = self.valid and room
        if take:
            self.beat = 0 if ends else self.beat + 1
        if take and ends:
            self.valid = True
        elif give:
            self.valid = False
        return take, give


@dataclass
class Resize:
    """``net_resize``: gives one beat per clock into its output register; a beat goes in with its last copy.

    A copy of an input beat in the first of the ``size[0]`` rows needs that beat to be offered. So does the first beat
    of a frame, even where it is a zero: a frame is not begun before it has a beat.

    Attributes
    ----------
    rows, columns : of the input.
    size, padding : as in ``hls.netlist.Resize``.
    """

    rows: int
    columns: int
    size: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    row: int = 0  # of the output's next beat
    column: int = 0
    valid: bool = False

    def step(self, offered: bool, room: bool) -> tuple[bool, bool]:
        """Go on by one clock."""
        top, bottom, left, right = self.padding
        rows, columns = self.rows * self.size[0], self.columns * self.size[1]
        inside = top <= self.row < top + rows and left <= self.column < left + columns
        fresh = inside and (self.row - top) % self.size[0] == 0
        needs = fresh or (self.row == 0 and self.column == 0)
        free = not self.valid or room
        moves = free and (offered or not needs)
        take = moves and fresh and (self.column - left) % self.size[1] == self.size[1] - 1
        give = self.valid and room
        if free:
            self.valid = moves
        if moves:
            self.column += 1
            if self.column == left + columns + right:
                self.column, self.row = 0, self.row + 1
            if self.row == top + rows + bottom:
                self.row = 0
        return take, give


@dataclass
class Repack:
    """``net_repack``: holds up to ``places`` numbers; both handshakes depend on their count alone.

    Attributes
    ----------
    given, wanted : numbers per beat, in and out.
    """

    given: int
    wanted: int
    count: int = 0  # numbers inside

    @property
    def places(self) -> int:
        """Numbers that it holds: enough for no bubble on the faster side."""
        step = math.gcd(self.given, self.wanted)
        return self.given + self.wanted + min(self.given, self.wanted) - step

    @property
    def valid(self) -> bool:
        """Whether a whole beat is inside."""
        return self.count >= self.wanted

    def step(self, offered: bool, room: bool) -> tuple[bool, bool]:
        """Go on by one clock."""
        take = offered and self.count <= self.places - self.given
        give = self.valid and room
        self.count += self.given * take - self.wanted * give
        return take, give
