"""What was done to which frame of a stream: exact counts, and the rows of the first frames that were hit.

A reader that is told to find faults is held against this: ``seen`` gives, stream by stream, what can be seen of them.

>>> ledger = Ledger()
>>> ledger.note(3, 17, "flipped_seq", 43)
>>> ledger.note(3, 18, "flipped_samples", 5000)
>>> int(ledger.seen(checks=False)["corrupted"][3]), int(ledger.seen(checks=True)["corrupted"][3])
(1, 2)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_STREAMS
from streams.daq.wibeth import FIELDS

#: What can have happened to a frame. A flipped bit is told by where it is: in word 0 without seq_id, in seq_id, in the
#: timestamp, in crc_err or lol, in the other bits of words 2 and 3, in the samples. "step": the clock of its stream is
#: off (each frame from there on); "step_of_all": here the clock of all streams steps, which is no fault of the frame.
KINDS = (
    "lost",
    "silent",
    "duplicated",
    "reordered",
    "late",
    "truncated",
    "flipped_identity",
    "flipped_seq",
    "flipped_time",
    "flipped_flags",
    "flipped_header",
    "flipped_samples",
    "jump",
    "step",
    "step_of_all",
)
NEVER = (
    "lost",
    "silent",
    "late",
    "truncated",
    "flipped_identity",
    "flipped_seq",
    "flipped_time",
    "jump",
    "step",
)
CHECKED = ("flipped_flags", "flipped_header", "flipped_samples")  # only frame checks see that these are wrong

#: Frame ``number`` of a stream, counted from the start of the run; ``detail``: frames of delay, bytes that are left,
#: the bit that was flipped, or counts of 62.5 MHz.
ROW = np.dtype([("stream", "u1"), ("number", "<i8"), ("kind", "u1"), ("detail", "<i8")])
MOST_ROWS = 100_000  # 1.8 MB


class Ledger:
    """Counts by stream and kind, and the rows of the first ``MOST_ROWS`` frames that were hit.

    Attributes
    ----------
    counts : int64 array, (40 streams, kinds in the order of ``KINDS``).
    origin : number of the run's first frame (timestamp / 2 048), None before it came.
    """

    def __init__(self) -> None:
        self.counts = np.zeros((N_STREAMS, len(KINDS)), np.int64)
        self.origin: int | None = None
        self._rows = np.zeros(1024, ROW)
        self._used = 0

    def note(self, stream: int, number: int, kind: str, detail: int = 0) -> None:
        """Write down what was done to frame ``number`` of a stream."""
        which = KINDS.index(kind)
        self.counts[stream, which] += 1
        if self._used == len(self._rows) and self._used < MOST_ROWS:
            self._rows = np.concatenate((self._rows, np.zeros(len(self._rows), ROW)))
        if self._used < min(MOST_ROWS, len(self._rows)):
            self._rows[self._used] = stream, number, which, detail
            self._used += 1

    @property
    def rows(self) -> NDArray[np.void]:
        """The first frames that were hit (ROW), by frame, then stream."""
        rows = self._rows[: self._used]
        return rows[np.lexsort((rows["stream"], rows["number"]))]

    def count(self, kind: str) -> int:
        """Return how many frames had this happen to them."""
        return int(self.counts[:, KINDS.index(kind)].sum())

    def seen(self, checks: bool) -> dict[str, NDArray[np.int64]]:
        """Return what can be seen of it by stream, int64 (40,), under the names of a reader's counts.

        checks : whether the reader has the checks of the frames; without, some flips are not seen.
        """
        by_kind = dict(zip(KINDS, self.counts.T, strict=True))
        corrupted = by_kind["flipped_identity"] + by_kind["flipped_seq"] + by_kind["flipped_time"]
        if checks:
            corrupted = corrupted + sum(by_kind[kind] for kind in CHECKED)
        same = {name: by_kind[name] for name in ("duplicated", "reordered", "late", "truncated")}
        return {
            **same,
            "lost": by_kind["lost"] + by_kind["silent"],
            "corrupted": corrupted,
            "jumped": by_kind["jump"] + by_kind["step"],
            "stepped": (by_kind["step"] > 0).astype(np.int64),
            "flagged": np.zeros_like(corrupted) if checks else by_kind["flipped_flags"],
        }

    def never(self, checks: bool) -> NDArray[np.void]:
        """Return (ROW) the frames that cannot arrive, or not whole: those that a reader must call missing."""
        kinds = [KINDS.index(kind) for kind in (*NEVER, *(CHECKED if checks else ()))]
        rows = self.rows
        return rows[np.isin(rows["kind"], kinds)]

    def table(self) -> dict[str, object]:
        """Return names and counts for a table, without the kinds that did not happen."""
        return {f"injected {kind}": self.count(kind) for kind in KINDS if self.count(kind)}


def kind_of_bit(bit: int) -> str:
    """Return how a flip of this bit of a frame is called; bit 0 is the lowest of word 0.

    >>> kind_of_bit(45), kind_of_bit(64), kind_of_bit(128 + 37), kind_of_bit(256)
    ('flipped_seq', 'flipped_time', 'flipped_flags', 'flipped_samples')
    """
    word, place = divmod(bit, 64)
    named = {
        "seq_id": "flipped_seq",
        "timestamp": "flipped_time",
        "crc_err": "flipped_flags",
        "lol": "flipped_flags",
    }
    for name, kind in named.items():
        at, low, width = FIELDS[name]
        if word == at and low <= place < low + width:
            return kind
    return {0: "flipped_identity", 2: "flipped_header", 3: "flipped_header"}.get(word, "flipped_samples")
