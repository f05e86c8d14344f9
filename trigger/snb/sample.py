"""Simulated hits of collection channels with what is true about them: one assembly, any length of time.

A TP belongs to a neutrino interaction if more than half of the electrons that its channel collects during it (20 ticks
more on both sides) come from interactions; the study takes the particle with the most energy in a hit.

>>> from streams.config import SimulationConfig
>>> sample = simulate(SimulationConfig(seed=5, planes=("X",)), blocks=32)
>>> sample.interactions, round(sample.seconds * 1e6), bool((sample.label == -1).all())
(0, 1049, True)
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import NEUTRINOS, TICK_NS, TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from streams.compiled import Integers
from streams.config import SimulationConfig
from streams.console import progress
from streams.daq import adc_words, wibeth
from streams.simulate import stream
from trigger.baselines.generator import Generator, make
from trigger.baselines.options import settled

BATCH = 64  # blocks of one step, 2.1 ms
MARGIN = 20  # ticks
THRESHOLD_ADC = 60  # collection plane (dunetrigger @a1b71c2 TriggerSim/fcl/triggersim_makers.fcl)
COLLECTION = 2  # number of the plane


class Sample(NamedTuple):
    """Hits and truth.

    Attributes
    ----------
    tps : TP array (n,), in time order; channels are those of the collection plane from 0.
    label : int64 array (n,), which interaction a TP belongs to, -1 for none.
    interactions : how many there were.
    seconds : length.
    """

    tps: NDArray[np.void]
    label: Integers
    interactions: int
    seconds: float


class _Truth(NamedTuple):
    """Charge of a step and the one before, sorted by channel and tick."""

    key: Integers
    all_electrons: NDArray[np.float64]  # sums up to each row, a 0 before
    electrons: NDArray[np.float64]  # those of interactions
    number: Integers  # of the interaction, -1


def simulate(
    config: SimulationConfig, blocks: int, threshold: int = THRESHOLD_ADC, shown: str = ""
) -> Sample:
    """Return the hits of ``blocks`` blocks: SimpleThreshold of tpglibs with 32-bit integrals, settled pedestals.

    ``shown`` is the label of a progress bar on stderr; without it nothing is shown.
    """
    source = stream(config)
    generator: Generator | None = None
    numbers: dict[int, int] = {}
    tps, labels, before = [], [], np.zeros(0, np.int64)
    charge = None
    steps = range(-(-blocks // BATCH))
    for _ in progress(steps, shown, total=len(steps)) if shown else steps:
        some = list(islice(source, min(BATCH, blocks)))
        blocks -= len(some)
        generator = generator or _generator(some[0].adc.shape[1], threshold)
        _count(some, numbers)
        new = np.concatenate([block.charge for block in some])
        truth = _truth(new if charge is None else np.concatenate([charge, new]), numbers)
        found = generator.process(_frames(some))
        tps.append(found)
        labels.append(_labels(found, truth, config.first_timestamp))
        charge = new
    joined, label = np.concatenate(tps), np.concatenate([before, *labels])
    order = np.argsort(joined["time_start"], kind="stable")
    seconds = (some[-1].first_tick + TICKS_PER_BLOCK) * TICK_NS * 1e-9
    return Sample(joined[order], label[order], len(numbers), seconds)


def _generator(channels: int, threshold: int) -> Generator:
    chain = make("simple_threshold", "tpglibs_v2", {f"plane{plane}": threshold for plane in range(3)})
    numbers = np.arange(channels).reshape(-1, wibeth.CHANNELS)
    return Generator(settled(chain), numbers, np.full(numbers.shape, COLLECTION))


def _frames(blocks: list[Block]) -> NDArray[np.uint64]:
    """Return the frames of some blocks: uint64 array (streams, blocks, 900)."""
    adc = np.stack([block.adc for block in blocks])  # (blocks, 64, channels)
    made = []
    for first in range(0, adc.shape[2], wibeth.CHANNELS):
        frames = wibeth.empty_frames(len(blocks))
        adc_words.pack(np.ascontiguousarray(adc[:, :, first : first + wibeth.CHANNELS]), frames)
        wibeth.set_field(frames, "timestamp", np.array([block.timestamp for block in blocks], np.uint64))
        made.append(frames)
    return np.stack(made)


def _count(blocks: list[Block], numbers: dict[int, int]) -> None:
    """Give a number to each new interaction that begins in the sample."""
    for block in blocks:
        for event in block.events:
            if event["origin"].decode() in NEUTRINOS and event["time_ns"] >= 0:
                numbers.setdefault(int(event["id"]), len(numbers))


def _truth(charge: NDArray[np.void], numbers: dict[int, int]) -> _Truth:
    key = charge["channel"].astype(np.int64) << 40 | charge["tick"]
    order = np.argsort(key)
    number = np.full(len(charge), -1)
    for event, one in numbers.items():
        number[charge["event"] == event] = one
    number, electrons = number[order], charge["electrons"][order].astype(np.float64)
    sums = [
        np.concatenate([[0.0], np.cumsum(some)]) for some in (electrons, np.where(number >= 0, electrons, 0))
    ]
    return _Truth(key[order], sums[0], sums[1], number)


def _labels(tps: NDArray[np.void], truth: _Truth, origin: int) -> Integers:
    """Return the interaction of each TP: int64 array (n,)."""
    start = (tps["time_start"].astype(np.int64) - origin) // TIMESTAMP_PER_TICK
    channel = tps["channel"].astype(np.int64) << 40
    low = np.searchsorted(truth.key, channel | np.maximum(start - MARGIN, 0))
    high = np.searchsorted(truth.key, channel | (start + tps["samples_over_threshold"] + MARGIN))
    electrons = truth.electrons[high] - truth.electrons[low]
    label = np.full(len(tps), -1)
    for i in np.flatnonzero(2 * electrons > truth.all_electrons[high] - truth.all_electrons[low]).tolist():
        label[i] = truth.number[low[i] : high[i]].max()
    return label
