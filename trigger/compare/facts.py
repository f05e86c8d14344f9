"""What a file of TPs is as a whole: one look through it, before TPs are compared one by one.

>>> from trigger.compare.rows import ROW
>>> rows = np.zeros(3, ROW)
>>> rows["version"], rows["start"], rows["length"], rows["channel"] = 1, [64, 0, 96], [33, 2, 5], [7, -9, 7]
>>> facts = look([rows])
>>> facts.count, facts.first, facts.last, facts.late, facts.unit, facts.channels.tolist()
(3, 0, 96, 64, 'samples', [-9, 7])
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from trigger.activities.intake import INVALID
from trigger.compare.rows import COUNTS, SAMPLES

#: A time over threshold that is taken for what it says: two to the 16 samples [62.5 MHz counts]. A longer one (a
#: damaged one) counts as this long when TPs are paired.
LONGEST = 65_536 * TIMESTAMP_PER_TICK
_CLOCK_HZ = 62.5e6  # of timestamps (reference section 1.4)


@dataclass
class Facts:
    """A file of TPs as a whole.

    Attributes
    ----------
    count, version : number of TPs and their version; 0 if there are none.
    first, last : earliest and latest start [62.5 MHz counts].
    late : how much earlier than one before it a TP starts at most [62.5 MHz counts].
    unit : of the time over threshold in the file: counts; samples if one is no multiple of 32.
    channels : all channels, int64, sorted.
    detectors : all detids.
    no_length, no_channel : TPs of length zero, and with an invalid channel number.
    """

    count: int = 0
    version: int = 0
    first: int = 0
    last: int = -1
    late: int = 0
    unit: str = COUNTS
    channels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    detectors: set[int] = field(default_factory=set)
    no_length: int = 0
    no_channel: int = 0

    @property
    def seconds(self) -> float:
        """Time from the first start to the last."""
        return max(self.last - self.first, 0) / _CLOCK_HZ

    def content(self) -> dict[str, Any]:
        """Return names and values for JSON."""
        return {
            "tps": self.count,
            "version": self.version,
            "first_start": self.first if self.count else None,
            "last_start": self.last if self.count else None,
            "out_of_time_order_by_at_most": self.late,
            "unit_of_time_over_threshold": self.unit,
            "channels": len(self.channels),
            "channel_range": [int(self.channels[0]), int(self.channels[-1])] if self.count else None,
            "detectors": sorted(self.detectors),
            "of_length_zero": self.no_length,
            "without_channel": self.no_channel,
        }


def look(batches: Iterable[NDArray[np.void]]) -> Facts:
    """Return the facts of TPs in the order of their file: ROW arrays."""
    facts = Facts()
    for rows in batches:
        if not len(rows):
            continue
        start = rows["start"]
        low, high = int(start.min()), int(start.max())
        before = np.maximum.accumulate(np.concatenate([[facts.last if facts.count else low], start[:-1]]))
        facts.late = max(facts.late, int((before - start).max()))
        facts.first, facts.last = (
            (min(facts.first, low), max(facts.last, high)) if facts.count else (low, high)
        )
        facts.count += len(rows)
        facts.version = int(rows["version"][0])
        if facts.version == 1 and np.any(rows["length"] % TIMESTAMP_PER_TICK):
            facts.unit = SAMPLES
        facts.channels = np.union1d(facts.channels, rows["channel"])
        facts.detectors |= set(np.unique(rows["detid"]).tolist())
        facts.no_length += int((rows["length"] == 0).sum())
        facts.no_channel += int(np.isin(rows["channel"], INVALID).sum())
    return facts
