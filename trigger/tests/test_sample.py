from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, NEUTRINOS, Block
from streams.config import SimulationConfig
from streams.errors import ConfigError
from streams.signals import BurstSignal, MuonSignal, NeutrinoSignal, SolarSignal
from trigger import owners, sample
from trigger.candidates import Candidate, Fired, match
from trigger.config import NetworkConfig, SampleConfig, TrainConfig, TrainingConfig
from trigger.images import IGNORED, POSITIVE
from trigger.truth import Truth

NAMES = (*NEUTRINOS, "Ar39", "Tl208")
CONFIG = TrainConfig(
    seed=3,
    simulation=SimulationConfig(seed=2),
    network=NetworkConfig(filters=(2, 2, 2), kernels=(3, 3, 3)),
    sample=SampleConfig(
        training_frames=3,
        validation_frames=2,
        background_frames=2,
        signal_rate_hz=12_000.0,
        boost={"Tl208": 100.0},
        processes=1,
    ),
    training=TrainingConfig(cut_frames=0.5, crop_columns=128),
    validation_images=32,
)


def test_the_plan_gives_every_piece_its_own_seed_and_boosts_backgrounds() -> None:
    many = msgspec.structs.replace(
        CONFIG.sample, training_frames=130, validation_frames=64, background_frames=65
    )
    plan = sample.plan(msgspec.structs.replace(CONFIG, sample=many))
    assert {name: [p.frames for p in pieces] for name, pieces in plan.items()} == {
        "training": [64, 64, 2],
        "validation": [64],
        "background": [64, 1],
    }
    every = [p for pieces in plan.values() for p in pieces]
    assert len({p.simulation.seed for p in every}) == len(every)
    assert all(p.simulation.backgrounds == {"Tl208": 100.0} and p.simulation.planes == ("X",) for p in every)
    assert [len(p.simulation.signals) for p in every] == [1] * 4 + [0] * 2


def test_training_takes_one_neutrino_signal_and_leaves_bursts_and_the_sun_out() -> None:
    own = NeutrinoSignal(rate_hz=1.0, max_energy_mev=20.0)
    signals = (BurstSignal(distance_kpc=10.0), own, SolarSignal(), MuonSignal())
    plan = sample.plan(msgspec.structs.replace(CONFIG, simulation=SimulationConfig(seed=2, signals=signals)))
    (training,), (background,) = plan["training"], plan["background"]
    boosted = msgspec.structs.replace(own, rate_hz=12_000.0)
    assert training.simulation.signals == (boosted, MuonSignal()) and background.simulation.signals == (
        MuonSignal(),
    )
    with pytest.raises(ConfigError, match="got 2 of kind neutrinos, training takes one"):
        sample.plan(msgspec.structs.replace(CONFIG, simulation=SimulationConfig(signals=(own, own))))


def test_more_sources_than_a_byte_tells_apart_are_refused(tmp_path: Path) -> None:
    row = '[[source]]\nname = "a%d"\ngroup = "a"\nnuclide = "K42"\nplace = "argon"\nactivity = 1.0\nunit = "Bq"\n'
    (tmp_path / "many.toml").write_text("".join(row % number for number in range(250)))
    many = SimulationConfig(model=str(tmp_path / "many.toml"))
    few = msgspec.structs.replace(CONFIG.sample, boost={})
    with pytest.raises(ConfigError, match="model: got 255 sources and signals, training takes at most 254"):
        sample.plan(msgspec.structs.replace(CONFIG, simulation=many, sample=few))


