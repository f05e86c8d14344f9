"""Choose the threshold of the score from simulated background, and say what it costs.

Hard backgrounds are rare (208Tl of the argon: 5 decays per second in an APA), so their sample is simulated at many
times the nominal rate and each count is divided by that factor; where two of them pile up, by both. Everything else
(noise, 39Ar, ...) runs at its nominal rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError
from trigger.owners import NOISE
from trigger.physics import PER_10KT, rate_hz_per_10kt
from trigger.sample import Sample


@dataclass(frozen=True)
class Peaks:
    """The highest score of each event among equally crowded cells, and of each cell without charge.

    Attributes
    ----------
    event : uint64 array, (n,); 0 for a cell without charge.
    origin : uint8 array, (n,): index into ``names``, or NOISE.
    crowd : float32 array, (n,): product of the boosts of the other events there, as in ``Sample``.
    score : int64 array, (n,), on the grid of the network's output.
    names : of the origins.
    """

    event: NDArray[np.uint64]
    origin: NDArray[np.uint8]
    crowd: NDArray[np.float32]
    score: NDArray[np.int64]
    names: tuple[str, ...]


def peaks(scores: NDArray[np.int64], sample: Sample) -> Peaks:
    """Return the highest score of each event of a sample, and every cell that belongs to none.

    An event beside others that are boosted too has one peak there and one where it is alone: its weight differs.

    Parameters
    ----------
    scores : int64 array, (n, 16, 248), of ``sample.images``.
    """
    event, crowd, score = sample.event.ravel(), sample.crowd.ravel(), scores.ravel()
    noise = np.flatnonzero((event == 0) & _over_an_argon_column(sample.event.shape).ravel())
    owned = np.flatnonzero(event)
    order = owned[
        np.lexsort((score[owned], crowd[owned], event[owned]))
    ]  # the last of each has the highest score
    same = (event[order][1:] == event[order][:-1]) & (crowd[order][1:] == crowd[order][:-1])
    last = order[np.append(~same, True)] if len(order) else order
    kept = np.concatenate([last, noise])
    return Peaks(event[kept], sample.origin.ravel()[kept], crowd[kept], score[kept], sample.names)


def _over_an_argon_column(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Cells over real channels; those over guard columns give no record."""
    real = np.zeros(shape, np.bool_)
    real[..., :120] = real[..., 124:244] = True
    return real


def choose(
    found: Peaks, exposure_s: float, boost: Mapping[str, float], target: float, per_10kt: float = PER_10KT
) -> int:
    """Return the lowest threshold that keeps the background.

    Two conditions: no event of a background at its nominal rate, and no cell of noise, reaches it in this exposure;
    and the rate estimated from the boosted backgrounds is at most ``target`` [Hz per 10 kt].

    >>> origin, alone = np.array([0, 1, NOISE], np.uint8), np.ones(3, np.float32)
    >>> found = Peaks(np.array([1, 2, 0], np.uint64), origin, alone, np.array([5, 40, 9]), ("Ar39", "Tl208"))
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
    rate = np.cumsum(weight[weight < 1.0][order]) * rate_hz_per_10kt(1.0, exposure_s, per_10kt)
    over = np.flatnonzero(rate > target)
    if len(over):
        lowest = max(lowest, int(boosted[over[0]]) + 1)
    return lowest


def weights(found: Peaks, boost: Mapping[str, float]) -> NDArray[np.float64]:
    """Return what each peak counts: 1 / (boost of its origin x boosts of what crowds it); noise alone counts 1."""
    table = np.ones(256)
    for index, name in enumerate(found.names):
        table[index] = 1.0 / boost.get(name, 1.0)
    return table[found.origin] / found.crowd


def summary(
    found: Peaks, threshold: int, exposure_s: float, boost: Mapping[str, float], per_10kt: float = PER_10KT
) -> dict[str, object]:
    """Return the counts over a threshold by origin, with the rates that they stand for [Hz per 10 kt].

    ``crowded`` of the peaks over it lie beside another boosted event; ``highest`` is the highest score of one that
    counts fully (alone), None if there is none. The error is one standard deviation of the weighted counts.
    """
    over, weight = found.score >= threshold, weights(found, boost)
    rows = {}
    for index, name in [*enumerate(found.names), (NOISE, "noise")]:
        mine = found.origin == index
        if mine.any():
            alone = found.score[mine & (found.crowd == 1.0)]
            rows[name] = {
                "seen": len(np.unique(found.event[mine])) if index != NOISE else int(mine.sum()),
                "over": int((over & mine).sum()),
                "crowded": int((over & mine & (found.crowd > 1.0)).sum()),
                "highest": int(alone.max()) if len(alone) else None,
                "boost": boost.get(name, 1.0),
                "hz_per_10kt": rate_hz_per_10kt(float(weight[over & mine].sum()), exposure_s, per_10kt),
            }
    return {
        "exposure_s": exposure_s,
        "hz_per_10kt": rate_hz_per_10kt(float(weight[over].sum()), exposure_s, per_10kt),
        "error_hz_per_10kt": rate_hz_per_10kt(
            float(np.sqrt((weight[over] ** 2).sum())), exposure_s, per_10kt
        ),
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
