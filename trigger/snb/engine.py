"""The cluster engine of the public supernova study: chains of hits along channels, then along time.

The hits of one window (2.246 ms there) are sorted by channel and cut where the next channel is farther than
``channels``; each part is sorted by time and cut where the next hit is later by more than ``ticks``. A chain begins
with two hits whose times are near; from then on it is enough that one of four differences is: start or end (time plus
duration) of the one to start or end of the other. A chain of one hit is none.
As upstream: hits are the study's trigger primitives on collection channels, their time the start and their "RMS" the
time over threshold in ticks; from the third on, a hit without charge is left out; equal channels and times come in the
order of ``std::sort``, and the next configuration begins with the order that the one before left behind.
Source: plasorak/Clustering @a753bf9b Algorithm/ClusterEngine.cc (ClusterHits2_sort), IO/InputManager.hh.

>>> hits = Hits(*np.array([[7, 8, 9, 50], [100, 104, 180, 181], [9, 70, 5, 5], [30, 40, 50, 60]]))
>>> found, _ = cluster(hits, np.array([0, 4]), 1, 20)
>>> found.order.tolist(), found.ends.tolist()
([0, 1, 2], [3])
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.compiled import Integers, compiled
from trigger.activities.introsort import sorted_order

# 2.246 ms, an event of the study (Analyser/app/GetEffBackRate.cxx: 4 492 ticks of 500 ns)
COUNTS_PER_WINDOW = round(2.246e-3 * 62.5e6)


class Hits(NamedTuple):
    """Hits as int64 arrays (n,): channel, start [ticks], time over threshold [ticks], charge [ADC counts]."""

    channel: Integers
    time: Integers
    duration: Integers
    charge: Integers


class Found(NamedTuple):
    """Clusters: indexes of hits, one cluster after the other, and where each ends: int64 arrays."""

    order: Integers
    ends: Integers


class Chains(NamedTuple):
    """What a compiled step fills: the output and how much of it there is."""

    order: Integers
    ends: Integers
    sizes: Integers  # (2,): hits and clusters


def hits_of(tps: NDArray[np.void]) -> Hits:
    """Return TPs as hits, TP array (n,)."""
    names = ("channel", "samples_over_threshold", "adc_integral")
    channel, duration, charge = (tps[name].astype(np.int64) for name in names)
    return Hits(channel, tps["time_start"].astype(np.int64) // TIMESTAMP_PER_TICK, duration, charge)


def windows_of(starts: NDArray[np.uint64], length: int = COUNTS_PER_WINDOW) -> Integers:
    """Return where each window of ``length`` [62.5 MHz counts] begins among sorted starts, and the end: int64 array.

    >>> windows_of(np.array([1, 2, 140_374, 140_375, 999_999], np.uint64)).tolist()
    [0, 3, 4, 5]
    """
    number = starts // np.uint64(length)
    edges = np.flatnonzero(number[1:] != number[:-1]) + 1
    return np.concatenate([[0], edges, [len(starts)]]).astype(np.int64)


@compiled
def _linked(hits: Hits, a: int, b: int, ticks: int) -> bool:
    """Say whether the start or the end of hit ``a`` is near that of ``b``, which starts no earlier.

    Upstream looks at the start of ``a`` and the end of ``b`` too: they are never nearer than the starts.
    """
    apart = hits.time[a] - hits.time[b]
    da, db = hits.duration[a], hits.duration[b]
    near: bool = abs(apart) <= ticks or abs(apart + da) <= ticks or abs(apart + da - db) <= ticks
    return near


@compiled
def _chain_times(hits: Hits, part: Integers, ticks: int, out: Chains) -> None:
    """Append the clusters of hits ``part``, which are sorted by time."""
    j, count = 0, len(part)
    while j < count - 1:
        if abs(hits.time[part[j]] - hits.time[part[j + 1]]) > ticks:
            j += 1
            continue
        size = out.sizes[0]
        out.order[size], out.order[size + 1] = part[j], part[j + 1]
        size += 2
        j += 2
        while j < count and _linked(hits, part[j - 1], part[j], ticks):
            if hits.charge[part[j]] > 0:
                out.order[size] = part[j]
                size += 1
            j += 1
        out.sizes[0] = size
        out.ends[out.sizes[1]] = size
        out.sizes[1] += 1


@compiled
def _cluster(hits: Hits, windows: Integers, channels: int, ticks: int, order: Integers, out: Chains) -> None:
    """Write the clusters of each window; ``order`` holds its hits as they come and is left as they were sorted."""
    for k in range(len(windows) - 1):
        low, high = windows[k], windows[k + 1]
        given = sorted_order(hits.channel, order[low:high])
        order[low:high] = given
        begin = 0
        for i in range(1, len(given) + 1):
            if i < len(given) and hits.channel[given[i]] - hits.channel[given[i - 1]] <= channels:
                continue
            if i - begin > 1:
                _chain_times(hits, sorted_order(hits.time, given[begin:i]), ticks, out)
            begin = i


def cluster(
    hits: Hits, windows: Integers, channels: int, ticks: int, order: Integers | None = None
) -> tuple[Found, Integers]:
    """Return the clusters of all windows, and the order of hits for the next configuration.

    Parameters
    ----------
    hits : of all windows, one window after the other.
    windows : int64 array (n_windows + 1,), where each begins, and the end.
    channels, ticks : how far neighbours may be apart.
    order : int64 array (n,) from the configuration before; without it the hits as they are.
    """
    order = np.arange(len(hits.channel)) if order is None else order.copy()
    count = len(hits.channel) + 1
    chains = Chains(np.empty(count, np.int64), np.empty(count, np.int64), np.zeros(2, np.int64))
    _cluster(hits, windows, channels, ticks, order, chains)
    return Found(chains.order[: chains.sizes[0]], chains.ends[: chains.sizes[1]]), order
