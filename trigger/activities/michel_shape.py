"""The Bragg peak and the kinks that MichelElectron looks for, in the numbers of 32 and 64 bits that DUNE's code has.

Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerMichelElectronAlgorithm.cpp check_bragg_peak(), check_kinks().

>>> import numpy as np
>>> bragg_peak(np.array([1] * 10 + [9] * 6 + [1] * 10)), bragg_peak(np.full(20, 5)) == CRASH
(1, True)
"""

from __future__ import annotations

import numpy as np

from streams.compiled import Integers, Singles, compiled
from trigger.activities.introsort import sorted_order

MEAN_OF = 6  # hits in a running mean
MIN_SLOPES = 10  # more are needed
MAX_TIME, MAX_CHANNELS = 1000, 6  # between hits that make a slope [62.5 MHz counts, channels]
PITCH_MM, MM_PER_COUNT = 4.67, 0.028
KINK = 2.5
CRASH = 2  # upstream reads from an empty list


@compiled
def _means(charges: Integers) -> Singles:
    """Return the running means of 6, round the end: float32 array (n,)."""
    count = len(charges)
    means = np.empty(count, np.float32)
    for i in range(count):
        total = np.float32(0)
        for j in range(i, i + MEAN_OF):
            total += np.float32(charges[j % count])
        means[i] = total / np.float32(MEAN_OF)
    return means


@compiled
def bragg_peak(charges: Integers) -> int:
    """Return 1 if the largest excess over the mean is the first or the last one, else 0; CRASH if none ends."""
    means = _means(charges)
    total = 0.0
    for mean in means:
        total += np.float64(mean)
    pedestal = np.float32(total / len(means))
    excess, first, last, largest = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    ended = 0
    for mean in means:
        if mean > pedestal:
            excess += mean
        elif mean < pedestal and excess != 0:
            first = excess if ended == 0 else first
            largest = max(largest, excess)
            last, excess = excess, np.float32(0)
            ended += 1
    if ended == 0:
        return CRASH
    return 1 if largest in (first, last) else 0


@compiled
def kinks(channel: Integers, time: Integers, track: Integers) -> bool:
    """Say whether the slope at one end differs from the mean slope of the track."""
    order = track[sorted_order(channel[track], np.arange(len(track)))]
    slopes = np.empty(len(track), np.float32)
    count = 0
    for i in range(len(order) - 2):
        channels = channel[order[i + 2]] - channel[order[i]]
        counts = time[order[i + 2]] - time[order[i]]
        if channels == 0 or counts == 0:
            continue
        low_bits = np.int64(np.int32(counts))
        if abs(low_bits) > MAX_TIME or abs(channels) > MAX_CHANNELS:
            continue
        slopes[count] = np.float32(channels * PITCH_MM) / np.float32(counts * MM_PER_COUNT)
        count += 1
    if count <= MIN_SLOPES or count - 1 <= MIN_SLOPES:
        return False
    total = 0.0
    for i in range(count - 1):
        slopes[i] = (slopes[i] + slopes[i + 1]) / np.float32(2)
        total += np.float64(slopes[i])
    mean = np.float32(abs(total) / (count - 1))
    limit = KINK * np.float64(mean)
    front, back = slopes[0], slopes[count - 2]
    return bool(np.float64(abs(front) + mean) > limit or np.float64(abs(back + mean)) > limit)
