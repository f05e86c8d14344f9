"""The stream as a whole: steady, reproducible, true to its own truth, and strict about its configuration."""

from __future__ import annotations

import hashlib
from itertools import islice

import numpy as np
import pytest

from streams.block import ORIGINS, TICK_NS, Block
from streams.config import BACKGROUNDS, SignalConfig, SimulationConfig, checked
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.readout import Readout
from streams.response import collection_kernel
from streams.simulate import induction, stream

QUIET = dict.fromkeys(BACKGROUNDS, 0.0)


def taken(n: int, config: SimulationConfig, **options: int) -> list[Block]:
    return list(islice(stream(config, **options), n))


def digest(blocks: list[Block]) -> str:
    sha = hashlib.sha256()
    for b in blocks:
        for part in (b.adc, b.events, b.charge):
            sha.update(np.ascontiguousarray(part).tobytes())
        sha.update(f"{b.first_tick} {b.timestamp}".encode())
    return sha.hexdigest()


def test_the_bytes_depend_on_the_seed_alone() -> None:
    config = SimulationConfig(seed=11, signal=SignalConfig(rate_hz=500.0))
    reference = digest(taken(40, config))
    assert reference == digest(taken(40, config))
    for at_once in (1, 7, 64):
        assert reference == digest(taken(40, config, blocks_at_once=at_once)), at_once
    other = SimulationConfig(seed=12, signal=SignalConfig(rate_hz=500.0))
    assert reference != digest(taken(40, other))


def test_blocks_follow_each_other() -> None:
    blocks = taken(20, SimulationConfig())
    assert [b.first_tick for b in blocks] == [64 * n for n in range(20)]
    assert [b.timestamp for b in blocks] == [10**12 + 2048 * n for n in range(20)]
    for b in blocks:
        assert b.adc.shape == (64, 960)
        assert b.adc.dtype == np.uint16
        assert np.all(np.diff(b.charge["tick"]) >= 0)
        assert np.all((b.charge["tick"] >= b.first_tick) & (b.charge["tick"] < b.first_tick + 64))
        assert b.charge["electrons"].min() >= 1


def test_rates_are_the_published_ones() -> None:
    blocks = taken(4000, SimulationConfig(seed=2, noise_scale=0.0))
    origin = np.concatenate([b.events["origin"] for b in blocks])
    seconds = 4000 * 64 * TICK_NS * 1e-9
    for name, want_bq in (("Ar39", 140_100), ("Kr85", 15_900)):
        got = np.count_nonzero(origin == ORIGINS.index(name))
        want = want_bq * seconds
        assert abs(got - want) < 4 * np.sqrt(want), (name, got, want)


def test_scale_factors_and_rare_sources() -> None:
    scales = {**QUIET, "Ar42": 1e3, "K42": 1e3, "Bi214": 1e2, "Tl208": 1e3}
    blocks = taken(1500, SimulationConfig(seed=3, backgrounds=scales, noise_scale=0.0))
    origin = np.concatenate([b.events["origin"] for b in blocks])
    seconds = 1500 * 64 * TICK_NS * 1e-9
    for name, rate in (("Ar42", 12_800), ("K42", 2_550), ("Bi214", 4_550), ("Tl208", 5_460)):
        got = np.count_nonzero(origin == ORIGINS.index(name))
        assert abs(got - rate * seconds) < 4 * np.sqrt(rate * seconds), (name, got, rate * seconds)
    assert not np.any(np.isin(origin, [0, 1, 2]))


def test_the_first_block_is_in_the_steady_state() -> None:
    early, late = 0.0, 0.0
    for seed in range(8):
        blocks = taken(80, SimulationConfig(seed=seed, noise_scale=0.0))
        early += sum(float(b.charge["electrons"].sum()) for b in blocks[:20])
        late += sum(float(b.charge["electrons"].sum()) for b in blocks[60:])
    assert abs(early / late - 1) < 0.12  # 800 decays in each: 3.5 % for the number, as much for the energy
    assert min(b.events["time_ns"].min() for b in blocks[:4]) < 0