def test_pieces_hold_crops_and_maps_and_come_out_the_same_again() -> None:
    plan = sample.plan(CONFIG)
    one, two = (
        sample.joined(list(sample.simulate_all(CONFIG, plan["training"] + plan["validation"]))) for _ in "ab"
    )
    for name in sample.Sample.__dataclass_fields__:
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.crops.shape[1:] == (64, 128) and one.labels.shape[1:] == (16, 32)
    assert (
        len(one.crops) == len(one.labels) > 5
        and (one.labels == POSITIVE).any()
        and (one.labels == IGNORED).any()
    )
    assert one.images.shape == (2, 64, 992)
    assert one.event.shape == one.origin.shape == one.crowd.shape == (2, 16, 248)
    assert set(np.unique(one.origin)) <= {*range(len(one.names)), owners.NOISE} and (one.origin == 0).any()
    assert np.array_equal(one.event == 0, one.origin == owners.NOISE)
    assert (one.crops[:, -8:].reshape(len(one.crops), -1).max(axis=1) == 0).any()  # some frames end early


def test_a_cells_owner_is_the_match_of_a_candidate_of_one_cell() -> None:
    random = np.random.default_rng(5)
    charge = np.zeros(400, CHARGE_DTYPE)
    charge["event"], charge["tick"] = random.integers(1, 40, 400), np.sort(random.integers(32, 480, 400))
    charge["channel"], charge["electrons"] = random.integers(0, 960, 400), random.integers(1, 9, 400) * 1000.0
    events = np.zeros(40, EVENT_DTYPE)
    events["id"], events["origin"], events["tick_last"] = (
        np.arange(1, 41),
        np.array(NAMES)[np.arange(40) % 7],
        10_000,
    )
    blocks = [
        Block(
            64 * i,
            0,
            np.zeros((64, 960), np.uint16),
            events if i == 0 else events[:0],
            charge[charge["tick"] // 64 == i],
        )
        for i in range(8)
    ]
    truth = Truth()
    list(truth.watch(blocks))
    event, origin, crowd = owners.owners(charge, truth, NAMES, 0, {"Tl208": 100.0})
    assert set(np.unique(crowd)) >= {1.0, 100.0}
    for row in range(16):
        for column in range(248):
            channel = column * 4 - 16 * (column >= 124)
            if 120 <= column < 124 or column >= 244:
                continue
            want = match(Candidate([Fired(row * 32, channel, 1)]), truth)
            assert event[row, column] == want.event, (row, column)
            assert (NAMES[origin[row, column]] if want.event else "noise") == want.origin
    assert len(np.unique(event)) > 30


def test_a_cell_is_crowded_by_other_boosted_events_within_the_networks_reach() -> None:
    """Event 1 is 39Ar in the middle; 2 and 3 are boosted, two and three cells beside it; 4 has too little charge."""
    charge = np.zeros(4, CHARGE_DTYPE)
    charge["event"], charge["electrons"] = (1, 2, 3, 4), (30e3, 20e3, 20e3, 4e3)
    charge["tick"], charge["channel"] = 160, (40, 48, 52, 40)
    events = np.zeros(4, EVENT_DTYPE)
    events["id"], events["origin"], events["tick_last"] = (
        (1, 2, 3, 4),
        (b"Ar39", b"Tl208", b"K42", b"K42"),
        900,
    )
    truth = Truth()
    list(truth.watch([Block(128, 0, np.zeros((64, 960), np.uint16), events, charge)]))
    cells = owners.owners(charge, truth, ("Ar39", "Tl208", "K42"), 0, {"Tl208": 10.0, "K42": 7.0})
    assert cells.event[5, 9:14].tolist() == [1, 1, 1, 2, 2] and cells.event[5, 14] == 3
    assert cells.crowd[5, 8:15].tolist() == [1, 1, 10, 10 * 7, 7, 7, 10]
    assert cells.event[5, 8] == 0 and cells.crowd[2, 10] == 1


@pytest.mark.parametrize("processes", [2])
def test_several_processes_give_the_same(processes: int) -> None:
    pieces = [piece for group in sample.plan(CONFIG).values() for piece in group]
    assert len(pieces) == 3
    many = msgspec.structs.replace(CONFIG, sample=msgspec.structs.replace(CONFIG.sample, processes=processes))
    one, two = (sample.joined(list(sample.simulate_all(c, pieces))) for c in (CONFIG, many))
    assert all(np.array_equal(getattr(one, n), getattr(two, n)) for n in sample.Sample.__dataclass_fields__)
