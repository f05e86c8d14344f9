"""SWIFT: a TA of each fixed window of time with enough charge, or with enough of it in one cluster.

Windows are ``window_length`` counts of the clock and begin at its multiples. TPs with a peak below ``min_adc_peak`` and
shorter than ``min_samples_over_threshold`` are left out. A window with at least ``accept_energy_threshold_sadc`` makes
a TA; one with at least ``inspect_energy_threshold_sadc`` does if the cluster with the most charge (DBSCAN in cm along
wires' numbers and drift, neighbours at most ``epsilon`` away) has more than ``cluster_energy_cut_sadc``.
As upstream: there is no prescale; ``min_samples_over_threshold`` is in counts of the clock, despite its name;
``epsilon`` is a whole number (a fraction is cut off there, refused here); the algorithm's number is 0 (unknown); the
numbers of channels stand for wires, also from one plane or assembly to the next; if all peaks are 0, place and time of
the peak are those of the TA before; a TP of a window that is closed is dropped (counted in ``late``). The last window
is closed by ``flush``.
Source: DUNE/dunetrigger @a1b71c2 (pull request 43) dunetrigger/triggeralgs/src/TriggerActivityMakerSWIFT.cpp,
TriggerSim/fcl/triggersim_makers.fcl.

>>> maker = ALGORITHM.activity.build(Windows(accept_energy_threshold_sadc=90))
>>> tps = np.zeros(3, TP)
>>> tps["time_start"], tps["adc_integral"], tps["adc_peak"] = [31_000, 31_500, 32_000], [60, 40, 60], [80, 80, 79]
>>> maker(tps), maker.cut
([], 1)
>>> [(int(ta.data["time_start"]), int(ta.data["adc_integral"])) for ta in maker.flush()]
[(0, 100)]
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.compiled import Integers, Singles, compiled
from streams.daq.tp import TP
from trigger.activities.base import U16, Activity, Algorithm, Stage
from trigger.activities.rows import INVALID_CHANNEL, INVALID_TIME, blank, peak_time

I31 = Annotated[int, Meta(ge=0, le=2**31 - 1)]  # upstream reads them as int


class Windows(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters; defaults of TriggerActivityMakerSWIFT.cpp, which triggersim_makers.fcl repeats."""

    window_length: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 32_000  # [62.5 MHz counts], 512 microseconds
    inspect_energy_threshold_sadc: I31 = (
        15_000  # from here on the window is clustered [ADC counts, integrals]
    )
    accept_energy_threshold_sadc: I31 = 55_000  # from here on it is a TA without [ADC counts]
    min_adc_peak: U16 = 80  # TPs that are lower and shorter are left out [ADC counts]
    min_samples_over_threshold: U16 = 256  # [62.5 MHz counts], 8 samples
    cm_per_tick: float = 0.016 * 0.16  # drift in a count of the clock [cm]
    wire_pitch: float = 0.48  # [cm]
    min_samples: I31 = 2  # a TP with so many neighbours, itself included, makes a cluster
    epsilon: I31 = 2  # neighbours are at most so far away [cm]
    cluster_energy_cut_sadc: I31 = 22_000  # the strongest cluster needs more [ADC counts]


@compiled
def _near(z: Singles, t: Singles, i: int, square: np.float32, found: Integers) -> int:
    """Write the numbers of the points near point ``i``, itself included, into ``found``; return how many."""
    count = 0
    for j in range(len(z)):
        dz = z[j] - z[i]
        dt = t[j] - t[i]
        if dz * dz + dt * dt <= square:
            found[count] = j
            count += 1
    return count


@compiled
def dominant(z: Singles, t: Singles, adc: Integers, square: np.float32, least: int) -> int:
    """Return the most charge in a cluster of points, 0 without one.

    Parameters
    ----------
    z, t : float32 arrays (n,) [cm], in the order of the TPs.
    adc : int64 array (n,) [ADC counts].
    square : of the distance of neighbours [cm2].
    least : neighbours of a core point, itself included.
    """
    count = len(z)
    near, queue = np.empty(count, np.int64), np.empty(count, np.int64)
    visited, labelled = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    queued = np.full(count, -1, np.int64)  # the seed of the last queue that a point was in
    best = 0
    for i in range(count):
        if visited[i]:
            continue
        visited[i] = True
        size = _near(z, t, i, square, queue)
        if size < least:
            continue
        queued[queue[:size]] = i
        total = 0
        if not labelled[i]:
            labelled[i] = True
            total += adc[i]
        k = 0
        while k < size:
            j = queue[k]
            k += 1
            if not visited[j]:
                visited[j] = True
                more = _near(z, t, j, square, near)
                if more >= least:
                    for m in near[:more]:
                        if queued[m] != i:
                            queued[m] = i
                            queue[size] = m
                            size += 1
            if not labelled[j]:
                labelled[j] = True
                total += adc[j]
        best = max(best, total)
    return best


