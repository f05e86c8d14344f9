"""Products of neutrino interactions: energies, levels, angles, delays; and that the draw follows its tables."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.compiled import Floats, compiled
from streams.rng import stream
from streams.signals import BurstSignal, Flat, NeutrinoSignal, SolarSignal
from streams.sources.beta import ELECTRON_MEV
from streams.sources.levels import load_scheme
from streams.sources.neutrinos.argon40 import NUCLEON_MEV, Q_MEV, STRENGTHS, angle_slope, weight
from streams.sources.neutrinos.draw import Neutrinos, draw_neutrino, neutrino_tables
from streams.sources.neutrinos.elastic import ANUE, ANUX, COUPLINGS, NUE, NUX, draw_recoil, elastic_cm2
from streams.sources.neutrinos.flux import fold, same_flux
from streams.sources.neutrinos.kinematics import efficiency_threshold, mean_energies, share_above_nucleon
from streams.transport.argon import ELECTRON, GAMMA, POSITRON

EVENTS = 20_000
DOWN = (0.0, -1.0, 0.0)


@compiled
def _many(tables: Neutrinos, index: int, events: int) -> tuple[Floats, Floats]:
    """Return of each event: particles, E_nu, sum of kinetic energies, cos of the first particle to -y; all gammas."""
    rows, delays = np.empty((events, 5)), np.zeros(events)
    particles = np.zeros((64, 6))
    for i in range(events):
        n, energy = draw_neutrino(tables, index, stream(5, 0, index, i), particles)
        rows[i, 0], rows[i, 1], rows[i, 2] = n, energy, particles[:n, 1].sum()
        rows[i, 3], rows[i, 4] = -particles[0, 3], particles[0, 1]
        delays[i] = particles[n - 1, 5]
    return rows, delays


def _line(energy_mev: float, interaction: str = "nue_cc") -> NeutrinoSignal:
    """A signal of one energy."""
    return NeutrinoSignal(
        rate_hz=1.0,
        interaction=interaction,
        flux=Flat(),
        min_energy_mev=energy_mev - 1e-4,
        max_energy_mev=energy_mev + 1e-4,
        direction=DOWN,
    )


@pytest.fixture(scope="module")
def tables() -> Neutrinos:
    """Spectra: nu_e CC pinched and at 20 MeV, ES pinched and at 10 MeV, anti-nu_e at 30 MeV."""
    return neutrino_tables(
        (
            NeutrinoSignal(rate_hz=1.0, direction=DOWN, cross_section="marley1"),
            _line(20.0),
            NeutrinoSignal(rate_hz=1.0, interaction="es", direction=DOWN),
            _line(10.0, "es"),
            _line(30.0, "anue_cc"),
        )
    )


def test_energy_of_a_capture_is_shared_out(tables: Neutrinos) -> None:
    rows, _ = _many(tables, 0, EVENTS)
    lost = rows[:, 1] - rows[:, 2]
    whole = np.abs(lost - Q_MEV) < 1e-3  # the level's energy in the table has 5 digits
    assert rows[:, 1].min() > 5 and rows[:, 1].max() < 70
    assert (lost[~whole] > Q_MEV + NUCLEON_MEV).all()
    assert (rows[~whole, 0] == 1).all()
    # reference section 9.1.3: 12 % of the captures of the pinched spectrum lie above the nucleon threshold
    assert 1 - whole.mean() == pytest.approx(0.12, abs=0.01)


def test_share_above_the_nucleon_threshold() -> None:
    folded = fold(same_flux(2.5, 9.5), "nue_cc", "marley1", 1.0, 100.0)
    assert share_above_nucleon(folded) == pytest.approx(0.12, abs=0.005)  # reference section 9.1.3


def test_efficiencies_as_thresholds() -> None:
    """Reference section 9.1.12: 0.90 is 10.7 MeV, 0.58 is 16.2 MeV with the pinched spectrum."""
    folded = fold(same_flux(2.5, 9.5), "nue_cc", "marley1", 5.0, 70.0)
    assert efficiency_threshold(folded, 0.90) == pytest.approx(10.7, abs=0.1)
    assert efficiency_threshold(folded, 0.58) == pytest.approx(16.2, abs=0.1)


def test_mean_energies_are_those_of_the_draw(tables: Neutrinos) -> None:
    rows, _ = _many(tables, 1, EVENTS)
    electron, visible = mean_energies(20.0)
    assert rows[:, 4].mean() == pytest.approx(electron, abs=4 * rows[:, 4].std() / np.sqrt(EVENTS))
    assert rows[:, 2].mean() == pytest.approx(visible, abs=4 * rows[:, 2].std() / np.sqrt(EVENTS))


def test_levels_follow_strengths_and_phase_space(tables: Neutrinos) -> None:
    rows, _ = _many(tables, 1, EVENTS)
    wanted = np.array([weight(tables.potassium, i, 20.0) for i in range(len(STRENGTHS))])
    wanted /= wanted.sum()
    for i in np.flatnonzero(wanted > 0.01):
        seen = (np.abs(20.0 - Q_MEV - STRENGTHS[i, 0] - rows[:, 4]) < 1e-3).mean()
        assert seen == pytest.approx(wanted[i], abs=4 * np.sqrt(wanted[i] / EVENTS))
    # by hand, F left out: the analogue state against the first Gamow-Teller level, p_e E_e B
    ratio = 4.00 * (14.11 + 0.511) ** 2 / (1.64 * (16.205 + 0.511) ** 2)
    assert wanted[5] / wanted[0] == pytest.approx(ratio, rel=0.02)


def test_angles_of_fermi_and_gamow_teller(tables: Neutrinos) -> None:
    rows, _ = _many(tables, 1, EVENTS)
    fermi = np.abs(20.0 - Q_MEV - 4.3837 - rows[:, 4]) < 1e-3
    for chosen, slope in ((fermi, 0.9994), (~fermi, -0.333)):
        cosine = rows[chosen, 3]
        assert cosine.mean() == pytest.approx(slope / 3, abs=4 * 0.58 / np.sqrt(chosen.sum()))
        assert (cosine**2).mean() == pytest.approx(1 / 3, abs=4 * 0.3 / np.sqrt(chosen.sum()))
    assert angle_slope(0.0, True) == 0


def test_the_isomer_delays_its_gammas(tables: Neutrinos) -> None:
    _, delays = _many(tables, 1, EVENTS)
    late = delays[delays > 0]
    assert late.mean() == pytest.approx(484.7, rel=0.05)  # half-life 336 ns
    assert 0.2 < len(late) / EVENTS < 0.6


def test_elastic_scattering(tables: Neutrinos) -> None:
    rows, _ = _many(tables, 3, EVENTS)
    most = 2 * 10.0**2 / (0.511 + 20.0)
    assert (rows[:, 0] == 1).all() and rows[:, 2].max() < most
    # mean recoil of nu_e: gL^2 T^2/2 + gR^2 (T^2/2 - 2T^3/3E + T^4/4E^2) over the integral without T; m/E left out
    left, right = 0.72305**2, 0.22305**2
    wanted = 10.0 * (left / 2 + right / 12) / (left + right / 3)
    assert rows[:, 2].mean() == pytest.approx(wanted, rel=0.03)
    kinetic = rows[:, 2]
    assert np.allclose(
        rows[:, 3], (1 + 0.51099895 / 10) * np.sqrt(kinetic / (kinetic + 2 * 0.51099895)), atol=1e-6
    )


@compiled
def _recoils(energy_mev: float, left: float, right: float, events: int) -> Floats:
    found = np.empty(events)
    for i in range(events):
        found[i] = draw_recoil(energy_mev, left, right, stream(5, 5, 5, i))[0]
    return found


@pytest.mark.parametrize("kind", [NUE, ANUE, NUX, ANUX])
@pytest.mark.parametrize("energy_mev", [1.5, 15.0])
def test_recoils_follow_the_cross_section(kind: int, energy_mev: float) -> None:
    left, right = COUPLINGS[kind]
    seen = _recoils(energy_mev, left, right, EVENTS)
    most = 2 * energy_mev**2 / (ELECTRON_MEV + 2 * energy_mev)
    kinetic = (np.arange(1000) + 0.5) / 1000 * most
    density = (
        left**2
        + right**2 * (1 - kinetic / energy_mev) ** 2
        - left * right * ELECTRON_MEV * kinetic / energy_mev**2
    )
    share, _ = np.histogram(seen, 10, (0, most))
    wanted = density.reshape(10, 100).sum(axis=1) / density.sum()
    assert np.abs(share / EVENTS - wanted).max() < 4.5 * np.sqrt(wanted.max() / EVENTS)
    sigma = density.sum() * most / 1000 * 1.7232e-44  # 2 G_F^2 m / pi: Particle Data Group
    assert elastic_cm2(np.array([energy_mev]), kind)[0] == pytest.approx(sigma, rel=1e-3)


def test_each_kind_of_neutrino_has_its_own_energies(tables: Neutrinos) -> None:
    particles = np.zeros((64, 6))
    for kind in range(4):
        share = np.repeat([[0.0] * kind + [1.0] * (4 - kind)], len(tables.share), axis=0)
        energy = np.repeat(np.arange(10.0, 14.0)[None, :, None], len(tables.share), axis=0)
        changed = tables._replace(share=share, energy_mev=np.repeat(energy, 1025, axis=2))
        assert draw_neutrino(changed, 2, stream(1, 2, 3, kind), particles)[1] == pytest.approx(10.0 + kind)


def test_elastic_scattering_takes_every_flavour(tables: Neutrinos) -> None:
    folded = fold(same_flux(2.5, 9.5), "es", "default", 5.0, 70.0)
    wanted = np.cumsum(folded.density.sum(axis=1)) / folded.density.sum()
    assert np.allclose(tables.share[2], wanted)
    assert (np.diff(np.concatenate([[0], wanted])) > 0.05).all()
    mean = (folded.energy_mev * folded.density.sum(axis=0)).sum() / folded.density.sum()
    rows, _ = _many(tables, 2, EVENTS)
    assert rows[:, 1].mean() == pytest.approx(mean, rel=0.01)


def test_anti_nu_e(tables: Neutrinos) -> None:
    particles = np.zeros((64, 6))
    n, energy = draw_neutrino(tables, 4, stream(1, 2, 3, 4), particles)
    assert (n, particles[0, 0]) == (1, POSITRON)
    assert energy == pytest.approx(30.0, abs=1e-3)
    assert particles[0, 1] == pytest.approx(
        30.0 - 8.504, abs=1e-3
    )  # 40Cl - 40Ar, 7.482 MeV, and two electrons
    rows, _ = _many(tables, 4, EVENTS)
    assert rows[:, 3].mean() == pytest.approx(-1 / 9, abs=0.02)


@pytest.mark.parametrize("direction", [(0.0, 0.0, -1.0), (1.0, 0.0, 0.0), (2.0, -3.0, 4.0), None])
def test_directions_are_unit_vectors_about_the_neutrino(direction: tuple[float, float, float] | None) -> None:
    signal = NeutrinoSignal(rate_hz=1.0, interaction="es", direction=direction, min_energy_mev=20.0)
    tables, particles = neutrino_tables((signal,)), np.zeros((64, 6))
    found: list[NDArray[np.float64]] = []
    for i in range(2000):
        draw_neutrino(tables, 0, stream(3, 1, 4, i), particles)
        found.append(particles[0, 2:5].copy())
    vectors = np.array(found)
    assert np.allclose((vectors**2).sum(axis=1), 1.0)
    mean = vectors.mean(axis=0)
    if direction is None:
        assert np.abs(mean).max() < 0.06
    else:
        axis = np.array(direction) / np.linalg.norm(direction)
        assert mean @ axis > 0.9
        assert np.linalg.norm(mean - (mean @ axis) * axis) < 0.03


def test_gammas_are_isotropic_and_the_cascade_ends_at_the_ground_state(tables: Neutrinos) -> None:
    particles = np.zeros((64, 6))
    most = 0
    for i in range(2000):
        n, _ = draw_neutrino(tables, 1, stream(9, 0, 0, i), particles)
        assert particles[0, 0] == ELECTRON and (particles[1:n, 0] == GAMMA).all()
        assert (particles[1:n, 1] > 0).all() and (particles[1:n, 2:5] == 0).all()
        assert (np.diff(particles[1:n, 5]) >= 0).all()
        most = max(most, n)
    assert 4 <= most <= 12


def test_every_level_goes_down() -> None:
    scheme = load_scheme("K40_star")
    for place, level in enumerate(scheme.level):
        assert all(below < place for below, _, _ in level.gammas)
        assert sum(share for _, share, _ in level.gammas) == pytest.approx(1.0 if place else 0.0, abs=3e-4)
    fed = {round(level.energy_kev) for level in scheme.level if level.fed}
    assert fed == {round(1000 * mev) for mev in STRENGTHS[:, 0] if mev < NUCLEON_MEV}


def test_spectra_of_a_burst_and_of_the_sun() -> None:
    tables = neutrino_tables((BurstSignal(), SolarSignal(survival=0.31)))
    assert len(tables.interaction) == 3 * 20 + 2
    rows, _ = _many(tables, 60, 5000)
    assert rows[:, 1].min() > 3.79 and rows[:, 1].max() < 16.6
    empty, _ = _many(tables, 40, 10)  # no anti-nu_e during infall: never asked for, and harmless
    assert np.isfinite(empty).all()
