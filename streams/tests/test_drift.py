"""Drift: where and when charge arrives, how wide, how much is left."""

from __future__ import annotations

import numpy as np
import pytest

from streams.detector import load_detector
from streams.drift import drift_deposits, drift_of, new_cells

DETECTOR = load_detector("fd1-hd-apa")
DRIFT = drift_of(DETECTOR, 10.4)


def drifted(x_mm: float, z_mm: float, electrons: float = 1e6, time_ns: float = 0.0) -> tuple[np.ndarray, ...]:
    keys, charge = drift_deposits(DRIFT, np.array([[x_mm, 0.0, z_mm, 1.0, electrons]]), time_ns, new_cells())
    return keys >> 10, keys & 1023, charge


@pytest.mark.parametrize("x_mm", [0.5, 100.0, 1800.0, 3599.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_arrival(x_mm: float, sign: int) -> None:
    tick, channel, charge = drifted(sign * x_mm, 100.5 * 4.792, time_ns=51_200.0)
    want = 100 + x_mm / 1.6 / 0.512
    assert abs(tick[charge.argmax()] - want) <= 0.5 + 0.5
    assert abs(np.average(tick, weights=charge) - want) < 0.51
    assert channel[charge.argmax()] == (100 if sign > 0 else 580)
    assert np.all((channel < 480) == (sign > 0))


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


def test_cells_below_one_electron_are_dropped() -> None:
    _, _, charge = drifted(3000.0, 1000.0, electrons=500.0)
    assert charge.min() >= 1
    assert len(drifted(3000.0, 1000.0, electrons=1.0)[2]) == 0


def test_the_table_is_empty_after_use() -> None:
    cells = new_cells()
    deposits = np.array([[2000.0, 0.0, 700.0, 1.0, 1e5], [-30.0, 0.0, 20.0, 1.0, 1e4]])
    first = drift_deposits(DRIFT, deposits, 0.0, cells)
    again = drift_deposits(DRIFT, deposits, 0.0, cells)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert np.all(np.diff(first[0]) > 0)
