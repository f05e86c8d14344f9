"""Energies of the decays against ICRP-107, and the radiological_*.root spectra beside.

The ROOT spectra are inclusive, one particle each; their means differ from ICRP-107 by 3 to 19 percent (reference
9.1.4), so the difference is stated, not checked.

>>> drawn = sample("Ar39", 1000, 1)
>>> bool(200 < 1000 * drawn.betas.mean() < 240), bool(drawn.betas.max() < 0.566)
(True, True)
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, compiled
from streams.rng import stream
from streams.sources.decays import Decays, decay_tables, draw_decay
from streams.transport.argon import ELECTRON, GAMMA
from streams.validation.row import Curve, Findings, Plot, Row, Run, absent

_ICRP = "ICRP-107 (reference 9.3)"
# keV: mean over all betas, end (reference section 9.3; 60Co: the end of its main branch is not given there).
BETAS: dict[str, tuple[float, float | None]] = {
    "Ar39": (218.8, 565.0), "Kr85": (250.7, 687.0), "Ar42": (232.5, 599.0), "K42": (1432.0, 3525.0),
    "K40": (585.0, 1311.0), "Co60": (96.0, None), "Bi214": (641.0, 3272.0), "Tl208": (558.0, 1796.0),
}  # fmt: skip
# keV, per decay (reference section 9.3): allowed 0.02 per decay.
GAMMAS = {
    "K42": ((1524.6, 0.176),),
    "K40": ((1460.8, 0.107),),
    "Co60": ((1173.2, 0.999), (1332.5, 0.999)),
    "Bi214": ((609.3, 0.46), (1764.5, 0.15), (1120.3, 0.15), (2204.1, 0.05)),
    "Tl208": ((2614.5, 0.99), (583.2, 0.84), (510.8, 0.23), (860.6, 0.12)),
}
#: The published spectra and what is in them here: one decay of each, or so much of it.
ROOT = {
    "Argon_39": {"Ar39": 1.0}, "Argon_42_1": {"K42": 1.0}, "Krypton_85": {"Kr85": 1.0}, "Potassium_40": {"K40": 1.0},
    "Cobalt_60": {"Co60": 1.0},
    "Uranium_238": dict.fromkeys(("Th234", "Pa234m", "Pb214", "Bi214", "Pb210", "Bi210"), 1.0),
    "Thorium_232": {"Ra228": 1.0, "Ac228": 1.0, "Pb212": 1.0, "Bi212": 1.0, "Tl208": 0.359},
}  # fmt: skip


class Sample(NamedTuple):
    """Decays drawn: energies in MeV."""

    decays: int
    betas: Floats
    gammas: Floats
    alone: Floats  # betas of decays without anything else


@compiled
def _draw(decays: Decays, count: int, seed: int) -> tuple[Floats, Integers, Integers]:
    """Return energy, kind and place in its decay of each particle, all decays one after the other."""
    particles = np.zeros((64, 6))
    energies, kinds, places = (
        np.empty(16 * count),
        np.empty(16 * count, np.int64),
        np.empty(16 * count, np.int64),
    )
    total = 0
    for i in range(count):
        n = draw_decay(decays, 0, stream(seed, 3, i, 0), particles)
        for k in range(n):
            energies[total], kinds[total], places[total] = particles[k, 1], int(particles[k, 0]), k
            total += 1
    return energies[:total], kinds[:total], places[:total]


def sample(nuclide: str, count: int, seed: int) -> Sample:
    """Return ``count`` decays of a nuclide (or captures); a beta is an electron that comes first."""
    energies, kinds, places = _draw(decay_tables((nuclide,)), count, seed)
    beta = (kinds == ELECTRON) & (places == 0)
    alone = beta & (np.append(places[1:], 0) == 0)
    return Sample(count, energies[beta], energies[kinds == GAMMA], energies[alone])


def totals(nuclide: str, count: int, seed: int) -> Floats:
    """Return the kinetic energy of all particles of each event [MeV]."""
    energies, _, places = _draw(decay_tables((nuclide,)), count, seed)
    return np.asarray(np.add.reduceat(energies, np.flatnonzero(places == 0)))


def line_row(
    subject: str, nuclide: str, found: Sample, kev: float, share: float, allowed: float, source: str
) -> Row:
    """Return the row of one gamma line: how often per event."""
    seen = float((np.abs(1000 * found.gammas - kev) < 3.0).sum()) / found.decays
    sigma = math.sqrt(share * max(1 - share, 0.01) / found.decays)
    return Row(subject, f"{nuclide}, gammas of {kev:g} keV per event", share, source, seen, sigma, allowed)


def _mean(values: Floats) -> tuple[float, float]:
    """Return mean and its standard deviation in keV."""
    return 1000 * float(values.mean()), 1000 * float(values.std()) / math.sqrt(len(values))


def _rows(nuclide: str, found: Sample) -> list[Row]:
    """Return mean, end and gammas of one nuclide."""
    mean, end = BETAS[nuclide]
    rows = [
        Row("beta", f"{nuclide}, mean of all betas", mean, _ICRP, *_mean(found.betas), 0.01 * mean, "keV")
    ]
    if end is not None:
        tables = decay_tables((nuclide,))
        highest = 1000 * float(tables.beta_mev[:, -1].max())
        rows.append(Row("beta", f"{nuclide}, end", end, _ICRP, highest, 0, 0.01 * end, "keV"))
    if nuclide == "K42":
        share, name = len(found.alone) / found.decays, "K42, to the ground state"
        sigma = math.sqrt(share * (1 - share) / found.decays)
        rows.append(Row("beta", f"{name}, share", 0.819, _ICRP, share, sigma, 0.02))
        rows.append(Row("beta", f"{name}, mean", 1566, _ICRP, *_mean(found.alone), 15.66, "keV"))
    rows += [line_row("beta", nuclide, found, *line, 0.02, _ICRP) for line in GAMMAS.get(nuclide, ())]
    return rows


def _published(path: Path) -> Floats:
    """Return energy [keV] and weight of the betas of one ROOT file (float64, (2, n))."""
    import uproot

    return np.array(uproot.open(path)["Betas"].values())


def beside(name: str, parts: dict[str, Sample], run: Run) -> tuple[Row, Plot]:
    """Return the row and the plot that set our spectrum beside a published one."""
    file = f"physics/radiological_{name}.root"
    path, quantity, source = (
        run.file(file),
        f"mean of radiological_{name}.root",
        "plasorak/Clustering, inclusive",
    )
    betas = np.concatenate(
        [part.betas[: int(ROOT[name][key] * len(part.betas))] for key, part in parts.items()]
    )
    edges = np.linspace(0, 1.05 * float(betas.max()), 43)
    density = np.histogram(betas, edges, density=True)[0]
    ours: Curve = ("this simulation", (edges[1:] + edges[:-1]) / 2, density)
    plot = Plot(f"beta_{name}", f"betas: {', '.join(parts)}", "MeV", "per MeV", (ours,))
    if path is None:
        return absent("beta", quantity, source, file), plot
    energy, weight = _published(path)
    theirs, (mean, sigma) = float((energy * weight).sum() / weight.sum()), _mean(betas)
    note = f"ROOT {100 * (theirs / mean - 1):+.1f} %"
    thin = slice(None, None, max(len(energy) // 60, 1))
    points: tuple[Curve, ...] = ((path.name, energy[thin] / 1000, 1000 * weight[thin] / weight.sum()),)
    return Row("beta", quantity, theirs, source, mean, sigma, None, "keV", note), plot._replace(points=points)


def check(run: Run) -> Findings:
    """Return means, ends and gammas of each decay, and the ROOT spectra beside."""
    count = run.count(40_000)
    names = {*BETAS, *(key for parts in ROOT.values() for key in parts)}
    samples = {name: sample(name, count, run.seed) for name in sorted(names)}
    rows = [row for name in BETAS for row in _rows(name, samples[name])]
    both = [beside(name, {key: samples[key] for key in parts}, run) for name, parts in ROOT.items()]
    return Findings([*rows, *(row for row, _ in both)], [plot for _, plot in both])
