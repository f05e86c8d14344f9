"""The public study on a small simulated sample: hits, truth, rows, picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.config import SimulationConfig
from streams.daq.tp import TP
from streams.signals import NeutrinoSignal
from trigger.physics import feldman_cousins
from trigger.snb.engine import Found
from trigger.snb.plots import PUBLISHED, draw
from trigger.snb.sample import Sample, simulate
from trigger.snb.study import evaluate, interval, signal

BLOCKS = 256  # 8.4 ms, four steps


@pytest.fixture(scope="module")
def sample() -> Sample:
    neutrinos = NeutrinoSignal(rate_hz=3000, min_energy_mev=15.0)
    return simulate(SimulationConfig(seed=3, planes=("X",), signals=(neutrinos,)), BLOCKS)


def test_the_sample_has_the_rate_of_one_assembly(sample: Sample) -> None:
    background = sample.tps[sample.label < 0]
    assert sample.seconds == pytest.approx(BLOCKS * 64 * 512e-9)
    # 39Ar 146 Hz per channel (reference 1.8), of which a threshold of 60 ADC leaves about 85
    assert 70 < len(background) / sample.seconds / 960 < 110
    assert bool((np.diff(sample.tps["time_start"].astype(np.int64)) >= 0).all())


def test_hits_of_interactions_are_known(sample: Sample) -> None:
    assert sample.interactions > 10
    labels = sample.label[sample.label >= 0]
    assert labels.max() < sample.interactions
    assert 5 < len(labels) / sample.interactions < 40
    mine = sample.tps[sample.label >= 0]
    assert mine["adc_integral"].mean() > 1.5 * sample.tps["adc_integral"][sample.label < 0].mean()


def test_looser_configurations_find_more(sample: Sample, tmp_path: Path) -> None:
    rows = evaluate(sample, per_10kt=100.0)
    assert len(rows) == 48
    by_hits = [rows[first] for first in range(0, 48, 8)]  # 6, 5, 4, 3, 2, 1 hits; 1 channel, 20 ticks
    found = [row.found for row in by_hits]
    assert found == sorted(found)
    assert by_hits[-1].efficiency > 0.8
    assert [row.background for row in by_hits] == sorted(row.background for row in by_hits)
    for row in rows:
        assert row.background_hz == pytest.approx(100 * row.background / sample.seconds)
        assert row.background_low <= row.background_hz <= row.background_high
        low, high = row.efficiency_interval
        assert low <= row.efficiency <= high
    draw(rows, tmp_path / "snb.png")
    assert (tmp_path / "snb.png").stat().st_size > 10_000


def test_a_cluster_is_signal_with_two_hits_of_interactions_and_belongs_to_the_last() -> None:
    found = Found(np.arange(8), np.array([2, 4, 8]))
    assert signal(found, np.array([0, -1, 3, 3, 1, 2, -1, -1])).tolist() == [-1, 3, 2]
    assert signal(Found(np.arange(0), np.arange(0)), np.arange(0)).tolist() == []


def test_an_interaction_counts_once_and_background_beside_it() -> None:
    tps = np.zeros(6, TP)
    tps["channel"], tps["adc_integral"] = [5, 6, 50, 51, 90, 91], 100
    tps["time_start"] = np.arange(6) * 32
    rows = evaluate(Sample(tps, np.array([0, 0, 0, 0, -1, -1]), interactions=4, seconds=1.0), per_10kt=200.0)
    assert (rows[32].found, rows[32].efficiency, rows[32].background, rows[32].background_hz) == (
        1,
        0.25,
        1,
        200,
    )
    assert (rows[31].found, rows[31].background) == (0, 0)


def test_without_interactions_there_is_no_efficiency() -> None:
    tps = np.zeros(2, TP)
    tps["channel"], tps["adc_integral"] = [5, 6], 100
    row = evaluate(Sample(tps, np.array([-1, -1]), interactions=0, seconds=1.0), per_10kt=1.0)[-1]
    assert np.isnan(row.efficiency) and row.efficiency_interval == (0.0, 1.0)
    assert row.background == 1


def test_intervals_of_counts_are_feldmans_up_to_50_and_normal_from_51() -> None:
    assert interval(50) == feldman_cousins(50)
    assert interval(51) == pytest.approx((51 - 11.7477, 51 + 11.7477), abs=1e-3)  # 1.645 square roots of 51


def test_the_published_points() -> None:
    assert [round(point.background_hz, 4) for point in PUBLISHED][0::5] == [19.1058, 0.0985]
