"""Sources: spectra against ICRP-107, gammas against their intensities, the neutrino's energy balance."""

from __future__ import annotations

import numpy as np
import pytest

from streams.block import ORIGINS
from streams.config import SignalConfig, SimulationConfig
from streams.rng import stream
from streams.sources.beta import beta_spectrum
from streams.sources.levels import load_scheme
from streams.sources.neutrino import PARTICLE_THRESHOLD_MEV, cross_section_cm2, interaction_spectrum
from streams.sources.sample import draw_event
from streams.sources.tables import source_tables
from streams.transport.argon import GAMMA

TABLES = source_tables(SimulationConfig(signal=SignalConfig(rate_hz=1.0)))


def drawn(name: str, n: int) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Return energies [MeV] of the first electron, of each event's gammas, and of the whole event."""
    electrons, gammas, totals = np.zeros(n), [], np.zeros(n)
    particles = np.zeros((64, 2))
    origin = ORIGINS.index(name)
    for i in range(n):
        count, totals[i] = draw_event(TABLES, origin, stream(1, origin, i, 1), particles)
        electrons[i] = particles[0, 1]
        gammas.append(particles[1:count, 1][particles[1:count, 0] == GAMMA])
    return electrons, gammas, totals


@pytest.mark.parametrize(
    ("name", "mean_kev", "end_kev", "tolerance"),
    [
        ("Ar39", 218.8, 565, 0.01),
        ("Ar42", 232.5, 599, 0.01),
        ("Kr85", 250.7, 687, 0.01),
        ("K42", 1432, 3525, 0.01),
        ("Bi214", 641, 3272, 0.015),  # allowed shapes for first-forbidden branches
        ("Tl208", 558, 1796, 0.01),
    ],
)
def test_spectra(name: str, mean_kev: float, end_kev: float, tolerance: float) -> None:
    origin = ORIGINS.index(name)
    branches = range(TABLES.branch_first[origin], TABLES.branch_first[origin + 1])
    shares = np.diff(np.append(0.0, TABLES.branch_share[list(branches)]))
    nodes = (1 - np.cos(np.pi * np.linspace(0, 1, 1025))) / 2
    means = [np.trapezoid(TABLES.beta_mev[b], nodes) for b in branches]
    assert abs(1000 * np.dot(shares, means) / mean_kev - 1) < tolerance
    assert abs(1000 * max(TABLES.beta_mev[b].max() for b in branches) / end_kev - 1) < 0.01


def test_unique_transitions_are_harder_than_allowed_ones() -> None:
    means = {}
    for unique in (True, False):
        energy, density = beta_spectrum(0.565, 19, 39, unique=unique)
        means[unique] = float((energy * density).sum() / density.sum())
    assert means[True] > 1.02 * means[False] or means[True] < 0.99 * means[False]
    assert abs(means[True] - 0.2188) < 0.0022


def test_the_sampled_spectrum_is_the_computed_one() -> None:
    electrons, gammas, _ = drawn("Ar39", 20_000)
    assert abs(electrons.mean() - 0.2185) < 4 * electrons.std() / np.sqrt(20_000)
    assert 0.54 < electrons.max() < 0.565
    assert not any(len(g) for g in gammas)


@pytest.mark.parametrize(
    ("name", "line_kev", "per_100", "tolerance"),
    [
        # Section 9.3; statistics 0.6 at most.
        ("Bi214", 609.3, 46, 2.0),
        ("Bi214", 1764.5, 15.3, 1.5),
        ("Bi214", 1120.3, 15, 1.5),
        ("Bi214", 2204.1, 5, 0.7),
        ("Tl208", 2614.5, 99.5, 0.6),
        ("Tl208", 583.2, 84.5, 2.0),
        ("Tl208", 510.7, 22.6, 2.0),
        ("Tl208", 860.6, 12.5, 1.5),
        ("Tl208", 277.4, 6.6, 1.2),
        ("K42", 1524.6, 17.6, 1.2),
    ],
)
def test_gamma_lines(name: str, line_kev: float, per_100: float, tolerance: float) -> None:
    _, gammas, _ = drawn(name, 6000)
    lines = 1000 * np.concatenate(gammas)
    assert abs(np.count_nonzero(np.abs(lines - line_kev) < 1.5) / 60 - per_100) < tolerance


def test_a_decay_never_exceeds_its_q_value() -> None:
    for name, q_mev in (("Bi214", 3.269), ("Tl208", 4.999), ("K42", 3.525), ("Kr85", 0.687)):
        _, _, totals = drawn(name, 3000)
        assert totals.max() <= q_mev + 1e-6
    _, _, totals = drawn("Tl208", 1000)
    assert totals.min() > 3.19  # at least the level at 3 198 keV


@pytest.mark.parametrize("name", ["Ar39", "Ar42", "Kr85", "K42", "Bi214", "Tl208", "K40_star"])
def test_level_schemes_go_down(name: str) -> None:
    scheme = load_scheme(name)
    energies = [level.energy_kev for level in scheme.level]
    assert energies == sorted(energies)
    for index, level in enumerate(scheme.level):
        assert all(reached < index for reached, _, _ in level.gammas)
        assert level.gammas or energies[index] < 30  # the 29.8 keV isomer of 40K goes on
        assert not level.gammas or abs(sum(share for _, share, _ in level.gammas) - 1) < 2e-3


def test_cross_section_at_the_published_points() -> None:
    want = {5.0: 1.08e-43, 10.0: 5.24e-42, 20.0: 5.26e-41, 50.0: 7.39e-40}
    got = cross_section_cm2(np.array(list(want)))
    np.testing.assert_allclose(got, list(want.values()), rtol=1e-6)
    assert cross_section_cm2(np.array([60.0]))[0] > 7.39e-40


def test_neutrino_energy_balance() -> None:
    electrons, gammas, totals = drawn("nue_cc", 8000)
    sums = np.array([g.sum() for g in gammas])
    cascade = sums > 0
    # T_e = E_nu - 1.505 - E_x: what is missing is Q, below the particle threshold exactly.
    np.testing.assert_allclose((totals - electrons - sums)[cascade], 1.505, atol=1e-3)
    missing = (totals - electrons)[~cascade] - 1.505
    assert np.all(missing > PARTICLE_THRESHOLD_MEV)
    # Section 9.1.3: 12 % of pinched (2.5, 9.5 MeV) interactions lie above the threshold.
    assert abs(np.mean(~cascade) - 0.12) < 0.02
    assert 0.25 < np.mean(np.abs(sums - 4.3837) < 2e-3) < 0.45  # the isobaric analogue state


def test_pinched_spectrum_and_flat_spectrum() -> None:
    energy, density = interaction_spectrum(2.5, 9.5, 5.0, 70.0, flat=False)
    cumulative = np.cumsum(density) / density.sum()
    # Section 9.1.12: 90 % of the interactions lie above 10.7 MeV, 58 % above 16.2 MeV.
    assert abs(energy[np.searchsorted(cumulative, 0.10)] - 10.7) < 0.3
    assert abs(energy[np.searchsorted(cumulative, 0.42)] - 16.2) < 0.3
    _, flat = interaction_spectrum(2.5, 9.5, 5.0, 70.0, flat=True)
    assert np.ptp(flat) == 0
