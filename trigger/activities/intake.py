"""TPs on their way to a maker: in the order of time, of one detector, and what is odd about them counted.

DUNE's code gives a maker its TPs sorted by start, then channel; TPs that come too late for that are "tardy" and dropped
(DUNE-DAQ/trigger @5077483 README.md; order: DUNE/dunetrigger @a1b71c2 TriggerActivityMakerTPC_module.cc). A batch
here is a record of a file.

>>> from streams.daq.tp import TP
>>> tps = np.zeros(4, TP)
>>> tps["time_start"], tps["samples_over_threshold"] = [64, 0, 32, 96], 1
>>> intake = Intake()
>>> intake([tps[[0, 2]], tps[3:]])["time_start"].tolist(), intake([tps[1:2]])["time_start"].tolist()
([32, 64, 96], [])
>>> intake.counts.out_of_order, intake.counts.tardy
(1, 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.daq.tp import INVALID_CHANNEL
from streams.errors import UserError

INVALID = (INVALID_CHANNEL, 2**31 - 1)  # of versions 2 and 1


@dataclass
class Counts:
    """TPs that came, and those of them that are odd.

    Attributes
    ----------
    tps : all that came.
    other : of another detector than the one chosen; left out.
    tardy : that start before the last one of the batch before; left out, as upstream.
    out_of_order : behind a later one in their batch and source; sorted.
    zero_length : with no sample over threshold; used, as upstream.
    no_channel : with the invalid channel number; used, as upstream.
    first, last : starts of those that were used [62.5 MHz counts].
    """

    tps: int = 0
    other: int = 0
    tardy: int = 0
    out_of_order: int = 0
    zero_length: int = 0
    no_channel: int = 0
    first: int = -1
    last: int = -1

    @property
    def used(self) -> int:
        """TPs that went to the maker."""
        return self.tps - self.other - self.tardy


@dataclass
class Intake:
    """Sorts and counts; ``detid`` is the one detector whose TPs are wanted (None: there must be one only)."""

    detid: int | None = None
    where: str = "TPs"
    counts: Counts = field(default_factory=Counts)
    _seen: int | None = None
    _others: set[int] = field(default_factory=set)

    def __call__(self, batches: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
        """Return the TPs of one record, which may have several sources, as a maker is to have them.

        Raises
        ------
        UserError : TPs of more than one detector, and none was chosen.
        """
        counts = self.counts
        for batch in batches:
            starts = batch["time_start"]
            counts.out_of_order += int(np.count_nonzero(starts < np.maximum.accumulate(starts)))
        tps: NDArray[np.void] = np.concatenate(batches)
        counts.tps += len(tps)
        tps = self._of_one_detector(tps)
        counts.zero_length += int(np.count_nonzero(tps["samples_over_threshold"] == 0))
        counts.no_channel += int(np.count_nonzero(np.isin(tps["channel"], INVALID)))
        tps = tps[np.lexsort((tps["channel"], tps["time_start"]))]
        if counts.last >= 0:
            late = tps["time_start"] < np.uint64(counts.last)
            counts.tardy += int(np.count_nonzero(late))
            tps = tps[~late]
        if len(tps):
            counts.first = counts.first if counts.first >= 0 else int(tps["time_start"][0])
            counts.last = int(tps["time_start"][-1])
        return tps

    def _of_one_detector(self, tps: NDArray[np.void]) -> NDArray[np.void]:
        if self.detid is not None:
            wanted = tps["detid"] == self.detid
            self.counts.other += int(np.count_nonzero(~wanted))
            self._others |= set(np.unique(tps["detid"][~wanted]).tolist())
            chosen: NDArray[np.void] = tps[wanted]
            return chosen
        found = np.unique(tps["detid"]).tolist()
        self._seen = found[0] if self._seen is None and found else self._seen
        others = [one for one in found if one != self._seen]
        if others:
            raise UserError(
                f"{self.where}: got TPs of detectors {self._seen} and {others[0]} at once, want one: choose it with "
                f"--detector {self._seen} or --detector {others[0]}"
            )
        return tps

    def close(self) -> None:
        """Refuse the choice of a detector of which no TP came, after the last record.

        Raises
        ------
        UserError : all TPs are of other detectors.
        """
        if self._others and self.counts.tps == self.counts.other:
            raise UserError(
                f"{self.where}: got TPs of detector {', '.join(map(str, sorted(self._others)))}, want {self.detid}: "
                "choose another one with --detector"
            )
