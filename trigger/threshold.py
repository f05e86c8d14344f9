"""Choose the threshold of the score from simulated background, and say what it costs.

Hard backgrounds are rare (208Tl: 5 decays per second in an APA), so their sample is simulated at many times the
nominal rate and each count is divided by that factor. Everything else (noise, 39Ar, ...) runs at its nominal rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError
from trigger.physics import rate_hz_per_10kt
from trigger.sample import NOISE, Sample


@dataclass(frozen=True)
class Peaks:
    """The highest score of each event, and of each cell without charge.

    Attributes
    ----------
    event : uint64 array, (n,); 0 for a cell without charge.
    origin : uint8 array, (n,): index into ``names``, or NOISE.
    names : of the origins.
    score : int64 array, (n,), on the grid of the network's output.
    """

    event: NDArray[np.uint64]
    origin: NDArray[np.uint8]
    score: NDArray[np.int64]
    names: tuple[str, ...]


def peaks(scores: NDArray[np.int64], sample: Sample) -> Peaks:
    """Return the highest score of each event of a sample, and every cell that belongs to none.

    Parameters
    ----------
    scores : int64 array, (n, 16, 248), of ``sample.images``.
    """
    event, origin, score = sample.event.ravel(), sample.origin.ravel(), scores.ravel()
    noise = (event == 0) & _over_an_argon_column(sample.event.shape).ravel()
    owned = np.flatnonzero(event)
    order = owned[np.lexsort((score[owned], event[owned]))]  # the last of each event has its highest score
    last = order[np.append(event[order][1:] != event[order][:-1], True)] if len(order) else order
    return Peaks(
        np.concatenate([event[last], event[noise]]),
        np.concatenate([origin[last], origin[noise]]),
        np.concatenate([score[last], score[noise]]),
        sample.names,
    )


def _over_an_argon_column(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Cells over real channels; those over guard columns give no record."""
    real = np.zeros(shape, np.bool_)
    real[..., :120] = real[..., 124:244] = True
    return real


def choose(found: Peaks, exposure_s: float, boost: Mapping[str, float], target: float) -> int:
    """Return the lowest threshold that keeps the background.

    Two conditions: no event of a background at its nominal rate, and no cell of noise, reaches it in this exposure;
    and the rate estimated from the boosted backgrounds is at most ``target`` [Hz per 10 kt].

    >>> origin = np.array([0, 1, NOISE], np.uint8)
    >>> found = Peaks(np.array([1, 2, 0], np.uint64), origin, np.array([5, 40, 9]), ("Ar39", "Tl208"))
    >>> choose(found, exposure_s=1.0, boost={"Tl208": 100.0}, target=1.0)
    10
    >>> choose(found, exposure_s=1.0, boost={"Tl208": 100.0}, target=0.5)
    41
    """
    weight = weights(found, boost)
    nominal = found.score[weight == 1.0]
    lowest = int(nominal.max()) + 1 if len(nominal) else int(found.score.min(initial=0))
    boosted = np.sort(found.score[weight < 1.0])[::-1]
    order = np.argsort(-found.score[weight < 1.0], kind="stable")
    rate = np.cumsum(weight[weight < 1.0][order]) * rate_hz_per_10kt(1.0, exposure_s)
    over = np.flatnonzero(rate > target)
    if len(over):
        lowest = max(lowest, int(boosted[over[0]]) + 1)
    return lowest


def weights(found: Peaks, boost: Mapping[str, float]) -> NDArray[np.float64]:
    """Return 1 / boost of each peak's origin; 1 for noise."""
    table = np.ones(256)
    for index, name in enumerate(found.names):
        table[index] = 1.0 / boost.get(name, 1.0)
    return table[found.origin]


def summary(found: Peaks, threshold: int, exposure_s: float, boost: Mapping[str, float]) -> dict[str, object]:
    """Return the counts over a threshold by origin, with the rates that they stand for [Hz per 10 kt]."""
    over = found.score >= threshold
    rows = {}
    for index, name in [*enumerate(found.names), (NOISE, "noise")]:
        mine = found.origin == index
        count = int((over & mine).sum())
        factor = boost.get(name, 1.0)
        if mine.any():
            rate = rate_hz_per_10kt(count, exposure_s) / factor
            rows[name] = {"seen": int(mine.sum()), "over": count, "boost": factor, "hz_per_10kt": rate}
    return {
        "exposure_s": exposure_s,
        "hz_per_10kt": sum(row["hz_per_10kt"] for row in rows.values()),
        "by_origin": rows,
    }


def check(threshold: int, largest: int) -> None:
    """Refuse a threshold that no score can reach.

    Raises
    ------
    UserError : the background reaches the highest score that the output quantizer has.
    """
    if threshold > largest:
        raise UserError(
            f"threshold: background reaches the highest score {largest}, so no threshold keeps the target rate: "
            "train longer, or raise target_hz_per_10kt"
        )
