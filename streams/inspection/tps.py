"""Sums over the trigger primitives (TPs) of a run: by channel, by time, by height; memory does not grow.

>>> from streams.daq.tp import TP
>>> sums = TpSums(begin=0, end=2_000)
>>> batch = np.zeros(3, TP)
>>> batch["channel"], batch["time_start"] = [10, 10, 2_570], [0, 1_999, 500]
>>> sums.add(batch)
>>> sums.count, sums.by_channel.nonzero()[0].tolist(), sums.rows()["TPs"]
(3, [10, 2570], '3, version 0, in 0.032 ms: 93.8 kHz')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.console import duration, hz
from streams.daq.tp import INVALID_CHANNEL

if TYPE_CHECKING:
    from streams.files.catalogue import Catalogue

BINS = 400  # of the time axis
HEIGHT_BINS, HEIGHT_STEP = 1024, 16  # of the peak, 14 bits
_CLOCK_HZ = 62.5e6  # of timestamps (reference section 1.4)
_MOST_CHANNELS = 150 * channel_map.N_CHANNELS  # of a module


class TpSums:
    """Sums over TPs whose starts are in [begin, end), 62.5 MHz timestamps.

    Attributes
    ----------
    by_channel : int64 array, counts by offline channel of the detector.
    by_time : int64 array, (400,).
    by_height : int64 array, (planes U V X, 1024), counts by peak in steps of 16 ADC counts.
    outside : TPs whose channel or time is not of the detector or the run.
    """

    def __init__(self, begin: int, end: int) -> None:
        self.begin, self.end = begin, max(end, begin + 1)
        self.count = self.outside = self.version = 0
        self.by_channel = np.zeros(channel_map.N_CHANNELS, np.int64)
        self.by_time = np.zeros(BINS, np.int64)
        self.by_height = np.zeros((len(channel_map.PLANES), HEIGHT_BINS), np.int64)

    def add(self, tps: NDArray[np.void]) -> None:
        """Add TPs: TP array, (n,)."""
        self.count += len(tps)
        if not len(tps):
            return
        self.version = int(tps["version"][0])
        channel, start = tps["channel"].astype(np.int64), tps["time_start"]
        good = (channel >= 0) & (channel < _MOST_CHANNELS) & (channel != INVALID_CHANNEL)
        good &= (start >= np.uint64(self.begin)) & (start < np.uint64(self.end))
        self.outside += int(len(tps) - good.sum())
        channel = channel[good]
        most = (int(channel.max(initial=0)) // channel_map.N_CHANNELS + 1) * channel_map.N_CHANNELS
        if most > len(self.by_channel):
            self.by_channel = np.pad(self.by_channel, (0, most - len(self.by_channel)))
        self.by_channel += np.bincount(channel, minlength=len(self.by_channel))
        part = (start[good] - np.uint64(self.begin)).astype(np.float64) / (self.end - self.begin)
        self.by_time += np.bincount(np.minimum((part * BINS).astype(np.int64), BINS - 1), minlength=BINS)
        inside = channel % channel_map.N_CHANNELS
        plane = (inside >= channel_map.PLANE_FIRST["V"]).astype(np.int64) + (
            inside >= channel_map.PLANE_FIRST["X"]
        )
        height = np.minimum(tps["adc_peak"][good].astype(np.int64) // HEIGHT_STEP, HEIGHT_BINS - 1)
        np.add.at(self.by_height, (plane, height), 1)

    @property
    def seconds(self) -> float:
        """Time from begin to end."""
        return (self.end - self.begin) / _CLOCK_HZ

    @property
    def span(self) -> str:
        """The time in words."""
        return duration(self.seconds)

    def by_plane(self) -> dict[str, NDArray[np.int64]]:
        """Return the counts by channel of each plane, over all assemblies: (assemblies, channels of the plane)."""
        assemblies = self.by_channel.reshape(-1, channel_map.N_CHANNELS)
        return {
            plane: assemblies[:, first : first + channel_map.PLANE_CHANNELS[plane]]
            for plane, first in channel_map.PLANE_FIRST.items()
        }

    def rows(self) -> dict[str, object]:
        """Return names and values for a table."""
        if not self.count:
            return {"TPs": "none"}
        rows: dict[str, object] = {
            "TPs": f"{self.count}, version {self.version}, in {self.span}: {hz(self.count / self.seconds)}"
        }
        for plane, counts in self.by_plane().items():
            if counts.any():
                hot = int(counts.max())
                rate = counts.sum() / self.seconds / np.count_nonzero(counts)
                rows[f"TPs {plane}"] = (
                    f"{int(counts.sum())} in {np.count_nonzero(counts)} channels, {hz(rate)} each, "
                    f"at most {hz(hot / self.seconds)}"
                )
        if self.outside:
            rows["TPs outside"] = f"{self.outside} of a channel or time that the run does not have"
        return rows


def sum_tps(found: Catalogue) -> TpSums:
    """Sum up all TPs of a source.

    Raises
    ------
    UserError : a fragment of TPs that is damaged.
    """
    from streams.files.tp_file import read_tps

    files = [file.path for file in found.files if "Trigger_Primitive" in file.others]
    low, high = 1 << 63, 0
    for path in files:  # a first pass finds the times: records tell them for their window only
        for batch in read_tps(path):
            if len(batch):
                low, high = (
                    min(low, int(batch["time_start"].min())),
                    max(high, int(batch["time_start"].max()) + 1),
                )
    sums = TpSums(min(low, high), high)
    for path in files:
        for batch in read_tps(path):
            sums.add(batch)
    return sums
