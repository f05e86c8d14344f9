"""Efficiency, background rate and exposure, with intervals."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

PER_10KT = 100.0  # from a rate in an APA with argon on both sides to 10 kt (streams.detector.per_10kt)
TARGET_HZ_PER_10KT = 0.1  # background clusters, goal of the trigger
CONFIDENCE = 0.90


def _accepted(
    mean: NDArray[np.float64], background: float, n_max: int, confidence: float
) -> NDArray[np.bool_]:
    """Return which counts 0..n_max each mean accepts: bool array, (len(mean), n_max + 1)."""
    n = np.arange(n_max + 1)
    best = np.maximum(n - background, 0.0) + background
    probability = stats.poisson.pmf(n[None, :], mean[:, None] + background)
    reference = stats.poisson.pmf(n, best)
    ratio = np.divide(probability, reference, out=np.zeros_like(probability), where=reference > 0)
    order = np.argsort(-ratio, axis=1, kind="stable")
    ranked = np.take_along_axis(probability, order, axis=1)
    # A count belongs to the acceptance region if the counts ranked before it do not reach the confidence yet.
    before = np.cumsum(ranked, axis=1) - ranked
    accepted = np.empty_like(ranked, dtype=np.bool_)
    np.put_along_axis(accepted, order, before < confidence, axis=1)
    return accepted


def feldman_cousins(n: int, background: float = 0.0, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Feldman-Cousins interval of a Poisson signal mean.

    The unified ordering of Feldman and Cousins, Phys. Rev. D 57 (1998) 3873, by Neyman construction on a grid of means
    (step 0.005 as in the paper, wider for n > 50), without their smoothing in the background.

    Parameters
    ----------
    n : observed count.
    background : known mean of the background.
    confidence : of the interval.

    >>> [round(x, 2) for x in feldman_cousins(0)], [round(x, 2) for x in feldman_cousins(1)]
    ([0.0, 2.44], [0.11, 4.36])
    """
    if n < 0 or background < 0 or not 0 < confidence < 1:
        raise ValueError(
            f"got n = {n}, background = {background}, confidence = {confidence}: "
            "want n >= 0, background >= 0, 0 < confidence < 1"
        )
    spread = 4.5 * math.sqrt(n + 1) + 6
    low, high = max(0.0, n - background - spread), max(n - background, 0.0) + spread
    step = 0.005 * max(1.0, math.sqrt(n / 50))
    n_max = int(high + background + 8 * math.sqrt(high + background + 1)) + 10
    bounds: list[float] = []
    for part in np.array_split(np.arange(low, high + step, step), max(1, int(high / step) // 2000)):
        inside = part[_accepted(part, background, n_max, confidence)[:, n]]
        bounds.extend(map(float, inside[[0, -1]] if len(inside) else []))
    return (bounds[0], bounds[-1]) if bounds else (0.0, 0.0)


def binomial(found: int, tried: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of an efficiency.

    >>> [round(x, 3) for x in binomial(9, 10)]
    [0.606, 0.995]
    """
    if not 0 <= found <= tried:
        raise ValueError(f"got {found} found of {tried} tried: want 0 <= found <= tried")
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, found, tried - found + 1)) if found else 0.0
    high = float(stats.beta.ppf(1 - tail, found + 1, tried - found)) if found < tried else 1.0
    return low, high


def rate_hz_per_10kt(count: float, exposure_s: float, per_10kt: float = PER_10KT) -> float:
    """Return the rate per 10 kt of ``count`` candidates in ``exposure_s`` seconds of one APA.

    ``per_10kt`` is what ``streams.detector.per_10kt`` says of it: 200 over its active faces.

    >>> rate_hz_per_10kt(1, exposure_s=1.0)
    100.0
    """
    if exposure_s <= 0:
        raise ValueError(f"got an exposure of {exposure_s} s: want more than 0")
    return count / exposure_s * per_10kt


def exposure_needed_s(rate: float = TARGET_HZ_PER_10KT, per_10kt: float = PER_10KT) -> float:
    """Return the exposure [s] whose upper limit, with nothing seen, is ``rate`` [Hz per 10 kt].

    >>> round(exposure_needed_s(0.1))
    2435
    """
    return feldman_cousins(0)[1] * per_10kt / rate


def efficiency_by_energy(
    energy_mev: NDArray[np.float64], found: NDArray[np.bool_], edges_mev: tuple[float, ...]
) -> list[dict[str, float]]:
    """Return found and tried with the binomial interval for each bin of neutrino energy (upper edge excluded).

    >>> rows = efficiency_by_energy(np.array([6.0, 12.0]), np.array([False, True]), (5, 10, 15))
    >>> [(row["tried"], row["found"]) for row in rows]
    [(1, 0), (1, 1)]
    """
    rows = []
    for low, high in itertools.pairwise(edges_mev):
        mine = found[(energy_mev >= low) & (energy_mev < high)]
        n_found, n_tried = int(mine.sum()), len(mine)
        interval = binomial(n_found, n_tried) if n_tried else (0.0, 1.0)
        rows.append(
            {
                "low_mev": float(low),
                "high_mev": float(high),
                "tried": n_tried,
                "found": n_found,
                "efficiency": n_found / n_tried if n_tried else math.nan,
                "interval_low": interval[0],
                "interval_high": interval[1],
            }
        )
    return rows
