"""Nothing is lost: from events to their charge, from charge to the samples of each face, from block to block."""

from __future__ import annotations

from itertools import islice

import h5py
import msgspec
import numpy as np
import pytest

from streams.block import Block
from streams.config import ElectronicsConfig, SimulationConfig
from streams.signals import BurstSignal, CalibrationSignal, MuonSignal, SegmentsSignal
from streams.simulate import stream

QUIET = ElectronicsConfig(noise_scale=0.0, ac_coupling_ms=0.0)
ALONE = SimulationConfig(seed=5, backgrounds={"all": 0.0}, planes=("X",), electronics=QUIET)
GAIN = 130.1  # ADC tick per ke- (reference 9.6)


def taken(n: int, config: SimulationConfig, **options: int) -> list[Block]:
    return list(islice(stream(config, **options), n))


def truth(blocks: list[Block]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([b.events for b in blocks]), np.concatenate([b.charge for b in blocks])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> SegmentsSignal:
    """Eight events on both faces, 120 MeV each along 60 cm; the last row is 0.2 ms late, the first one early."""
    path = tmp_path_factory.mktemp("conservation") / "s.h5"
    ends = [(f"{axis}_{end}", "f8") for end in ("start", "end") for axis in "xyz"]
    rows = np.zeros(8 * 60, [("event_id", "u4"), ("t0_start", "f8"), ("dE", "f8"), *ends])
    at = np.arange(len(rows)) % 60
    rows["event_id"], rows["dE"] = np.arange(len(rows)) // 60, 2.0
    rows["t0_start"] = np.where(at == 59, 200.0, np.where(at == 0, -3.0, 0.0))
    side = np.where(rows["event_id"] % 2, -1, 1)
    rows["x_start"] = rows["x_end"] = side * (30.0 + at)
    rows["z_start"], rows["z_end"] = 60.0 + at, 61.0 + at
    with h5py.File(path, "w") as out:
        out["segments"] = rows
    return SegmentsSignal(str(path), spacing_ms=0.173, start_ms=0.05)


def test_segments_come_whole_and_late_rows_late(file: SegmentsSignal) -> None:
    blocks = taken(110, msgspec.structs.replace(ALONE, signals=(file,)))
    events, charge = truth(blocks)
    assert len(events) == 8 and np.allclose(events["deposited_mev"], 120.0, rtol=1e-6)
    assert np.allclose(events["time_ns"], 50e3 + 173e3 * np.arange(8))
    for event in events:
        own = charge[charge["event"] == event["id"]]
        assert own["electrons"].sum(dtype=float) == pytest.approx(event["electrons"], rel=1e-6)
        first, last = (event["time_ns"] + np.array([300 / 1.6e-3, 203e3 + 890 / 1.6e-3])) / 512
        assert abs(event["tick_first"] - first) < 6 and abs(event["tick_last"] - last) < 8
        assert (own["channel"] < 480).all() if event["x_mm"] > 0 else (own["channel"] >= 480).all()


@pytest.mark.parametrize("at_once", [1, 16, 64])
def test_the_area_of_each_face_is_its_charge(file: SegmentsSignal, at_once: int) -> None:
    """Also of what arrives around the edges of blocks: 480 kt of charge spread over a hundred blocks."""
    config = msgspec.structs.replace(ALONE, signals=(file,))
    blocks = taken(120, config, blocks_at_once=at_once)
    _, charge = truth(blocks)
    x = np.concatenate([b.adc for b in blocks]).astype(float)
    x -= np.median(x, axis=0)
    for face in (0, 1):
        electrons = charge["electrons"][charge["channel"] // 480 == face].sum(dtype=float)
        area = x[:, 480 * face : 480 * face + 480].sum()
        assert area == pytest.approx(electrons / 1000 * GAIN, rel=0.01)
    # Block by block too: charge of twenty blocks against their samples, less what hangs over the edges.
    per_channel = np.bincount(charge["channel"], charge["electrons"], 960) / 1000 * GAIN
    some = per_channel > 1000
    assert some.sum() > 200 and np.abs(x.sum(axis=0)[some] / per_channel[some] - 1).max() < 0.15  # 2.2 % gain


def test_a_run_with_all_that_is_large_is_the_same_for_any_cut(file: SegmentsSignal) -> None:
    config = msgspec.structs.replace(
        ALONE,
        planes=("V", "X"),
        backgrounds={"all": 0.0, "Bi214": 50.0, "Ar39": 0.3},
        signals=(file, BurstSignal(start_ms=-8.0, scale=300.0), MuonSignal(rate_hz=600.0, stopping=0.5)),
        electronics=ElectronicsConfig(),
    )
    one, other = taken(30, config), taken(30, config, blocks_at_once=5)
    assert {b"segments", b"muon", b"nue_cc"} <= {o for b in one for o in b.events["origin"].tolist()}
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.adc, b.adc) and np.array_equal(a.induction["V"], b.induction["V"])
        assert np.array_equal(a.events, b.events) and np.array_equal(a.charge, b.charge)


def test_every_charge_has_its_event_and_every_event_its_charge() -> None:
    """Of a run with a fast source, all events that end within it: sums, edges, and no event twice."""
    signal = CalibrationSignal("electron", 8.0, 4000.0, name="fast")
    blocks = taken(140, msgspec.structs.replace(ALONE, signals=(signal,)))
    events, charge = truth(blocks)
    assert len(np.unique(events["id"])) == len(events) > 20
    for number, block in enumerate(blocks):
        first, after = 64 * number, 64 * number + 64
        started = block.events[block.events["electrons"] > 0]
        assert ((started["tick_first"] >= first) | (number == 0)).all() and (
            started["tick_first"] < after
        ).all()
    done = events[(events["tick_first"] >= 0) & (events["tick_last"] < 140 * 64) & (events["electrons"] > 0)]
    sums = {i: charge["electrons"][charge["event"] == i].sum(dtype=float) for i in done["id"]}
    assert len(done) > 15
    assert all(sums[e["id"]] == pytest.approx(e["electrons"], rel=1e-6) for e in done)
    assert set(charge["event"]) <= set(events["id"])


def test_the_first_block_has_the_events_that_end_in_it() -> None:
    config = msgspec.structs.replace(ALONE, backgrounds={"all": 0.0, "Ar39": 40.0})
    block = taken(1, config)[0]
    early = block.events[(block.events["electrons"] > 0) & (block.events["tick_first"] < 0)]
    assert len(early) > 10 and (early["tick_last"] >= 0).all() and (early["tick_last"] < 64).any()
    assert set(block.charge["event"]) <= set(block.events["id"])
