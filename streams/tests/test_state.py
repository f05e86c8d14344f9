"""A stream that is stopped, kept and gone on with is the same stream, wherever it is cut."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from streams.block import Block
from streams.config import ElectronicsConfig, SimulationConfig
from streams.signals import CalibrationSignal, MuonSignal, NeutrinoSignal
from streams.simulate import Simulation, stream

# Much of everything: tracks over many blocks, channels that stick at random, truth that waits for a drift time.
BUSY = SimulationConfig(
    seed=7,
    position="top",
    signals=(
        NeutrinoSignal(rate_hz=2000.0),
        MuonSignal(rate_hz=1000.0, stopping=0.5),
        CalibrationSignal("gamma", 6.1, 1e5),
    ),
    electronics=ElectronicsConfig(noisy_channels={3: 4.0}, sticky_codes={900: 0.3}, ac_coupling_ms=0.1),
)
BLOCKS = 24


def content(block: Block) -> tuple[object, ...]:
    samples = {**block.induction, "X": block.adc}
    planes = tuple((name, samples[name].tobytes()) for name in sorted(samples))
    return block.first_tick, block.timestamp, planes, block.events.tobytes(), block.charge.tobytes()


@pytest.fixture(scope="module")
def endless() -> list[tuple[object, ...]]:
    return [content(block) for block in islice(stream(BUSY), BLOCKS)]


@pytest.mark.parametrize("cuts", [(1,) * 8, (5, 11, 8), (0, 16, 1, 7)], ids=str)
def test_any_cutting_gives_the_same_blocks(cuts: tuple[int, ...], endless: list[tuple[object, ...]]) -> None:
    found, state = [], None
    for number, length in enumerate(cuts):
        source = Simulation(BUSY, state, blocks_at_once=16 if number % 2 else 3)
        found += [content(block) for block in islice(source, length)]
        state = source.state()
    assert found == endless[: sum(cuts)]
    assert sum(len(np.frombuffer(part[3], np.uint8)) for part in found) > 0


def test_what_is_kept_does_not_change_when_the_stream_goes_on(endless: list[tuple[object, ...]]) -> None:
    source = Simulation(BUSY)
    list(islice(source, 3))
    state = source.state()
    copied = {name: array.copy() for name, array in state.items()}
    list(islice(source, 20))
    assert all((state[name] == copied[name]).all() for name in copied)
    assert content(next(Simulation(BUSY, state))) == endless[3]


def test_clipped_samples_are_counted_on() -> None:
    loud = SimulationConfig(electronics=ElectronicsConfig(noise_scale=100.0))
    source = Simulation(loud)
    list(islice(source, 2))
    again = Simulation(loud, source.state())
    next(source), next(again)
    clipped = source.state()["X.clipped"]
    assert clipped.sum() > 0
    assert (again.state()["X.clipped"] == clipped).all()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("X.signal", np.zeros((64, 960), np.float32)),
        ("X.droop", np.zeros((30, 32))),
        ("U.waiting", np.zeros((3, 6))),
        ("place", np.array([5, 4])),
        ("events", np.zeros(3)),
    ],
)
def test_a_state_of_something_else_is_refused(name: str, array: np.ndarray) -> None:
    state = Simulation(SimulationConfig()).state()
    with pytest.raises(ValueError, match="got"):
        Simulation(SimulationConfig(), {**state, name: array})
    del state[name]
    with pytest.raises(KeyError):
        Simulation(SimulationConfig(), state)
