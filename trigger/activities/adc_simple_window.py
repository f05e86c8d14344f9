"""ADCSimpleWindow: a TA when the charge in a time window is above a threshold; a TC of each TA.

The first TP that falls outside the window closes it: above the threshold a TA is made of all TPs in it and the window
starts anew with that TP; else the window slides. The TPs that are in the window at the end make no TA.
As upstream: ``time_peak``, ``channel_*`` and ``adc_peak`` are those of the last TP in the window; the charge wraps at
32 bits, so that more than 4 294 967 295 looks small.
Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerADCSimpleWindowAlgorithm.cpp,
src/TCMakerADCSimpleWindowAlgorithm.cpp.

>>> from streams.daq.tp import TP
>>> maker = ALGORITHM.activity.build(Window(window_length=64, adc_threshold=9))
>>> tps = np.zeros(3, TP)
>>> tps["time_start"], tps["adc_integral"] = [0, 64, 128], [10, 9, 5]
>>> [ta.inputs["time_start"].tolist() for ta in maker(tps)]
[[0]]
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from streams.compiled import compiled
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from trigger.activities import rows
from trigger.activities.base import (
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
from trigger.activities.window import MASK32, Columns, Found, WindowMaker, charge, inside, moved, put_range


class Window(ActivityParameters, frozen=True, kw_only=True):
    """Parameters of the TA maker; defaults of TAMakerADCSimpleWindowAlgorithm.hpp."""

    window_length: U63 = 100_000  # [62.5 MHz counts]
    adc_threshold: U32 = 1_200_000  # a TA needs more [ADC counts, sum of integrals]


class _Settings(NamedTuple):
    length: int
    threshold: int


@compiled
def _scan(tps: Columns, new: int, settings: _Settings) -> Found:
    """Take the TPs from number ``new`` on; those before it are in the window."""
    count = len(tps.time)
    order, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    low = made = size = 0
    total = charge(tps, 0, new)
    for i in range(new, count):
        if i > low and not inside(tps.time, i, low, settings.length):
            if total > settings.threshold:
                size = put_range(order, size, low, i)
                ends[made] = size
                made += 1
                low = i
            else:
                low = moved(tps.time, i, low, settings.length)
            total = charge(tps, low, i)
        total = (total + tps.adc[i]) & MASK32
    return Found(order[:size], ends[:made], np.arange(low, count))


def _build(settings: Window) -> WindowMaker:
    fields = partial(rows.of_last, algorithm=TA_ALGORITHMS["ADCSimpleWindow"])
    return WindowMaker(_scan, _Settings(settings.window_length, settings.adc_threshold), fields)


def _candidates(activities: Sequence[Activity]) -> list[Candidate]:
    kind = TC_TYPES["ADCSimpleWindow"], TC_ALGORITHMS["ADCSimpleWindow"]
    made = []
    for ta in activities:
        start, end, time = (int(ta.data[name]) for name in ("time_start", "time_end", "time_activity"))
        made.append(candidate([ta], kind, (start, end, time)))
    return made


def _build_candidates(settings: Parameters) -> object:
    return _candidates


ALGORITHM = Algorithm(Stage(Window, _build), Stage(Parameters, _build_candidates))
