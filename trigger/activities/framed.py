"""What upstream does around every maker: TPs that are too long are dropped, then every n-th output is kept.

Source: DUNE-DAQ/triggeralgs @ab71739b include/triggeralgs/TriggerActivityMaker.hpp, TriggerCandidateMaker.hpp.

>>> count, kept = prescaled(4, ["a", "b", "c"], 3)
>>> count, kept
(7, ['b'])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from trigger.activities.base import Activity, Candidate, CandidateMaker, Maker

T = TypeVar("T")


def prescaled(count: int, made: list[T], prescale: int) -> tuple[int, list[T]]:
    """Return the new count of outputs and those of ``made`` whose number, counted from 1, is a multiple of it.

    As upstream: outputs are not counted while ``prescale`` is 0 or 1.
    """
    if prescale <= 1:
        return count, made
    kept = [one for number, one in enumerate(made, count + 1) if number % prescale == 0]
    return count + len(made), kept


class FramedMaker:
    """A maker of TAs with the filter before and the prescale behind it."""

    def __init__(self, process: Maker, settings: msgspec.Struct) -> None:
        self.process = process
        self.prescale: int = getattr(settings, "prescale", 1)  # a bundle has none
        self.longest: int | None = getattr(settings, "max_time_over_threshold", None)
        self.made = 0

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs that end with one of ``tps``, TP array (n,)."""
        if self.longest is not None:
            tps = tps[tps["samples_over_threshold"] <= self.longest // TIMESTAMP_PER_TICK]
        self.made, kept = prescaled(self.made, self.process(tps), self.prescale)
        return kept


class FramedCandidateMaker:
    """A maker of TCs with the prescale behind it."""

    def __init__(self, process: CandidateMaker, settings: msgspec.Struct) -> None:
        self.process = process
        self.prescale: int = getattr(settings, "prescale", 1)  # a bundle has none
        self.made = 0

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that end with one of ``activities``."""
        self.made, kept = prescaled(self.made, self.process(activities), self.prescale)
        return kept
