"""Drift: where and when charge arrives, how wide, how much is left."""

from __future__ import annotations

import numpy as np
import pytest

from streams.detector import load_detector
from streams.drift import CHANNELS, Cells, arrive, drift_of, truth
from streams.geometry.planes import plane_geometry

DETECTOR = load_detector("fd1-hd-apa")
DRIFT = drift_of(DETECTOR, 10.4)
COLLECTION = plane_geometry(DETECTOR, "X")


def cells_of(deposits: np.ndarray, time_ns: float = 0.0) -> tuple[np.ndarray, ...]:
    """Return tick, channel and electrons of the cells of deposits (n, 6)."""
    arrivals = np.zeros((len(deposits), 7))
    for deposit, arrival in zip(deposits, arrivals, strict=True):
        arrive(DRIFT, deposit, time_ns, arrival)
    cells, n = truth(COLLECTION, arrivals, Cells(np.zeros(64, np.int64), np.zeros(64)))
    return cells.keys[:n] // CHANNELS, cells.keys[:n] % CHANNELS, cells.electrons[:n]


def drifted(x_mm: float, z_mm: float, electrons: float = 1e6, time_ns: float = 0.0) -> tuple[np.ndarray, ...]:
    return cells_of(np.array([[x_mm, 0.0, z_mm, 1.0, electrons, 0.0]]), time_ns)


@pytest.mark.parametrize("x_mm", [0.5, 100.0, 1800.0, 3599.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_arrival(x_mm: float, sign: int) -> None:
    tick, channel, charge = drifted(sign * x_mm, 100.5 * 4.792, time_ns=51_200.0)
    want = 100 + x_mm / 1.6 / 0.512
    assert abs(tick[charge.argmax()] - want) <= 0.5 + 0.5
    assert abs(np.average(tick, weights=charge) - want) < 0.51
    assert channel[charge.argmax()] == (100 if sign > 0 else 580)
    assert np.all((channel < 480) == (sign > 0))


def test_a_delay_comes_later() -> None:
    deposit = np.array([[1000.0, 0.0, 700.0, 1.0, 1e5, 0.0]])
    at_once = cells_of(deposit)
    deposit[0, 5] = 164_352.0  # 321 ticks
    late = cells_of(deposit)
    assert np.array_equal(at_once[0] + 321, late[0]) and np.allclose(at_once[2], late[2])


@pytest.mark.parametrize(("x_mm", "left"), [(0.0, 1.0), (1800.0, np.exp(-1.125 / 10.4)), (3600.0, 0.805)])
def test_attenuation(x_mm: float, left: float) -> None:
    _, _, charge = drifted(max(x_mm, 1e-3), 1000.0)
    assert abs(charge.sum() / 1e6 / left - 1) < 1e-3


def test_diffusion_over_the_full_drift() -> None:
    tick, channel, charge = drifted(3600.0, 1000.0)
    t, c = np.average(tick, weights=charge), np.average(channel, weights=charge)
    # Section 9.6, (7.2, 12.0) cm2/s: 1.80 mm and 2.32 mm; a bin adds 1/12 of its width squared.
    along = np.sqrt(np.average((tick - t) ** 2, weights=charge) - 1 / 12) * 0.512 * 1.6
    across = np.sqrt(np.average((channel - c) ** 2, weights=charge) - 1 / 12) * 4.792
    assert abs(along - 1.80) < 0.02
    assert abs(across - 2.32) < 0.03


def test_faces_do_not_share_charge() -> None:
    """Charge at the last channel of face 0 spreads out of the assembly, never to channel 480."""
    _, channel, charge = drifted(3000.0, 2300.0)
    assert channel.max() == 479
    _, inner, whole = drifted(3000.0, 1150.0)
    assert inner.max() < 479
    assert charge.sum() < 0.75 * whole.sum()


@pytest.mark.parametrize(
    ("y_mm", "seen"), [(2991.9, True), (2992.0, False), (-2991.9, True), (-2992.0, False)]
)
def test_charge_beyond_the_ends_of_the_wires_is_in_no_cell(y_mm: float, seen: bool) -> None:
    """The wires of X end at 2 991.95 mm: what arrives further out makes no waveform, so it is no truth either."""
    _, _, charge = cells_of(np.array([[1000.0, y_mm, 700.0, 1.0, 1e6, 0.0]]))
    assert (len(charge) > 0) == seen


def test_cells_below_one_electron_are_dropped() -> None:
    _, _, charge = drifted(3000.0, 1000.0, electrons=500.0)
    assert charge.min() >= 1
    assert len(drifted(3000.0, 1000.0, electrons=1.0)[2]) == 0


def test_deposits_add_up_cell_by_cell() -> None:
    one, two = [2000.0, 0.0, 700.0, 1.0, 1e5, 0.0], [2002.0, 0.0, 703.0, 1.0, 3e4, 0.0]
    both = {(t, c): q for t, c, q in zip(*cells_of(np.array([one, two])), strict=True)}
    parts: dict[tuple[int, int], float] = {}
    for deposit in (one, two):
        for t, c, q in zip(*cells_of(np.array([deposit])), strict=True):
            parts[t, c] = parts.get((t, c), 0.0) + q
    assert set(parts) <= set(both)
    assert max(abs(both[cell] - parts[cell]) for cell in parts) < 1.0  # a part below one electron is left out
    keys = list(both)
    assert keys == sorted(keys)


def test_many_small_deposits_are_one_large() -> None:
    """Fifteen electrons a thousand times: none is too small to count."""
    one = cells_of(np.array([[1000.0, 0.0, 1001.0, 1.0, 15e3, 0.0]]))
    many = cells_of(np.array([[1000.0, 0.0, 1001.0, 1.0, 15.0, 0.0]] * 1000))
    assert many[2].sum() == pytest.approx(one[2].sum(), rel=2e-3)
    assert many[2].max() == pytest.approx(one[2].max(), rel=1e-6)


@pytest.mark.parametrize("room", range(1, 40))
def test_cells_grow_as_they_must(room: int) -> None:
    arrivals = np.zeros((1, 7))
    arrive(DRIFT, np.array([2000.0, 0.0, 1001.0, 1.0, 1e5, 0.0]), 0.0, arrivals[0])
    wanted, n = truth(COLLECTION, arrivals, Cells(np.zeros(4096, np.int64), np.zeros(4096)))
    cells, m = truth(COLLECTION, arrivals, Cells(np.zeros(room, np.int64), np.zeros(room)))
    assert n == m > 20 and np.array_equal(cells.keys[:m], wanted.keys[:n])
    assert np.array_equal(cells.electrons[:m], wanted.electrons[:n])
