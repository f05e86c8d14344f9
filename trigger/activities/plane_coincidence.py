"""PlaneCoincidence: a TA of collection hits if all planes have charge and the collection plane a track.

Each plane has a window of its own. When a TP starts more than a window's length after the collection window, charge
and track are looked at; with enough of both, the TPs of the collection window make a TA and the windows are emptied,
but for the plane of that TP, whose window starts anew with it.
As upstream (its source calls the first an "ISSUE" to be fixed, and it is kept):

- the collection window is looked at too early and too often: at every TP, of any plane, once it is over, and always
  while it is empty, since its start is 0 then;
- after a look without a TA, the window of that TP's plane slides and takes it in, a second time if it was put in
  before, so an induction TP counts twice in the charge;
- while the collection window is not over, TPs that are too late for their own window are lost (``lost`` counts them),
  and so is a collection TP exactly one length after the start;
- the three charges and their sum wrap at 32 bits; the threshold of the track is enough, that of the charge must be
  exceeded; in a track, steps go up to 3 channels;
- the map of the planes cannot be configured there: it is the vertical drift's cold box; ``channel_map_name`` is ours.

A threshold of 0 for the track is refused: DUNE's program would make a TA of an empty window.
Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerPlaneCoincidenceAlgorithm.cpp,
src/TCMakerPlaneCoincidenceAlgorithm.cpp.

>>> ALGORITHM.activity.parameters().adc_threshold
300000
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from streams.compiled import Integers, compiled
from streams.daq.tp import TP
from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from streams.errors import ConfigError
from trigger.activities import rows
from trigger.activities.adjacency import longest
from trigger.activities.base import U16, U32, U63, Activity, ActivityParameters, Algorithm, Stage
from trigger.activities.planes import MAPS, check_map, planes_of
from trigger.activities.ta_window import Passing, TriggerOn
from trigger.activities.window import MASK32, Columns, Found, columns_of

MAX_STEP = 3  # channels from one hit to the next
Needed = Annotated[int, Meta(ge=1, le=2**16 - 1)]


class Coincidence(ActivityParameters, frozen=True, kw_only=True):
    """Parameters of the TA maker; defaults of TAMakerPlaneCoincidenceAlgorithm.hpp."""

    window_length: U63 = 3000  # of each plane [62.5 MHz counts]
    adc_threshold: U32 = 300_000  # a TA needs more [ADC counts, sum of integrals of the three windows]
    adjacency_threshold: Needed = 15  # a TA needs as much [collection channels in a track]
    adjacency_tolerance: U16 = 5  # steps of 2 or 3 channels are taken while their sum is less [channels]
    channel_map_name: str = "VDColdboxChannelMap"  # tells the planes; ours


class _Settings(NamedTuple):
    length: int
    threshold: int
    adjacency: int
    tolerance: int


class _Windows(NamedTuple):
    """Indexes of the TPs in the windows of U, V and X: rows of an array, each from ``low`` to ``high``."""

    tps: NDArray[np.int64]
    low: Integers
    high: Integers


class _State(NamedTuple):
    """What a scan found, its windows, and how many TPs of a plane went into none."""

    found: Found
    windows: _Windows
    lost: int


@compiled
def _after(tps: Columns, windows: _Windows, plane: int, tp: int) -> int:
    """Return how long after its window's start a TP starts, unsigned bits; an empty window starts at 0."""
    low = windows.low[plane]
    start = tps.time[windows.tps[plane, low]] if windows.high[plane] > low else 0
    return int(tps.time[tp] - start)


@compiled
def _put(windows: _Windows, plane: int, tp: int) -> None:
    windows.tps[plane, windows.high[plane]] = tp
    windows.high[plane] += 1


@compiled
def _charge(tps: Columns, windows: _Windows) -> int:
    total = 0
    for plane in range(3):
        for tp in windows.tps[plane, windows.low[plane] : windows.high[plane]]:
            total += tps.adc[tp]
    return total & MASK32


