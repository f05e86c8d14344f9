"""MichelElectron: a TA of the hits in a time window if its longest track has a Bragg peak at an end and a kink.

The first TP outside the window closes it. If the longest track has more TPs than the threshold, and the running mean
of the charge along it has its largest excess at one end, and its slope changes there, all TPs in the window make a
TA.
As upstream, where much of it is odd:

- the window slides only if the track is too short. With a long track without peak or kink it stays as it is, for
  good: all later TPs are lost (``lost`` counts them);
- if the running mean never falls below its average after an excess, DUNE's program ends in a crash (it reads the
  first element of an empty list); here that is a track without peak, and all later TPs are lost too;
- the track has all hits on its channels; steps are counted as in ``adjacency``; the track begins again with the first
  hit of the next one; running means go round the end of the track; the sum of the charges is a float of 32 bits.

Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerMichelElectronAlgorithm.cpp, src/TCMakerMichelElectronAlgorithm.cpp.

>>> ALGORITHM.activity.parameters().window_length
50000
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Integers, compiled
from streams.daq.tp import TP
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from streams.errors import ConfigError
from trigger.activities import rows
from trigger.activities.adjacency import MASK16, step
from trigger.activities.base import U16, U63, Activity, ActivityParameters, Algorithm, Stage
from trigger.activities.introsort import sorted_order
from trigger.activities.michel_shape import CRASH, bragg_peak, kinks
from trigger.activities.ta_window import Passing, TriggerOn
from trigger.activities.window import Columns, Found, columns_of, inside

MAX_STEP = 5  # channels from one hit to the next


class Michel(ActivityParameters, frozen=True, kw_only=True):
    """Parameters of the TA maker; defaults of TAMakerMichelElectronAlgorithm.hpp."""

    window_length: U63 = 50_000  # [62.5 MHz counts]
    adjacency_threshold: U16 = 15  # a TA needs more [TPs in the longest track]
    adjacency_tolerance: U16 = 3  # steps of 2 to 5 channels are taken while their sum is less [channels]


class _Settings(NamedTuple):
    length: int
    threshold: int
    tolerance: int


class _State(NamedTuple):
    """What a scan found, how many TPs were lost, and whether the maker has ended."""

    found: Found
    lost: int
    ended: bool


@compiled
def longest_track(channel: Integers, low: int, high: int, tolerance: int) -> Integers:
    """Return the TPs of the longest track among ``low:high``, by channel: int64 array."""
    order = sorted_order(channel, np.arange(low, high))
    count = len(order)
    track, best = np.empty(2 * count + 1, np.int64), np.empty(0, np.int64)
    size, adjacency, most, used = 0, 1, 0, 0
    for i in range(count):
        following = order[(i + 1) % count]
        if size == 0:
            track[0] = order[i]
            size = 1
        further = step(channel[order[i]], channel[following])
        if further <= 1 or (further <= MAX_STEP and used < tolerance):
            track[size] = following
            size += 1
            if further >= 1:
                adjacency = (adjacency + 1) & MASK16
            if further > 1:
                used += further
        else:
            if adjacency > most:
                most, best = adjacency, track[:size].copy()
            size, adjacency, used = 0, 1, 0
    return best


@compiled
def _scan(tps: Columns, new: int, settings: _Settings) -> _State:
    """Take the TPs from number ``new`` on; those before it are in the window."""
    count = len(tps.time)
    order, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    held = np.empty(count, np.int64)  # the window: a range no more once TPs were lost
    held[:new] = np.arange(new)
    size = made = lost = 0
    low, high = 0, new
    for i in range(new, count):
        if high == low or inside(tps.time, i, held[low], settings.length):
            held[high] = i
            high += 1
            continue
        window = held[low:high]
        track = window[longest_track(tps.channel[window], 0, high - low, settings.tolerance)]
        if len(track) > settings.threshold:
            peak = bragg_peak(tps.adc[track])
            if peak == CRASH:
                return _State(Found(order[:size], ends[:made], held[low:high]), lost + count - i, True)
            if not peak or not kinks(tps.channel, tps.time, track):
                lost += 1
                continue
            order[size : size + high - low] = window
            size += high - low
            ends[made] = size
            made += 1
            low = high
        else:
            while low < high and not inside(tps.time, i, held[low], settings.length):
                low += 1
        held[high] = i
        high += 1
    return _State(Found(order[:size], ends[:made], held[low:high]), lost, False)


class MichelMaker:
    """A maker with one window, which can come to an end.

    Attributes
    ----------
    lost : TPs that went nowhere, since the window was stuck.
    ended : whether DUNE's program would have crashed.
    """

    def __init__(self, settings: Michel) -> None:
        self.settings = _Settings(
            settings.window_length, settings.adjacency_threshold, settings.adjacency_tolerance
        )
        self.rows = partial(rows.of_last, algorithm=TA_ALGORITHMS["MichelElectron"])
        self.held = np.zeros(0, TP)
        self.lost = 0
        self.ended = False

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs that end with one of ``tps``, TP array (n,)."""
        if self.ended:
            self.lost += len(tps)
            return []
        joined = np.concatenate([self.held, tps])
        found, lost, self.ended = _scan(columns_of(joined), len(self.held), self.settings)
        self.lost += lost
        self.held = joined[found.held]
        return self.rows(joined, found)


def _build_candidates(settings: TriggerOn) -> Passing:
    if settings.trigger_on_adc and settings.trigger_on_n_channels:
        raise ConfigError(
            "michel_electron (TC): got trigger_on_adc and trigger_on_n_channels both true, which DUNE's code refuses: "
            "set one of them or none"
        )
    return Passing(settings, (TC_TYPES["MichelElectron"], TC_ALGORITHMS["MichelElectron"]), keeps_start=True)


ALGORITHM = Algorithm(Stage(Michel, MichelMaker), Stage(TriggerOn, _build_candidates))
