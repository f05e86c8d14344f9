"""The stream as a whole: steady, reproducible, true to its own truth, and strict about its configuration."""

from __future__ import annotations

import hashlib
import re
from itertools import islice

import msgspec
import numpy as np
import pytest

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, TICK_NS, Block
from streams.config import ElectronicsConfig, SimulationConfig, checked
from streams.detector import load_detector, presets
from streams.errors import ConfigError
from streams.signals import BurstSignal, CalibrationSignal, MuonSignal, NeutrinoSignal
from streams.simulate import stream

NO_NOISE = ElectronicsConfig(noise_scale=0.0, ac_coupling_ms=0.0)
ALONE = SimulationConfig(seed=5, backgrounds={"all": 0.0}, electronics=NO_NOISE)


def taken(n: int, config: SimulationConfig, **options: int) -> list[Block]:
    return list(islice(stream(config, **options), n))


def digest(blocks: list[Block]) -> str:
    sha = hashlib.sha256()
    for b in blocks:
        for part in (b.adc, *b.induction.values(), b.events, b.charge):
            sha.update(np.ascontiguousarray(part).tobytes())
        sha.update(f"{b.first_tick} {b.timestamp} {list(b.induction)}".encode())
    return sha.hexdigest()


def test_the_bytes_depend_on_the_seed_alone() -> None:
    config = SimulationConfig(seed=11, signals=(NeutrinoSignal(rate_hz=500.0),))
    reference = digest(taken(24, config))
    assert reference == digest(taken(24, config))
    for at_once in (1, 7, 64):
        assert reference == digest(taken(24, config, blocks_at_once=at_once)), at_once
    assert reference != digest(taken(24, msgspec.structs.replace(config, seed=12)))


@pytest.mark.parametrize("planes", [("X",), ("U",), ("X", "V"), ("V", "U")])
def test_a_plane_is_the_same_whatever_else_is_read(planes: tuple[str, ...]) -> None:
    config = SimulationConfig(seed=11, signals=(NeutrinoSignal(rate_hz=3000.0),))
    for one, some in zip(
        taken(12, config), taken(12, msgspec.structs.replace(config, planes=planes)), strict=True
    ):
        assert list(some.induction) == [plane for plane in planes if plane != "X"]
        assert all(np.array_equal(some.induction[plane], one.induction[plane]) for plane in some.induction)
        assert np.array_equal(some.adc, one.adc) if "X" in planes else some.adc.shape == (64, 0)
        assert np.array_equal(some.events, one.events) and np.array_equal(some.charge, one.charge)


def test_a_source_is_the_same_whatever_else_is_simulated() -> None:
    """The truth of Kr85 and of the neutrinos, bit for bit, among all sources and among few."""
    signals = (NeutrinoSignal(rate_hz=8000.0),)
    whole = SimulationConfig(seed=6, planes=("X",), signals=signals)
    few = msgspec.structs.replace(whole, backgrounds={"all": 0.0, "Kr85": 1.0})
    for name in (b"Kr85", b"nue_cc"):
        found = []
        for config in (whole, few):
            blocks = taken(60, config)
            events = np.concatenate([b.events for b in blocks])
            charge = np.concatenate([b.charge for b in blocks])
            mine = events[events["origin"] == name]
            own = charge[np.isin(charge["event"], mine["id"])]
            found.append((mine.tobytes(), own.tobytes()))
            assert len(mine) > 5 and len(own) > 100
        assert found[0] == found[1]


def test_blocks_follow_each_other() -> None:
    blocks = taken(20, SimulationConfig(planes=("X",)))
    assert [b.first_tick for b in blocks] == [64 * n for n in range(20)]
    assert [b.timestamp for b in blocks] == [10**12 + 2048 * n for n in range(20)]
    for b in blocks:
        assert (b.adc.shape, b.adc.dtype) == ((64, 960), np.uint16)
        assert (b.events.dtype, b.charge.dtype) == (EVENT_DTYPE, CHARGE_DTYPE)
        assert np.all(np.diff(b.charge["tick"]) >= 0)
        assert np.all((b.charge["tick"] >= b.first_tick) & (b.charge["tick"] < b.first_tick + 64))
        assert b.charge["electrons"].min() >= 1


