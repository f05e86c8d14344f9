"""TPs that DUNE drops after they are made: too short, too long, on a masked channel; each counted.

>>> tps = np.zeros(4, TP)
>>> tps["channel"] = 0, 1, 2, 3
>>> tps["samples_over_threshold"] = 1, 2, 9000, 5
>>> cuts = Cuts(sot_minima=(2, 2, 2), tp_timeout=218_750, channel_mask=(3,))
>>> kept, dropped = apply(cuts, tps, lambda some: np.zeros(len(some), int))
>>> kept["channel"].tolist(), dropped
([1], Dropped(too_short=1, too_long=1, masked=1))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.daq.tp import TP
from trigger.baselines.running_sum import PerPlane


@dataclass(frozen=True)
class Cuts:
    """What is dropped.

    Attributes
    ----------
    sot_minima : shortest TP that is kept on each plane [samples] (tpglibs; 0 and 1 keep all).
    tp_timeout : longest TP that is kept [62.5 MHz counts]; None: any (fdreadoutlibs).
    channel_mask : offline channels whose TPs are dropped.
    """

    sot_minima: PerPlane = (1, 1, 1)
    tp_timeout: int | None = None
    channel_mask: tuple[int, ...] = ()


class Dropped(NamedTuple):
    """TPs that were dropped, by the first reason that holds."""

    too_short: int = 0
    too_long: int = 0
    masked: int = 0


def apply(
    cuts: Cuts, tps: NDArray[np.void], planes_of: Callable[[NDArray[np.void]], NDArray[np.integer]]
) -> tuple[NDArray[np.void], Dropped]:
    """Return the TPs that are kept, in order, and how many are not.

    Parameters
    ----------
    tps : TP array.
    planes_of : gives the plane of each of some TPs: int array.
    """
    assert tps.dtype == TP
    kept, dropped = tps, [0, 0, 0]
    if max(cuts.sot_minima) > 1:
        least = np.array(cuts.sot_minima)[planes_of(kept)]
        kept = kept[kept["samples_over_threshold"] >= least]
        dropped[0] = len(tps) - len(kept)
    if cuts.channel_mask:
        before, kept = len(kept), kept[~np.isin(kept["channel"], cuts.channel_mask)]
        dropped[2] = before - len(kept)
    if cuts.tp_timeout is not None:
        short = kept["samples_over_threshold"] <= cuts.tp_timeout // TIMESTAMP_PER_TICK
        if not short.all():
            dropped[1], kept = int((~short).sum()), kept[short]
    return kept, Dropped(*dropped)