@compiled
def _move(tps: Columns, windows: _Windows, plane: int, tp: int, length: int) -> None:
    while windows.low[plane] < windows.high[plane] and not 0 <= _after(tps, windows, plane, tp) < length:
        windows.low[plane] += 1
    _put(windows, plane, tp)


@compiled
def _track(tps: Columns, windows: _Windows, tolerance: int) -> int:
    hits = windows.tps[2, windows.low[2] : windows.high[2]]
    return longest(np.sort(tps.channel[hits]), MAX_STEP, tolerance)


@compiled
def _scan(tps: Columns, planes: Integers, new: int, windows: _Windows, settings: _Settings) -> _State:
    """Take the TPs from number ``new`` on."""
    count = len(tps.time)
    order, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    made = size = lost = 0
    length = settings.length
    for i in range(new, count):
        plane = planes[i]
        known = plane < 3
        if known and windows.low[plane] == windows.high[plane]:
            _put(windows, plane, i)
            continue
        early = known and 0 <= _after(tps, windows, plane, i) < length
        if early:
            _put(windows, plane, i)
        if 0 <= _after(tps, windows, 2, i) <= length:
            lost += known and not early
        elif _charge(tps, windows) > settings.threshold and (
            _track(tps, windows, settings.tolerance) >= settings.adjacency
        ):
            hits = windows.tps[2, windows.low[2] : windows.high[2]]
            order[size : size + len(hits)] = hits
            size += len(hits)
            ends[made] = size
            made += 1
            windows.low[:] = windows.high
            if known:
                _put(windows, plane, i)
        elif known:
            _move(tps, windows, plane, i, length)
    return _State(Found(order[:size], ends[:made], np.empty(0, np.int64)), windows, lost)


class PlaneMaker:
    """A maker with a window for each plane.

    Attributes
    ----------
    lost : TPs that went into no window, as upstream.
    """

    def __init__(self, settings: Coincidence) -> None:
        self.settings = _Settings(
            settings.window_length,
            settings.adc_threshold,
            settings.adjacency_threshold,
            settings.adjacency_tolerance,
        )
        self.map_name = settings.channel_map_name
        if self.map_name not in MAPS:
            raise ConfigError(
                f"plane_coincidence (TA): got channel_map_name {self.map_name!r}, want one of {', '.join(MAPS)}"
            )
        self.rows = partial(rows.of_last, algorithm=TA_ALGORITHMS["PlaneCoincidence"])
        self.held = [np.zeros(0, TP) for _ in range(3)]
        self.lost = 0

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs that end with one of ``tps``, TP array (n,).

        Raises
        ------
        UserError : the TPs are of another detector than the channel map.
        """
        check_map(self.map_name, tps, "plane_coincidence")
        sizes = [len(held) for held in self.held]
        new = sum(sizes)
        joined = np.concatenate([*self.held, tps])
        windows = _Windows(
            np.zeros((3, new + 2 * len(tps)), np.int64), np.zeros(3, np.int64), np.array(sizes)
        )
        for plane, size in enumerate(sizes):
            windows.tps[plane, :size] = np.arange(size) + sum(sizes[:plane])
        columns = columns_of(joined)
        planes = planes_of(MAPS[self.map_name], columns.channel)
        found, windows, lost = _scan(columns, planes, new, windows, self.settings)
        self.lost += lost
        self.held = [
            joined[windows.tps[plane, windows.low[plane] : windows.high[plane]]] for plane in range(3)
        ]
        return self.rows(joined, found)


def _build_candidates(settings: TriggerOn) -> Passing:
    if settings.trigger_on_n_channels:
        raise ConfigError(
            "plane_coincidence (TC): got trigger_on_n_channels true, which DUNE's code refuses: leave it false"
        )
    return Passing(
        settings, (TC_TYPES["PlaneCoincidence"], TC_ALGORITHMS["PlaneCoincidence"]), keeps_start=False
    )


ALGORITHM = Algorithm(Stage(Coincidence, PlaneMaker), Stage(TriggerOn, _build_candidates))
