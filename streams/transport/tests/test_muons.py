"""Muons: stopping power and range against the PDG's tables of liquid argon, deltas, Michel electrons, capture."""

from __future__ import annotations

import numpy as np
import pytest

from streams.compiled import compiled
from streams.detector import load_detector
from streams.rng import stream
from streams.transport import muons
from streams.transport.argon import ANTIMUON, MUON
from streams.transport.walk import Volume, Work, new_work, push, volume_of, walk

VOLUME = volume_of(load_detector("fd1-hd-apa"))
WORK = new_work()


@compiled
def many(volume: Volume, work: Work, kind: int, energy: float, n: int) -> np.ndarray:
    """Return deposited energy, late energy, delay of the late part, and the length along z of ``n`` muons."""
    out = np.zeros((n, 4))
    for i in range(n):
        push(work, kind, energy, np.array([1800.0, 0.0, 10.0]), np.array([0.0, 0.0, 1.0]))
        rows = work.deposits[: walk(volume, work, stream(11, kind, i, 0))]
        for row in rows:
            out[i, 0] += row[3]
            if row[5] > 0:
                out[i, 1] += row[3]
                out[i, 2] = row[5]
            else:
                out[i, 3] = max(out[i, 3], row[2] - 10.0)
    return out


@compiled
def michels(n: int) -> np.ndarray:
    state = stream(2, 0, 0, 0)
    return np.array([muons.michel_mev(state) for _ in range(n)])


@compiled
def deltas(energy: float, step: float, n: int) -> np.ndarray:
    state = stream(3, 0, 0, 0)
    return np.array([muons.delta_mev(energy, 1.396, step, state) for _ in range(n)])


@pytest.mark.parametrize(
    ("kinetic", "want"),  # PDG tables of muons in liquid argon (Groom, Mokhov, Striganov): CSDA range, g/cm2
    [(10, 0.9833), (20, 3.321), (40, 10.58), (100, 42.50), (200, 106.3), (400, 238.5), (1000, 616.3)],
)
def test_range(kinetic: float, want: float) -> None:
    assert abs(muons.range_mm(float(kinetic), 1.396) / 10 * 1.396 / want - 1) < 0.01
    assert abs(muons.backwards_mev(muons.range_mm(float(kinetic), 1.396), 1.396) / kinetic - 1) < 0.03


def test_density_effect() -> None:
    """From 8 to 4 GeV: 2 062 g/cm2 (PDG), radiation included, which shortens the path by about 1 %."""
    longer = (muons.range_mm(8000.0, 1.396) - muons.range_mm(4000.0, 1.396)) / 10 * 1.396 / (4359 - 2297)
    assert 1.005 < longer < 1.016


def test_minimum_ionisation() -> None:
    loss = [10 * muons.lost_mev_per_mm(t, 1.396, 1e9) for t in (50.0, 266.0, 2000.0)]
    assert abs(loss[1] - 2.105) < 0.01 and loss[0] > loss[1] < loss[2]  # PDG: 1.508 MeV cm2/g at 266 MeV


def test_muon_at_the_minimum_loses_2_1_mev_per_cm() -> None:
    """266 MeV over 20 cm: continuous part and deltas together, in the simulation."""
    got = many(VOLUME, WORK, MUON, 400.0, 60)
    path = muons.range_mm(400.0, 1.396)
    assert abs(got[:, 3].mean() / path - 1) < 0.05  # ranges straggle, tracks scatter
    assert abs((got[:, 0] - got[:, 1]).mean() / 400.0 - 1) < 0.03  # some radiated photons and deltas leave


@pytest.mark.parametrize("kinetic", [266.0, 5000.0])
def test_deltas_make_up_for_the_restriction(kinetic: float) -> None:
    step, n = 0.5, 400_000
    made = deltas(kinetic, step, n)
    want = muons.lost_mev_per_mm(kinetic, 1.396, 20.0) - muons.lost_mev_per_mm(
        kinetic, 1.396, muons.DELTA_CUT_MEV
    )
    soft = np.where(made < min(20.0, muons.hardest_mev(kinetic)), made, 0)
    assert abs(soft.sum() / n / step - want) < 5 * soft.std() / np.sqrt(n) / step
    assert made[made > 0].min() >= muons.DELTA_CUT_MEV
    assert made.max() <= min(muons.hardest_mev(kinetic), muons.DELTA_MAX_MEV)


def test_delta_angles_conserve_energy_and_momentum() -> None:
    kinetic, delta = 1000.0, 30.0
    m, e = muons.MUON_MEV, 0.51099895
    cosine = muons.delta_cosine(kinetic, delta)
    before, struck = np.sqrt(kinetic * (kinetic + 2 * m)), np.sqrt(delta * (delta + 2 * e))
    after2 = before**2 + struck**2 - 2 * before * struck * cosine
    assert abs(np.sqrt(after2 + m**2) - (kinetic - delta + m)) < 1e-9
    assert muons.delta_cosine(kinetic, muons.hardest_mev(kinetic)) == pytest.approx(1.0)


def test_michel_spectrum() -> None:
    """Density x^2 (3 - 2 x): mean 7/10 of 52.83 MeV in total energy."""
    got = michels(40_000) + 0.51099895
    assert abs(muons.MICHEL_END_MEV - 52.83) < 0.005 and 52.5 < got.max() < muons.MICHEL_END_MEV
    assert abs(got.mean() - 0.7 * 52.83) < 4 * got.std() / 200
    assert abs(np.mean(got < 0.5 * 52.83) - 3 / 16) < 0.01  # x^3 - x^4 / 2 at a half


def test_positive_muons_decay_negative_ones_are_mostly_captured() -> None:
    plus, minus = many(VOLUME, WORK, ANTIMUON, 50.0, 300), many(VOLUME, WORK, MUON, 50.0, 300)
    assert (plus[:, 2] > 0).all()
    assert abs(plus[:, 2].mean() / 2197 - 1) < 4 / np.sqrt(300)
    decayed = minus[:, 2] > 0
    assert abs(decayed.mean() - 0.258) < 0.1
    assert abs(minus[decayed, 2].mean() / 583 - 1) < 4 / np.sqrt(decayed.sum())
    assert abs(np.median(minus[~decayed, 0]) - 50.0) < 1e-9  # capture leaves nothing
    assert 20 < plus[:, 1].mean() < 45 and plus[:, 1].max() < 52.83 + 2 * 0.511


def test_a_muon_crosses_six_metres() -> None:
    push(WORK, MUON, 283_000.0, np.array([1800.0, 2999.9, 1150.0]), np.array([0.0, -1.0, 0.0]))
    rows = WORK.deposits[: walk(VOLUME, WORK, stream(1, 1, 1, 1))]
    assert len(rows) > 12_000 and rows[:, 1].min() < -2999
    assert 1.8 < rows[:, 3].sum() / 600 < 4.0  # MeV/cm
    assert WORK.counter[0] == 0
