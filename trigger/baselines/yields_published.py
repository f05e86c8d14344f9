"""What is published about TPs of MARLEY events, read off the figures, and what follows from it.

JamesJieranShen/dune-trigger-production-validation-plots, figs/marley_cc and figs/marley_es (pixels; an axis is fitted
to 0.04 %). Events: mctruths.png has 5 000 nu_e, 5 000 argon nuclei and 5 000 electrons for CC, and for ES 200 particles
(4 of an event) in each hundredth of the event numbers. These go up to 25 000, but of each file's 50 events 10 were
used (NUM_EVENTS=10 in JamesJieranShen/dunetrigger-production-justin).

The bins of CC and of ES go up and down together (0.93 after the drift, SimpleThreshold), five times as much as counts
do: the noise repeats itself, which would follow from Wire-Cell's seeds, the same in each job (cfg/pgrapher/common/
tools.jsonnet). Errors are therefore from the scatter of the bins, and CC and ES have the same noise.

>>> {name: round(sum(per_event(name))) for name in ALGORITHMS}
{'simple_threshold': 1316, 'abs_rs': 920}
>>> [(kind, *(round(value) for value in split("abs_rs", kind))) for kind in KINDS]
[('cc', 854, 5, 66, 5), ('es', 855, 6, 34, 5)]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EVENTS = 5_000
SAMPLES = 6_000  # of each event (dunereco DUNEWireCell/dune10kt-1x2x2/params.jsonnet)
ASSEMBLIES = 4  # 10 240 channels
BINS = 100  # of time_start
#: Bins where interactions still leave charge, and those after them: the rate steps down at bin 74 (sample 4 440).
WITH_CHARGE, AFTER = 74, slice(80, 100)
#: Bins that tell the rate with charge: those before have what is left of the start of a window.
STEADY = slice(10, 70)
#: TPs on U, V, X of all events, from the bars of ``view``.
TPS = {
    "cc": {"simple_threshold": (1.9000e6, 1.9020e6, 2.7790e6), "abs_rs": (1.3800e6, 1.3745e6, 1.8470e6)},
    "es": {"simple_threshold": (1.8610e6, 1.8595e6, 2.7180e6), "abs_rs": (1.3320e6, 1.3205e6, 1.7900e6)},
}
KINDS, ALGORITHMS = tuple(TPS), tuple(TPS["cc"])
_CC_SIMPLE_THRESHOLD = """
    85.3 77.5 73.8 69.6 67.5 70.4 68.7 68.5 68.5 67.1 69.6 65.8 66 67.9 68.8 67.7 64.5 66.2 65.6 65
    67.7 67.1 67 65.2 66.8 67.8 66.4 67.5 67 67.6 66.4 64.9 65.8 66.5 69 67.9 66.2 65.4 64.4 67.5
    67.7 65 66.7 67.5 66.7 65 65.8 64.3 68.9 65.6 67.5 66.9 65.6 65.1 66.2 65.1 64.2 66.2 65.7 67
    65.7 66.3 66.2 65.8 65.9 68.7 64.9 64.6 64.7 67.5 67.2 66.2 63.8 65 61.3 62.3 62.9 62.7 61.6 62.3
    64.9 63.4 64.7 62.2 62.6 61 62.1 60.8 62.8 61.5 63.1 61.9 59.2 62.3 60.9 61.9 63.5 62.4 62.4 62.6
"""
_CC_ABS_RS = """
    46.1 49.9 49.4 48.5 47.3 47.9 47.4 48.6 47.4 46.5 47.8 46.1 46.2 47.6 46.4 46.3 47.3 46.5 47.8 47.7
    47.4 48.7 46.4 46.5 46.6 46.8 48 48.9 48.8 46.9 45.9 44.9 46.4 46.9 49.6 46 48.2 48.3 45.4 48.2
    49.5 46.7 47.8 48.2 46.9 47.1 47 47.8 49 45.7 48.6 44.9 46.1 45.6 47.1 46.6 44.7 45.5 48 46.3
    45.9 47.9 47.3 45.5 48.5 49.6 48.5 48.3 46.9 49.2 46.5 46.3 46.9 46.4 41.5 40.8 40.3 42.6 44 41.8
    44.5 43.9 44.8 42.3 43.1 41.1 44.5 41.2 41.2 43 42.4 42.6 41.6 43.2 41.4 43 43.3 41 42.4 43.4
