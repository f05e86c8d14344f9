"""Transport: ranges, stopping power and attenuation against section 9.2, recombination, conservation of energy."""

from __future__ import annotations

import numpy as np
import pytest

from streams.compiled import compiled
from streams.detector import load_detector
from streams.rng import stream
from streams.transport.argon import (
    ELECTRON,
    GAMMA,
    POSITRON,
    ArgonTables,
    argon_tables,
    at,
    collision_mev_cm2_per_g,
)
from streams.transport.electrons import csda_range_mm, highland_angle, photon_mev, scatter, soft_share
from streams.transport.gammas import COMPTON, PAIR, PHOTO, compton, free_path_mm, process
from streams.transport.walk import (
    Volume,
    Work,
    _scatter_compton,
    new_work,
    push,
    recombination,
    volume_of,
    walk,
)

ARGON = argon_tables(1.396)
VOLUME = volume_of(load_detector("fd1-hd-apa"))
MIDDLE = np.array([1800.0, 0.0, 1150.0])
ALONG = np.array([0.0, 1.0, 0.0])


@compiled
def totals(volume: Volume, work: Work, kind: int, energy: float, n: int) -> np.ndarray:
    """Return deposited energy, electrons and distance of the farthest deposit of ``n`` particles."""
    out = np.zeros((n, 3))
    position, direction = np.array([1800.0, 0.0, 1150.0]), np.array([0.0, 1.0, 0.0])
    for i in range(n):
        push(work, kind, energy, position, direction)
        rows = work.deposits[: walk(volume, work, stream(9, kind, i, 0))]
        out[i, 0], out[i, 1] = rows[:, 3].sum(), rows[:, 4].sum()
        for row in rows:
            out[i, 2] = max(out[i, 2], np.sqrt(np.sum((row[:3] - position) ** 2)))
    return out


@pytest.mark.parametrize(
    ("energy", "want"),
    [(0.1, 2.917), (0.5, 1.480), (1, 1.370), (5, 1.471), (10, 1.556), (20, 1.631), (50, 1.715)],
)
def test_collision_stopping_power(energy: float, want: float) -> None:
    assert abs(collision_mev_cm2_per_g(np.array([float(energy)]))[0] / want - 1) < 0.003


@pytest.mark.parametrize(
    ("energy", "want_cm"),
    [(0.1, 0.0146), (0.5, 0.175), (1, 0.426), (5, 2.34), (10, 4.36), (20, 7.67), (50, 14.6)],
)
def test_csda_range(energy: float, want_cm: float) -> None:
    assert abs(csda_range_mm(ARGON, float(energy)) / (10 * want_cm) - 1) < 0.03


@pytest.mark.parametrize(
    ("energy", "incoherent", "pair"),
    [
        (0.5, 0.0782, 0.0), (1.0, 0.0573, 0.0), (1.461, 0.0472, 0.00019), (2.615, 0.0340, 0.00188),
        (4.745, 0.0233, 0.00513), (6.1, 0.0197, 0.00684), (10.0, 0.0139, 0.0106),
    ],
)  # fmt: skip
def test_attenuation(energy: float, incoherent: float, pair: float) -> None:
    assert abs(at(ARGON.compton, energy) * 10 / 1.396 / incoherent - 1) < 0.01
    # 0.00019 at 1.461 MeV has two digits.
    assert abs(at(ARGON.pair, energy) * 10 / 1.396 - pair) < max(0.03 * pair, 5e-6)


@compiled
def counted(argon: ArgonTables, energy: float, n: int) -> tuple[float, np.ndarray]:
    state = stream(4, 1, 2, 3)
    path, counts = 0.0, np.zeros(3)
    for _ in range(n):
        path += free_path_mm(argon, energy, state)
        counts[process(argon, energy, state)] += 1
    return path / n, counts / n


@pytest.mark.parametrize(
    ("energy", "want_cm"), [(0.5, 9.0), (1.0, 12.4), (1.461, 15.1), (2.615, 19.9), (6.1, 27.0)]
)
def test_free_path_and_processes(energy: float, want_cm: float) -> None:
    path, shares = counted(ARGON, energy, 40_000)
    assert abs(path / (10 * want_cm) - 1) < 0.03  # coherent scattering, 1 % at 0.5 MeV, is not made
    total = at(ARGON.compton, energy) + at(ARGON.photo, energy) + at(ARGON.pair, energy)
    for which, table in ((COMPTON, ARGON.compton), (PHOTO, ARGON.photo), (PAIR, ARGON.pair)):
        share = at(table, energy) / total
        assert abs(shares[which] - share) < 5 * np.sqrt(share / 40_000) + 1e-9


@pytest.mark.parametrize("energy", [0.1, 0.662, 2.615])
def test_klein_nishina(energy: float) -> None:
    state = stream(5, 0, 0, 0)
    left = np.array([compton(energy, state) for _ in range(20_000)])
    k = energy / 0.51099895
    cosine = np.linspace(-1, 1, 20_001)
    ratio = 1 / (1 + k * (1 - cosine))
    density = ratio**2 * (ratio + 1 / ratio - 1 + cosine**2)
    for got, values in ((left[:, 0] / energy, ratio), (left[:, 1], cosine)):
        want = (values * density).sum() / density.sum()
        spread = np.sqrt((values**2 * density).sum() / density.sum() - want**2)
        assert abs(got.mean() - want) < 4.5 * spread / np.sqrt(len(got))
    np.testing.assert_allclose(left[:, 0] / energy, 1 / (1 + k * (1 - left[:, 1])), rtol=1e-9)


