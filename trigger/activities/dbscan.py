"""DBSCAN: a TA of each cluster of TPs in channel and time, found one TP after the other; a TC of about 1000 TPs.

A TP is a neighbour of another one if their distance is less than ``eps``: channels, and 100 counts of the clock (1.6
microseconds) as one unit. A cluster is finished when a TP is later than its last by more than ``eps``.
As upstream: times are 32-bit floats since the first TP whose start is not 0, so that after 27 s their steps are 2 units
and after 107 s 8; squares of channel differences wrap at 32 bits; TPs of one time are in a TA in the order in which the
cluster found them, backwards; a TP may be in two TAs (the neighbours of a TP that has just ``min_pts`` are taken from
other clusters, which keep them); of more than 10 000 TPs at once the oldest are overwritten; TPs out of time order are
not refused; what is unfinished at the end makes no TA. TC: the TA that closes it is in the next one, and the count of
its TPs has 16 bits.
Source: DUNE-DAQ/triggeralgs @ab71739b src/dbscan/dbscan.cpp, src/dbscan/Hit.cpp, src/TAMakerDBSCANAlgorithm.cpp,
src/TCMakerDBSCANAlgorithm.cpp.

>>> maker = ALGORITHM.activity.build(Neighbours())
>>> tps = np.zeros(4, TP)
>>> tps["time_start"], tps["channel"] = [100, 200, 300, 5000], [7, 8, 9, 7]
>>> [ta.inputs["channel"].tolist() for ta in maker(tps)]
[[7, 8, 9]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from streams.daq.tp import TP
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from trigger.activities.base import (
    U16,
    Activity,
    ActivityParameters,
    Algorithm,
    Candidate,
    Parameters,
    Stage,
)
from trigger.activities.dbscan_clusters import Clusters, Hit
from trigger.activities.rows import blank, end_time, peak_time
from trigger.activities.tc_rows import candidate


class Neighbours(ActivityParameters, frozen=True, kw_only=True):
    """Parameters of the TA maker; defaults of TAMakerDBSCANAlgorithm.hpp."""

    eps: Annotated[int, Meta(ge=0, le=1 << 24)] = 10  # neighbours are nearer [channels, 1.6 microseconds]
    min_pts: Annotated[int, Meta(ge=0, le=1 << 24)] = 3  # a TP with so many, itself included, makes a cluster


class Size(Parameters, frozen=True, kw_only=True):
    """Parameters of the TC maker; defaults of TCMakerDBSCANAlgorithm.hpp."""

    max_tp_count: U16 = 1000  # a TA that would make it more TPs closes the TC


class DbscanMaker:
    """Clusters between calls."""

    def __init__(self, settings: Neighbours) -> None:
        self.clusters = Clusters(settings.eps, settings.min_pts)

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs that are finished by one of ``tps``, TP array (n,)."""
        made = []
        for i, (start, channel) in enumerate(
            zip(tps["time_start"].tolist(), tps["channel"].tolist(), strict=True)
        ):
            for hits in self.clusters.add(start, channel, tps[i]):
                made.append(_activity(hits))
        return made


def _activity(hits: Sequence[Hit]) -> Activity:
    """Return the TA of some TPs: as upstream the first of the highest peaks, and the detector of the last."""
    tps = np.array([hit.tp for hit in hits], TP)
    (row,) = blank(1, TA_ALGORITHMS["DBSCAN"])
    row["time_start"], row["time_end"] = tps["time_start"].min(), end_time(tps).max()
    row["channel_start"], row["channel_end"] = tps["channel"].min(), max(int(tps["channel"].max()), 0)
    row["adc_integral"] = tps["adc_integral"].sum(dtype=np.uint64)
    row["detid"] = tps["detid"][-1]
    at = int(np.argmax(tps["adc_peak"]))
    if tps["adc_peak"][at]:
        row["adc_peak"], row["channel_peak"] = tps["adc_peak"][at], tps["channel"][at]
        row["time_peak"] = peak_time(tps[at : at + 1])[0]
    row["time_activity"] = row["time_peak"]
    return Activity(row, tps)


class CountingMaker:
    """TAs that wait for the next ones."""

    def __init__(self, settings: Size) -> None:
        self.most = settings.max_tp_count
        self.waiting: list[Activity] = []
        self.count = 0  # 16 bits

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that are closed by one of ``activities``."""
        made = []
        for ta in activities:
            if self.waiting and len(ta.inputs) + self.count > self.most:
                made.append(_candidate(self.waiting))
                self.waiting = []
            self.count = (len(ta.inputs) + (self.count if self.waiting else 0)) & 0xFFFF
            self.waiting.append(ta)
        return made


def _candidate(activities: Sequence[Activity]) -> Candidate:
    """Return a TC: as upstream with the detector of its first TA and the start of its last as ``time_candidate``."""
    kind = TC_TYPES["DBSCAN"], TC_ALGORITHMS["DBSCAN"]
    first, last = activities[0].data, activities[-1].data
    times = first["time_start"], last["time_end"], last["time_start"]
    return candidate(activities, kind, times, first["detid"])


ALGORITHM = Algorithm(Stage(Neighbours, DbscanMaker), Stage(Size, CountingMaker))
