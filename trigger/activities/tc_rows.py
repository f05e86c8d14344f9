"""The fields of TCs from the TAs in them.

>>> from streams.daq.tp import TP
>>> ta = Activity(np.zeros(1, TA)[0], np.zeros(1, TP))
>>> made = candidate([ta], (6, 4), (3, 5, 3))
>>> made.data["time_end"].item(), made.data["type"].item(), len(made.inputs)
(5, 6, 1)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.daq.trigger_objects import TA, TC, TC_VERSION
from trigger.activities.base import Activity, Candidate


def candidate(
    activities: Sequence[Activity],
    kind: tuple[int, int],
    times: tuple[int, int, int],
    detid: int | None = None,
) -> Candidate:
    """Return a TC of some TAs.

    Parameters
    ----------
    activities : at least one.
    kind : its type and algorithm, numbers of ``TC_TYPES`` and ``TC_ALGORITHMS``.
    times : its start, end and time [62.5 MHz counts].
    detid : its detector; that of its last TA if None.
    """
    row = np.zeros(1, TC)[0]
    row["version"] = TC_VERSION
    row["time_start"], row["time_end"], row["time_candidate"] = times
    row["detid"] = activities[-1].data["detid"] if detid is None else detid
    row["type"], row["algorithm"] = kind
    inputs = np.zeros(len(activities), TA)
    for number, ta in enumerate(activities):
        inputs[number] = ta.data
    return Candidate(row, inputs)
