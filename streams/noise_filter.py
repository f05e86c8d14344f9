"""The filter in time that gives white numbers the spectrum of the noise.

>>> power = np.full(4096, 2.0)
>>> taps = minimum_phase(power, 16)
>>> [round(float(tap), 3) for tap in taps[:3]]
[1.0, 0.0, 0.0]
"""

from __future__ import annotations

import numpy as np

from streams.compiled import Floats, Singles, compiled
from streams.white import TILE

STEP = 16  # taps taken at a time
_FLOOR = 1e-6  # of the largest power: a spectrum that is zero somewhere has no minimum-phase filter


def minimum_phase(power: Floats, taps: int) -> Floats:
    """Return the first ``taps`` taps of the minimum-phase filter, sum of squares 1, with the shape of ``power``.

    power : float64 (n,), n even: at the n frequencies of ``numpy.fft.fftfreq(n)``. Of all filters with a given
    spectrum this one has its power earliest. It comes from the cepstrum: the logarithm of the spectrum, folded to
    positive times.
    """
    n = len(power)
    cepstrum = np.fft.ifft(0.5 * np.log(np.maximum(power, _FLOOR * power.max()))).real
    cepstrum[1 : n // 2] *= 2
    cepstrum[n // 2 + 1 :] = 0
    response = np.fft.ifft(np.exp(np.fft.fft(cepstrum))).real[:taps]
    return np.asarray(response / np.sqrt(np.sum(response**2)))


def padded(taps: Floats) -> Singles:
    """Return ``taps`` in float32, filled up with zeros to a multiple of 16, with a sum of squares of 1."""
    whole = np.zeros(-(-len(taps) // STEP) * STEP)
    whole[: len(taps)] = taps
    return np.asarray(whole / np.sqrt(np.sum(whole**2)), np.float32)


def power_of(taps: Floats, frequency_per_tick: Floats) -> Floats:
    """Return the power of filtered white noise per unit of frequency at ``frequency_per_tick`` (0 to 0.5)."""
    phase = np.exp(-2j * np.pi * np.outer(frequency_per_tick, np.arange(len(taps))))
    return np.asarray(np.abs(phase @ np.asarray(taps, np.float64)) ** 2)


@compiled
def filter_tile(white: Singles, taps: Singles, out: Singles) -> None:
    """Filter ``white``, float32 ((len(taps) + ticks) * 32,), into ``out``, float32 (ticks * 32,).

    Row t of ``out`` is the sum of taps[k] times row len(taps) + t - k of ``white``; 16 taps are written out so that
    the machine code works on many channels at once.
    """
    out[:] = np.float32(0.0)
    for k in range(0, len(taps), STEP):
        t0, t1, t2, t3 = taps[k], taps[k + 1], taps[k + 2], taps[k + 3]
        t4, t5, t6, t7 = taps[k + 4], taps[k + 5], taps[k + 6], taps[k + 7]
        t8, t9, t10, t11 = taps[k + 8], taps[k + 9], taps[k + 10], taps[k + 11]
        t12, t13, t14, t15 = taps[k + 12], taps[k + 13], taps[k + 14], taps[k + 15]
        w = white[(len(taps) - k - 15) * TILE :]
        for i in range(len(out)):
            late = (
                t0 * w[i + 15 * TILE] + t1 * w[i + 14 * TILE] + t2 * w[i + 13 * TILE] + t3 * w[i + 12 * TILE]
            )
            late += (
                t4 * w[i + 11 * TILE] + t5 * w[i + 10 * TILE] + t6 * w[i + 9 * TILE] + t7 * w[i + 8 * TILE]
            )
            early = (
                t8 * w[i + 7 * TILE] + t9 * w[i + 6 * TILE] + t10 * w[i + 5 * TILE] + t11 * w[i + 4 * TILE]
            )
            early += t12 * w[i + 3 * TILE] + t13 * w[i + 2 * TILE] + t14 * w[i + TILE] + t15 * w[i]
            out[i] += late + early
