"""Gammas from outside, one by one: spectra built in as bins and lines, or the user's file.

``cavern_gammas`` and ``foam_gammas`` have the shape of ``DUNE_cavern_gammas.txt`` (lmanzanillas/ProtoDUNE-VD; 0.25597
gammas per cm2 and s at the argon), re-typed as bins that are even inside and eight lines. For the foam the shape is an
assumption: it has the same chains. ``cryostat_ngammas`` and ``cavern_ngammas``, from neutron captures in the steel and
in the rock, are the strongest lines of iron and of silicon and hydrogen (EGAF) over scattered gammas with the shape of
the cavern's bins; the share of the lines is the one that leaves behind 40 cm of argon what the published model has
there (0.080 and 0.063): an assumption. Spectra that end in ``_wall`` are behind 40 cm of argon, each energy attenuated
at right angles.

>>> round(share_above("cavern_gammas", 1.0), 2), round(share_above("cavern_gammas", 2.5), 3)  # reference 9.5
(0.22, 0.035)
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, State, compiled
from streams.errors import ConfigError
from streams.rng import uniform
from streams.sources.spectrum_file import evenly, read_spectrum
from streams.transport.argon import GAMMA, argon_tables
from streams.transport.gammas import attenuation_per_mm

WALL_MM = 400.0  # argon between the wall and the outer assemblies (dunesim v3.6)
WALL_DENSITY = 1.396  # g/cm3
_PARTS = 8  # of a bin, so that attenuation follows the energy

# keV, and gammas of 10 000 in the bin up to the next energy.
_CAVERN_BINS = (
    (20, 56.7), (60, 255.2), (80, 433.4), (100, 626.9), (125, 597.6), (150, 992.9), (200, 783.0), (250, 622.7),
    (300, 501.7), (350, 418.1), (400, 342.5), (450, 306.1), (500, 538.6), (600, 378.6), (700, 325.4), (800, 274.0),
    (900, 264.6), (1000, 205.4), (1100, 186.9), (1200, 185.5), (1300, 169.5), (1400, 130.0), (1500, 93.4),
    (1600, 125.3), (1750, 91.4), (1900, 77.0), (2100, 78.4), (2300, 74.0), (2500, 31.9), (2630, 0.35), (2650, 0.84),
    (2800, 0.69), (3000, 0.32), (3500, 0.0),
)  # fmt: skip
# keV, and gammas of 10 000 above the bins: annihilation, 208Tl, 214Bi (three), 40K, 214Bi, 208Tl.
_CAVERN_LINES = (
    (511.0, 26.8), (583.2, 2.9), (609.3, 36.0), (1120.3, 46.2), (1460.8, 267.9), (1764.5, 88.3), (2204.1, 42.5),
    (2614.5, 320.5),
)  # fmt: skip
# keV, gammas per 100 captures (EGAF 56Fe, 28Si; hydrogen of the shotcrete one line, as strong as silicon's first).
_IRON_LINES = (
    (352.3, 11.5), (692.0, 5.8), (1612.8, 6.4), (1725.3, 7.6), (4218.3, 4.2), (5920.4, 9.5), (6018.5, 9.6),
    (7278.8, 5.8), (7631.1, 27.5), (7645.5, 23.1),
)  # fmt: skip
_ROCK_LINES = (
    (1273.3, 17.7), (2092.9, 20.3), (2223.2, 72.6), (3539.0, 72.6), (4933.9, 68.8), (6379.8, 12.7), (7199.2, 7.7),
)  # fmt: skip
_Table = tuple[tuple[float, float], ...]
# Bins, lines, and the share of the lines where it is not the tables' own.
_TABLES: dict[str, tuple[_Table, _Table, float]] = {
    "cavern_gammas": (_CAVERN_BINS, _CAVERN_LINES, 0.0),
    "foam_gammas": (_CAVERN_BINS, _CAVERN_LINES, 0.0),
    "cryostat_ngammas": (_CAVERN_BINS, _IRON_LINES, 0.377),
    "cavern_ngammas": (_CAVERN_BINS, _ROCK_LINES, 0.320),
}
NAMES = tuple(_TABLES) + tuple(f"{name}_wall" for name in _TABLES)


class Spectra(NamedTuple):
    """Spectra by index; each is made of bins (lines: bins of no width), ``first[i]`` to ``first[i + 1]``."""

    first: Integers  # (n + 1,)
    bins: Floats  # (bins, 3): share, cumulated within the spectrum; lower and upper energy [MeV]


def _built_in(name: str) -> tuple[Floats, Floats, Floats]:
    """Return lower and upper energy [MeV] and weight of each bin and line."""
    smooth, lines, lines_share = _TABLES[name.removesuffix("_wall")]
    if lines_share > 0:
        scattered = (1 - lines_share) / sum(content for _, content in smooth)
        direct = lines_share / sum(content for _, content in lines)
        smooth = tuple((energy, scattered * content) for energy, content in smooth)
        lines = tuple((energy, direct * content) for energy, content in lines)
    low, high, weight = [], [], []
    for (start, content), (end, _) in pairwise(smooth):
        edges = np.linspace(start, end, _PARTS + 1)
        low += list(edges[:-1])
        high += list(edges[1:])
        weight += [content / _PARTS] * _PARTS
    for energy, content in lines:
        low, high, weight = [*low, energy], [*high, energy], [*weight, content]
    return np.array(low) / 1000, np.array(high) / 1000, np.array(weight)


def bins(name: str) -> tuple[Floats, Floats, Floats]:
    """Return lower and upper energy [MeV] and weight (sum not 1) of the bins of a spectrum, or of the file ``name``.

    Raises
    ------
    ConfigError : no such spectrum, or a file that cannot be used.
    """
    if name.endswith(".txt"):
        middles, densities = evenly(*read_spectrum(name))
        half, some = (middles[1] - middles[0]) / 2, densities > 0
        return middles[some] - half, middles[some] + half, densities[some]
    if name not in NAMES:
        raise ConfigError(
            f"spectrum: got {name!r}, allowed are {', '.join(NAMES)} or the path of a .txt file"
        )
    low, high, weight = _built_in(name)
    if name.endswith("_wall"):
        argon = argon_tables(WALL_DENSITY)
        weight = weight * [np.exp(-WALL_MM * attenuation_per_mm(argon, e)) for e in (low + high) / 2]
    return low, high, weight


def share_above(name: str, energy_mev: float) -> float:
    """Return the share of a spectrum above ``energy_mev``."""
    low, high, weight = bins(name)
    inside = np.clip((high - energy_mev) / np.maximum(high - low, 1e-9), 0, 1)
    return float((weight * inside).sum() / weight.sum())


def spectrum_tables(names: tuple[str, ...]) -> Spectra:
    """Return the spectra ``names`` as arrays; the index of a spectrum is its place in ``names``."""
    found = [bins(name) for name in names]
    share = [np.cumsum(weight) / weight.sum() for _, _, weight in found]
    first = np.append(0, np.cumsum([len(part) for part in share])).astype(np.int64)
    rows = [np.stack((part, low, high), axis=1) for part, (low, high, _) in zip(share, found, strict=True)]
    return Spectra(first, np.concatenate([np.zeros((0, 3)), *rows]))


@compiled
def draw_spectrum(spectra: Spectra, index: int, state: State, particles: Floats) -> int:
    """Draw one gamma into the first row of ``particles`` (float64, (rows, 6)); return the number of particles, 1."""
    u = uniform(state)
    low, high = spectra.first[index], spectra.first[index + 1] - 1
    while low < high:
        middle = (low + high) // 2
        if spectra.bins[middle, 0] < u:
            low = middle + 1
        else:
            high = middle
    particles[0, :] = 0.0
    particles[0, 0] = GAMMA
    particles[0, 1] = spectra.bins[low, 1] + uniform(state) * (spectra.bins[low, 2] - spectra.bins[low, 1])
    return 1
