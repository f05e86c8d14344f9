"""The longest track of hits on neighbouring channels, as HorizontalMuon, MichelElectron and PlaneCoincidence count it.

Hits are sorted by channel. The next hit on the same channel counts nothing, on the next channel 1; a step of 2 or
more channels, up to a largest one, counts 1 too while the tolerance is not used up, and uses up as many as it steps.
As upstream: the end of the list is found by its first channel coming next, so hits on one single channel are no track
(adjacency 0); a second hit on channel 0 ends a track.
Source: DUNE-DAQ/triggeralgs @ab71739b check_adjacency() of src/TAMakerHorizontalMuonAlgorithm.cpp (largest step 5)
and src/TAMakerPlaneCoincidenceAlgorithm.cpp (3).

>>> import numpy as np
>>> [longest(np.array(hits), 5, 3) for hits in ([5, 6, 8, 11, 14], [5, 5, 5], [0, 1, 2], [0, 1, 1])]
[4, 0, 3, 2]
"""

from __future__ import annotations

from streams.compiled import Integers, compiled
from trigger.activities.window import MASK32

MASK16 = 0xFFFF


@compiled
def step(here: int, following: int) -> int:
    """Return how many channels further the next hit is, in unsigned 32 bits; channel 0 is out of reach."""
    return MASK32 if following == 0 else (following - here) & MASK32


@compiled
def longest(channels: Integers, max_step: int, tolerance: int) -> int:
    """Return the length of the longest track, ``channels`` being sorted: int64 array (n,)."""
    adjacency, best, used = 1, 0, 0
    count = len(channels)
    for i in range(count):
        further = step(channels[i], channels[(i + 1) % count])
        if further == 0:
            continue
        if further == 1:
            adjacency = (adjacency + 1) & MASK16
        elif further <= max_step and used < tolerance:
            adjacency = (adjacency + 1) & MASK16
            used += further
        else:
            best = max(best, adjacency)
            adjacency, used = 1, 0
    return best
