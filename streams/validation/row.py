"""One line of the validation table: what is wanted, what was found, and whether it holds.

A row holds if ``|found - wanted| <= allowed + 3 sigma``: the allowed difference is the physics' own, sigma is the
statistical standard deviation of what was found. A row without ``allowed`` is stated beside and never fails; a row
without ``found`` could not be compared and does not count as held.

>>> Row("beta", "39Ar mean", 218.8, "ICRP-107", 218.5, 0.1, 2.2, "keV").verdict
'yes'
>>> Row("beta", "39Ar mean", 218.8, "ICRP-107", float("nan"), 0.1, 2.2, "keV").verdict
'NO'
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Verdict = Literal["yes", "NO", "stated", "not compared"]
Curve = tuple[str, NDArray[np.float64], NDArray[np.float64]]  # label, x, y
SIGMAS = 3.0  # statistical standard deviations that are allowed beside the physics' own difference


class Row(msgspec.Struct, frozen=True):
    """One check.

    Attributes
    ----------
    wanted : published value, with ``source``; None where there is none (a figure that is only stated).
    found : the simulation's; None if it could not be compared, then ``note`` says why.
    sigma : statistical standard deviation of ``found - wanted``.
    allowed : largest difference apart from statistics; None: stated beside, no check.
    """

    subject: str
    quantity: str
    wanted: float | None
    source: str
    found: float | None
    sigma: float = 0.0
    allowed: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """Return whether the row holds."""
        if self.found is None:
            return "not compared"
        if self.allowed is None or self.wanted is None:
            return "stated"
        limit = self.allowed + SIGMAS * self.sigma
        return "yes" if math.isfinite(limit) and abs(self.found - self.wanted) <= limit else "NO"


class Run(NamedTuple):
    """How much is simulated, and what it may read.

    Attributes
    ----------
    size : statistics as a multiple of the small table's.
    seed : of every random number.
    data : folder of published files, or None.
    """

    size: float
    seed: int
    data: Path | None

    def count(self, small: int) -> int:
        """Return a number of events: ``small`` at size 1, at least 1."""
        return max(int(small * self.size), 1)

    def file(self, name: str) -> Path | None:
        """Return the published file ``name`` (relative to the folder of data) if it is there."""
        path = None if self.data is None else self.data / name
        return path if path is not None and path.is_file() else None


class Plot(NamedTuple):
    """Curves and points of one picture.

    Attributes
    ----------
    curves : (label, x, y) drawn as lines: what was found.
    points : (label, x, y) drawn as marks: what is published.
    """

    name: str
    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    points: tuple[Curve, ...] = ()
    log_x: bool = False
    log_y: bool = False
    range_x: tuple[float, float] | None = None
    labels: tuple[str, ...] = ()  # of x = 0, 1, 2 ...


class Findings(NamedTuple):
    """What one subject hands over."""

    rows: list[Row]
    plots: list[Plot]


def absent(subject: str, quantity: str, source: str, name: str) -> Row:
    """Return the row of a comparison whose published file is not there.

    >>> absent("beta", "39Ar, ROOT spectrum", "Clustering", "physics/x.root").verdict
    'not compared'
    """
    return Row(subject, quantity, None, source, None, note=f"file absent: {name}")
