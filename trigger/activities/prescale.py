"""Prescale: a TA of every TP and a TC of every TA, of which the parameter ``prescale`` then keeps every n-th.

As upstream: the ``time_activity`` of the TA is 0.
Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerPrescaleAlgorithm.cpp, src/TCMakerPrescaleAlgorithm.cpp.

>>> from streams.daq.tp import TP
>>> from trigger.activities.base import configure
>>> maker = configure("prescale", {"prescale": 100})
>>> len(maker(np.zeros(199, TP))), len(maker(np.zeros(1, TP)))
(1, 1)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from trigger.activities import rows
from trigger.activities.base import (
    Activity,
    ActivityParameters,
    Algorithm,
    Candidate,
    CandidateMaker,
    Parameters,
    Stage,
)
from trigger.activities.tc_rows import candidate
from trigger.activities.window import Found

_KIND = TC_TYPES["Prescale"], TC_ALGORITHMS["Prescale"]


class SingleMaker:
    """Makes a TA of each TP."""

    def __init__(self, settings: ActivityParameters) -> None:
        self.algorithm = TA_ALGORITHMS["Prescale"]

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return a TA of each of ``tps``, TP array (n,)."""
        each = Found(np.arange(len(tps)), np.arange(1, len(tps) + 1), np.arange(0))
        made = rows.of_last(tps, each, self.algorithm)
        for ta in made:
            ta.data["time_activity"] = 0
        return made

    def flush(self) -> list[Activity]:
        """Return no TA: nothing is open."""
        return []


def _candidates(activities: Sequence[Activity]) -> list[Candidate]:
    times = [(int(ta.data["time_start"]), int(ta.data["time_end"])) for ta in activities]
    return [
        candidate([ta], _KIND, (start, end, start))
        for ta, (start, end) in zip(activities, times, strict=True)
    ]


def _build_candidates(settings: Parameters) -> CandidateMaker:
    return _candidates


ALGORITHM = Algorithm(Stage(ActivityParameters, SingleMaker), Stage(Parameters, _build_candidates))
