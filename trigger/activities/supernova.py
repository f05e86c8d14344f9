"""Supernova: a TA of TPs that hang together in time or in channel; a TC of four of them in ten seconds.

A TP joins the TA if it starts or ends inside the TA's time or less than 250 counts from its ends, or if its channel is
inside the TA's range or less than 2 from its ends; else the TA is finished and a new one begins. A TC is made when more
than 3 TAs with more than 2 TPs have begun within 500 000 000 counts.
As upstream: nothing can be configured; 250 and 500 000 000 are counts of a 50 MHz clock (5 microseconds, 10 s), at
62.5 MHz they are 4 microseconds and 8 s; it is time or channel, not both, so that a whole assembly's TPs become one TA
without end; ``time_activity`` is 0; a TA that begins at 0 counts as none: the next TP takes its place; ``detid`` is
that of all TPs, or-ed, the TC's the whole detector. The TA that is open is finished by ``flush``.
Source: DUNE-DAQ/triggeralgs @ab71739b include/triggeralgs/Supernova/TAMakerSupernovaAlgorithm.hpp,
TCMakerSupernovaAlgorithm.hpp, src/TAMakerSupernovaAlgorithm.cpp, src/TCMakerSupernovaAlgorithm.cpp.

>>> maker = ALGORITHM.activity.build(ActivityParameters())
>>> tps = np.zeros(3, TP)
>>> tps["time_start"], tps["channel"] = [1000, 9000, 20_000], [5, 6, 90]
>>> [ta.inputs["channel"].tolist() for ta in maker(tps)]
[[5, 6]]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Integers, compiled
from streams.daq.tp import TP
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from trigger.activities.base import Activity, ActivityParameters, Algorithm, Candidate, Parameters, Stage
from trigger.activities.rows import INVALID_DETID, blank, end_time, peak_time
from trigger.activities.tc_rows import candidate

TIME_TOLERANCE = 250  # 50 MHz counts (TAMakerSupernovaAlgorithm.hpp)
CHANNEL_TOLERANCE = 2
WINDOW = 500_000_000  # 50 MHz counts (TCMakerSupernovaAlgorithm.hpp)
MORE_ACTIVITIES, MORE_TPS = 3, 2  # a TC, and a TA that counts, need more
WHOLE_DETECTOR = INVALID_DETID - 1  # trgdataformats @d2b27018 Types.hpp
START, END, LOW, HIGH = range(4)  # of the state: time and channels of the TA that is open
_MASK = 2**64 - 1


@compiled
def _near_time(start: int, end: int, state: Integers) -> bool:
    for edge in (state[START], state[END]):
        if abs(start - edge) < TIME_TOLERANCE or abs(end - edge) < TIME_TOLERANCE:
            return True
    inside: bool = state[START] < end < state[END] or state[START] < start < state[END]
    return inside


@compiled
def _near_channel(channel: int, state: Integers) -> bool:
    low, high = int(state[LOW]), int(state[HIGH])
    return (
        abs(channel - low) < CHANNEL_TOLERANCE
        or abs(channel - high) < CHANNEL_TOLERANCE
        or low < channel < high
    )


@compiled
def _scan(start: Integers, end: Integers, channel: Integers, state: Integers, begun: Integers) -> None:
    """Write for each TP what it does: 0 joins, 1 finishes the TA and begins one, 2 takes the TA's place."""
    for i in range(len(start)):
        begun[i] = 0
        if state[START] == 0:
            begun[i] = 2
        elif not _near_time(start[i], end[i], state) and not _near_channel(channel[i], state):
            begun[i] = 1
        if begun[i]:
            state[START], state[END] = start[i], end[i]
            state[LOW] = state[HIGH] = channel[i]
        else:
            state[START], state[END] = min(state[START], start[i]), max(state[END], end[i])
            state[LOW], state[HIGH] = min(state[LOW], channel[i]), max(state[HIGH], channel[i])


class SupernovaMaker:
    """The TPs of the TA that is open."""

    def __init__(self, settings: ActivityParameters) -> None:
        self.state = np.zeros(4, np.int64)
        self.held: list[NDArray[np.void]] = []

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs that are finished by one of ``tps``, TP array (n,)."""
        begun = np.empty(len(tps), np.int64)
        start, end = tps["time_start"].astype(np.int64), end_time(tps).astype(np.int64)
        _scan(start, end, tps["channel"].astype(np.int64), self.state, begun)
        made, low = [], 0
        for at in np.flatnonzero(begun).tolist():
            self.held.append(tps[low:at].copy())
            low = at
            if begun[at] == 1:
                made.append(_activity(np.concatenate(self.held)))
            self.held = []
        self.held.append(tps[low:].copy())
        return made

    def flush(self) -> list[Activity]:
        """Finish the TA that is open; its TPs are still there afterwards, as upstream."""
        tps = np.concatenate([np.zeros(0, TP), *self.held])
        return [_activity(tps)] if len(tps) else []


def _activity(tps: NDArray[np.void]) -> Activity:
    (row,) = blank(1, TA_ALGORITHMS["Supernova"])
    row["time_start"], row["time_end"], row["time_activity"] = tps["time_start"].min(), end_time(tps).max(), 0
    row["channel_start"], row["channel_end"] = tps["channel"].min(), tps["channel"].max()
    at = int(np.argmax(tps["adc_peak"]))
    row["adc_peak"], row["channel_peak"] = tps["adc_peak"][at], tps["channel"][at]
    row["time_peak"] = peak_time(tps[at : at + 1])[0]
    row["adc_integral"] = tps["adc_integral"].sum(dtype=np.uint64)
    row["detid"] = np.bitwise_or.reduce(tps["detid"])
    return Activity(row, tps)


class CountingMaker:
    """The TAs of the last ten seconds."""

    def __init__(self, settings: Parameters) -> None:
        self.waiting: list[Activity] = []

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that are closed by one of ``activities``."""
        made = []
        for ta in activities:
            now = int(ta.data["time_start"])
            self.waiting = [one for one in self.waiting if int(one.data["time_start"]) >= now - WINDOW]
            if len(ta.inputs) > MORE_TPS:
                self.waiting.append(Activity(ta.data, np.zeros(0, TP)))
            if len(self.waiting) > MORE_ACTIVITIES:
                made.append(_candidate(self.waiting, ta))
                self.waiting = []
        return made


def _candidate(activities: Sequence[Activity], last: Activity) -> Candidate:
    now = int(last.data["time_start"])
    kind = TC_TYPES["Supernova"], TC_ALGORITHMS["Supernova"]
    return candidate(activities, kind, ((now - WINDOW) & _MASK, last.data["time_end"], now), WHOLE_DETECTOR)


ALGORITHM = Algorithm(Stage(ActivityParameters, SupernovaMaker), Stage(Parameters, CountingMaker))
