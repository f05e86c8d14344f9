"""What one source does never depends on another one, nor on how the run is cut: for every kind of source."""

from __future__ import annotations

import itertools
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest

from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.generate import Generator
from streams.signals import (
    BurstSignal,
    CalibrationSignal,
    MuonSignal,
    NeutrinoSignal,
    SegmentsSignal,
    Signal,
    SolarSignal,
)
from streams.sources.every import every_source, number_of
from streams.sources.table import sources

BLOCKS = 24
#: At the position top, so that there are gammas and neutrons from outside.
BACKGROUNDS = {"all": 0.0, "Ar39": 0.05, "Bi214": 300.0, "cavern-gammas-top": 0.05, "neutron-top": 4e5}
MORE = {**BACKGROUNDS, "Kr85": 0.2, "Tl208": 1e3, "Co60-frame": 1e3, "foam-gammas-top": 0.3}


def segments(folder: Path, name: str) -> SegmentsSignal:
    ends = [(f"{axis}_{end}", "f8") for end in ("start", "end") for axis in "xyz"]
    rows = np.zeros(8, [("event_id", "u4"), ("t0_start", "f8"), ("dE", "f8"), *ends])
    rows["event_id"], rows["t0_start"], rows["dE"] = np.arange(8) // 2, np.arange(8) * 40.0 % 90, 2.0
    rows["x_start"] = rows["x_end"] = 20.0
    rows["z_start"], rows["z_end"] = 80.0, 81.0
    with h5py.File(folder / f"{name}.h5", "w") as file:
        file["segments"] = rows
    return SegmentsSignal(str(folder / f"{name}.h5"), spacing_ms=0.15, start_ms=0.01, name=name)


def signals(folder: Path) -> list[Signal]:
    return [
        NeutrinoSignal(rate_hz=8000.0),
        BurstSignal(start_ms=-49.8, scale=9000.0, distance_kpc=3.0),  # a phase ends at 0.4 ms
        SolarSignal(scale=5e8),
        CalibrationSignal("gamma", 1.2, 9000.0, name="cobalt"),
        CalibrationSignal("alpha", 5.0, 9000.0, name="americium"),
        MuonSignal(rate_hz=2500.0, stopping=0.5),
        segments(folder, "segments"),
    ]


def others(folder: Path) -> list[Signal]:
    """Signals of each kind that are told apart from those above by kind or name."""
    return [
        CalibrationSignal("electron", 3.0, 5000.0, name="first"),
        NeutrinoSignal(rate_hz=12_000.0, name="more", direction=(0.0, 1.0, 0.0)),
        segments(folder, "further"),
    ]


def truth(config: SimulationConfig, step: int) -> dict[bytes, tuple[bytes, ...]]:
    """Return events and charge of each origin, in the order of their time and event; nothing may be in two places."""
    generator = Generator(config)
    happened = [generator.run(first, step) for first in range(0, BLOCKS, step)]
    events = np.concatenate([h.events for h in happened])
    charge = np.concatenate([h.charge for h in happened])
    arrivals = np.concatenate([h.arrivals for h in happened])
    counts = np.concatenate([h.counts for h in happened])
    assert (np.diff(events["time_ns"]) >= 0).all() and len(set(events["id"])) == len(events)
    assert counts.sum() == len(arrivals)
    of_event = np.repeat(events["origin"], counts)
    by_origin = {}
    for origin in set(events["origin"].tolist()):
        mine = events[events["origin"] == origin]
        own = charge[np.isin(charge["event"], mine["id"])]
        by_origin[origin] = (mine.tobytes(), own.tobytes(), arrivals[of_event == origin].tobytes())
    return by_origin


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[SimulationConfig, dict[bytes, tuple[bytes, ...]]]:
    folder = tmp_path_factory.mktemp("segments")
    given = (*others(folder), *signals(folder))
    config = SimulationConfig(seed=8, position="top", backgrounds=MORE, signals=given)
    return config, truth(config, BLOCKS)


