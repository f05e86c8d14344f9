"""The study's 48 configurations of the cluster engine, and its cuts on a cluster.

Source: plasorak/Clustering @a753bf9b Clustering/Clustering.hh, Algorithm/Trigger.hh (SimpleTrigger).

>>> len(GRID), GRID[0], GRID[47]
(48, Configuration(hits=6, channels=1, ticks=20), Configuration(hits=1, channels=2, ticks=5))
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Integers
from trigger.snb.engine import Found, Hits, cluster

MIN_CHANNELS = 2  # in all 48
MIN_WIDTH = MIN_CHARGE = 0


class Configuration(NamedTuple):
    """Least hits of a cluster, and how far apart neighbours may be: channels, and ticks."""

    hits: int
    channels: int
    ticks: int


GRID = tuple(
    Configuration(hits, channels, ticks)
    for hits, channels, ticks in product((6, 5, 4, 3, 2, 1), (1, 2), (20, 15, 10, 5))
)


class Clusters(NamedTuple):
    """What the cuts look at: int64 arrays (n,).

    Attributes
    ----------
    hits : number of hits.
    channels : number of different channels.
    width : last channel less first.
    charge : sum of their integrals [ADC counts].
    """

    hits: Integers
    channels: Integers
    width: Integers
    charge: Integers


def measure(hits: Hits, found: Found) -> Clusters:
    """Return what the cuts look at.

    >>> hits = Hits(*np.array([[7, 9, 7], [0, 1, 2], [1, 1, 1], [30, 40, 50]]))
    >>> [int(value[0]) for value in measure(hits, Found(np.arange(3), np.array([3])))]
    [3, 2, 2, 120]
    """
    ends = found.ends
    if not len(ends):
        return Clusters(*(np.zeros(0, np.int64) for _ in Clusters._fields))
    starts = np.concatenate([[0], ends[:-1]])
    number = np.repeat(np.arange(len(ends)), ends - starts)
    channel = hits.channel[found.order]
    by_channel = np.lexsort((channel, number))
    new = np.r_[True, (np.diff(channel[by_channel]) != 0) | (np.diff(number[by_channel]) != 0)]
    different = np.bincount(number[by_channel][new], minlength=len(ends))
    width = np.maximum.reduceat(channel, starts) - np.minimum.reduceat(channel, starts)
    charge = np.add.reduceat(hits.charge[found.order], starts)
    return Clusters(ends - starts, different, width, charge)


def passes(
    clusters: Clusters,
    min_hits: int,
    min_channels: int = MIN_CHANNELS,
    min_width: int = MIN_WIDTH,
    min_charge: int = MIN_CHARGE,
) -> NDArray[np.bool_]:
    """Return which clusters pass: bool array (n,); each value has to reach its cut."""
    kept: NDArray[np.bool_] = (clusters.hits >= min_hits) & (clusters.channels >= min_channels)
    return kept & (clusters.width >= min_width) & (clusters.charge >= min_charge)


def scan(hits: Hits, windows: Integers) -> Iterator[tuple[Configuration, Found, NDArray[np.bool_]]]:
    """Yield each configuration with its clusters and which of them pass.

    Configurations with the same neighbours share the clusters; only the order of hits that are equal in time and near
    in channel could differ from upstream, which sorts the sorted hits again for each of the 48.
    """
    order: Integers | None = None
    shared: dict[tuple[int, int], tuple[Found, Clusters]] = {}
    for configuration in GRID:
        key = configuration[1:]
        if key not in shared:
            found, order = cluster(hits, windows, *key, order)
            shared[key] = found, measure(hits, found)
        found, clusters = shared[key]
        yield configuration, found, passes(clusters, configuration.hits)
