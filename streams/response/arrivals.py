"""Arrivals: charge at the wires, as Gaussians in time and across the wires, and their weights.

An arrival is a row of seven numbers, ``TICK`` to ``ELECTRONS``. In time its weights are those of whole ticks: a
sampled Gaussian, or below 0.7 tick three weights with the right sum, mean and variance, so that a sharp arrival
between two ticks is where it belongs. Across, its weights are the integrals over the bins of the cells.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Singles, compiled

TICK, FACE, Y_MM, Z_MM, SIGMA_TICK, SIGMA_MM, ELECTRONS = range(7)  # columns
CUT = 5.5  # Gaussians end here [sigma]: 4e-8 of the charge is left out
CUT_FEW = 4.5  # 7e-6 of the charge; where few electrons are nearby
_SHARP = 0.7  # ticks; above, a sampled Gaussian has the right sum, mean and variance to 2e-4
_LEAST_TICKS = 1.5  # the three weights begin at most this much before the arrival
_ROOT_HALF = 0.7071067811865476
_ROOT_TAU = 2.5066282746310002


def begin_tick(arrivals: NDArray[np.float64], before: int) -> NDArray[np.int64]:
    """Return the tick where the waveform of each arrival may begin at the earliest: int64 (n,).

    >>> row = np.array([[1000.0, 0, 0, 0, 2.0, 1.0, 6000.0]])
    >>> begin_tick(row, 130).tolist()
    [859]
    """
    ahead = np.maximum(CUT * arrivals[:, SIGMA_TICK], _LEAST_TICKS)
    return np.floor(arrivals[:, TICK] - ahead).astype(np.int64) - before


def longest_spread(max_sigma_tick: float) -> int:
    """Return how many ticks the weights in time may cover, with one to spare at each end."""
    return 2 * math.ceil(max(CUT * max_sigma_tick, _LEAST_TICKS)) + 3


@compiled
def weights_in_time(tick: float, sigma: float, cut: float, weights: Singles) -> tuple[int, int]:
    """Fill in the weights of the ticks around ``tick``; return the first tick and how many."""
    if sigma < _SHARP:
        nearest = math.floor(tick + 0.5)
        mean = tick - nearest
        square = sigma * sigma + mean * mean
        weights[0] = 0.5 * (square - mean)
        weights[1] = 1.0 - square
        weights[2] = 0.5 * (square + mean)
        return nearest - 1, 3
    first = math.ceil(tick - cut * sigma)
    n = math.floor(tick + cut * sigma) - first + 1
    for i in range(n):
        x = (first + i - tick) / sigma
        weights[i] = math.exp(-0.5 * x * x) / (sigma * _ROOT_TAU)
    return first, n


@compiled
def weights_across(place: float, sigma: float, cut: float, bins: int, weights: Singles) -> tuple[int, int]:
    """Fill in the share of each bin from the first one on; return it and how many. ``place`` is in bins."""
    first = max(math.floor(place - cut * sigma), 0)
    last = min(math.floor(place + cut * sigma), bins - 1)
    left = math.erf((first - place) / sigma * _ROOT_HALF)
    for i in range(first, last + 1):
        right = math.erf((i + 1 - place) / sigma * _ROOT_HALF)
        weights[i - first] = 0.5 * (right - left)
        left = right
    return first, max(last - first + 1, 0)
