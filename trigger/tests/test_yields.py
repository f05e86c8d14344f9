"""Published TP yields: what is read off, windows as DUNE/dunetrigger looks at them, the arithmetic of the figures."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from streams.block import TICKS_PER_BLOCK
from streams.detector import load_detector
from trigger.baselines import yields, yields_plot
from trigger.baselines import yields_production as production
from trigger.baselines import yields_published as published
from trigger.baselines import yields_window as window

THRESHOLD = {"simple_threshold": (70, 70, 60), "abs_rs": (80, 80, 65)}


def tenth(value: int) -> int:
    return ((value * 3276 >> 14) + 1) >> 1


class Follower:
    """A pedestal that moves by 1 when more than 10 samples in balance lie on one side (frugal_accum_update)."""

    def __init__(self, pedestal: int) -> None:
        self.pedestal, self.balance = pedestal, 0

    def over(self, sample: int) -> int:
        self.balance += (sample > self.pedestal) - (sample < self.pedestal)
        if abs(self.balance) > 10:
            self.pedestal += 1 if self.balance > 0 else -1
            self.balance = 0
        return sample - self.pedestal


def theirs(adc: list[int], algorithm: str, threshold: int) -> list[int]:
    """Return the first samples of the hits of one channel, sample by sample, as process_waveform goes."""
    counts = {value: adc.count(value) for value in sorted(set(adc))}
    first, second, total = Follower(max(counts, key=counts.__getitem__)), Follower(0), 0
    found, long = [], 0
    for t in [*range(-window.REHEARSAL[algorithm], 0), *range(len(adc))]:
        value = first.over(adc[t + window.REHEARSAL[algorithm] if t < 0 else t])
        if algorithm == "abs_rs":
            total = 8 * tenth(total) + 5 * tenth(abs(value))
            value = second.over(total)
        if t < 0:
            continue
        if long and value <= threshold:
            found.append(t - long)
        long = long + 1 if value > threshold else 0
    return found


@pytest.fixture(scope="module")
def planes() -> dict[str, np.ndarray]:
    """A window of quiet channels, some with noise and with hits in hard places."""
    random = np.random.default_rng(7)
    made = {"U": np.full((6000, 800), 9402, np.uint16), "V": np.full((6000, 800), 9402, np.uint16)}
    made["X"] = np.full((6000, 960), 3601, np.uint16)
    for samples, peak in zip(made.values(), (180, 180, 150), strict=True):
        # Half the noise changes slowly: pedestals follow it.
        slow = np.repeat(random.normal(0, 25, (60, 6)), 100, axis=0)
        samples[:, :6] += (slow + random.normal(0, 22, (6000, 6))).astype(np.int16).view(np.uint16)
        samples[:30, 1] += 400  # from the start on
        samples[5990:, 2] += 400  # not over at the end
        samples[985:1010, 3] += 400  # over when the rehearsal ends
        samples[:, 5] = samples[0, 5]
        samples[999, 5] += peak  # over at the last sample of the rehearsal, not after it
        samples[:3000, 4] = samples[0, 4] + 9  # a tie of two most frequent counts
        samples[3000:, 4] = samples[0, 4] - 9
    return made


@pytest.mark.parametrize("algorithm", ["simple_threshold", "abs_rs"])
def test_a_window_as_dunetrigger_looks_at_it(planes: dict[str, np.ndarray], algorithm: str) -> None:
    found = window.count(planes, yields.chains()[algorithm], window.REHEARSAL[algorithm])
    for number, samples in enumerate(planes.values()):
        want = np.zeros(6000, np.int64)
        for channel in range(6):
            hits = theirs(samples[:, channel].tolist(), algorithm, THRESHOLD[algorithm][number])
            np.add.at(want, hits, 1)
        assert want.sum() > 20
        np.testing.assert_array_equal(found[number], want)


def test_pedestal_is_the_lowest_of_the_most_frequent_counts() -> None:
    assert window.begin(np.array([[4, 1], [3, 1], [3, 0], [4, 2]], np.uint16)).tolist() == [3, 1]


def test_published_numbers_agree_with_each_other() -> None:
    for kind, name in product(published.KINDS, published.ALGORITHMS):
        profile = published.TIME_START[kind][name]
        assert len(profile) == published.BINS
        assert abs(1000 * sum(profile) / sum(published.TPS[kind][name]) - 1) < 0.0004


def test_split_is_the_step_of_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = np.full(100, 60.0)
    profile[published.AFTER] = [49, 51] * 10
    monkeypatch.setitem(published.TIME_START["cc"], "abs_rs", tuple(profile))
    found = published.split("abs_rs")
    assert (found.noise, found.interaction) == (1000, 148)  # 50 000 * 100 / 5 000; 10 000 * 74 / 5 000
    error = 1000 * np.std([49, 51] * 10, ddof=1) / np.sqrt(20)
    np.testing.assert_allclose((found.noise_error, found.interaction_error), (error / 50, error * 74 / 5000))
    monkeypatch.setitem(published.TIME_START["es"], "abs_rs", tuple(profile - np.tile([1, 3], 50)))
    more, error = published.more_of_cc("abs_rs")
    assert more == 40  # 2 000 * 100 / 5 000
    np.testing.assert_allclose(error, 0.2 * np.sqrt(80 / 78) * 10)


def test_settings_are_those_of_the_sources(tmp_path: Path) -> None:
    ours, theirs = (production.configured(steps, tmp_path) for steps in ((), production.STEPS))
    was, now = load_detector(ours.detector), load_detector(theirs.detector)
    assert was == load_detector(production.PRESET)
    assert now.electronics.measured_scale == 1.1365 and was.electronics.measured_scale == 0.909
    samples = now.drift_mm / now.drift.velocity_mm_per_us / 0.512
    assert abs(samples - 3600 / 1.60563 / 0.5) < 1e-9  # of the drift, as many as there
    assert abs(now.planes["X"].pedestal_adc + 0.5 - 307.7 / 1400 * 16383) < 1e-9
    with pytest.raises(KeyError, match=r"drift\.speed: 0 times"):
        production._changed("[drift]\nvelocity = 1", {"drift.speed": 2.0})


def test_noise_of_the_production_is_simulated(tmp_path: Path) -> None:
    """SimpleThreshold sees 38.9 Hz on U, V and 46.5 Hz on X (noise made by itself, 60 s of a channel)."""
    found = yields.count(production.configured(("noise", "rest"), tmp_path), True, 3)
    assert found.interactions.sum() == 0 and found.tps["abs_rs"].shape == (3, 3)
    channel_s = 3 * 6000 * 500e-9 * np.array([800, 800, 960])
    want = np.array([38.9, 38.9, 46.5]) * channel_s
    tps = found.tps["simple_threshold"].sum(axis=0)
    assert (np.abs(tps - want) < 5 * np.sqrt(want)).all()
    assert found.profile["simple_threshold"].sum() == tps.sum()


def test_events_are_four_assemblies_and_one_interaction(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = dict.fromkeys(window.REHEARSAL, np.full(100, 2))

    def count(config: object, apart: bool, windows: int) -> yields.Counted:
        signal = bool(getattr(config, "signals", ()))
        tps = np.array([[10, 20, 30], [14, 20, 34]]) + signal * np.array([[3, 0, 9], [5, 0, 15]])
        seen = np.array([3, 5]) * signal
        return yields.Counted(dict.fromkeys(window.REHEARSAL, tps), profile, seen)

    monkeypatch.setattr(yields, "count", count)
    found = yields.measure(("windows",), 2, tmp_path)["abs_rs"]
    assert found["noise"] == [48, 80, 128] and found["noise_error"] == [8, 0, 8]
    assert found["interaction"] == [1, 0, 3] and found["interaction_error"] == [0, 0, 0]
    assert found["total"] == [49, 80, 131] and found["noise_in_time"] == [4.0] * 100
    whole = window.BLOCKS * TICKS_PER_BLOCK  # pedestals that run on: the window's last 16 samples count too
    assert yields.measure((), 2, tmp_path)["abs_rs"]["noise"] == [
        48 * 6000 / whole,
        80 * 6000 / whole,
        128 * 6000 / whole,
    ]


def test_effect_of_a_step_is_a_difference_window_by_window() -> None:
    was = {"abs_rs": {"noise_by_window": [[8, 0, 4], [4, 0, 4]], "more_by_window": [[3, 0, 1], [6, 0, 1]]}}
    now = {"abs_rs": {"noise_by_window": [[12, 0, 4], [8, 0, 6]], "more_by_window": [[4, 0, 1], [8, 0, 4]]}}
    found = yields.effect(now | {"interactions_by_window": [1, 2]}, was, "abs_rs")
    assert found["noise"] == [4, 0, 1] and found["noise_error"] == [0, 0, 1]
    assert found["interaction"] == [1, 0, 1]
    np.testing.assert_allclose(found["interaction_error"], [0, 0, np.sqrt(2) / 3])


def test_the_plot_is_written(tmp_path: Path) -> None:
    one = {"noise": [1.0, 2.0, 3.0], "interaction": [4.0, 5.0, 6.0], "noise_in_time": [1.0] * 100}
    found = dict.fromkeys(published.ALGORITHMS, one)
    yields_plot.draw(found, found, tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 5_000
