"""The study's burst counter: how many clusters in a window of time make a burst, and how often one is found.

A burst is ``n`` clusters within ``window_s``. Two formulas for how often background alone makes one:

- ``studys_fake_rate``: P(N >= n) R, as the study has it (with a Gaussian for means above 10, and the mean multiplied by
  the share of the burst in the window); it asks for n *other* clusters.
- ``fake_rate``: P(N >= n - 1) R: a window that is opened by a cluster needs n - 1 more (reference 9.1.11). At
  0.0985 Hz, 10 s and n = 9 that is 2.35 false windows a month (1.84 if those that overlap count once, by simulation),
  not 0.25.

Source: plasorak/Clustering @a753bf9b BurstTrigger/SNBurstTrigger.cc, SNBurstTrigger.hh.

>>> month = 1 / (30 * 86400)
>>> least(lambda n: at_least(n, 10 * 0.0985) * 0.0985, month), least(lambda n: fake_rate(n, 0.0985, 10), month)
(9, 10)
>>> interactions(9, 0.582, 0.0985, Window(10, 0.9994)), interactions(10, 0.582, 0.0985, Window(10, 0.9994))
(24, 26)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from scipy import stats

MONTH_S = 30 * 86400
STUDYS_MONTH_S = 31 * 86400
GAUSSIAN_ABOVE = 10  # mean number of clusters, PoissonStatThreshold
SURE = 0.95  # of bursts found


class Window(NamedTuple):
    """A burst's window: its length [s] and the share of the burst's interactions in it."""

    seconds: float
    share: float


#: Shares of the study's time profile: h_MarlTime of BurstTrigger/data/SNTheoryDistributions.root, summed.
WINDOWS = (Window(10.0, 0.9994), Window(2.0, 0.796))


def at_least(n: int, mean: float) -> float:
    """Return P(N >= n) of a Poisson number.

    >>> round(at_least(1, 1.0), 6)
    0.632121
    """
    return float(stats.poisson.sf(n - 1, mean))


def fake_rate(n: int, rate_hz: float, seconds: float) -> float:
    """Return how often background alone makes n clusters within a window that one of them opens [Hz]."""
    return at_least(n - 1, rate_hz * seconds) * rate_hz


def studys_fake_rate(n: int, rate_hz: float, window: Window) -> float:
    """Return the same by the study's formula [Hz].

    >>> round(studys_fake_rate(9, 0.0985, Window(10, 1.0)) * MONTH_S, 2)
    0.25
    """
    mean = window.seconds * window.share * rate_hz
    if mean > GAUSSIAN_ABOVE:
        return (1 - math.erf((n - mean) / math.sqrt(2 * mean))) / 2 * rate_hz
    return at_least(n, mean) * rate_hz


def least(rate_of: Callable[[int], float], target_hz: float) -> int:
    """Return the smallest number of clusters, from 1, whose rate is below ``target_hz``."""
    high = 1
    while rate_of(high) >= target_hz:
        high *= 2
    low = high // 2  # too few, or 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if rate_of(middle) < target_hz else (middle, high)
    return high


def burst_efficiency(n: int, interactions: float, efficiency: float, rate_hz: float, window: Window) -> float:
    """Return how often a burst of ``interactions`` makes at least n clusters, background included.

    ``efficiency`` is the share of interactions that make a cluster. The same in both formulas.
    """
    return at_least(n, rate_hz * window.seconds + interactions * window.share * efficiency)


def interactions(n: int, efficiency: float, rate_hz: float, window: Window, wanted: float = SURE) -> int:
    """Return the smallest number of interactions whose burst is found with probability ``wanted``."""
    return least(lambda count: 1 - burst_efficiency(n, count, efficiency, rate_hz, window), 1 - wanted)
