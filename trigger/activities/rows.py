"""The fields of TAs from the TPs in them, in the three ways that DUNE's makers have.

>>> from streams.daq.tp import TP
>>> tps = np.zeros(3, TP)
>>> tps["time_start"], tps["channel"], tps["adc_peak"] = [0, 32, 64], [7, 5, 6], [1, 3, 2]
>>> found = Found(np.arange(3), np.array([3]), np.arange(0))
>>> [ta.data["channel_peak"].item() for rows in (of_last, of_extent, of_first) for ta in rows(tps, found, 3)]
[6, 5, 5]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.daq.trigger_objects import TA, TA_TYPES, TA_VERSION
from trigger.activities.base import Activity
from trigger.activities.window import MASK32, Found

INVALID_TIME = 2**64 - 1  # trgdataformats @d2b27018 Types.hpp
INVALID_CHANNEL = 2**31 - 1
INVALID_DETID = 2**16 - 1
_PER_SAMPLE = np.uint64(TIMESTAMP_PER_TICK)


class Inputs(NamedTuple):
    """The TPs of all TAs one after the other, and the first and the last of each."""

    tps: NDArray[np.void]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def inputs_of(tps: NDArray[np.void], found: Found) -> Inputs:
    """Return the TPs of what a scan found."""
    first = np.concatenate([np.zeros(1, np.int64), found.ends[:-1]]) if len(found.ends) else found.ends
    return Inputs(tps[found.order], first, found.ends - 1)


def end_time(tps: NDArray[np.void]) -> NDArray[np.uint64]:
    """Return start plus time over threshold, uint64 array (n,) [62.5 MHz counts]."""
    over: NDArray[np.uint64] = tps["samples_over_threshold"].astype(np.uint64) * _PER_SAMPLE
    return tps["time_start"] + over


def peak_time(tps: NDArray[np.void]) -> NDArray[np.uint64]:
    """Return the time of the peak, uint64 array (n,) [62.5 MHz counts]."""
    after: NDArray[np.uint64] = tps["samples_to_peak"].astype(np.uint64) * _PER_SAMPLE
    return tps["time_start"] + after


def blank(count: int, algorithm: int) -> NDArray[np.void]:
    """Return TAs as upstream makes them before it fills them in, TA array (count,)."""
    rows = np.zeros(count, TA)
    rows["version"] = TA_VERSION
    for name in ("time_start", "time_end", "time_peak", "time_activity"):
        rows[name] = INVALID_TIME
    for name in ("channel_start", "channel_end", "channel_peak"):
        rows[name] = INVALID_CHANNEL
    rows["detid"] = INVALID_DETID
    rows["type"], rows["algorithm"] = TA_TYPES["TPC"], algorithm
    return rows


def activities(rows: NDArray[np.void], given: Inputs) -> list[Activity]:
    """Return TAs with their TPs."""
    ends = (given.last + 1).tolist()
    return [
        Activity(row, given.tps[low:high])
        for row, low, high in zip(rows, given.first.tolist(), ends, strict=True)
    ]


def of_last(tps: NDArray[np.void], found: Found, algorithm: int) -> list[Activity]:
    """Return TAs that start with their first TP and have the rest from their last."""
    given = inputs_of(tps, found)
    rows = blank(len(found.ends), algorithm)
    if not len(rows):
        return []
    last = given.tps[given.last]
    rows["time_start"] = given.tps["time_start"][given.first]
    rows["time_end"] = end_time(last)
    rows["time_peak"] = rows["time_activity"] = peak_time(last)
    rows["adc_integral"] = _charge(given) & np.uint64(MASK32)
    rows["adc_peak"] = last["adc_peak"]
    _set_place(rows, last)
    return activities(rows, given)


def of_extent(
    tps: NDArray[np.void], found: Found, algorithm: int, horizontal_muon: bool = False
) -> list[Activity]:
    """Return TAs that reach from the lowest to the highest channel and start, with the highest peak in them.

    As upstream: the first of the highest peaks is taken, but of the last TP if no other is higher; ``time_activity`` is
    the peak of the last TP; ``time_end`` is the latest start, for the horizontal muon the latest end; there the last
    TP's integral (its lowest 16 bits) stands for its peak.
    """
    given = inputs_of(tps, found)
    rows = blank(len(found.ends), algorithm)
    if not len(rows):
        return []
    last = given.tps[given.last]
    ends = end_time(given.tps) if horizontal_muon else given.tps["time_start"]
    rows["adc_integral"] = _charge(given) & np.uint64(MASK32)
    rows["adc_peak"] = last["adc_integral"] & 0xFFFF if horizontal_muon else last["adc_peak"]
    rows["time_peak"] = rows["time_activity"] = peak_time(last)
    _set_place(rows, last)
    rows["time_start"] = np.minimum.reduceat(given.tps["time_start"], given.first)
    rows["time_end"] = np.maximum.reduceat(ends, given.first)
    rows["channel_start"] = np.minimum.reduceat(given.tps["channel"], given.first)
    rows["channel_end"] = np.maximum.reduceat(given.tps["channel"], given.first)
    _raise_peaks(rows, given)
    return activities(rows, given)


def of_first(tps: NDArray[np.void], found: Found, algorithm: int) -> list[Activity]:
    """Return TAs that go from their first to their last TP, with the first of the highest peaks.

    As upstream: if all peaks are 0, channel and time of the peak and ``time_activity`` are the invalid values; the
    integral has 64 bits.
    """
    given = inputs_of(tps, found)
    rows = blank(len(found.ends), algorithm)
    if not len(rows):
        return []
    first, last = given.tps[given.first], given.tps[given.last]
    rows["channel_start"], rows["channel_end"] = first["channel"], last["channel"]
    rows["time_start"], rows["time_end"] = first["time_start"], last["time_start"]
    rows["detid"] = first["detid"]
    rows["adc_integral"] = _charge(given)
    _raise_peaks(rows, given)
    rows["time_activity"] = rows["time_peak"]
    return activities(rows, given)


def _charge(given: Inputs) -> NDArray[np.uint64]:
    total: NDArray[np.uint64] = np.add.reduceat(given.tps["adc_integral"].astype(np.uint64), given.first)
    return total


def _set_place(rows: NDArray[np.void], last: NDArray[np.void]) -> None:
    for name in ("channel_start", "channel_end", "channel_peak"):
        rows[name] = last["channel"]
    rows["detid"] = last["detid"]


def _raise_peaks(rows: NDArray[np.void], given: Inputs) -> None:
    """Put in the first of the highest peaks of each TA where it is above the one that is there."""
    highest = np.maximum.reduceat(given.tps["adc_peak"], given.first)
    for number in np.flatnonzero(highest > rows["adc_peak"]).tolist():
        low = int(given.first[number])
        at = low + int(np.argmax(given.tps["adc_peak"][low : int(given.last[number]) + 1]))
        peak = given.tps[at : at + 1]
        rows["adc_peak"][number], rows["channel_peak"][number] = peak["adc_peak"][0], peak["channel"][0]
        rows["time_peak"][number] = peak_time(peak)[0]
