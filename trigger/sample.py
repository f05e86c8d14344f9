"""Simulated, labelled images in pieces: each piece has its own seed, so that the result is the same on any machine.

>>> round(FRAME_S * 1e6)  # microseconds
262
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.block import NEUTRINOS, TICK_NS, Block
from streams.config import SimulationConfig
from streams.errors import ConfigError
from streams.signals import BurstSignal, NeutrinoSignal, Signal, SolarSignal
from streams.sources.every import origins
from trigger.boost import boosts, rates
from trigger.config import TrainConfig
from trigger.frames import ROWS, Frame, frames
from trigger.frontend import FrontEndConfig
from trigger.images import (
    CELL_COLUMNS,
    MAP_COLUMNS,
    MAP_ROWS,
    POSITIVE_ELECTRONS,
    TICKS_PER_ROW,
    cell_of,
    crops,
    end_early,
    labels,
)
from trigger.model import reach
from trigger.owners import NOISE, Owners, owners
from trigger.truth import Truth

FRAME_S = ROWS * TICKS_PER_ROW * TICK_NS * 1e-9  # 262 microseconds
PIECE_FRAMES = 64  # frames of one simulation; 17 ms


@dataclass(frozen=True)
class Piece:
    """What one simulation has to give.

    Attributes
    ----------
    simulation : its whole configuration, seed included.
    frames : number of frames.
    crops : whether crops are cut (for training), and
    maps : whether whole images are kept, with the event that each cell belongs to.
    """

    simulation: SimulationConfig
    frames: int
    crops: bool
    maps: bool


@dataclass(frozen=True)
class Sample:
    """Images with their truth.

    Attributes
    ----------
    crops, labels : uint8 array, (n, 64, width), and int8 array, (n, 16, width / 4).
    images : uint8 array, (m, 64, 992).
    event, origin : uint64 and uint8 arrays, (m, 16, 248): the event with the most charge in each cell and the cells
        around it, and its index into ``names`` (0 and NOISE where there is no charge).
    crowd : float32 array, (m, 16, 248): how much more often the other events near the cell are there than in nature,
        the product of their boosts.
    neutrinos : uint64 array, (k,), the interactions that end within the frames kept.
    names : of the origins.
    """

    crops: NDArray[np.uint8]
    labels: NDArray[np.int8]
    images: NDArray[np.uint8]
    event: NDArray[np.uint64]
    origin: NDArray[np.uint8]
    crowd: NDArray[np.float32]
    neutrinos: NDArray[np.uint64]
    names: tuple[str, ...]


def with_truth(blocks: Iterable[Block], front_end: FrontEndConfig) -> Iterator[tuple[Frame, Truth]]:
    """Yield each frame with the truth of its stretch of the stream."""
    truth = Truth()
    for frame in frames(truth.watch(blocks), front_end):
        yield frame, truth
        truth.forget(frame.first_tick + ROWS * TICKS_PER_ROW)


class _Collector:
    """Gather the crops and maps of one piece."""

    def __init__(self, config: TrainConfig, piece: Piece) -> None:
        self.config, self.piece = config, piece
        self.random = np.random.default_rng([config.seed, piece.simulation.seed])
        self.names = origin_names(config)
        self.margin = -(-reach(config.network) // CELL_COLUMNS) * CELL_COLUMNS
        self.crops: list[NDArray[np.uint8]] = []
        self.labels: list[NDArray[np.int8]] = []
        self.boost = boosts(config)
        self.images: list[NDArray[np.uint8]] = []
        self.owners: list[Owners] = []
        self.neutrinos: set[int] = set()

    def take(self, frame: Frame, truth: Truth) -> None:
        charge = truth.charge(frame.first_tick, frame.first_tick + ROWS * TICKS_PER_ROW)
        if self.piece.crops:
            self._cut(frame, labels(charge, truth.neutrinos(), frame.first_tick), charge)
        if self.piece.maps:
            self.images.append(frame.image)
            self.owners.append(owners(charge, truth, self.names, frame.first_tick, self.boost))
            end = self.piece.frames * ROWS * TICKS_PER_ROW
            self.neutrinos |= {int(i) for i in truth.neutrinos() if truth.event(int(i))["tick_last"] < end}

    def _cut(self, frame: Frame, cells: NDArray[np.int8], charge: NDArray[np.void]) -> None:
        training, image = self.config.training, frame.image
        row, column = cell_of(charge, frame.first_tick)
        total = np.zeros((MAP_ROWS, MAP_COLUMNS))
        np.add.at(total, (row, column), charge["electrons"])
        if self.random.random() < training.cut_frames:
            image, cells = end_early(image, cells, 8 * int(self.random.integers(1, 8)))
        for crop in crops(image, cells, training.crop_columns, self.margin):
            rich = (total[:, crop.judged] >= POSITIVE_ELECTRONS).any()
            if rich or self.random.random() < training.quiet_crops:
                self.crops.append(crop.pixels)
                self.labels.append(crop.labels)

    def result(self) -> Sample:
        width = self.config.training.crop_columns
        shape = -1, MAP_ROWS, MAP_COLUMNS
        offset = np.uint64(self.piece.simulation.seed) << np.uint64(32)  # makes ids unique over the pieces
        neutrinos = np.array(sorted(self.neutrinos), np.uint64)
        events = np.array([cells.event for cells in self.owners], np.uint64).reshape(shape)
        ids = np.union1d(events, neutrinos)
        events = np.where(
            events > 0, np.searchsorted(ids, events).astype(np.uint64) + np.uint64(1) + offset, 0
        )
        return Sample(
            np.array(self.crops, np.uint8).reshape(-1, ROWS, width),
            np.array(self.labels, np.int8).reshape(-1, MAP_ROWS, width // CELL_COLUMNS),
            np.array(self.images, np.uint8).reshape(-1, ROWS, MAP_COLUMNS * CELL_COLUMNS),
            events.astype(np.uint64),
            np.array([cells.origin for cells in self.owners], np.uint8).reshape(shape),
            np.array([cells.crowd for cells in self.owners], np.float32).reshape(shape),
            np.searchsorted(ids, neutrinos).astype(np.uint64) + np.uint64(1) + offset,
            self.names,
        )


def origin_names(config: TrainConfig) -> tuple[str, ...]:
    """Return the names of all origins that the samples of ``config`` can have."""
    names = (*NEUTRINOS, *origins(config.simulation))
    if len(names) >= NOISE:
        raise ConfigError(
            f"simulation.model: got {len(names)} sources and signals, training takes at most {NOISE - 1}"
        )
    return names


def simulate(config: TrainConfig, piece: Piece) -> Sample:
    """Simulate one piece."""
    from streams.simulate import stream

    collector = _Collector(config, piece)
    for index, (frame, truth) in enumerate(with_truth(stream(piece.simulation), config.front_end)):
        collector.take(frame, truth)
        if index + 1 == piece.frames:
            break
    return collector.result()


def plan(config: TrainConfig) -> dict[str, list[Piece]]:
    """Return the pieces of the training, validation and background samples; every piece has a seed of its own.

    Neutrinos of bursts and the sun are left out: they would be background in the sample of the threshold.

    Raises
    ------
    ConfigError : more than one signal of kind neutrinos, or too many sources to tell apart.
    """
    origin_names(config)
    base = config.simulation
    backgrounds = rates(config)
    neutrinos = [s for s in base.signals if isinstance(s, NeutrinoSignal)] or [NeutrinoSignal(rate_hz=0.0)]
    if len(neutrinos) > 1:
        raise ConfigError(f"simulation.signals: got {len(neutrinos)} of kind neutrinos, training takes one")
    others: tuple[Signal, ...] = tuple(
        s for s in base.signals if not isinstance(s, NeutrinoSignal | BurstSignal | SolarSignal)
    )
    signal = (msgspec.structs.replace(neutrinos[0], rate_hz=config.sample.signal_rate_hz), *others)
    wanted = {
        "training": (config.sample.training_frames, signal, True, False),
        "validation": (config.sample.validation_frames, signal, True, True),
        "background": (config.sample.background_frames, others, False, True),
    }
    pieces: dict[str, list[Piece]] = {}
    seed = 1000 * base.seed
    for name, (total, source, cut, maps) in wanted.items():
        pieces[name] = []
        for start in range(0, total, PIECE_FRAMES):
            seed += 1
            simulation = msgspec.structs.replace(
                base, seed=seed, backgrounds=backgrounds, signals=source, planes=("X",)
            )
            pieces[name].append(Piece(simulation, min(PIECE_FRAMES, total - start), cut, maps))
    return pieces


def simulate_all(config: TrainConfig, pieces: list[Piece]) -> Iterator[Sample]:
    """Simulate pieces, several at a time, and yield their samples in order."""
    if config.sample.processes == 1:
        yield from (simulate(config, piece) for piece in pieces)
        return
    with ProcessPoolExecutor(config.sample.processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(simulate, [config] * len(pieces), pieces)


def joined(samples: list[Sample]) -> Sample:
    """Return several samples as one."""
    arrays = [name for name in Sample.__dataclass_fields__ if name != "names"]
    parts = {name: np.concatenate([getattr(s, name) for s in samples]) for name in arrays}
    return Sample(**parts, names=samples[0].names)
