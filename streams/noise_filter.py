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
def _sixteen(taps: Singles, k: int) -> tuple[np.float32, ...]:
    """Return 16 taps from ``k`` on."""
    t = taps[k : k + STEP]
    return (
        t[0],
        t[1],
        t[2],
        t[3],
        t[4],
        t[5],
        t[6],
        t[7],
        t[8],
        t[9],
        t[10],
        t[11],
        t[12],
        t[13],
        t[14],
        t[15],
    )


@compiled
def _sum_of_products(w: Singles, i: int, t: tuple[np.float32, ...]) -> np.float32:
    """Return the sum over 16 taps, the first one with the latest tick, for place ``i`` of a tile."""
    late = (
        t[0] * w[i + 15 * TILE] + t[1] * w[i + 14 * TILE] + t[2] * w[i + 13 * TILE] + t[3] * w[i + 12 * TILE]
    )
    late += (
        t[4] * w[i + 11 * TILE] + t[5] * w[i + 10 * TILE] + t[6] * w[i + 9 * TILE] + t[7] * w[i + 8 * TILE]
    )
    early = (
        t[8] * w[i + 7 * TILE] + t[9] * w[i + 6 * TILE] + t[10] * w[i + 5 * TILE] + t[11] * w[i + 4 * TILE]
    )
    early += t[12] * w[i + 3 * TILE] + t[13] * w[i + 2 * TILE] + t[14] * w[i + TILE] + t[15] * w[i]
    return np.float32(late + early)


@compiled
def filter_tile(white: Singles, taps: Singles, out: Singles) -> None:
    """Filter ``white``, float32 ((len(taps) + ticks) * 32,), into ``out``, float32 (ticks * 32,).

    Row t of ``out`` is the sum of taps[k] times row len(taps) + t - k of ``white``. 16 taps are taken at a time,
    written out, so that the machine code works on many channels at once and stores each sum once.
    """
    first = _sixteen(taps, 0)
    rows = white[(len(taps) + 1 - STEP) * TILE :]
    for i in range(len(out)):
        out[i] = _sum_of_products(rows, i, first)
    for k in range(STEP, len(taps), STEP):
        more = _sixteen(taps, k)
        rows = white[(len(taps) + 1 - STEP - k) * TILE :]
        for i in range(len(out)):
            out[i] += _sum_of_products(rows, i, more)
