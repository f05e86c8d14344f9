"""ChannelAdjacency: TAs of tracks of hits on neighbouring channels in a time window; TCs of TAs with much charge.

The first TP outside the window closes it. Its TPs are sorted by channel; a track goes on while the next channel is 1
to 5 further on, until it has missed as many channels as is tolerated. The first track, from low channels, of more TPs
than the threshold is a TA. All TPs on its channels are taken out and the rest is searched again, until no track is
left. With a TA the window starts anew, else it slides.
As upstream: only one TP of a channel joins a track, the last in the order of GNU's ``std::sort``; a gap is let
through as long as less than the tolerance was missed before, so that more than the tolerance can be missed;
``time_end`` is the latest start. The TC maker triggers on nothing by default and is refused then.
Not as upstream: the charge of the first track of each search is added to a number that is not set there; it is 0
here.
Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerChannelAdjacencyAlgorithm.cpp,
src/TCMakerChannelAdjacencyAlgorithm.cpp.

>>> from streams.daq.tp import TP
>>> maker = ALGORITHM.activity.build(Adjacency(adjacency_threshold=2, window_length=64))
>>> tps = np.zeros(5, TP)
>>> tps["channel"], tps["time_start"] = [7, 5, 30, 6, 0], [0, 1, 2, 3, 64]
>>> [ta.inputs["channel"].tolist() for ta in maker(tps)]
[[5, 6, 7]]
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from streams.compiled import Integers, compiled
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from streams.errors import ConfigError
from trigger.activities import rows
from trigger.activities.base import U16, U63, ActivityParameters, Algorithm, Stage
from trigger.activities.introsort import sorted_order
from trigger.activities.ta_window import Triggering, TriggerOn
from trigger.activities.window import MASK32, Columns, Found, WindowMaker, inside, moved

MAX_GAP = 5  # channels from one hit to the next


class Adjacency(ActivityParameters, frozen=True, kw_only=True):
    """Parameters of the TA maker; defaults of TAMakerChannelAdjacencyAlgorithm.hpp."""

    window_length: U63 = 8000  # [62.5 MHz counts]
    adjacency_threshold: U16 = 15  # a TA needs more [TPs]
    adjacency_tolerance: U16 = 3  # missed channels after which a track takes no more gaps
    print_tp_info: bool = False  # without effect here


class _Settings(NamedTuple):
    length: int
    threshold: int
    tolerance: int


@compiled
def first_track(channel: Integers, order: Integers, threshold: int, tolerance: int) -> Integers:
    """Return the TPs of the first track of more than ``threshold`` TPs, ``order`` being sorted by channel, or none."""
    count = len(order)
    track = np.empty(count + 1, np.int64)
    size = missed = 0
    for i in range(count):
        here = channel[order[i]]
        gap = MASK32 if i == count - 1 else (channel[order[i + 1]] - here) & MASK32
        if gap == 0:
            continue
        if size == 0:
            track[0] = order[i]
            size = 1
        if gap == 1:
            track[size] = order[i + 1]
            size += 1
        elif gap <= MAX_GAP and missed < tolerance:
            track[size] = order[i + 1]
            size += 1
            missed += gap - 1
        elif size > threshold:
            return track[:size]
        else:
            size = missed = 0
    return track[:0]


@compiled
def without(channel: Integers, left: Integers, track: Integers) -> Integers:
    """Return those of the TPs ``left`` that are on no channel of ``track``."""
    kept = np.empty(len(left), np.int64)
    size = 0
    for tp in left:
        found = False
        for other in track:
            found |= channel[tp] == channel[other]
        if not found:
            kept[size] = tp
            size += 1
    return kept[:size]


@compiled
def _scan(tps: Columns, new: int, settings: _Settings) -> Found:
    """Take the TPs from number ``new`` on; those before it are in the window."""
    count = len(tps.time)
    order, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    low = made = size = 0
    for i in range(new, count):
        if i == low or inside(tps.time, i, low, settings.length):
            continue
        left, before = np.arange(low, i), made
        while True:
            by_channel = sorted_order(tps.channel, left)
            track = first_track(tps.channel, by_channel, settings.threshold, settings.tolerance)
            if len(track) == 0:
                break
            order[size : size + len(track)] = track
            size += len(track)
            ends[made] = size
            made += 1
            left = without(tps.channel, left, track)
        low = i if made > before else moved(tps.time, i, low, settings.length)
    return Found(order[:size], ends[:made], np.arange(low, count))


def _build(settings: Adjacency) -> WindowMaker:
    numbers = _Settings(settings.window_length, settings.adjacency_threshold, settings.adjacency_tolerance)
    return WindowMaker(_scan, numbers, partial(rows.of_extent, algorithm=TA_ALGORITHMS["ChannelAdjacency"]))


def _build_candidates(settings: TriggerOn) -> Triggering:
    if not (settings.trigger_on_adc or settings.trigger_on_n_channels):
        raise ConfigError(
            "channel_adjacency (TC): it triggers on nothing, which DUNE's code refuses: set trigger_on_adc or "
            "trigger_on_n_channels"
        )
    return Triggering(settings, (TC_TYPES["ChannelAdjacency"], TC_ALGORITHMS["ChannelAdjacency"]))


ALGORITHM = Algorithm(Stage(Adjacency, _build), Stage(TriggerOn, _build_candidates))