"""
_ES_SIMPLE_THRESHOLD = """
    84.4 77.6 72.1 69.3 66.7 68.1 65.5 65.8 66.4 64.6 66.2 64.2 63.4 65.4 67 64.9 63.4 64.7 63.4 63.4
    65.9 65.6 65.6 63 65.7 64.8 65.4 65.3 66.2 65.5 62.9 63.7 63.9 64.3 67.4 64.5 63 63.9 63.1 65
    66.7 61.9 65 66.8 64.7 64.2 63.8 62.3 68.2 64.8 65.7 64.3 64.4 64.4 64 63.9 63.1 62.4 62.1 65.3
    64 65.1 63.8 64.1 63.9 67.7 62.6 63.3 62.2 64.9 65.3 65 62.1 63.1 61.2 62.5 62.9 63.6 61.4 61.4
    65.2 62.7 64.3 61.2 63.5 60.4 62.1 61 63.2 61.5 62.6 61.3 59.2 61.2 60.6 61.9 62.9 62.1 61.7 62.1
"""
_ES_ABS_RS = """
    43.7 48.3 48 45.8 45 44.5 44.7 46.1 44.9 44.1 46.1 43.9 43.2 44.8 44.3 43.9 44.9 43.9 45.7 45.4
    45.1 46.4 44.9 44.4 44.1 43.7 46.8 46 48.1 44.6 44 43.2 43.9 45.6 46.9 43.9 45.2 46.1 43.3 45.6
    47.7 43.7 45.5 45.8 45.3 45.8 44.8 46.2 48.9 45 46.5 43.5 44.9 45 45.2 45.2 42.3 42.2 44.7 44
    42.7 45.6 44.3 43.6 46 47.3 46.7 46 44.5 45.6 44.2 44.5 45.1 45.4 41 41.5 41.3 41.8 43 42.2
    43.9 44.1 45 41.6 44.4 41.5 44.7 40.1 41.2 44 42.2 43.6 41.4 42.7 42.2 42.1 42.8 42 42.2 43.1
"""


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split()))


#: TPs in each bin of ``time_start`` [thousands]; they add up to those of the bars within 0.04 %.
TIME_START = {
    "cc": {"simple_threshold": _numbers(_CC_SIMPLE_THRESHOLD), "abs_rs": _numbers(_CC_ABS_RS)},
    "es": {"simple_threshold": _numbers(_ES_SIMPLE_THRESHOLD), "abs_rs": _numbers(_ES_ABS_RS)},
}


class Split(NamedTuple):
    """TPs of an event after the drift, as if the whole window were so; of its interaction; and their errors."""

    noise: float
    noise_error: float
    interaction: float
    interaction_error: float


def per_event(name: str, kind: str = "cc") -> tuple[float, ...]:
    """Return TPs per event on U, V, X."""
    return tuple(tps / EVENTS for tps in TPS[kind][name])


def split(name: str, kind: str = "cc") -> Split:
    """Return the noise of an event and the TPs of its interaction: the step of the rate at the end of the drift.

    Errors are those of the means, from the scatter of the bins.
    """
    profile = 1000 * np.array(TIME_START[kind][name])
    levels = []
    for bins in (STEADY, AFTER):
        seen = profile[bins]
        levels.append((float(seen.mean()), float(seen.std(ddof=1) / np.sqrt(len(seen)))))
    (before, error_before), (after, error_after) = levels
    step_error = float(np.hypot(error_before, error_after))
    return Split(
        after * BINS / EVENTS,
        error_after * BINS / EVENTS,
        (before - after) * WITH_CHARGE / EVENTS,
        step_error * WITH_CHARGE / EVENTS,
    )


def more_of_cc(name: str) -> tuple[float, float]:
    """Return how many TPs a CC event has more than one of ES, and the error: of the same noise.

    >>> [[round(value, 1) for value in more_of_cc(name)] for name in ALGORITHMS]
    [[28.5, 1.5], [31.8, 1.4]]
    """
    apart = 1000 * np.subtract(TIME_START["cc"][name], TIME_START["es"][name]) / EVENTS
    scatter = np.concatenate([apart[bins] - apart[bins].mean() for bins in (STEADY, AFTER)])
    return float(apart.sum()), float(scatter.std(ddof=2) * np.sqrt(BINS))
