"""Electronics noise: independent Gaussian numbers by (seed, tick, channel), shaped by a filter in time.

The white numbers are looked up in a table of 65 536 Gaussian quantiles, four to a 64-bit hash; the filter's 16 taps
mix them, so the tails go on beyond the 4.3 sigma of the table.

>>> noise = Noise(seed=1, plane=0, taps=(0.6, 0.8), channels=8)
>>> block = noise.white(0, 64)
>>> block.shape, bool(np.array_equal(block[1:], Noise(1, 0, (0.6, 0.8), 8).white(0, 64)[1:]))
((65, 8), True)
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import ndtri

from streams.compiled import Singles, compiled
from streams.rng import key, mix

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_PURPOSE = 1 << 40  # apart from the keys of the events
_MASK = np.uint64(0xFFFF)
_S16, _S32, _S48 = np.uint64(16), np.uint64(32), np.uint64(48)


@cache
def _quantiles() -> Singles:
    """Return 65 536 Gaussian quantiles, float32, scaled to variance 1."""
    table = ndtri((np.arange(65536) + 0.5) / 65536)
    return np.asarray(table / np.sqrt(np.mean(table**2)), np.float32)


@compiled
def _fill_white(start: np.uint64, first_tick: int, table: Singles, out: Singles) -> None:
    """Fill float32 ``out`` (ticks, channels, a multiple of 4) from tick ``first_tick`` on."""
    groups = out.shape[1] // 4
    for row in range(out.shape[0]):
        counter = start + np.uint64((first_tick + row) * groups) * _GOLDEN
        for group in range(groups):
            counter += _GOLDEN
            word = mix(counter)
            out[row, 4 * group] = table[word & _MASK]
            out[row, 4 * group + 1] = table[(word >> _S16) & _MASK]
            out[row, 4 * group + 2] = table[(word >> _S32) & _MASK]
            out[row, 4 * group + 3] = table[word >> _S48]


class Noise:
    """The noise of one plane, block after block."""

    def __init__(self, seed: int, plane: int, taps: tuple[float, ...], channels: int) -> None:
        if channels % 4:
            raise ValueError(f"noise: got {channels} channels, want a multiple of 4")
        gains = np.asarray(taps, np.float64)
        self.taps = np.asarray(gains / np.sqrt(np.sum(gains**2)), np.float32)
        self._start = np.uint64(key(seed, _PURPOSE, plane, 0))
        self._channels = channels
        self._rows = np.zeros((0, channels), np.float32)
        self._next_tick: int | None = None

    def white(self, first_tick: int, ticks: int) -> Singles:
        """Return white numbers, float32 (taps - 1 + ticks, channels), the last ``ticks`` from ``first_tick`` on.

        The rows before are those of the ticks before. The array is reused by the next call.
        """
        before = len(self.taps) - 1
        if self._next_tick != first_tick or self._rows.shape[0] != before + ticks:
            self._rows = np.empty((before + ticks, self._channels), np.float32)
            _fill_white(self._start, first_tick - before, _quantiles(), self._rows)
        else:
            self._rows[:before] = self._rows[ticks:].copy()
            _fill_white(self._start, first_tick, _quantiles(), self._rows[before:])
        self._next_tick = first_tick + ticks
        return self._rows
