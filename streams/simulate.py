"""The simulated detector stream: endless blocks of the planes of one assembly, in constant memory.

At tick 0 the detector is in its steady state: decays from one drift time before are included, with negative times.
The samples of a plane do not depend on which other planes are read, nor on how many blocks are made at once, nor on
where a stream is stopped, kept and gone on with.

>>> from itertools import islice
>>> from streams.config import SimulationConfig
>>> blocks = list(islice(stream(SimulationConfig(seed=5)), 2))
>>> [b.first_tick for b in blocks], blocks[0].adc.shape, blocks[0].adc.dtype, blocks[0].induction["U"].shape
([0, 64], (64, 960), dtype('uint16'), (64, 800))
>>> first = Simulation(SimulationConfig(seed=5))
>>> _ = next(first)
>>> second = Simulation(SimulationConfig(seed=5), first.state())
>>> bool((next(second).adc == blocks[1].adc).all())
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from streams.config import SimulationConfig, checked
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.generate import Generator
from streams.plane_stream import Arrays, PlaneStream
from streams.waiting_truth import WaitingTruth

#: Blocks simulated in one go; any number gives the same bytes.
_BLOCKS_AT_ONCE = 16
#: Blocks before the first charge of the run arrives; the same for any planes, since the coupling remembers them.
_LEAD = 8


class Simulation(Iterator[Block]):
    """The stream of one configuration; where it stands can be taken out and put back.

    Parameters
    ----------
    config : checked first, and every file that it names is read: what is wrong is said before the first block.
    state : what ``state()`` of a stream of the same configuration and the same version returned; absent: tick 0.
    blocks_at_once : blocks simulated in one go; the stream is the same for any number.

    Raises
    ------
    ConfigError, UserError : a value, or a file, that cannot be used.
    KeyError, ValueError : a state of something else.
    """

    def __init__(
        self,
        config: SimulationConfig,
        state: Mapping[str, NDArray[Any]] | None = None,
        *,
        blocks_at_once: int = _BLOCKS_AT_ONCE,
    ) -> None:
        detector, self._generator = load_detector(checked(config).detector), Generator(config)
        sigma = self._generator.max_sigma_tick
        self._planes = [PlaneStream(config, detector, name, sigma) for name in config.planes]
        self._ahead = _ahead(config, self._planes)
        self._config, self._at_once = config, blocks_at_once
        self._truth = WaitingTruth(detector.tick_ns)
        self._first = -self._generator.drift_blocks - _LEAD
        self._next = self._generated = self._first  # blocks: to come next; of time that have happened
        if state is not None:
            self._restore(state)

    def state(self) -> Arrays:
        """Return what is needed to go on after the blocks so far; what the configuration gives is made again."""
        kept: Arrays = {"place": np.array([self._next, self._generated], np.int64)}
        kept |= {"events": self._truth.events, "charge": self._truth.charge}
        for plane in self._planes:
            kept |= plane.state()
        return kept

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        place = state["place"]
        if place.shape != (2,) or place.dtype != np.int64 or not self._first <= place[0] <= place[1]:
            raise ValueError(f"place: got {place}, want two numbers of blocks that rise")
        self._next, self._generated = int(place[0]), int(place[1])
        self._truth.restore(state["events"], state["charge"])
        for plane in self._planes:
            plane.restore(state)

    def __next__(self) -> Block:
        """Return the next block; before the first one the detector comes into its steady state."""
        while self._next < 0:
            self._happen()
            self._truth.before((self._next + 1) * TICKS_PER_BLOCK)
            for plane in self._planes:
                plane.lead(self._next * TICKS_PER_BLOCK)
            self._next += 1
        self._happen()
        tick = self._next * TICKS_PER_BLOCK
        events, charge = self._truth.before(tick + TICKS_PER_BLOCK)
        samples = {plane.name: plane.block(tick) for plane in self._planes}
        self._next += 1
        stamp = self._config.first_timestamp + TIMESTAMP_PER_TICK * tick
        collection = samples.pop("X", np.zeros((TICKS_PER_BLOCK, 0), np.uint16))
        return Block(tick, stamp, collection, events, charge, samples)

    def _happen(self) -> None:
        """Let all happen that the next block needs."""
        while self._generated < self._next + self._ahead:
            happened = self._generator.run(self._generated, self._at_once)
            self._truth.add(happened)
            for plane in self._planes:
                plane.add(happened.arrivals)
            self._generated += self._at_once
        if self._next == self._first:
            for plane in self._planes:
                plane.skip_to(self._first * TICKS_PER_BLOCK)


def _ahead(config: SimulationConfig, planes: list[PlaneStream]) -> int:
    """Return how many blocks must have happened before one can be read: waveforms begin before their charge."""
    ahead = 2 + max(plane.ahead for plane in planes) // TICKS_PER_BLOCK
    if ahead > _LEAD:
        raise ConfigError(
            f"detector {config.detector}: waveforms begin {ahead} blocks before their charge, want at most {_LEAD}: "
            "give a smaller drift.longitudinal_cm2_per_s or a shorter response"
        )
    return ahead


def stream(config: SimulationConfig, *, blocks_at_once: int = _BLOCKS_AT_ONCE) -> Iterator[Block]:
    """Return the blocks of 64 ticks of the planes of ``config`` without end, with their truth.

    Raises
    ------
    ConfigError, UserError : a value, or a file, that cannot be used.
    """
    return Simulation(config, blocks_at_once=blocks_at_once)
