"""What happens to a frame, by chance: a function of seed, stream and the frame's number alone.

>>> from streams.injection.faults import Faults
>>> fates(seed=7, stream=3, first=0, count=400, edges=edges(Faults(lost=0.01, flipped=0.01))).nonzero()[0].tolist()
[314, 321]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Floats, compiled
from streams.daq.wibeth import SEQ_MODULO, TIMESTAMP_PER_FRAME
from streams.injection.faults import Faults
from streams.rng import key

WHAT, HOW = 0, 1  # purposes of random numbers
FURTHEST = 15  # frames that a copy, or a frame out of order, is behind: less than a reader waits (16)
LATE = (48, 63)  # frames that a late frame is behind: more than any reader of 16 blocks at once waits for
_UNIT = 1.0 / 9007199254740992.0  # 2^-53


def edges(faults: Faults) -> Floats:
    """Return the ends of the chances' parts of [0, 1), one after the other: float64 (8,)."""
    return np.cumsum(faults.chances)


@compiled
def fates(seed: int, stream: int, first: int, count: int, edges: Floats) -> NDArray[np.uint8]:
    """Return what happens to each of ``count`` frames: 0 nothing, k the k-th of ``CHANCES``."""
    found = np.zeros(count, np.uint8)
    for n in range(count):
        number = float(key(seed, stream, first + n, WHAT) >> np.uint64(11)) * _UNIT
        if number < edges[-1]:
            found[n] = 1 + np.searchsorted(edges, number, side="right")
    return found


def jump_counts(how: int, timestamp: int) -> int:
    """Return by how much a timestamp jumps: any counts, whole frames, or as many frames as seq_id has values.

    Never by a single bit: that could be a flipped one.

    >>> jump_counts(0x231, 3), jump_counts(0x232, 3), jump_counts(0x36, 3), jump_counts(0x36, 4)
    (3, 6144, 1, 3)
    """
    size = 1 + (how >> 8) % 2**20
    step = (1, TIMESTAMP_PER_FRAME, TIMESTAMP_PER_FRAME * SEQ_MODULO)[how % 3]
    counts = sign = 1 if how >> 4 & 1 else -1
    counts *= size * step
    while (timestamp ^ (timestamp + counts) % 2**64).bit_count() < 2:
        counts += sign * step
    return counts


def moved(frames: NDArray[np.uint8], counts: int | NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return frames, uint8 (n, 7200), whose timestamps are ``counts`` later (modulo 2^64): one number, or one each."""
    words = frames.copy().view("<u8")
    if isinstance(counts, int):
        words[:, 1] += np.uint64(counts % 2**64)
    else:
        words[:, 1] += counts.astype(np.uint64)
    return words.view(np.uint8)
