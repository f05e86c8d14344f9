"""HorizontalMuon: a TA of the hits in a time window if one of four conditions holds; TCs of TAs with much charge.

The first TP outside the window closes it. Charge, channels, the longest track of hits on neighbouring channels (the
only condition that is on by default), then the time over threshold of that TP itself are looked at in this order; if
one is above its threshold, all TPs in the window make a TA and it starts anew with that TP; else it slides.
As upstream: ``adc_peak`` begins with the lowest 16 bits of the last TP's integral; tracks as in ``adjacency``. The TC
maker must trigger on either charge or channels; by default on none, which is refused.
Assumed: less than 65 536 hits on a channel in a window (the count there has 16 bits).
Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerHorizontalMuonAlgorithm.cpp, src/TCMakerHorizontalMuonAlgorithm.cpp.

>>> from streams.daq.tp import TP
>>> maker = ALGORITHM.activity.build(HorizontalMuon(adjacency_threshold=2, window_length=64))
>>> tps = np.zeros(4, TP)
>>> tps["channel"], tps["time_start"] = [7, 5, 6, 0], [0, 1, 2, 64]
>>> [ta.inputs["channel"].tolist() for ta in maker(tps)]
[[7, 5, 6]]
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from streams.compiled import Integers, compiled
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from streams.errors import ConfigError
from trigger.activities import rows
from trigger.activities.adjacency import longest
from trigger.activities.base import U16, U32, U63, ActivityParameters, Algorithm, Stage
from trigger.activities.ta_window import Triggering, TriggerOn
from trigger.activities.window import Columns, Found, WindowMaker, charge, inside, moved, put_range

MAX_STEP = 5  # channels from one hit to the next


class HorizontalMuon(ActivityParameters, frozen=True, kw_only=True):
    """Parameters of the TA maker; defaults of TAMakerHorizontalMuonAlgorithm.hpp."""

    trigger_on_adc: bool = False  # look at the charge
    trigger_on_n_channels: bool = False  # look at the number of channels
    trigger_on_adjacency: bool = True  # look at the longest track
    trigger_on_tot: bool = False  # look at the time over threshold of the TP that closes the window
    window_length: U63 = 8000  # [62.5 MHz counts]
    adc_threshold: U32 = 3_000_000  # a TA needs more [ADC counts, sum of integrals]
    n_channels_threshold: U16 = 400  # a TA needs more [channels]
    adjacency_threshold: U16 = 15  # a TA needs more [channels in a track]
    adjacency_tolerance: U16 = 3  # steps of 2 to 5 channels are taken while their sum is less [channels]
    tot_threshold: U16 = 5000  # a TA needs more [62.5 MHz counts]
    print_tp_info: bool = False  # without effect here


class _Settings(NamedTuple):
    on_adc: bool
    on_channels: bool
    on_adjacency: bool
    on_tot: bool
    length: int
    adc: int
    channels: int
    adjacency: int
    tolerance: int
    tot: int


@compiled
def _different(channels: Integers) -> int:
    """Return how many different values there are in sorted ones, of which there is at least one."""
    count = 1
    for i in range(1, len(channels)):
        count += channels[i] != channels[i - 1]
    return count


@compiled
def _holds(tps: Columns, low: int, new: int, settings: _Settings) -> bool:
    """Say whether the TPs ``low:new`` make a TA."""
    if settings.on_adc and charge(tps, low, new) > settings.adc:
        return True
    channels = np.sort(tps.channel[low:new])
    if settings.on_channels and _different(channels) > settings.channels:
        return True
    if settings.on_adjacency and longest(channels, MAX_STEP, settings.tolerance) > settings.adjacency:
        return True
    return settings.on_tot and tps.over[new] > settings.tot


@compiled
def _scan(tps: Columns, new: int, settings: _Settings) -> Found:
    """Take the TPs from number ``new`` on; those before it are in the window."""
    count = len(tps.time)
    order, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    low = made = size = 0
    for i in range(new, count):
        if i == low or inside(tps.time, i, low, settings.length):
            continue
        if _holds(tps, low, i, settings):
            size = put_range(order, size, low, i)
            ends[made] = size
            made += 1
            low = i
        else:
            low = moved(tps.time, i, low, settings.length)
    return Found(order[:size], ends[:made], np.arange(low, count))


def _build(settings: HorizontalMuon) -> WindowMaker:
    numbers = _Settings(
        settings.trigger_on_adc,
        settings.trigger_on_n_channels,
        settings.trigger_on_adjacency,
        settings.trigger_on_tot,
        settings.window_length,
        settings.adc_threshold,
        settings.n_channels_threshold,
        settings.adjacency_threshold,
        settings.adjacency_tolerance,
        settings.tot_threshold,
    )
    fields = partial(rows.of_extent, algorithm=TA_ALGORITHMS["HorizontalMuon"], horizontal_muon=True)
    return WindowMaker(_scan, numbers, fields)


def _build_candidates(settings: TriggerOn) -> Triggering:
    if settings.trigger_on_adc == settings.trigger_on_n_channels:
        raise ConfigError(
            f"horizontal_muon (TC): got trigger_on_adc and trigger_on_n_channels both "
            f"{str(settings.trigger_on_adc).lower()}, which DUNE's code refuses: set one of them to true"
        )
    return Triggering(settings, (TC_TYPES["HorizontalMuon"], TC_ALGORITHMS["HorizontalMuon"]))


ALGORITHM = Algorithm(Stage(HorizontalMuon, _build), Stage(TriggerOn, _build_candidates))
