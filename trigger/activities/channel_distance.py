"""ChannelDistance: a TA of TPs that are near in channel and time to the first one; TCs of TAs with many TPs in all.

A TA grows by each TP within a distance of the channels that it has so far; others are passed over. The first TP that
starts more than a length after its first one, near or not, ends it: with enough TPs it is made, else forgotten; the
next one begins with that TP.
As upstream: bounds are unsigned 32 bits, so a TA that reaches below the distance has a lower bound near 2**32 (its
first TP) and takes in nothing, or keeps its old one; if all peaks are 0, time and channel of the peak are invalid. A
TC has the TAs before the one with which their TPs become too many (16 bits); the first TA alone never makes one.
Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerChannelDistanceAlgorithm.cpp,
src/TCMakerChannelDistanceAlgorithm.cpp.

>>> from streams.daq.tp import TP
>>> maker = ALGORITHM.activity.build(Distance(min_tps=3, max_channel_distance=5))
>>> tps = np.zeros(5, TP)
>>> tps["channel"], tps["time_start"] = [107, 112, 130, 117, 0], [0, 1, 2, 3, 8001]
>>> [ta.inputs["channel"].tolist() for ta in maker(tps)]
[[107, 112, 117]]
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from streams.compiled import compiled
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from trigger.activities import rows
from trigger.activities.adjacency import MASK16
from trigger.activities.base import (
    U16,
    U32,
    U63,
    Activity,
    ActivityParameters,
    Algorithm,
    Candidate,
    Parameters,
    Stage,
)
from trigger.activities.tc_rows import candidate
from trigger.activities.window import MASK32, Columns, Found, WindowMaker

_KIND = TC_TYPES["ChannelDistance"], TC_ALGORITHMS["ChannelDistance"]


class Distance(ActivityParameters, frozen=True, kw_only=True):
    """Parameters of the TA maker; defaults of TAMakerChannelDistanceAlgorithm.hpp."""

    window_length: U63 = (
        8000  # a TP that starts later than this after the first ends the TA [62.5 MHz counts]
    )
    max_channel_distance: U32 = 50  # from the channels of the TA [channels]
    min_tps: U16 = 20  # a TA needs as many


class Count(Parameters, frozen=True, kw_only=True):
    """Parameters of the TC maker; defaults of TCMakerChannelDistanceAlgorithm.hpp."""

    max_tp_count: U16 = 1000  # a TC has at most as many TPs


class _Settings(NamedTuple):
    length: int
    distance: int
    least: int


@compiled
def _scan(tps: Columns, new: int, settings: _Settings) -> Found:
    """Take all TPs; those before number ``new`` are in the TA, where they come in again."""
    count = len(tps.time)
    order, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    begin = size = made = 0  # order[begin:size] is the TA that grows
    lower, upper = MASK32, 0
    for i in range(count):
        after = tps.time[i] - tps.time[order[begin]] if size > begin else 0
        if not 0 <= after <= settings.length:
            if size - begin >= settings.least:
                ends[made] = size
                made += 1
                begin = size
            size = begin
        channel = tps.channel[i] & MASK32
        if size == begin:
            lower, upper = MASK32, 0
        elif channel > upper or channel < lower:
            continue
        order[size] = i
        size += 1
        lower = min(lower, (channel - settings.distance) & MASK32)
        upper = max(upper, (channel + settings.distance) & MASK32)
    return Found(order[:begin], ends[:made], order[begin:size])


def _build(settings: Distance) -> WindowMaker:
    numbers = _Settings(settings.window_length, settings.max_channel_distance, settings.min_tps)
    return WindowMaker(_scan, numbers, partial(rows.of_first, algorithm=TA_ALGORITHMS["ChannelDistance"]))


class CountingMaker:
    """A maker of TCs that gathers TAs up to a number of TPs."""

    def __init__(self, settings: Count) -> None:
        self.most = settings.max_tp_count
        self.gathered: list[Activity] = []
        self.tps = 0

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that end with one of ``activities``."""
        made = []
        for ta in activities:
            if self.gathered and len(ta.inputs) + self.tps > self.most:
                first, last = self.gathered[0].data, self.gathered[-1].data
                times = int(first["time_start"]), int(last["time_end"]), int(last["time_start"])
                made.append(candidate(self.gathered, _KIND, times, int(first["detid"])))
                self.gathered, self.tps = [], 0
            self.gathered = [*self.gathered, ta]
            self.tps = (self.tps + len(ta.inputs)) & MASK16
        return made


ALGORITHM = Algorithm(Stage(Distance, _build), Stage(Count, CountingMaker))
