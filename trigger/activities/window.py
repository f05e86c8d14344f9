"""The sliding time window of TPs that most of DUNE's makers share, as arrays for compiled code.

A window is a range ``low:high`` of the TPs. A TP belongs to it while its start minus the window's, in unsigned 64
bits, is less than the length: an earlier TP (out of order) is as far away as a much later one, as upstream. The
charge in it is a sum in unsigned 32 bits that wraps.
Source: DUNE-DAQ/triggeralgs @ab71739b include/triggeralgs/TPWindow.hpp, src/TPWindow.cpp.

>>> tps = np.zeros(3, TP)
>>> tps["time_start"], tps["adc_integral"] = [0, 64, 128], 2**32 - 1
>>> columns = columns_of(tps)
>>> inside(columns.time, 1, 0, 64), inside(columns.time, 1, 0, 65), inside(columns.time, 0, 1, 65)
(False, True, False)
>>> charge(columns, 0, 3) == 2**32 - 3
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.compiled import Integers, compiled
from streams.daq.tp import TP
from trigger.activities.base import Activity

MASK32 = 0xFFFFFFFF


class Columns(NamedTuple):
    """TPs as int64 arrays (n,): start (the bits of 64), channel, integral, peak, time over threshold [62.5 MHz]."""

    time: Integers
    channel: Integers
    adc: Integers
    peak: Integers
    over: Integers


class Found(NamedTuple):
    """What a scan over TPs found.

    Attributes
    ----------
    order : int64 array, indexes of the TPs in all TAs, one TA after the other.
    ends : int64 array (n_tas,), where each TA ends in ``order``.
    held : int64 array, indexes of the TPs that the next scan must have before its new ones.
    """

    order: Integers
    ends: Integers
    held: Integers


def columns_of(tps: NDArray[np.void]) -> Columns:
    """Return the columns of a TP array (n,)."""
    names = ("time_start", "channel", "adc_integral", "adc_peak", "samples_over_threshold")
    time, channel, adc, peak, samples = (tps[name].astype(np.int64) for name in names)
    return Columns(time, channel, adc, peak, samples * TIMESTAMP_PER_TICK)


@compiled
def inside(time: Integers, tp: int, first: int, length: int) -> bool:
    """Say whether TP number ``tp`` is in a window of ``length`` [62.5 MHz counts] that starts with TP ``first``."""
    distance = time[tp] - time[first]
    return bool(0 <= distance < length)


@compiled
def charge(tps: Columns, low: int, high: int) -> int:
    """Return the sum of integrals of the TPs ``low:high``, unsigned 32 bits."""
    total = 0
    for i in range(low, high):
        total += tps.adc[i]
    return total & MASK32


@compiled
def moved(time: Integers, tp: int, low: int, length: int) -> int:
    """Return where a window begins after those TPs at its front left that are too far from TP number ``tp``."""
    while low < tp and not inside(time, tp, low, length):
        low += 1
    return low


@compiled
def put_range(order: Integers, size: int, low: int, high: int) -> int:
    """Append the indexes ``low:high`` to ``order``, which holds ``size``; return how many it holds."""
    for i in range(low, high):
        order[size + i - low] = i
    return size + high - low


Scan = Callable[[Columns, int, Any], Found]
Rows = Callable[[NDArray[np.void], Found], list[Activity]]


class WindowMaker:
    """A maker with one window, which keeps its TPs between calls."""

    def __init__(self, scan: Scan, settings: tuple[Any, ...], rows: Rows) -> None:
        self.scan = scan
        self.settings = settings
        self.rows = rows
        self.held = np.zeros(0, TP)

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs that end with one of ``tps``, TP array (n,)."""
        joined = np.concatenate([self.held, tps])
        found = self.scan(columns_of(joined), len(self.held), self.settings)
        self.held = joined[found.held]
        return self.rows(joined, found)
