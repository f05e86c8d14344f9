"""TPs in a row of which the other file has none: what frames that are missing there look like.

A run is TPs of one file one after the other on the 64 channels of a stream, none of them in a pair and none of the
other file between them. From ``LEAST`` on it is taken for missing frames: an assumption, for TPs alone do not tell
which frames were read.

>>> runs = Runs(1)
>>> status = np.array([PAIRED, ONLY_A, ONLY_A, PAIRED] + 6 * [ONLY_B] + [PAIRED, ONLY_A])
>>> runs.classify(np.zeros(12, np.int64), status, final=False).tolist()
[0, 1, 1, 0, 2, 2, 2, 2, 2, 2, 0, 3]
"""

from __future__ import annotations

import numpy as np

from streams import channel_map
from streams.compiled import Integers, compiled

PAIRED, ONLY_A, ONLY_B = 0, 1, 2  # what a TP is
SINGLE, MISSING, UNDECIDED = 1, 2, 3  # what one of a run is; 0: it is in a pair
LEAST = 5  # TPs in a run that is taken for missing frames


def stream_of(channels: Integers) -> Integers:
    """Return the stream, with 40 for each assembly, of common channel numbers by the built-in map."""
    table = np.empty(channel_map.N_CHANNELS, np.int64)
    offline = channel_map.offline_channels()
    table[offline.ravel()] = np.repeat(np.arange(len(offline)), offline.shape[1])
    return (
        channels // channel_map.N_CHANNELS * channel_map.N_STREAMS + table[channels % channel_map.N_CHANNELS]
    )


class Runs:
    """The runs of some streams; an open one goes on in the next call."""

    def __init__(self, streams: int) -> None:
        self._side = np.zeros(streams, np.int64)
        self._length = np.zeros(streams, np.int64)

    def classify(self, stream: Integers, status: Integers, final: bool) -> Integers:
        """Say what each TP is: int64, (n,).

        Parameters
        ----------
        stream : number of the stream of each TP; sorted, and TPs of a stream in the order of time.
        status : whether it is in a pair, or alone in which file.
        final : whether nothing follows. Else short runs at the end are undecided: they are to be given again.
        """
        return _classify(stream, status, self._side, self._length, final)


@compiled
def _classify(stream: Integers, status: Integers, side: Integers, length: Integers, final: bool) -> Integers:
    n = len(stream)
    found = np.zeros(n, np.int64)
    i = 0
    while i < n:
        first, s, kind = i, stream[i], status[i]
        while i < n and stream[i] == s and status[i] == kind:
            i += 1
        begins = first == 0 or stream[first - 1] != s
        count = i - first + (length[s] if begins and side[s] == kind else 0)
        ends = i == n or stream[i] != s
        if ends:
            side[s], length[s] = PAIRED, 0
        if kind == PAIRED:
            continue
        if count >= LEAST:
            found[first:i] = MISSING
            if ends:
                side[s], length[s] = kind, count
        else:
            found[first:i] = UNDECIDED if ends and not final else SINGLE
    return found