def test_charge_and_events_agree() -> None:
    blocks = taken(300, SimulationConfig(seed=4, signal=SignalConfig(rate_hz=300.0), noise_scale=0.0))
    events = np.concatenate([b.events for b in blocks])
    charge = np.concatenate([b.charge for b in blocks])
    assert len(np.unique(events["id"])) == len(events)
    whole = events[(events["electrons"] > 0) & (events["tick_first"] >= 0) & (events["tick_last"] < 300 * 64)]
    assert (whole["origin"] == 0).any()
    for event in whole[:: max(len(whole) // 200, 1)]:
        own = charge[charge["event"] == event["id"]]
        assert np.isclose(own["electrons"].sum(dtype=np.float64), event["electrons"], rtol=1e-5)
        assert (own["tick"].min(), own["tick"].max()) == (event["tick_first"], event["tick_last"])
        assert (own["channel"].min(), own["channel"].max()) == (event["channel_first"], event["channel_last"])
        faces = np.unique(own["channel"] // 480)
        if event["origin"] == ORIGINS.index("Ar39"):
            assert faces.tolist() == [0 if event["x_mm"] > 0 else 1]
    assert set(charge["event"]) <= set(events["id"])


def test_waveforms_are_the_truth_times_the_response() -> None:
    config = SimulationConfig(
        seed=5, backgrounds=QUIET, signal=SignalConfig(rate_hz=3000.0), noise_scale=0.0, ac_coupling_ms=0.0
    )
    blocks = taken(120, config)
    adc = np.concatenate([b.adc for b in blocks]).astype(np.float64)
    charge = np.concatenate([b.charge for b in blocks])
    pedestal = np.median(adc, axis=0)
    plane = load_detector(config.detector).collection
    kernel, before = collection_kernel(plane)
    clean = np.zeros_like(adc)
    for row in charge:
        first = row["tick"] - before
        low, high = max(first, 0), min(first + len(kernel), len(clean))
        clean[low:high, row["channel"]] += row["electrons"] / 1000 * kernel[low - first : high - first]
    inner = slice(64, -64)
    difference = (adc - pedestal)[inner] - clean[inner]
    large = clean[inner] > 200
    assert large.sum() > 100
    # Channel gains spread by 2.2 %, rounding by half a count.
    assert np.std(difference[large] / clean[inner][large]) < 0.04
    assert np.abs(difference[np.abs(clean[inner]) < 1]).max() <= 1.1
    got, want = (adc - pedestal)[inner].sum(), clean[inner].sum()
    assert abs(got / want - 1) < 0.02


def test_induction_planes_carry_pedestal_and_noise() -> None:
    blocks = np.array(list(islice(induction(SimulationConfig(seed=6)), 40)))
    assert blocks.shape == (40, 64, 1600)
    samples = blocks.reshape(-1, 1600).astype(np.float64)
    assert abs(samples.mean() - 9402) < 3
    assert abs(np.sqrt(samples.var(axis=0).mean()) - 13.85) < 0.1


def test_the_adc_clips() -> None:
    readout = Readout(
        SimulationConfig(seed=7, noise_scale=100.0), load_detector("fd1-hd-apa"), induction=False
    )
    tick, channel = np.full(2, 30), np.array([5, 600], np.int16)
    readout.add(0, tick, channel, np.array([2e6, -2e6], np.float32))  # 40 000 counts at the peak
    adc = readout.block(0)
    assert adc[30, 5] == 16383
    assert adc[30, 600] == 0
    noisy = adc[:, 0:5].astype(int)  # far from both ends: not clipped
    assert 0 < noisy.min() < noisy.max() < 16383


BAD = {
    "channels": ({"channels": 480}, "channels: got 480, want 960"),
    "detector": ({"detector": "fd9"}, "no preset 'fd9', allowed are fd1-hd-apa"),
    "negative rate": ({"signal": SignalConfig(rate_hz=-1.0)}, "signal.rate_hz: got -1.0"),
    "infinite rate": ({"signal": SignalConfig(rate_hz=float("inf"))}, "signal.rate_hz: got inf"),
    "rate is no number": ({"signal": SignalConfig(rate_hz=float("nan"))}, "signal.rate_hz: got nan"),
    "alpha": ({"signal": SignalConfig(rate_hz=1.0, alpha=-1.0)}, "signal.alpha: got -1.0"),
    "mean": ({"signal": SignalConfig(rate_hz=1.0, mean_energy_mev=0.0)}, "signal.mean_energy_mev: got 0.0"),
    "energies": (
        {"signal": SignalConfig(rate_hz=1.0, min_energy_mev=20.0, max_energy_mev=10.0)},
        "5 <= min < max",
    ),
    "unknown source": (
        {"backgrounds": {"Ar40": 1.0}},
        "unknown source 'Ar40', allowed are Ar39, Kr85, Ar42",
    ),
    "huge rate": (
        {"signal": SignalConfig(rate_hz=1e12)},
        "signal.rate_hz: got 1000000000000.0, want 0 to 1e",
    ),
    "huge scale": (
        {"backgrounds": {"Ar39": 1e9}},
        "backgrounds.Ar39: got 1000000000.0, want a factor of 0 to 71.4",
    ),
    "negative scale": ({"backgrounds": {"Ar39": -0.5}}, "backgrounds.Ar39: got -0.5"),
    "noise": ({"noise_scale": -1.0}, "noise_scale: got -1.0"),
    "lifetime": ({"electron_lifetime_ms": 0.0}, "electron_lifetime_ms: got 0.0"),
    "coupling": ({"ac_coupling_ms": 0.001}, "ac_coupling_ms: got 0.001"),
    "windows": ({"windows": 0}, "windows: got 0"),
    "window_blocks": ({"window_blocks": -3}, "window_blocks: got -3"),
    "seed": ({"seed": -1}, "seed: got -1"),
    "first_timestamp": ({"first_timestamp": -1}, "first_timestamp: got -1"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_configuration_is_one_sentence(case: str) -> None:
    values, sentence = BAD[case]
    with pytest.raises(ConfigError, match=sentence.replace("[", r"\[")) as caught:
        stream(SimulationConfig(**values))
    assert "\n" not in str(caught.value)


def test_a_good_configuration_comes_back() -> None:
    config = SimulationConfig(seed=9, backgrounds={"Tl208": 3.0}, signal=SignalConfig(rate_hz=0.0))
    assert checked(config) is config
