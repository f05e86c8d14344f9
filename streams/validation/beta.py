"""Energies of the decays against ICRP-107, and the radiological_*.root spectra beside.

The ROOT spectra are inclusive, one particle each; their means differ from ICRP-107 by 3 to 19 percent (reference
9.1.4), so the difference is stated, not checked.

>>> beta = sample("Ar39", 1000, 1).betas
>>> bool(200 < 1000 * beta.mean() < 240), bool(beta.max() < 0.566)
(True, True)
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from streams.block import ORIGINS
from streams.compiled import Floats, Integers, compiled
from streams.config import SimulationConfig
from streams.rng import stream
from streams.sources.sample import draw_event
from streams.sources.tables import SourceTables, source_tables
from streams.transport.argon import GAMMA
from streams.validation.row import Curve, Findings, Plot, Row, Run, absent

_ICRP = "ICRP-107 (reference 9.3)"
# keV: mean over all betas, end (reference section 9.3).
BETAS = {
    "Ar39": (218.8, 565.0), "Kr85": (250.7, 687.0), "Ar42": (232.5, 599.0), "K42": (1432.0, 3525.0),
    "Bi214": (641.0, 3272.0), "Tl208": (558.0, 1796.0),
}  # fmt: skip
# keV, per decay (reference section 9.3): allowed 0.02 per decay.
GAMMAS = {
    "K42": ((1524.6, 0.176),),
    "Bi214": ((609.3, 0.46), (1764.5, 0.15), (1120.3, 0.15), (2204.1, 0.05)),
    "Tl208": ((2614.5, 0.99), (583.2, 0.84), (510.8, 0.23), (860.6, 0.12)),
}
ROOT = {"Ar39": "Argon_39", "K42": "Argon_42_1", "Kr85": "Krypton_85"}


class Sample(NamedTuple):
    """Decays drawn: betas (one a decay, MeV) and all gammas (MeV)."""

    betas: Floats
    gammas: Floats


@compiled
def _draw(tables: SourceTables, origin: int, count: int, seed: int) -> tuple[Floats, Floats, Integers]:
    """Return the energy of each decay's beta, and energies and kinds of all that comes after it."""
    betas, particles = np.empty(count), np.zeros((64, 2))
    energies, kinds = np.empty(32 * count), np.empty(32 * count, np.int64)
    total = 0
    for i in range(count):
        n, _ = draw_event(tables, origin, stream(seed, origin, i, 0), particles)
        betas[i] = particles[0, 1]
        for k in range(1, n):
            energies[total], kinds[total] = particles[k, 1], int(particles[k, 0])
            total += 1
    return betas, energies[:total], kinds[:total]


def sample(nuclide: str, count: int, seed: int) -> Sample:
    """Return ``count`` decays of a nuclide."""
    betas, energies, kinds = _draw(source_tables(SimulationConfig()), ORIGINS.index(nuclide), count, seed)
    return Sample(betas, energies[kinds == GAMMA])


def end_mev(nuclide: str) -> float:
    """Return the highest energy that a beta of a nuclide can have."""
    tables, origin = source_tables(SimulationConfig()), ORIGINS.index(nuclide)
    branches = slice(tables.branch_first[origin], tables.branch_first[origin + 1])
    return float(tables.beta_mev[branches, -1].max())


def _rows(nuclide: str, found: Sample) -> list[Row]:
    """Return mean, end and gammas of one nuclide."""
    mean, end = BETAS[nuclide]
    sigma = 1000 * float(found.betas.std()) / math.sqrt(len(found.betas))
    rows = [
        Row("beta", f"{nuclide}, mean of all betas", mean, _ICRP, 1000 * float(found.betas.mean()), sigma,
            0.01 * mean, "keV"),
        Row("beta", f"{nuclide}, end", end, _ICRP, 1000 * end_mev(nuclide), 0, 0.01 * end, "keV"),
    ]  # fmt: skip
    for energy, share in GAMMAS.get(nuclide, ()):
        seen = float((np.abs(1000 * found.gammas - energy) < 1.0).sum()) / len(found.betas)
        sigma = math.sqrt(share / len(found.betas))
        rows.append(
            Row("beta", f"{nuclide}, gammas of {energy:g} keV per decay", share, _ICRP, seen, sigma, 0.02)
        )
    return rows


def _table(path: Path) -> Floats:
    """Return energy [keV] and weight of the betas of one ROOT file (float64, (2, n))."""
    import uproot

    return np.array(uproot.open(path)["Betas"].values())


def _beside(nuclide: str, found: Sample, run: Run) -> tuple[list[Row], Plot]:
    """Return the row and the plot that set our spectrum beside the published one."""
    name = f"physics/radiological_{ROOT[nuclide]}.root"
    path, quantity = run.file(name), f"{nuclide}, mean beside radiological_{ROOT[nuclide]}.root"
    width = 0.002 * math.ceil(BETAS[nuclide][1] / 100)  # of a bin, MeV
    counts, edges = np.histogram(found.betas, np.arange(0, BETAS[nuclide][1] / 1000 + 2 * width, width))
    density = counts / counts.sum() / width
    ours: Curve = ("this simulation", (edges[1:] + edges[:-1]) / 2, density)
    points: tuple[Curve, ...] = ()
    rows = [absent("beta", quantity, "plasorak/Clustering", name)]
    if path is not None:
        energy, weight = _table(path)
        theirs = float((energy * weight).sum() / weight.sum())
        mean = 1000 * float(found.betas.mean())
        rows = [Row("beta", quantity, theirs, "plasorak/Clustering, inclusive", mean, unit="keV",
                    note=f"ROOT {100 * (theirs / mean - 1):+.1f} %")]  # fmt: skip
        thin = slice(None, None, max(len(energy) // 60, 1))
        points = ((path.name, energy[thin] / 1000, 1000 * weight[thin] / weight.sum()),)
    return rows, Plot(f"beta_{nuclide}", f"betas of {nuclide}", "MeV", "per MeV", (ours,), points)


def check(run: Run) -> Findings:
    """Return means, ends and gammas of each decay, and the ROOT spectra beside."""
    rows: list[Row] = []
    plots = []
    for nuclide in BETAS:
        found = sample(nuclide, run.count(40_000), run.seed)
        rows += _rows(nuclide, found)
        if nuclide in ROOT:
            beside, plot = _beside(nuclide, found, run)
            rows += beside
            plots.append(plot)
    return Findings(rows, plots)
