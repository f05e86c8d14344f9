"""Muons, their decay electrons, and alphas.

>>> [row.verdict for row in check(Run(0.1, 1, None)).rows].count("NO")
0
"""

from __future__ import annotations

import math

import numpy as np

from streams.compiled import Floats, compiled
from streams.detector import load_detector
from streams.rng import stream
from streams.sources.beta import ELECTRON_MEV
from streams.transport.argon import ALPHA, MUON
from streams.transport.muons import lost_mev_per_mm, michel_mev
from streams.transport.walk import Volume, Work, new_work, push, volume_of, walk
from streams.validation.row import Findings, Row, Run

_W_EV = 23.6  # reference 6


@compiled
def _michel(count: int, seed: int) -> Floats:
    state, found = stream(seed, 31, 0, 0), np.empty(count)
    for i in range(count):
        found[i] = michel_mev(state)
    return found


@compiled
def _deposits(
    volume: Volume, work: Work, particle: tuple[int, float], position: Floats, count: int, seed: int
) -> Floats:
    """Return energy [MeV] and electrons left by particles along the drift, from ``position`` (float64, (count, 2))."""
    found, direction = np.empty((count, 2)), np.array([1.0, 0.0, 0.0])
    for i in range(count):
        push(work, particle[0], particle[1], position, direction)
        n = walk(volume, work, stream(seed, 37, i, particle[0]))
        found[i, 0], found[i, 1] = work.deposits[:n, 3].sum(), work.deposits[:n, 4].sum()
    return found


def _muons(volume: Volume, run: Run) -> list[Row]:
    lowest = min(10 * lost_mev_per_mm(energy, 1.396, 1e9) for energy in np.arange(200.0, 350.0, 2.0))
    rows = [
        Row("particles", "muon, lowest dE/dx", 2.105, "PDG, liquid argon", lowest, 0, 0.03 * 2.105, "MeV/cm")
    ]
    # 3 m along the drift at 10 GeV: the mean of all that is left there, soft and hard collisions.
    middle = np.array([300.0, 0.0, 0.5 * volume.length_mm])
    lost = _deposits(volume, new_work(), (MUON, 10_000.0), middle, run.count(40), run.seed)[:, 0] / 330.0
    sigma = float(lost.std()) / math.sqrt(len(lost))
    source = "PDG, ionisation only, 2.7; hard delta electrons leave"
    rows.append(Row("particles", "muon of 10 GeV, mean left along 3.3 m", None, source, float(lost.mean()), sigma,
                    None, "MeV/cm"))  # fmt: skip
    total, end = _michel(run.count(50_000), run.seed) + ELECTRON_MEV, 52.83
    mean, sigma = float(total.mean()), float(total.std()) / math.sqrt(len(total))
    what = "Michel electron, mean total energy"
    rows.append(Row("particles", what, 0.7 * end, "PDG: 7/10 of the end", mean, sigma, 0.007 * end, "MeV"))
    what = "Michel electron, highest total energy"
    return [*rows, Row("particles", what, end, "PDG", float(total.max()), 0, 0.2, "MeV")]


def _alphas(volume: Volume, run: Run) -> list[Row]:
    place = np.array([1000.0, 0.0, 0.5 * volume.length_mm])
    rows = []
    for name, energy in (("222Rn", 5.489), ("214Po", 7.687)):
        free = _deposits(volume, new_work(), (ALPHA, energy), place, 3, run.seed)[:, 1]
        share = float(free.mean()) * _W_EV / (1e6 * energy)
        what = f"alpha of {name}, {energy:g} MeV: share of its charge that escapes"
        rows.append(
            Row("particles", what, 0.015, "0.015 +- 0.01 at 0.5 kV/cm (reference 9.1.10)", share, 0, 0.01)
        )
        rows.append(Row("particles", f"alpha of {name}, electrons", 5000, "about 5 ke- (reference 9.1.10)",
                        float(free.mean()), 0, None))  # fmt: skip
    return rows


def check(run: Run) -> Findings:
    """Return muons, Michel electrons and alphas."""
    volume = volume_of(load_detector("fd1-hd-apa"))
    return Findings([*_muons(volume, run), *_alphas(volume, run)], [])
