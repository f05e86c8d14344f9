"""Efficiency and background of each of the 48 configurations on a sample, as the study counts them.

A cluster is signal if more than one of its hits belongs to an interaction, else background. An interaction is found if
a signal cluster passes that is its: as upstream, of several interactions in one cluster the last. Background is
background clusters that pass over the time, scaled to 10 kt; the study's 12 % of 10 kt are 24 of 200 faces.
Source: plasorak/Clustering @a753bf9b DataContainer/WireCluster.hh, Cluster.hh, Analyser/app/GetEffBackRate.cxx.

>>> tps = np.zeros(4, TP)
>>> tps["channel"], tps["time_start"], tps["adc_integral"] = [5, 6, 50, 51], [0, 32, 64, 96], 100
>>> rows = evaluate(Sample(tps, np.array([0, 0, -1, -1]), interactions=2, seconds=10.0), per_10kt=100)
>>> rows[0].found, rows[0].background, rows[35].found, rows[35].efficiency, rows[35].background_hz
(0, 0, 1, 0.5, 10.0)
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Integers
from streams.daq.tp import TP  # noqa: F401 (the doctest)
from trigger.physics import binomial, feldman_cousins, rate_hz_per_10kt
from trigger.snb.engine import Found, hits_of, windows_of
from trigger.snb.grid import Configuration, scan
from trigger.snb.sample import Sample

MANY = 50  # counts whose interval is taken by steps


class Row(NamedTuple):
    """A configuration on a sample; intervals are of 90 %.

    Attributes
    ----------
    found, interactions : of the signal.
    background : clusters.
    background_hz : rate per 10 kt, with ``background_low`` and ``background_high``.
    """

    configuration: Configuration
    found: int
    interactions: int
    background: int
    background_hz: float
    background_low: float
    background_high: float

    @property
    def efficiency(self) -> float:
        """Share of interactions found; not a number if there were none."""
        return self.found / self.interactions if self.interactions else float("nan")

    @property
    def efficiency_interval(self) -> tuple[float, float]:
        """Clopper-Pearson interval of the efficiency."""
        return binomial(self.found, self.interactions) if self.interactions else (0.0, 1.0)


def evaluate(sample: Sample, per_10kt: float) -> list[Row]:
    """Return what each configuration finds; ``per_10kt`` is that of ``streams.detector.per_10kt``."""
    hits, windows = hits_of(sample.tps), windows_of(sample.tps["time_start"])
    rows = []
    for configuration, found, kept in scan(hits, windows):
        of = signal(found, sample.label)
        background = int((kept & (of < 0)).sum())
        low, high = (rate_hz_per_10kt(n, sample.seconds, per_10kt) for n in interval(background))
        rows.append(
            Row(
                configuration,
                len(np.unique(of[kept & (of >= 0)])),
                sample.interactions,
                background,
                rate_hz_per_10kt(background, sample.seconds, per_10kt),
                low,
                high,
            )
        )
    return rows


@cache
def interval(count: int) -> tuple[float, float]:
    """Return the 90 % interval of a mean: by Feldman and Cousins up to 50, above that by the normal distribution."""
    if count <= MANY:
        return feldman_cousins(count)
    spread = 1.645 * math.sqrt(count)
    return count - spread, count + spread


def signal(found: Found, label: Integers) -> NDArray[np.int64]:
    """Return the interaction of each cluster, -1 for background: int64 array (n_clusters,)."""
    if not len(found.ends):
        return np.zeros(0, np.int64)
    starts = np.concatenate([[0], found.ends[:-1]])
    mine = label[found.order]
    count = np.add.reduceat((mine >= 0).astype(np.int64), starts)
    return np.where(count > 1, np.maximum.reduceat(mine, starts), -1)
