"""Got and want of a whole stream, compared number by number and told in one sentence.

>>> place = Frames("score", rows=1, columns=2, channels=1)
>>> differences(place, [[3], [4]], [[3], [5]])
'score: 1 of 2 numbers differ: frame 0, row 0, column 1, channel 0: got 4, want 5'
>>> differences(place, [[3]], [[3], [5]])
'score: got 1 beats, want 2'
>>> differences(place, [[3], [5]], [[3], [5]])
''
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN = 5
Beats = Sequence[Sequence[int | None]]  # None: the simulator says X


@dataclass(frozen=True)
class Frames:
    """A stream's name, and the shape of its frames."""

    name: str
    rows: int
    columns: int
    channels: int

    def place(self, beat: int, channel: int) -> str:
        """Return where in which frame a number is."""
        frame, inside = divmod(beat, self.rows * self.columns)
        row, column = divmod(inside, self.columns)
        return f"frame {frame}, row {row}, column {column}, channel {channel}"


def differences(stream: Frames, got: Beats, want: Beats) -> str:
    """Return count, first five places, got and want; '' where all is equal."""
    wrong = [
        (beat, channel, ours, theirs)
        for beat, (left, right) in enumerate(zip(got, want, strict=False))
        if left != right
        for channel, (ours, theirs) in enumerate(zip(left, right, strict=True))
        if ours != theirs
    ]
    told = []
    if wrong:
        first = "; ".join(
            f"{stream.place(beat, channel)}: got {'X' if ours is None else ours}, want {theirs}"
            for beat, channel, ours, theirs in wrong[:SHOWN]
        )
        numbers = min(len(got), len(want)) * stream.channels
        told.append(f"{len(wrong)} of {numbers} numbers differ: {first}")
    if len(got) != len(want):
        told.append(f"got {len(got)} beats, want {len(want)}")
    return f"{stream.name}: {'; '.join(told)}" if told else ""
