"""Sums over the samples of a crate that need no more memory for a longer run: by channel, and by stream and time.

>>> sums = Sums(blocks=4)
>>> sums.add(np.full((2, 163_840), 900, np.uint16), np.zeros((2, 40), np.bool_), block=0)
>>> float(sums.pedestal()[0]), float(sums.rms()[0]), sums.delivered.sum(axis=1).tolist()[:2]
(900.0, 0.0, [2, 2])
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.compiled import compiled
from streams.daq.wibeth import SAMPLES

BINS = 400  # of the time axis
_FIRST = np.array([channel_map.PLANE_FIRST[plane] for plane in channel_map.PLANES], np.int64)
_CHANNELS = np.array([channel_map.PLANE_CHANNELS[plane] for plane in channel_map.PLANES], np.int64)


class Sums:
    """Sums over blocks of one crate; squares are exact in 64 bits for up to 2**36 samples of 14 bits.

    Attributes
    ----------
    total, squares : uint64 arrays, (2560,), by offline channel.
    delivered : int64 array, (40, bins), frames of each stream in each part of the time.
    covered : int64 array, (bins,), blocks in each part of the time, whether frames came or not.
    """

    def __init__(self, blocks: int) -> None:
        self.blocks = max(blocks, 1)
        self.bins = min(BINS, self.blocks)
        self.total = np.zeros(channel_map.N_CHANNELS, np.uint64)
        self.squares = np.zeros(channel_map.N_CHANNELS, np.uint64)
        self.delivered = np.zeros((channel_map.N_STREAMS, self.bins), np.int64)
        self.covered = np.bincount(np.arange(self.blocks) * self.bins // self.blocks, minlength=self.bins)

    def add(self, samples: NDArray[np.uint16], missing: NDArray[np.bool_], block: int) -> None:
        """Add blocks, the first of them the ``block``-th of all: uint16 (n, 163840), those missing 0; bool (n, 40)."""
        _add(samples, self.total, self.squares, _FIRST, _CHANNELS)
        places = np.minimum((block + np.arange(len(samples))) * self.bins // self.blocks, self.bins - 1)
        np.add.at(self.delivered.T, places, ~missing)

    def counts(self, table: NDArray[np.int16]) -> NDArray[np.int64]:
        """Return how many samples each offline channel has: int64 (2560,); ``table`` is its channel map (40, 64)."""
        counts = np.zeros(channel_map.N_CHANNELS, np.int64)
        counts[table] = SAMPLES * self.delivered.sum(axis=1)[:, None]
        return counts

    def pedestal(self, table: NDArray[np.int16] | None = None) -> NDArray[np.float64]:
        """Return the mean of each channel [ADC counts], NaN without samples: float64 (2560,)."""
        counts = self.counts(channel_map.offline_channels() if table is None else table)
        mean: NDArray[np.float64] = np.divide(
            self.total, counts, out=np.full(len(counts), np.nan), where=counts > 0
        )
        return mean

    def rms(self, table: NDArray[np.int16] | None = None) -> NDArray[np.float64]:
        """Return the r.m.s. of each channel about its own mean [ADC counts], NaN without samples: float64 (2560,)."""
        counts = self.counts(channel_map.offline_channels() if table is None else table)
        mean = self.pedestal(table)
        square = np.divide(self.squares, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        rms: NDArray[np.float64] = np.sqrt(np.maximum(square - mean**2, 0.0))
        return rms


@compiled
def _add(
    samples: NDArray[np.uint16],
    total: NDArray[np.uint64],
    squares: NDArray[np.uint64],
    firsts: NDArray[np.int64],
    channels: NDArray[np.int64],
) -> None:
    """Add the samples of rows of planes, each as (64, channels), to the sums of their channels."""
    for row in range(samples.shape[0]):
        for plane in range(firsts.size):
            first, count = firsts[plane], channels[plane]
            sums = np.zeros(count, np.uint32)  # 64 samples of 14 bits: 20 bits, their squares 34
            squared = np.zeros(count, np.uint64)
            for tick in range(SAMPLES):
                low = SAMPLES * first + tick * count
                for channel in range(count):
                    sample = np.uint32(samples[row, low + channel])
                    sums[channel] += sample
                    squared[channel] += np.uint64(sample * sample)
            for channel in range(count):
                total[first + channel] += np.uint64(sums[channel])
                squares[first + channel] += squared[channel]
