"""The fields of TCs from the TAs in them.

>>> from streams.daq.tp import TP
>>> ta = Activity(np.zeros(1, TA)[0], np.zeros(1, TP))
>>> made = candidate([ta], 5, (6, 4))
>>> made.data["time_candidate"].item(), made.data["type"].item(), len(made.inputs)
(5, 6, 1)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.daq.trigger_objects import TA, TC, TC_VERSION
from trigger.activities.base import Activity, Candidate


def candidate(activities: Sequence[Activity], time_candidate: int, kind: tuple[int, int]) -> Candidate:
    """Return a TC that starts with its first TA, ends with and has the detector of its last.

    ``kind`` is its type and algorithm, numbers of ``TC_TYPES`` and ``TC_ALGORITHMS``.
    """
    row = np.zeros(1, TC)[0]
    first, last = activities[0].data, activities[-1].data
    row["version"] = TC_VERSION
    row["time_start"], row["time_end"], row["time_candidate"] = (
        first["time_start"],
        last["time_end"],
        time_candidate,
    )
    row["detid"] = last["detid"]
    row["type"], row["algorithm"] = kind
    inputs = np.zeros(len(activities), TA)
    for number, ta in enumerate(activities):
        inputs[number] = ta.data
    return Candidate(row, inputs)
