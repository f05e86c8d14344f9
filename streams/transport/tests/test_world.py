"""The world around the active argon, delays, alphas, and rows of deposits that fill up."""

from __future__ import annotations

import numpy as np
import pytest

from streams.compiled import compiled
from streams.detector import load_detector
from streams.rng import stream
from streams.transport.argon import ALPHA, ELECTRON, GAMMA, POSITRON, at
from streams.transport.electrons import csda_range_mm
from streams.transport.walk import Volume, Work, inside, new_work, push, recombination, volume_of, walk
from streams.transport.world import escaping, gap_mm

DETECTOR = load_detector("fd1-hd-apa")
VOLUME = volume_of(DETECTOR)
WORK = new_work()


def follow(kind: int, energy: float, position: object, direction: object, delay: float = 0.0, seed: int = 1,
           volume: Volume = VOLUME, work: Work = WORK) -> np.ndarray:  # fmt: skip
    push(work, kind, energy, np.array(position, float), np.array(direction, float), delay)
    return work.deposits[: walk(volume, work, stream(seed, 0, 0, 0))].copy()


@compiled
def beam(volume: Volume, work: Work, energy: float, start_x: float, n: int) -> int:
    """Return how many of ``n`` gammas along -x from ``start_x`` leave something in the active argon."""
    seen = 0
    for i in range(n):
        push(work, GAMMA, energy, np.array([start_x, 0.0, 1150.0]), np.array([-1.0, 0.0, 0.0]))
        if walk(volume, work, stream(7, 1, i, 0)) > 0:
            seen += 1
    return seen


def test_the_active_box() -> None:
    outer = volume_of(DETECTOR, "outer")
    for position, both, one in (
        ([3599.0, 0, 1], True, True), ([-10.0, 0, 1], True, False), ([3601.0, 0, 1], False, False),
        ([10.0, 3001, 1], False, False), ([10.0, -2999, 1], True, True), ([10.0, 0, -0.1], False, False),
        ([10.0, 0, 2300.2], False, False),
    ):  # fmt: skip
        assert (inside(VOLUME, np.array(position)), inside(outer, np.array(position))) == (both, one)
    for position, want in (
        ([3600.0 + 7, 0, 1], 7), ([0.0, -3005, 1], 5), ([0.0, 0, -9], 9), ([0.0, 0, 2300.16 + 4], 4), ([0.0] * 3, 0),
    ):  # fmt: skip
        assert gap_mm(VOLUME, np.array(position)) == pytest.approx(want)


def test_what_is_outside_is_not_recorded() -> None:
    assert len(follow(ELECTRON, 2.0, (3650, 0, 1150), (1, 0, 0))) == 0
    assert len(follow(ALPHA, 5.3, (3650, 0, 1150), (1, 0, 0))) == 0
    rows = np.concatenate(
        [follow(ELECTRON, 4.0, (3595, 0, 1150), (1, 0, 0), seed=seed) for seed in range(30)]
    )
    assert (
        1.0 < rows[:, 3].sum() / 30 < 3.0 and (abs(rows[:, 0]) < 3600.25).all()
    )  # most leave through the cathode
    outer = volume_of(DETECTOR, "outer")
    assert len(follow(ELECTRON, 2.0, (-100, 0, 1150), (1, 0, 0), volume=outer)) == 0
    assert len(follow(ELECTRON, 2.0, (-100, 0, 1150), (1, 0, 0))) > 0


def test_electrons_come_in_from_outside() -> None:
    """5 MeV reach 23 mm at most, and lose about 2 MeV/cm on the way."""
    rows = follow(ELECTRON, 5.0, (3605, 0, 1150), (-1, 0, 0))
    assert 2.0 < rows[:, 3].sum() < 4.2 and rows[0, 0] > 3595
    assert (
        len(follow(ELECTRON, 5.0, (3630, 0, 1150), (-1, 0, 0))) == 0 or csda_range_mm(VOLUME.argon, 5.0) > 30
    )


