"""White Gaussian numbers by place: a function of (seed, purpose, plane, channel, tick), and of nothing else.

They are made for 32 channels at a time (a tile). A 64-bit counter, mixed, gives four indices of 16 bits into a table
of 65 536 Gaussian numbers (up to 4.4 sigma; the filter that follows mixes 16 of them, so the tails of the noise go on:
the normal law holds to 0.1 % at 4 sigma, 1.3 % at 5, 9 % at 6). A tile's counter has room for 2^49 ticks (9 years).

>>> out = np.empty(64 * TILE, np.float32)
>>> fill_white(np.uint64(7), 0, 1000, quantiles(), out)
>>> part = np.empty(TILE, np.float32)
>>> fill_white(np.uint64(7), 0, 1063, quantiles(), part)
>>> bool(np.array_equal(out[-TILE:], part))
True
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.special import ndtri

from streams.compiled import Singles, compiled
from streams.rng import mix

TILE = 32  # channels made together: two cache lines of float32
_WORDS = np.int64(TILE // 4)  # 64-bit words per tick
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)  # of SplitMix64, odd
_MASK = np.uint64(0xFFFF)
_S16, _S32, _S48, _S52 = np.uint64(16), np.uint64(32), np.uint64(48), np.uint64(52)


@cache
def quantiles() -> Singles:
    """Return a Gaussian number for each of 65 536 equal steps of probability, growing, float32, of variance 1.

    Within 1 sigma it is the middle of the step, further out the fourth root of the mean fourth power in the step:
    so the last step, open to infinity, has its weight.
    """
    edge = ndtri(np.arange(32769) / 65536)
    density = np.exp(-(edge**2) / 2) / math.sqrt(2 * math.pi)
    finite = np.where(np.isfinite(edge), edge, 0.0)
    fourth = 3 - 65536 * np.diff((finite**3 + 3 * finite) * density)  # integral of x^4 over a step
    middle = ndtri((np.arange(32768) + 0.5) / 65536)
    lower = np.where(middle < -1, -np.sqrt(np.sqrt(np.maximum(fourth, 0.0))), middle)
    table = np.concatenate((lower, -lower[::-1]))
    return np.asarray(table / np.sqrt(np.mean(table**2)), np.float32)


@compiled
def fill_white(start: np.uint64, tile: int, first_tick: int, table: Singles, out: Singles) -> None:
    """Fill ``out``, float32 (ticks * 32,), tick by tick, with the numbers of ``tile`` from ``first_tick`` on.

    ``start`` is the key of seed, purpose and plane (``streams.rng.key``).
    """
    first = (np.uint64(tile) << _S52) + np.uint64(first_tick * _WORDS)
    for i in range(len(out) // 4):
        word = mix(start + (first + np.uint64(i)) * _INCREMENT)
        out[4 * i] = table[word & _MASK]
        out[4 * i + 1] = table[(word >> _S16) & _MASK]
        out[4 * i + 2] = table[(word >> _S32) & _MASK]
        out[4 * i + 3] = table[word >> _S48]
