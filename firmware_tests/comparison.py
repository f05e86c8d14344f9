"""Exact comparison of what a co-simulation saw with what the references say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = 5  # mismatches that are told


@dataclass(frozen=True)
class Comparison:
    """One stream compared.

    Attributes
    ----------
    name : what was compared.
    compared : values compared: the longer of the two sides.
    mismatches : values that differ, or that one side lacks.
    first : the first mismatches: (place, got, want).
    """

    name: str
    compared: int
    mismatches: int
    first: tuple[tuple[str, Any, Any], ...] = ()

    def sentence(self) -> str:
        """Return the mismatches in words."""
        told = "; ".join(f"{place}: got {got}, want {want}" for place, got, want in self.first)
        return f"{self.name}: {self.mismatches} of {self.compared} differ: {told}"


def compare(name: str, got: Sequence[Any], want: Sequence[Any], shape: tuple[int, ...] = ()) -> Comparison:
    """Compare two sequences of plain values, place by place.

    Parameters
    ----------
    shape : the place of value k is told as its index in this shape, behind the frame number.

    >>> compare("cells", [1, 2, 3], [1, 5], (1,)).sentence()
    'cells: 2 of 3 differ: frame 1 (0,): got 2, want 5; frame 2 (0,): got 3, want nothing'
    """
    both = min(len(got), len(want))
    bad = [k for k in range(both) if got[k] != want[k]] + list(range(both, max(len(got), len(want))))
    first = tuple(
        (
            _place(k, shape),
            got[k] if k < len(got) else "nothing",
            want[k] if k < len(want) else "nothing",
        )
        for k in bad[:SHOWN]
    )
    return Comparison(name, max(len(got), len(want)), len(bad), first)


def _place(k: int, shape: tuple[int, ...]) -> str:
    index = []
    for size in reversed(shape):
        k, inside = divmod(k, size)
        index.append(inside)
    return f"frame {k} {tuple(reversed(index))}" if shape else f"number {k}"