def test_gammas_through_outer_argon_are_attenuated() -> None:
    """Those that see nothing outside are exp(-mu 250 mm); scattered ones add to them."""
    n = 4000
    mu = at(VOLUME.argon.compton, 2.615) + at(VOLUME.argon.photo, 2.615) + at(VOLUME.argon.pair, 2.615)
    straight = np.exp(-250 * mu)
    seen = beam(VOLUME, WORK, 2.615, 3850.0, n) / n
    assert straight - 0.02 < seen < 2.2 * straight
    assert straight**2 < beam(VOLUME, WORK, 2.615, 3600.0 + 499.0, n) / n < 0.6 * seen


def test_gammas_come_back_from_outer_argon() -> None:
    """Sent outward from just outside, some scatter back: nothing would, without the argon there."""
    push_back = 0
    for seed in range(400):
        push_back += len(follow(GAMMA, 1.0, (3601, 0, 1150), (1, 0, 0), seed=seed)) > 0
    assert 0.02 < push_back / 400 < 0.4


def test_delays_are_inherited() -> None:
    rows = follow(POSITRON, 1.0, (1800, 0, 1150), (0, 1, 0), delay=164_300.0)
    assert len(rows) > 3 and (rows[:, 5] == 164_300.0).all()  # the annihilation gammas too
    push(WORK, ELECTRON, 1.0, np.array([100.0, 0, 100]), np.array([0, 1.0, 0]))
    push(WORK, ALPHA, 7.687, np.array([100.0, 0, 100]), np.array([0, 1.0, 0]), 5.0)
    rows = WORK.deposits[: walk(VOLUME, WORK, stream(1, 2, 3, 4))]
    assert set(rows[:, 5]) == {0.0, 5.0} and (rows[:, 5] == 5.0).sum() == 1
    rows = follow(ELECTRON, 1.0, (100, 0, 100), (0, 1, 0))
    assert (rows[:, 5] == 0.0).all()  # nothing is left over of the event before


def test_alphas_leave_five_thousand_electrons() -> None:
    rows = follow(ALPHA, 7.687, (1800, 100, 1150), (0, 1, 0))
    np.testing.assert_allclose(rows, [[1800, 100, 1150, 7.687, 0.015 * 7.687 / 23.6e-6, 0]])
    assert 4500 < rows[0, 4] < 5500


def test_full_rows_are_put_together_without_loss() -> None:
    start, way = (1800, 0, 1150), (0, 1, 0)
    want = follow(ELECTRON, 40.0, start, way, seed=5)
    small = new_work(48)
    got = follow(ELECTRON, 40.0, start, way, seed=5, work=small)
    assert len(want) > 150 and len(got) <= 48 and small.counter[2] > 1
    np.testing.assert_allclose(got[:, 3:5].sum(axis=0), want[:, 3:5].sum(axis=0), rtol=1e-12)
    centre = [(rows[:, :3] * rows[:, 4:5]).sum(axis=0) / rows[:, 4].sum() for rows in (got, want)]
    np.testing.assert_allclose(centre[0], centre[1], rtol=1e-9)
    spread = [np.sqrt((rows[:, 4] * (rows[:, 1] - centre[1][1]) ** 2).sum()) for rows in (got, want)]
    assert abs(spread[0] / spread[1] - 1) < 0.05


def test_recombination_of_arrays() -> None:
    de_dx = np.array([2.106, 1.5, 10.0, 50.0])
    want = [recombination(VOLUME, value / 10) for value in de_dx]
    np.testing.assert_allclose(escaping(DETECTOR.drift, de_dx), want, rtol=1e-12)
    assert abs(escaping(DETECTOR.drift, np.array([2.106]))[0] - 0.704) < 0.01
    assert (escaping(DETECTOR.drift, np.array([0.0, 1e-9])) == 0).all()
