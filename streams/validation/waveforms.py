"""Statistics of waveforms: arrays of ticks by channels, pedestals taken out by each channel's mean.

>>> wave = centred(np.random.default_rng(1).normal(100, 3, (4096, 50)))
>>> round(rms(wave)[0], 1), [round(abs(float(value)), 1) for value in autocorrelation(wave, 2)]
(3.0, [1.0, 0.0, 0.0])
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Floats


def centred(samples: NDArray[np.generic]) -> Floats:
    """Return samples (any type, (ticks, channels)) as float64 less each channel's mean."""
    wave = np.asarray(samples, np.float64)
    return np.asarray(wave - wave.mean(axis=0))


def rms(wave: Floats) -> tuple[float, float]:
    """Return the r.m.s. over all channels, and its standard deviation from the spread between channels."""
    power = (wave**2).mean(axis=0)
    mean = math.sqrt(power.mean())
    return mean, float(power.std()) / (2 * mean * math.sqrt(len(power)))


def autocorrelation(wave: Floats, lags: int) -> Floats:
    """Return the autocorrelation at lags 0 to ``lags``, mean over channels (float64, (lags + 1,))."""
    n = len(wave)
    products = np.array([(wave[: n - lag] * wave[lag:]).mean() for lag in range(lags + 1)])
    return np.asarray(products / products[0])


def power_spectrum(wave: Floats, ticks: int, tick_ns: float) -> tuple[Floats, Floats]:
    """Return frequencies [kHz] and mean power per bin of pieces of ``ticks`` ticks."""
    pieces = wave[: len(wave) // ticks * ticks].reshape(-1, ticks, wave.shape[1])
    power = np.zeros(ticks // 2 + 1)
    for piece in pieces:
        power += (np.abs(np.fft.rfft(piece, axis=0)) ** 2).mean(axis=1)
    return np.asarray(1e6 * np.fft.rfftfreq(ticks, tick_ns), np.float64), power / len(pieces)


def highest(frequency: Floats, power: Floats, low: float, high: float) -> float:
    """Return where ``power`` is highest: a parabola through the logarithms between ``low`` and ``high``."""
    use = (frequency >= low) & (frequency <= high)
    a, b, _ = np.polyfit(frequency[use], np.log(power[use]), 2)
    return float(-b / (2 * a))


def largest_match(first: Floats, second: Floats) -> float:
    """Return the largest correlation of any channel of ``first`` with any lag of ``second``, channel by channel.

    A piece of noise that comes back, shifted or not, gives nearly 1.
    """
    n = len(first)
    spectra = np.fft.rfft(first, 2 * n, axis=0) * np.fft.rfft(second, 2 * n, axis=0).conj()
    products = np.fft.irfft(spectra, axis=0) / n
    return float(np.abs(products / (first.std(axis=0) * second.std(axis=0))).max())


def correlation_of_groups(wave: Floats, groups: NDArray[np.int64]) -> tuple[tuple[float, float], ...]:
    """Return the mean correlation of two channels of one group, and of two groups, each with its sigma.

    groups : int64 array, (channels,), number of the group of each channel, from 0 on. The sigmas are from the
    spread between groups, and between pairs of groups.
    """
    unit = wave / wave.std(axis=0)
    matrix = unit.T @ unit / len(wave)
    member = np.equal.outer(np.arange(groups.max() + 1), groups).astype(float)
    sums, count = member @ matrix @ member.T, member.sum(axis=1)
    inside = (np.diag(sums) - count) / (count * (count - 1))
    pair = np.triu_indices(len(count), 1)
    across = sums[pair] / np.outer(count, count)[pair]
    return tuple((float(x.mean()), float(x.std()) / math.sqrt(len(x))) for x in (inside, across))