def test_every_kind_of_source_is_there(whole) -> None:
    wanted = {"Ar39", "Bi214", "cavern-gammas-top", "neutron-top", "nue_cc", "es", "anue_cc", "solar_nue_cc"}
    wanted |= {
        "solar_es",
        "cobalt",
        "americium",
        "muon",
        "segments",
        "first",
        "more",
        "further",
        "Co60-frame",
    }
    assert wanted <= {origin.decode() for origin in whole[1]}


@pytest.mark.parametrize("step", [1, 6])
def test_truth_does_not_depend_on_the_cut(whole, step: int) -> None:
    config, once = whole
    assert truth(config, step) == once


@pytest.mark.parametrize("kind", range(8))
def test_a_source_does_not_depend_on_another(whole, kind: int) -> None:
    """Alone (kind 0: the backgrounds without signals), each gives what it gave among all."""
    config, once = whole
    mine = config.signals[2 + kind : 3 + kind] if kind else ()
    names = {0: set(BACKGROUNDS) - {"all"}, 1: set()}.get(kind, set())
    alone = msgspec.structs.replace(
        config, backgrounds=BACKGROUNDS if kind == 0 else {"all": 0.0}, signals=mine
    )
    found = truth(alone, BLOCKS)
    assert found and names <= {origin.decode() for origin in found}
    for origin in found:
        if origin == b"nue_cc":  # of the steady signal and of the burst: apart by kind
            continue
        assert found[origin] == once[origin], origin


@pytest.mark.parametrize("kind", [1, 2])
def test_neutrinos_of_one_name_come_from_two_signals(whole, kind: int) -> None:
    """nue_cc of a steady signal and of a burst: both are there, event by event."""
    config, _ = whole
    alone = msgspec.structs.replace(
        config, backgrounds={"all": 0.0}, signals=config.signals[2 + kind : 3 + kind]
    )
    both = msgspec.structs.replace(config, backgrounds={"all": 0.0}, signals=config.signals[3:5])
    few, all_ = (Generator(one).run(0, BLOCKS).events for one in (alone, both))
    few = few[few["origin"] == b"nue_cc"]
    assert len(few) > 3
    assert {row.tobytes() for row in few} <= {row.tobytes() for row in all_}


def test_keys_and_numbers_are_told_apart() -> None:
    """Names that look like what the second of a name is called, phases of two bursts, and components of the sun."""
    names = ("", "", "nue_cc/2", "muons", "burst/nue_cc", "calibration/x")
    given = (
        *(NeutrinoSignal(rate_hz=1.0, name=name) for name in names),
        *(BurstSignal(), BurstSignal(), SolarSignal("hep"), SolarSignal("b8"), SolarSignal("b8")),
        *(MuonSignal(), CalibrationSignal("gamma", 1.0, 1.0, name="x")),
        *(CalibrationSignal("gamma", 1.0, 1.0, name="x"), CalibrationSignal("gamma", 1.0, 1.0)),
    )
    config = SimulationConfig(signals=given)
    every = every_source(config, load_detector(config.detector))
    assert len({source.key for source in every}) == len(every) > 150
    assert (
        len({source.number for source in every})
        == len(sources(config, load_detector(config.detector))) + 6 + 6 + 6 + 4
    )
    phases = [source for source in every if source.key.startswith("burst/nue_cc\n")]
    assert len(phases) == 20 and len({source.number for source in phases}) == 1
    edges = sorted(step[:2] for source in phases for step in source.steps)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(edges))


def test_a_number_that_is_taken_is_not_given_again() -> None:
    first = number_of("burst/es", ())
    assert number_of("burst/es", {first}) == first + 1 and number_of("burst/es", {first + 1}) == first
    last = (1 << 18) - 1
    assert (1 << 17) <= first <= last