def test_rates_are_the_published_ones() -> None:
    """Section 9.4, Bq in a two-face assembly; rare ones scaled up."""
    scales = {"Ar42": 1e3, "K42": 1e3, "Bi214": 1e2, "Tl208": 1e3}
    blocks = taken(1500, SimulationConfig(seed=2, planes=("X",), backgrounds=scales, electronics=NO_NOISE))
    origin = np.concatenate([b.events["origin"] for b in blocks])
    seconds = 1500 * 64 * TICK_NS * 1e-9
    wanted = {"Ar39": 140_100, "Kr85": 15_900, "Ar42": 12.8, "K42": 2.55, "Bi214": 45.5, "Tl208": 5.44}
    for name, want_bq in wanted.items():
        want = want_bq * scales.get(name, 1.0) * seconds
        got = np.count_nonzero(origin == name.encode())
        assert abs(got - want) < 4 * np.sqrt(want), (name, got, want)


def test_the_first_block_is_in_the_steady_state() -> None:
    early, late = 0.0, 0.0
    for seed in range(8):
        blocks = taken(80, SimulationConfig(seed=seed, planes=("X",), electronics=NO_NOISE))
        early += sum(float(b.charge["electrons"].sum()) for b in blocks[:20])
        late += sum(float(b.charge["electrons"].sum()) for b in blocks[60:])
    assert abs(early / late - 1) < 0.12  # 800 decays in each: 3.5 % for the number, as much for the energy
    assert min(b.events["time_ns"].min() for b in blocks[:4]) < 0


