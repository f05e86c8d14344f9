from __future__ import annotations

import numpy as np
import pytest

from streams.errors import UserError
from trigger.owners import NOISE
from trigger.sample import Sample
from trigger.threshold import Peaks, check, choose, peaks, summary, weights

BOOST = {"Tl208": 100.0}
NAMES = ("nue_cc", "Ar39", "Tl208")
TL208, ARGON39 = 2, 1


def _sample(event: np.ndarray, origin: np.ndarray, crowd: np.ndarray) -> Sample:
    none = np.zeros((0, 64, 160), np.uint8)
    images = np.zeros((len(event), 64, 992), np.uint8)
    return Sample(none, none.astype(np.int8), images, event, origin, crowd, np.zeros(0, np.uint64), NAMES)


def _peaks(*rows: tuple[int, int, int], crowd: tuple[float, ...] = ()) -> Peaks:
    event, origin, score = zip(*rows, strict=True)
    crowded = np.array(crowd or (1.0,) * len(rows), np.float32)
    return Peaks(
        np.array(event, np.uint64), np.array(origin, np.uint8), crowded, np.array(score, np.int64), NAMES
    )


def test_an_event_counts_once_with_its_highest_score_over_all_frames() -> None:
    event = np.zeros((2, 16, 248), np.uint64)
    origin = np.full(event.shape, NOISE, np.uint8)
    scores = np.full(event.shape, -50, np.int64)
    event[0, 3, 5:8], origin[0, 3, 5:8], scores[0, 3, 5:8] = 11, TL208, (4, 9, 2)
    event[1, 0, 6], origin[1, 0, 6], scores[1, 0, 6] = 11, TL208, 7
    event[1, 9, 130], origin[1, 9, 130], scores[1, 9, 130] = 12, ARGON39, 1
    scores[0, 0, 120:124] = 99  # guard columns give no record
    found = peaks(scores, _sample(event, origin, np.ones(event.shape, np.float32)))
    owned = found.event > 0
    rows = zip(
        found.event[owned].tolist(), found.origin[owned].tolist(), found.score[owned].tolist(), strict=True
    )
    assert list(rows) == [(11, TL208, 9), (12, ARGON39, 1)]
    assert found.score[~owned].max() == -50 and (~owned).sum() == 2 * 16 * 240 - 5


def test_an_event_counts_once_alone_and_once_beside_each_crowd() -> None:
    event, scores = np.zeros((1, 16, 248), np.uint64), np.zeros((1, 16, 248), np.int64)
    origin, crowd = np.full(event.shape, NOISE, np.uint8), np.ones(event.shape, np.float32)
    event[0, 3, 5:9], origin[0, 3, 5:9], scores[0, 3, 5:9] = 11, TL208, (40, 9, 12, 70)
    crowd[0, 3, 5:9] = 50.0, 1.0, 1.0, 50.0
    found = peaks(scores, _sample(event, origin, crowd))
    owned = found.event > 0
    assert list(zip(found.crowd[owned].tolist(), found.score[owned].tolist(), strict=True)) == [
        (1, 12),
        (50, 70),
    ]
    said = summary(found, 10, 1.0, BOOST)
    row = said["by_origin"]["Tl208"]  # type: ignore[index]
    assert said["hz_per_10kt"] == row["hz_per_10kt"]
    assert said["error_hz_per_10kt"] == pytest.approx(np.hypot(1, 1 / 50))
    assert row["hz_per_10kt"] == pytest.approx(100 / 100 * (1 + 1 / 50))
    assert (row["seen"], row["over"], row["crowded"], row["highest"]) == (1, 2, 1, 12)


def test_two_rare_backgrounds_together_count_by_both_boosts() -> None:
    found = _peaks((1, TL208, 20), (2, TL208, 9), (3, ARGON39, 30), crowd=(100.0, 1.0, 100.0))
    assert weights(found, BOOST).tolist() == pytest.approx([1e-4, 1e-2, 1e-2])
    assert choose(found, 1.0, BOOST, target=2.0) == 10
    assert choose(found, 1.0, BOOST, target=1.005) == 21
    assert choose(found, 1.0, BOOST, target=2.0, per_10kt=200.0) == 21


def test_no_nominal_background_and_no_noise_reaches_the_threshold() -> None:
    found = _peaks((1, ARGON39, 30), (0, NOISE, 12), (2, TL208, 20))
    assert choose(found, 1.0, BOOST, target=1e9) == 31


@pytest.mark.parametrize(("target", "level"), [(3.0, 0), (2.9, 6), (2.0, 6), (1.9, 8), (1.0, 8), (0.9, 21)])
def test_boosted_background_keeps_the_target_rate(target: float, level: int) -> None:
    """Each of the three events stands for 1 Hz per 10 kt: 1 / (1 s x 2 faces x 100) x 200."""
    found = _peaks((1, TL208, 20), (2, TL208, 7), (3, TL208, 5), (0, NOISE, -1))
    assert choose(found, 1.0, BOOST, target) == level
    assert summary(found, level, 1.0, BOOST)["hz_per_10kt"] <= target
    assert level == 0 or summary(found, level - 1, 1.0, BOOST)["hz_per_10kt"] > target


def test_a_threshold_out_of_reach_is_refused() -> None:
    check(2047, 2047)
    with pytest.raises(UserError, match="no threshold keeps the target rate"):
        check(2048, 2047)
