"""A spectrum of one's own: a text file of two columns, energy and weight per energy, linear between its points.

The first line names the columns and so the unit: ``# energy_kev weight`` or ``# energy_mev weight``; other lines that
begin with # are comments.

>>> middles, densities = evenly(np.array([0.5, 1.0]), np.array([1.0, 1.0]), points=4)
>>> middles.tolist(), densities.tolist()
([0.125, 0.375, 0.625, 0.875], [0.0, 0.0, 1.0, 1.0])
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np

from streams.compiled import Floats
from streams.errors import ConfigError

HEADERS = {"energy_kev": 1e-3, "energy_mev": 1.0}
MOST_MEV, LEAST_MEV = 100.0, 1e-6
_GAP = 10.0  # times the steps on both sides


def _rows(path: str) -> tuple[float, list[tuple[int, float, float]]]:
    """Return the unit in MeV, and line number, energy and weight of each row."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"cannot read spectrum {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"spectrum {path} is not UTF-8 text") from error
    header = lines[0].removeprefix("#").split() if lines else []
    if len(header) != 2 or header[0] not in HEADERS or header[1] != "weight":
        got = lines[0][:60] if lines else ""
        raise ConfigError(f"{path}: line 1: got {got!r}, want '# energy_kev weight' or '# energy_mev weight'")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                energy, weight = (float(word) for word in line.split())
            except ValueError:
                raise ConfigError(f"{path}: line {number}: got {line[:60]!r}, want two numbers") from None
            rows.append((number, energy, weight))
    return HEADERS[header[0]], rows


def _wrong(rows: list[tuple[int, float, float]], unit_mev: float) -> str:
    """Return what is wrong with a spectrum, empty if nothing is."""
    if len(rows) < 2:
        return f"got {len(rows)} rows, want at least 2"
    for number, energy, weight in rows:
        if not (math.isfinite(energy) and energy >= 0 and math.isfinite(weight) and weight >= 0):
            return f"line {number}: got energy {energy:g} and weight {weight:g}, want numbers of at least 0"
    for (_, low, _), (number, high, _) in pairwise(rows):
        if high <= low:
            return f"line {number}: got energy {high:g} after {low:g}, want energies that increase"
    unit = "MeV" if unit_mev == 1 else "keV"
    highest = rows[-1][1]
    if not LEAST_MEV <= highest * unit_mev <= MOST_MEV:
        return f"energies reach {highest:g} {unit}, want {LEAST_MEV:g} to {MOST_MEV:g} MeV: check the unit in line 1"
    if not any(weight for _, _, weight in rows):
        return "every weight is 0, want one above 0"
    steps = np.diff([energy for _, energy, _ in rows])
    for i in range(1, len(steps) - 1):
        if steps[i] > _GAP * max(steps[i - 1], steps[i + 1]):
            number, energy, _ = rows[i]
            gap = f"from {energy:g} to {rows[i + 1][1]:g} {unit}"
            return f"line {number}: a gap {gap}, want rows there (weight 0 where there is nothing)"
    return ""


def read_spectrum(path: str) -> tuple[Floats, Floats]:
    """Return energies [MeV] and weights per energy of the file ``path`` (float64, (n,)).

    Raises
    ------
    ConfigError : file, line and what is wrong there.
    """
    unit_mev, rows = _rows(path)
    wrong = _wrong(rows, unit_mev)
    if wrong:
        raise ConfigError(f"{path}: {wrong}")
    return np.array([energy * unit_mev for _, energy, _ in rows]), np.array([weight for _, _, weight in rows])


def evenly(energies: Floats, weights: Floats, points: int = 4000) -> tuple[Floats, Floats]:
    """Return the spectrum on bins of equal width, as ``quantile_table`` takes it: middles [MeV] and densities."""
    middles = (np.arange(points) + 0.5) / points * energies[-1]
    return middles, np.interp(middles, energies, weights, left=0.0)