def test_events_agree_with_their_charge() -> None:
    config = SimulationConfig(seed=4, planes=("X",), signals=(NeutrinoSignal(rate_hz=300.0),))
    blocks = taken(300, config)
    events = np.concatenate([b.events for b in blocks])
    charge = np.concatenate([b.charge for b in blocks])
    assert len(np.unique(events["id"])) == len(events)
    whole = events[(events["electrons"] > 0) & (events["tick_first"] >= 0) & (events["tick_last"] < 300 * 64)]
    assert (whole["origin"] == b"nue_cc").any()
    for event in whole[:: max(len(whole) // 200, 1)]:
        own = charge[charge["event"] == event["id"]]
        assert np.isclose(own["electrons"].sum(dtype=np.float64), event["electrons"], rtol=1e-5)
        assert (own["tick"].min(), own["tick"].max()) == (event["tick_first"], event["tick_last"])
        assert (own["channel"].min(), own["channel"].max()) == (event["channel_first"], event["channel_last"])
        if event["origin"] == b"Ar39":
            assert np.unique(own["channel"] // 480).tolist() == [0 if event["x_mm"] > 0 else 1]
    assert set(charge["event"]) <= set(events["id"])


@pytest.mark.parametrize("name", presets())
def test_waveforms_are_where_the_truth_says(name: str) -> None:
    """The area on X is the measured gain times the true charge; U and V are bipolar, earlier, and see as much."""
    config = msgspec.structs.replace(ALONE, detector=name, signals=(NeutrinoSignal(rate_hz=3000.0),))
    blocks = taken(100, config)
    detector = load_detector(name)
    truth = np.concatenate([b.charge for b in blocks])
    electrons = truth["electrons"].sum(dtype=np.float64)
    x = np.concatenate([b.adc for b in blocks]).astype(np.float64)
    x -= np.median(x, axis=0)
    electronics = detector.electronics
    gain = {"fd1-hd-apa": 130.1, "fd2-vd-bottom": 72.6}[
        name
    ]  # ADC tick per ke- (reference 9.6; 7.8 mV/fC: 1.1)
    assert abs(x.sum() / (electrons / 1000 * gain) - 1) < 0.04  # gain spread, edges, rounding
    assert electronics.gain_spread < 0.03
    per_channel = np.bincount(truth["channel"], truth["electrons"], x.shape[1])
    assert np.corrcoef(per_channel, x.sum(axis=0))[0, 1] > 0.99
    per_tick = np.bincount(np.clip(truth["tick"], 0, len(x) - 1), truth["electrons"], len(x))
    lag = np.argmax(
        [np.dot(per_tick[20:-20], x.sum(axis=1)[20 + d : len(x) - 20 + d]) for d in range(-10, 11)]
    )
    assert abs(int(lag) - 10) <= 1  # the collection peak is at the true tick
    for plane in ("U", "V"):
        induced = np.concatenate([b.induction[plane] for b in blocks]).astype(np.float64)
        induced -= np.median(induced, axis=0)
        assert np.abs(induced).sum() > 0.1 * x.sum()
        assert abs(induced.sum()) < 0.1 * np.abs(induced).sum()


def test_a_point_of_charge_on_all_planes() -> None:
    """0.4 MeV (1.2 mm) at a known place: the highest sample of X, and the crossing of U and V, at the wires over it."""
    from streams.geometry.planes import plane_geometry, wire_at

    place = (1000.0, 700.0, 1150.0)
    config = msgspec.structs.replace(
        ALONE,
        signals=(
            CalibrationSignal("electron", 0.4, rate_hz=2000.0, position_mm=place, direction=(0.0, 0.0, 1.0)),
        ),
    )
    blocks = taken(120, config)
    detector = load_detector(config.detector)
    events = np.concatenate([b.events for b in blocks])
    event = events[(events["electrons"] > 0) & (events["tick_first"] > 200) & (events["tick_last"] < 7000)][0]
    want = event["time_ns"] / 512 + 1000 / 1.6 / 0.512
    for plane in "UVX":
        geometry = plane_geometry(detector, plane)
        channel = geometry.channel_of[0, wire_at(geometry, 0, place[1], place[2])]
        samples = [b.adc if plane == "X" else b.induction[plane] for b in blocks]
        wave = np.concatenate(samples)[:, max(channel - 3, 0) : channel + 4].astype(float)
        wave = wave - np.median(wave, axis=0)
        near = wave[int(want) - 30 : int(want) + 30]
        assert np.abs(near).max() > 25
        if plane == "X":
            assert abs(near.sum(axis=1).argmax() - 30 - (want - int(want))) <= 1.5
        else:
            assert near.max() > 25 and near.min() < -25


def test_a_burst_begins_at_its_time() -> None:
    config = msgspec.structs.replace(ALONE, planes=("X",), signals=(BurstSignal(start_ms=1.0, scale=3000.0),))
    blocks = taken(300, config)
    events = np.concatenate([b.events for b in blocks])
    assert {b"nue_cc"} <= set(events["origin"]) <= {b"nue_cc", b"es", b"anue_cc"}
    late = (events["time_ns"] > 1e6).mean()
    assert late > 0.3 and len(events) > 50  # infall is before the bounce


def test_segments_of_a_file_are_events(tmp_path) -> None:
    from streams.tests.test_segments import track, written

    signal = written(tmp_path / "s.h5", [track(0, 0.0), track(1, 0.0, -50.0)])
    signal = msgspec.structs.replace(signal, spacing_ms=0.5, start_ms=0.2)
    config = msgspec.structs.replace(ALONE, signals=(signal,))
    blocks = taken(100, config)
    events = np.concatenate([b.events for b in blocks])
    assert events["origin"].tolist() == [b"segments"] * 2
    assert np.allclose(events["time_ns"], (200_000, 700_000)) and np.allclose(events["energy_mev"], 2.106)
    assert [int(e["channel_first"]) // 480 for e in events] == [0, 1]
    many = SimulationConfig(seed=3, signals=(signal,))
    assert digest(taken(30, many)) == digest(taken(30, many, blocks_at_once=3))


BAD = {
    "detector": ({"detector": "fd9"}, "no preset 'fd9', allowed are fd1-hd-apa"),
    "position": ({"position": "middle"}, "position: got 'middle', allowed are central, outer"),
    "planes": ({"planes": ("U", "W")}, "planes: got ['W'], detector fd1-hd-apa has U, V, X"),
    "no planes": ({"planes": ()}, "planes: got (), want some of U, V, X"),
    "unknown source": ({"backgrounds": {"Ar40": 1.0}}, "unknown source 'Ar40', allowed are Ar39, Kr85, Ar42"),
    "huge scale": (
        {"backgrounds": {"Ar39": 1e6}},
        "backgrounds.Ar39: a factor of 1e+06 makes 1.4e+11 events",
    ),
    "negative scale": ({"backgrounds": {"Ar39": -0.5}}, "backgrounds.Ar39: got -0.5"),
    "model": ({"model": "v9"}, "model: no table 'v9', allowed are v2.8, v3.6"),
    "noise": ({"electronics": ElectronicsConfig(noise_scale=-1.0)}, "electronics.noise_scale: got -1.0"),
    "dead": (
        {"electronics": ElectronicsConfig(dead_channels=(2560,))},
        "electronics.dead_channels: channel: got 2560",
    ),
    "lifetime": ({"electron_lifetime_ms": 0.0}, "electron_lifetime_ms: got 0.0"),
    "coupling": ({"electronics": ElectronicsConfig(ac_coupling_ms=0.001)}, "ac_coupling_ms: got 0.001"),
    "windows": ({"windows": 0}, "windows: got 0"),
    "window_blocks": ({"window_blocks": -3}, "window_blocks: got -3"),
    "many windows": ({"windows": 10**40}, "want 1 to 999999"),
    "zero byte": ({"model": "a\0.toml"}, "configuration: got a text with a zero byte"),
    "a signal called as a background": (
        {"signals": (NeutrinoSignal(rate_hz=1.0), CalibrationSignal("gamma", 1.0, 1.0, name="Ar39"))},
        "signals[1].name: got 'Ar39', which is a source of model v3.6",
    ),
    "two of kind muons": ({"signals": (MuonSignal(), MuonSignal())}, "signals: got 2 of kind muons"),
    "a burst that is too near": (
        {"signals": (BurstSignal(distance_kpc=0.05, scale=1e4),)},
        "of one core for each second; want at most 1e+07",
    ),
    "calibration outside": (
        {"signals": (CalibrationSignal("gamma", 1.0, 1.0, position_mm=(4000.0, 0.0, 1.0)),)},
        "position_mm: got (4000.0, 0.0, 1.0)",
    ),
    "seed": ({"seed": -1}, "seed: got -1"),
    "first_timestamp": ({"first_timestamp": -1}, "first_timestamp: got -1"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_configuration_is_one_sentence(case: str) -> None:
    values, sentence = BAD[case]
    with pytest.raises(ConfigError) as caught:
        stream(SimulationConfig(**values))
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_a_good_configuration_comes_back() -> None:
    config = SimulationConfig(seed=9, backgrounds={"Tl208": 3.0}, signals=(NeutrinoSignal(rate_hz=0.0),))
    assert checked(config) is config


def test_charge_that_spreads_too_far_is_refused(tmp_path) -> None:
    from importlib.resources import files

    text = (files("streams.presets") / "fd1-hd-apa.toml").read_text()
    wide = re.sub(r"longitudinal_cm2_per_s = [\d.]+", "longitudinal_cm2_per_s = 7000.0", text)
    (tmp_path / "wide.toml").write_text(wide)
    assert wide != text
    with pytest.raises(
        ConfigError, match="waveforms begin 15 blocks before their charge, want at most 8: give"
    ):
        stream(SimulationConfig(detector=str(tmp_path / "wide.toml")))
