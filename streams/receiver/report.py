"""What a reader of frames counts: one row per stream, the gaps, and the first fault as a sentence.

| count | meaning |
|---|---|
| delivered | frames handed on, each once |
| missing | frames that the time covers and that were not handed on; the sum of the next five |
| lost | missing, and nothing of it was ever seen |
| corrupted | missing: it came with a wrong header or a wrong frame check |
| truncated | missing: it came cut short |
| late | missing: it came whole, but more than ``WAIT`` frames behind a later one of its stream |
| jumped | missing: it came with a timestamp that is not its own (and that no single wrong bit explains) |
| duplicated | came once more than needed: the place was filled already, or a good copy filled it later |
| reordered | delivered, but came after a later frame of its stream |
| flagged | delivered, but its WIB header says crc_err or lol; no fault of the stream, ``good`` does not look at it |
| stepped | times that the seq_id or the clock of the stream went on from another place for good |
| resync_bytes | bytes that are part of no whole frame: cut frames, and what was passed over up to the next header |

>>> report = Report()
>>> report.counts["delivered"] += 9
>>> report.note_missing(0, 5, 2048, 1, LOST)
>>> report.good, report.rows()["missing"], [gap.cause for gap in report.gaps]
(False, '1 of 361', ['lost'])
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_STREAMS
from streams.daq.wibeth import TIMESTAMP_PER_FRAME

LOST, CORRUPTED, TRUNCATED, LATE, JUMPED = range(5)
CAUSES = ("lost", "corrupted", "truncated", "late", "jumped")
OTHERS = ("duplicated", "reordered", "flagged", "stepped", "resync_bytes")
COUNTS = np.dtype([(name, np.int64) for name in ("delivered", "missing", *CAUSES, *OTHERS)])
MAX_GAPS = 10_000  # gaps that are listed; the rest is counted
SILENT_BLOCKS = 16  # a gap of this many blocks, nothing of which was seen, is a silence


class Gap(NamedTuple):
    """Frames of one stream that are missing one after the other for the same cause."""

    window: int
    stream: int
    timestamp: int  # 62.5 MHz, of the first sample that is missing
    blocks: int
    cause: str


@dataclass
class Report:
    """What a reader saw.

    Attributes
    ----------
    counts : COUNTS array, (40,), by stream.
    gaps : the first ``MAX_GAPS`` gaps; ``more_gaps`` is the number of the rest.
    windows : windows read so far.
    blocks : blocks of 64 ticks that the time covers, over all windows; each is 40 frames.
    stretches : pieces of time without a step of the clock of all streams, over all windows.
    first : the first fault as a sentence; None if there is none.
    """

    counts: NDArray[np.void] = field(default_factory=lambda: np.zeros(N_STREAMS, COUNTS))
    gaps: list[Gap] = field(default_factory=list)
    more_gaps: int = 0
    windows: int = 0
    blocks: int = 0
    stretches: int = 0
    first: str | None = None
    _last: dict[int, tuple[int, Gap]] = field(default_factory=dict, repr=False)  # by stream: index, gap

    @property
    def good(self) -> bool:
        """True if nothing is wrong: every frame came once, in order, and as it should be."""
        wrong = ("missing", "duplicated", "reordered", "stepped", "resync_bytes")
        return (
            self.first is None
            and self.stretches == self.windows
            and not any(self.counts[name].any() for name in wrong)
        )

    def total(self, name: str) -> int:
        """Return a count summed over the streams."""
        return int(self.counts[name].sum())

    @property
    def silences(self) -> list[Gap]:
        """The listed gaps of at least 16 blocks of which nothing was seen."""
        return [gap for gap in self.gaps if gap.cause == CAUSES[LOST] and gap.blocks >= SILENT_BLOCKS]

    def rows(self) -> dict[str, object]:
        """Return names and values for a table; counts that are zero are left out, but for the first two."""
        covered = self.total("delivered") + self.total("missing")
        rows: dict[str, object] = {
            "delivered": f"{self.total('delivered')} frames",
            "missing": f"{self.total('missing')} of {covered}",
        }
        for name in (*CAUSES, *OTHERS):
            if self.total(name):
                streams = int((self.counts[name] > 0).sum())
                rows[name] = f"{self.total(name)} in {streams} stream{'s' if streams > 1 else ''}"
        if self.silences:
            rows["silences"] = len(self.silences)
        if self.first:
            rows["first fault"] = self.first
        return rows

    def merge(self, other: Report) -> None:
        """Add what another reader saw of the windows that follow."""
        for name in self.counts.dtype.names or ():
            self.counts[name] += other.counts[name]
        for gap in other.gaps:
            self._list(gap._replace(window=gap.window + self.windows))
        self.more_gaps += other.more_gaps
        self.windows += other.windows
        self.blocks += other.blocks
        self.stretches += other.stretches
        self.first = self.first or other.first

    def note_missing(self, window: int, stream: int, timestamp: int, blocks: int, cause: int) -> None:
        """Count missing frames of a stream; those of one cause in a row become one gap."""
        row = self.counts[stream]
        row["missing"] += blocks
        row[CAUSES[cause]] += blocks
        gap = Gap(window, stream, timestamp, blocks, CAUSES[cause])
        at, last = self._last.get(stream, (-1, None))
        if last and (last.window, last.cause, _end(last)) == (window, gap.cause, timestamp):
            gap = last._replace(blocks=last.blocks + blocks)
            if at >= 0:
                self.gaps[at] = gap
        else:
            at = self._list(gap)
        self._last[stream] = at, gap

    def change_cause(self, stream: int, before: int, cause: int) -> None:
        """Take down that a frame is missing for another cause than was counted before."""
        self.counts[CAUSES[before]][stream] -= 1
        self.counts[CAUSES[cause]][stream] += 1

    def add(self, name: str, stream: int, number: int = 1) -> None:
        """Add to a count of a stream."""
        self.counts[name][stream] += number

    def _list(self, gap: Gap) -> int:
        """Return where the gap is in the list, -1 if it is full."""
        if len(self.gaps) >= MAX_GAPS:
            self.more_gaps += 1
            return -1
        self.gaps.append(gap)
        return len(self.gaps) - 1


def _end(gap: Gap) -> int:
    return gap.timestamp + gap.blocks * TIMESTAMP_PER_FRAME
