"""Why a pair of TPs differs, or a TP has no partner: one cause for each, the first that explains all of it.

>>> sorted(TEXT) == sorted(CAUSES)
True
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.compiled import Integers
from trigger.activities.intake import INVALID
from trigger.compare.matching import Matched

Flags = NDArray[np.bool_]

#: Causes, in the order in which they are told. The first three are of whole files, and can hold together.
CAUSES = (
    *("shift", "unit", "channel"),
    *("labels", "startup", "saturated", "wrapped", "divided", "pedestal"),
    *("unplaced", "range", "missing", "threshold", "values", "alone", "order"),
)
TEXT = {
    "shift": "all starts are apart by the same time",
    "unit": "time over threshold in samples in one file, in 62.5 MHz counts in the other",
    "channel": "another numbering of channels",
    "labels": "detector, flag, type or algorithm only",
    "startup": "in the first 92 ms, nothing was the same on the channel yet: a pedestal that settles from 0x4000",
    "saturated": "integral saturated at 65535: the pulse goes on as another TP",
    "wrapped": "integral modulo 65536 (a multiple of it: the TP is dropped)",
    "divided": "several TPs of one file overlap with one of the other",
    "pedestal": "pedestals apart by up to 4 counts: the peak too, the integral by at most as many in each sample",
    "unplaced": "without a channel: no partner to look for",
    "range": "before the other file begins, or after it ends",
    "missing": "at least 5 in a row on a stream: the other file lacks frames, or heard nothing there",
    "threshold": "all below the lowest peak of their plane that has a partner: a higher threshold",
    "values": "values differ: not explained",
    "alone": "no partner: not explained",
    "order": "the same TPs in another order",
}
NUMBER = {name: k for k, name in enumerate(CAUSES)}
UNEXPLAINED = ("values", "alone")

FULL, WRAP = 65_535, 65_536  # of a 16-bit integral (reference 1.8b.10 and 1.8b.c)
#: A pedestal that begins at 0x4000 is settled after so long at most [62.5 MHz counts] (reference 1.8b.2).
START_UP = 16_384 * 11 * 32
#: Samples over threshold that only a pedestal that is still falling makes, or a broken channel (reference 1.8b.2).
ENDLESS = 32_767 * 32
#: Files that agree so early were both settled [62.5 MHz counts]: 5 ms, a pedestal of 15 500 would have to be reached.
WARM = 312_500
OFF = 4  # pedestals of the same samples that began differently are soon no farther apart [ADC counts]; an assumption
CLOSE = 1_024  # starts that are this near show that both files see the same pulse [62.5 MHz counts]

#: Fields of a pair, and the columns of a row that hold them.
FIELDS = {
    "time_start": "start",
    "time_over_threshold": "length",
    "time_to_peak": "to_peak",
    "channel": "channel",
    "adc_integral": "integral",
    "adc_peak": "peak",
    "detid": "detid",
    "flag": "flag",
    "type": "type",
    "algorithm": "algorithm",
}
VALUES = ("start", "length", "to_peak", "integral", "peak")  # columns of what was measured
LABELS = ("detid", "flag", "type", "algorithm")


class Clusters(NamedTuple):
    """What holds for each cluster of TPs: bool arrays."""

    uneven: Flags  # not as many of a as of b, some of both
    full: Flags  # one of them has a full 16-bit integral, and the other file has more
    endless: Flags  # one of them is endless


def clusters(a: NDArray[np.void], b: NDArray[np.void], matched: Matched) -> Clusters:
    """Look at each cluster; a and b are ROW arrays, times over threshold in counts."""
    n = len(matched.end)
    of = (matched.cluster_a, matched.cluster_b)
    count = [np.bincount(some, minlength=n) for some in of]
    uneven = (count[0] != count[1]) & (count[0] > 0) & (count[1] > 0)
    full, larger, endless = (np.zeros((2, n), np.bool_) for _ in range(3))
    for side, (rows, some) in enumerate(zip((a, b), of, strict=True)):
        full[side][some[rows["integral"] == FULL]] = True
        larger[side][some[rows["integral"] > FULL]] = True
        endless[side][some[rows["length"] >= ENDLESS]] = True
    split = (full & (uneven | larger[::-1])).any(axis=0)
    return Clusters(uneven, split, endless[0] | endless[1])


def of_pairs(differs: dict[str, Flags], a: NDArray[np.void], b: NDArray[np.void], held: Clusters) -> Integers:
    """Return the number of the cause of each pair, -1 without a difference that whole files do not explain.

    Parameters
    ----------
    differs : for each field which pairs differ, whole-file causes taken out.
    a, b : ROW arrays of the pairs.
    held : what holds for the cluster of each pair; ``endless`` here says that it is of the start-up.
    """
    labels = np.logical_or.reduce([differs[name] for name in LABELS])
    others = {name: flags for name, flags in differs.items() if name not in LABELS}
    some = np.logical_or.reduce(list(others.values()))
    heights = ("adc_integral", "adc_peak")
    times = np.logical_or.reduce([flags for name, flags in others.items() if name not in heights])
    apart = a["integral"] - b["integral"]
    wrapped = ~times & ~others["adc_peak"] & (apart % WRAP == 0) & ~held.uneven
    higher = a["peak"] - b["peak"]
    along = apart * np.sign(higher)
    pedestal = ~times & ~held.uneven & (higher != 0) & (np.abs(higher) <= OFF)
    pedestal &= (along >= 0) & (along <= OFF * (a["length"] // TIMESTAMP_PER_TICK))
    cause = np.full(len(a), -1, np.int64)
    conditions = (
        ("labels", labels & ~some),
        ("startup", some & held.endless),
        ("saturated", some & held.full),
        ("wrapped", some & wrapped),
        ("divided", some & held.uneven),
        ("pedestal", some & pedestal),
        ("values", some),
    )
    for name, holds in conditions:
        cause[holds & (cause < 0)] = NUMBER[name]
    return cause


def of_alone(rows: NDArray[np.void], held: Clusters, outside: Flags) -> Integers:
    """Return the number of the cause of each TP without a partner, -1 if only its neighbours can tell.

    Parameters
    ----------
    rows : ROW array.
    held : as in ``of_pairs``.
    outside : which begin before the other file does or after its end.
    """
    cause = np.full(len(rows), -1, np.int64)
    conditions = (
        ("unplaced", np.isin(rows["channel"], INVALID)),
        ("startup", held.endless),
        ("saturated", held.full),
        ("divided", held.uneven),
        ("wrapped", (rows["integral"] > 0) & (rows["integral"] % WRAP == 0)),
        ("range", outside),
    )
    for name, holds in conditions:
        cause[holds & (cause < 0)] = NUMBER[name]
    return cause
