"""White Gaussian numbers by place: a function of (seed, purpose, plane, channel, tick), and of nothing else.

They are made for 32 channels at a time (a tile). A 64-bit counter, mixed, gives four indices of 16 bits into a table
of 65 536 Gaussian quantiles (variance 1, up to 4.3 sigma; the filter that follows mixes 16 of them or more, so the
tails of the noise go on). The counter of a tile has room for 2^45 ticks (570 years).

>>> out = np.empty(64 * TILE, np.float32)
>>> fill_white(np.uint64(7), 0, 1000, quantiles(), out)
>>> part = np.empty(TILE, np.float32)
>>> fill_white(np.uint64(7), 0, 1063, quantiles(), part)
>>> bool(np.array_equal(out[-TILE:], part))
True
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import ndtri

from streams.compiled import Singles, compiled
from streams.rng import mix

TILE = 32  # channels made together: two cache lines of float32
_WORDS = np.int64(TILE // 4)  # 64-bit words per tick
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)  # of SplitMix64, odd
_MASK = np.uint64(0xFFFF)
_S16, _S32, _S48 = np.uint64(16), np.uint64(32), np.uint64(48)


@cache
def quantiles() -> Singles:
    """Return 65 536 Gaussian quantiles at the middles of equal steps of probability, float32, of variance 1."""
    table = ndtri((np.arange(65536) + 0.5) / 65536)
    return np.asarray(table / np.sqrt(np.mean(table**2)), np.float32)


@compiled
def fill_white(start: np.uint64, tile: int, first_tick: int, table: Singles, out: Singles) -> None:
    """Fill ``out``, float32 (ticks * 32,), tick by tick, with the numbers of ``tile`` from ``first_tick`` on.

    ``start`` is the key of seed, purpose and plane (``streams.rng.key``).
    """
    first = (np.uint64(tile) << _S48) + np.uint64(first_tick * _WORDS)
    for i in range(len(out) // 4):
        word = mix(start + (first + np.uint64(i)) * _INCREMENT)
        out[4 * i] = table[word & _MASK]
        out[4 * i + 1] = table[(word >> _S16) & _MASK]
        out[4 * i + 2] = table[(word >> _S32) & _MASK]
        out[4 * i + 3] = table[word >> _S48]