class SwiftMaker:
    """The TPs of the window that is open.

    Attributes
    ----------
    cut, late : TPs left out because they are small, and because their window is closed.
    """

    def __init__(self, settings: Windows) -> None:
        self.settings = settings
        self.held = np.zeros(0, TP)
        self.cut = self.late = 0
        self.peak = INVALID_CHANNEL, INVALID_TIME  # channel and time of the last TA's

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs of windows that one of ``tps`` closes, TP array (n,)."""
        tps = np.concatenate([self.held, self._large(tps)])
        if not len(tps):
            return []
        window = tps["time_start"] // np.uint64(self.settings.window_length)
        latest = np.maximum.accumulate(window)
        in_time = window == latest
        self.late += len(tps) - int(in_time.sum())
        tps, window = tps[in_time], window[in_time]
        starts = np.flatnonzero(np.r_[True, window[1:] != window[:-1]])
        self.held = tps[starts[-1] :].copy()
        return self._close(tps[: starts[-1]], starts)

    def flush(self) -> list[Activity]:
        """Close the window that is open, as upstream's ``flush``: its TPs are still there afterwards."""
        return self._close(self.held, np.array([0, len(self.held)])) if len(self.held) else []

    def _large(self, tps: NDArray[np.void]) -> NDArray[np.void]:
        over = tps["samples_over_threshold"].astype(np.int64) * TIMESTAMP_PER_TICK
        low = tps["adc_peak"] < self.settings.min_adc_peak
        small = low & (over < self.settings.min_samples_over_threshold)
        self.cut += int(small.sum())
        large: NDArray[np.void] = tps[~small]
        return large

    def _close(self, tps: NDArray[np.void], starts: Integers) -> list[Activity]:
        """Return the TAs of windows; ``starts`` are their first TPs and, last, the end."""
        if not len(tps):
            return []
        charge = np.add.reduceat(tps["adc_integral"].astype(np.uint64), starts[:-1])
        made = []
        for k, (low, high) in enumerate(pairwise(starts.tolist())):
            if self._accepted(tps[low:high], int(charge[k])):
                made.append(self._activity(tps[low:high], int(charge[k])))
        return made

    def _accepted(self, tps: NDArray[np.void], charge: int) -> bool:
        settings = self.settings
        if charge >= settings.accept_energy_threshold_sadc:
            return True
        if charge < settings.inspect_energy_threshold_sadc:
            return False
        offset = tps["time_start"] % np.uint64(settings.window_length)
        z = tps["channel"].astype(np.float32) * np.float32(settings.wire_pitch)
        t = offset.astype(np.float32) * np.float32(settings.cm_per_tick)
        square = np.float32(settings.epsilon) * np.float32(settings.epsilon)
        adc = tps["adc_integral"].astype(np.int64)
        return dominant(z, t, adc, square, settings.min_samples) > settings.cluster_energy_cut_sadc

    def _activity(self, tps: NDArray[np.void], charge: int) -> Activity:
        (row,) = blank(1, 0)
        length = np.uint64(self.settings.window_length)
        row["time_start"] = tps["time_start"][0] // length * length
        row["time_end"] = row["time_start"] + length
        row["adc_integral"], row["detid"] = charge, tps["detid"][0]
        row["channel_start"], row["channel_end"] = tps["channel"].min(), tps["channel"].max()
        at = int(np.argmax(tps["adc_peak"]))
        if tps["adc_peak"][at]:
            self.peak = int(tps["channel"][at]), int(peak_time(tps[at : at + 1])[0])
        row["adc_peak"] = tps["adc_peak"][at]
        row["channel_peak"], row["time_peak"] = self.peak
        row["time_activity"] = row["time_peak"]
        return Activity(row, tps.copy())


ALGORITHM = Algorithm(Stage(Windows, SwiftMaker), None)
