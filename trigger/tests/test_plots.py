from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from streams.block import CHARGE_DTYPE
from trigger import plots
from trigger.candidates import Candidate, Fired, Match
from trigger.frames import Frame
from trigger.replay import Found, Snapshot

ROW = {"interval_low": 0.4, "interval_high": 0.9}


def _pixels(path: Path) -> np.ndarray:
    picture = imread(path)[..., :3]
    assert picture.shape[0] > 300 and picture.shape[1] > 600
    return (picture * 255).round().astype(int)


def _count(picture: np.ndarray, color: str) -> int:
    want = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(picture - want).max(axis=2) < 12).sum())


def _snapshot() -> Snapshot:
    image = np.full((64, 992), 16, np.uint8)
    image[20:24, 500:504] = 60
    charge = np.array([(1, 512 + 164, 486, 30e3), (2, 512 + 300, 500, 9e3)], CHARGE_DTYPE)
    candidate = Candidate([Fired(512 + 160, 484, 70)])
    found = Found(candidate, Match(1, "nue_cc", 30e3), 17.0)
    return Snapshot(
        Frame(image, 512, 0, 64, False), charge, np.array([1], np.uint64), {1: "nue_cc", 2: "Ar39"}, found
    )


def test_truth_and_triggers_are_drawn_in(tmp_path: Path) -> None:
    plots.image(_snapshot(), [Fired(512 + 160, 484, 70), Fired(9000, 484, 70)], tmp_path / "both.png")
    plots.image(_snapshot(), [], tmp_path / "truth.png")
    both, truth = _pixels(tmp_path / "both.png"), _pixels(tmp_path / "truth.png")
    assert _count(both, plots.TRIGGER) > 50 and _count(truth, plots.TRIGGER) == 0
    assert _count(both, plots.TRUTH) > 50 and _count(truth, plots.TRUTH) > 50


@pytest.mark.parametrize("seen", [0, 3])
def test_efficiency_draws_bins_with_interactions(tmp_path: Path, seen: int) -> None:
    rows = [
        {"low_mev": 5.0, "high_mev": 10.0, "tried": 10, "found": 7, "efficiency": 0.7, **ROW},
        {"low_mev": 10.0, "high_mev": 15.0, "tried": 0, "found": 0, "efficiency": None, **ROW},
    ]
    content = {
        "exposure_s": 0.5,
        "efficiency": {"found": 7, "tried": 10, "by_energy": rows},
        "background": {"candidates": seen, "interval_90_hz_per_10kt": [1.0, 200.0]},
    }
    plots.efficiency(content, tmp_path / "efficiency.png")
    assert _count(_pixels(tmp_path / "efficiency.png"), "#0b62a4") > 100


def test_training_curve_draws_both_samples(tmp_path: Path) -> None:
    plots.training({"loss": [0.3, 0.1], "validation_loss": [0.2, 0.15]}, tmp_path / "training.png")
    picture = _pixels(tmp_path / "training.png")
    assert _count(picture, "#0b62a4") > 100 and _count(picture, "#d1495b") > 100