def test_recombination_of_a_minimum_ionising_particle() -> None:
    assert abs(recombination(VOLUME, 0.2106) - 0.705) < 0.001  # section 9.6: 2.106 MeV/cm, 0.5 kV/cm
    assert recombination(VOLUME, 0.2106) > recombination(VOLUME, 0.5) > recombination(VOLUME, 5.0)


@pytest.mark.parametrize("energy", [0.1, 0.5, 2.0])
def test_an_electron_leaves_all_its_energy(energy: float) -> None:
    got = totals(VOLUME, new_work(), ELECTRON, energy, 200)
    # Bremsstrahlung photons below 2 MeV are absorbed well inside.
    np.testing.assert_allclose(got[:, 0], energy, rtol=1e-9)
    # A scattered track ends within its range (photons apart).
    assert np.median(got[:, 2]) < csda_range_mm(ARGON, energy)
    assert np.median(got[:, 2]) > 0.3 * csda_range_mm(ARGON, energy)
    # 23.6 eV per pair, 0.705 or less of them free.
    assert 0.45 * energy / 23.6e-6 < got[:, 1].mean() < 0.705 * energy / 23.6e-6


def test_positrons_bring_two_gammas() -> None:
    got = totals(VOLUME, new_work(), POSITRON, 1.0, 300)
    np.testing.assert_allclose(got[:, 0], 1.0 + 2 * 0.51099895, rtol=1e-6)
    assert np.median(got[:, 2]) > 50  # mean free path 9 cm


def test_gammas_leave_all_or_escape() -> None:
    got = totals(VOLUME, new_work(), GAMMA, 2.615, 500)[:, 0]
    assert got.max() < 2.615 + 1e-6
    assert (
        np.mean(np.abs(got - 2.615) < 1e-6) > 0.9
    )  # 1.15 m of argon on each side: 3 attenuation lengths or more


@pytest.mark.parametrize("energy", [5.0, 20.0])
def test_radiated_share(energy: float) -> None:
    """Photons made per path plus the soft part are the radiative stopping power."""
    state = stream(6, 0, 0, 0)
    step = 0.5
    made = np.array([photon_mev(ARGON, energy, step, state) for _ in range(200_000)])
    got = made.mean() / step + soft_share(energy) * at(ARGON.radiative, energy)
    assert abs(got / at(ARGON.radiative, energy) - 1) < 4 * made.std() / made.mean() / np.sqrt(len(made))
    assert made[made > 0].min() >= 0.05


@pytest.mark.parametrize("energy", [0.04, 0.05, 0.1, 0.5, 20.0])
def test_soft_photons(energy: float) -> None:
    y = (np.arange(100_000) + 0.5) / 100_000 * min(0.05 / energy, 1.0)
    want = np.mean(4 / 3 - 4 / 3 * y + y**2) * min(0.05 / energy, 1.0)
    assert abs(soft_share(energy) - want) < 1e-9


@pytest.mark.parametrize("energy", [0.1, 1.0, 6.0])
def test_compton_scattering_conserves_momentum(energy: float) -> None:
    work, state = new_work(), stream(8, 0, 0, 0)
    for _ in range(50):
        work.direction[:] = 0.6, 0.0, 0.8
        left = _scatter_compton(work, energy, state)
        kind, kinetic, electron = work.stack[0, 0], work.stack[0, 1], work.stack[0, 5:8]
        assert (kind, int(work.counter[0])) == (ELECTRON, 1)
        momentum = np.sqrt(kinetic * (kinetic + 2 * 0.51099895))
        after = left * work.direction + momentum * electron
        np.testing.assert_allclose(after, energy * np.array([0.6, 0.0, 0.8]), atol=1e-6)
        work.counter[0] = 0


def test_short_steps_scatter_as_one_thick_one() -> None:
    """Review of Particle Physics, 10 MeV in a tenth of a radiation length (14.0 mm): 0.385 rad."""
    want = 13.6 / (10 * (10 + 1.022) / (10 + 0.511)) * np.sqrt(0.1) * (1 + 0.038 * np.log(0.1))
    thickness = ARGON.radiation_length_mm / 10
    for steps in (1, 28):
        assert abs(np.sqrt(steps) * highland_angle(ARGON, 10.0, thickness / steps) / want - 1) < 1e-3
    direction, state = np.array([0.0, 0.6, 0.8]), stream(3, 1, 1, 1)
    cosines = []
    for _ in range(4000):
        direction[:] = 0.0, 0.6, 0.8
        scatter(ARGON, 10.0, 0.5, direction, state)
        assert abs(np.linalg.norm(direction) - 1) < 1e-12
        cosines.append(direction @ np.array([0.0, 0.6, 0.8]))
    plane = np.sqrt(np.mean(np.arccos(np.minimum(cosines, 1)) ** 2) / 2)
    assert abs(plane / highland_angle(ARGON, 10.0, 0.5) - 1) < 0.04


def test_multiple_scattering_shortens_the_track() -> None:
    got = totals(VOLUME, new_work(), ELECTRON, 10.0, 300)
    assert abs(got[:, 0].mean() / 10 - 1) < 0.03
    assert np.median(got[:, 2]) > 0.4 * 43.6
