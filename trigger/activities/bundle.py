"""Bundle: a TA of every N TPs, a TC of every N TAs, whatever is in them.

As upstream: the TA maker does not read the parameters that all others have (prescale, max_time_over_threshold); N = 0
acts as 1; if all peaks are 0, time and channel of the peak are invalid.
Source: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerBundleNAlgorithm.cpp, src/TCMakerBundleNAlgorithm.cpp.

>>> from streams.daq.tp import TP
>>> maker = ALGORITHM.activity.build(TpBundle(bundle_size=2))
>>> [len(ta.inputs) for ta in maker(np.zeros(5, TP))]
[2, 2]
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np

from streams.daq.trigger_objects import TA_ALGORITHMS, TC_ALGORITHMS, TC_TYPES
from trigger.activities import rows
from trigger.activities.base import U63, Activity, Algorithm, Candidate, Parameters, Stage
from trigger.activities.tc_rows import candidate
from trigger.activities.window import Columns, Found, WindowMaker

_KIND = TC_TYPES["Bundle"], TC_ALGORITHMS["Bundle"]


class TpBundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the TA maker; default of TAMakerBundleNAlgorithm.hpp."""

    bundle_size: U63 = 1  # TPs in a TA


class TaBundle(Parameters, frozen=True, kw_only=True):
    """Parameters of the TC maker; default of TCMakerBundleNAlgorithm.hpp."""

    bundle_size: U63 = 1  # TAs in a TC


class _Settings(NamedTuple):
    size: int


def _scan(tps: Columns, new: int, settings: _Settings) -> Found:
    """Take all TPs; those before number ``new`` are in the first TA."""
    count = len(tps.time)
    full = count - count % settings.size
    ends = np.arange(settings.size, full + 1, settings.size)
    return Found(np.arange(full), ends, np.arange(full, count))


class BundleMaker(WindowMaker):
    """A maker of TAs that gathers a number of TPs."""

    def __init__(self, settings: TpBundle) -> None:
        fields = partial(rows.of_first, algorithm=TA_ALGORITHMS["Bundle"])
        super().__init__(_scan, _Settings(max(settings.bundle_size, 1)), fields)

    def flush(self) -> list[Activity]:
        """Return no TA: as upstream a bundle that is not full is not given out."""
        return []


class BundlingMaker:
    """A maker of TCs that gathers a number of TAs."""

    def __init__(self, settings: TaBundle) -> None:
        self.size = max(settings.bundle_size, 1)
        self.gathered: list[Activity] = []

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that end with one of ``activities``."""
        made = []
        for ta in activities:
            self.gathered.append(ta)
            if len(self.gathered) == self.size:
                first, last = self.gathered[0].data, self.gathered[-1].data
                start = int(first["time_start"])
                made.append(
                    candidate(
                        self.gathered, _KIND, (start, int(last["time_end"]), start), int(first["detid"])
                    )
                )
                self.gathered = []
        return made


ALGORITHM = Algorithm(Stage(TpBundle, BundleMaker), Stage(TaBundle, BundlingMaker))
