from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trigger import physics

#: Feldman and Cousins, Phys. Rev. D 57 (1998) 3873, table IV (90 %), column b = 0, n = 0 .. 10.
PUBLISHED_B0 = [
    (0.00, 2.44), (0.11, 4.36), (0.53, 5.91), (1.10, 7.42), (1.47, 8.60), (1.84, 9.99),
    (2.21, 11.47), (3.56, 12.53), (3.96, 13.99), (4.36, 15.30), (5.50, 16.50),
]  # fmt: skip
#: The same table, column b = 3.0, n = 1 .. 6 (n = 0 is left out: there the paper smooths in b, 1.08 for 0.95).
PUBLISHED_B3 = [(0.00, 1.88), (0.00, 3.04), (0.00, 4.42), (0.00, 5.60), (0.00, 6.99), (0.15, 8.47)]
ROUNDING = 0.0151  # the table is rounded to 0.01 and both grids have a step of 0.005


@pytest.mark.parametrize(("n", "interval"), list(enumerate(PUBLISHED_B0)))
def test_feldman_cousins_equals_the_published_table(n: int, interval: tuple[float, float]) -> None:
    assert physics.feldman_cousins(n) == pytest.approx(interval, abs=ROUNDING)


@pytest.mark.parametrize(("n", "interval"), list(enumerate(PUBLISHED_B3, start=1)))
def test_feldman_cousins_with_background(n: int, interval: tuple[float, float]) -> None:
    assert physics.feldman_cousins(n, 3.0) == pytest.approx(interval, abs=ROUNDING)


@pytest.mark.parametrize("mean", [0.3, 3.0, 10.0])
def test_feldman_cousins_covers(mean: float) -> None:
    spread = 5 * np.sqrt(mean) + 2
    counts = range(max(0, int(mean - spread)), int(mean + spread) + 1)
    weights = np.array([stats.poisson.pmf(n, mean) for n in counts])
    inside = [low <= mean <= high for low, high in map(physics.feldman_cousins, counts)]
    coverage = float(weights[inside].sum() / weights.sum())
    assert 0.885 <= coverage <= 0.975  # discrete counts over-cover at small means


def test_binomial_interval_is_clopper_pearson() -> None:
    assert physics.binomial(0, 10) == pytest.approx((0.0, 1 - 0.05**0.1))
    assert physics.binomial(10, 10) == pytest.approx((0.05**0.1, 1.0))
    low, high = physics.binomial(30, 100)
    assert stats.binom.sf(29, 100, low) == pytest.approx(0.05) and stats.binom.cdf(
        30, 100, high
    ) == pytest.approx(0.05)


def test_rate_and_exposure_per_10_kt() -> None:
    # Reference 9.1.13: none seen in 4.5 ms of one APA limits the rate to about 51 000 Hz (with 2.30 for 2.44).
    assert physics.rate_hz_per_10kt(2.303, 4.5e-3) == pytest.approx(51_000, rel=0.01)
    assert physics.rate_hz_per_10kt(
        physics.feldman_cousins(0)[1], physics.exposure_needed_s(0.1)
    ) == pytest.approx(0.1)


def test_efficiency_bins_take_the_lower_edge() -> None:
    rows = physics.efficiency_by_energy(
        np.array([5.0, 9.9, 10.0, 30.0]), np.array([1, 0, 1, 1], bool), (5, 10, 20)
    )
    assert [(r["tried"], r["found"]) for r in rows] == [(2, 1), (1, 1)]
    assert rows[0]["interval_low"] < 0.5 < rows[0]["interval_high"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: physics.feldman_cousins(-1),
        lambda: physics.feldman_cousins(1, -0.1),
        lambda: physics.binomial(3, 2),
        lambda: physics.rate_hz_per_10kt(1, 0.0),
    ],
)
def test_nonsense_is_refused(call) -> None:
    with pytest.raises(ValueError, match=r"got .*want"):
        call()
