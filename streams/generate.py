"""All that happens in the argon during some blocks of time: events, their arrivals at the wires, their true charge.

Every event has its own random stream, made of seed, name of the source, block and number in the block; so a source
gives the same events whatever else is simulated.

>>> from streams.config import SimulationConfig, seed_of
>>> happened = Generator(SimulationConfig(seed=1)).run(0, 2)
>>> bool(len(happened.events) > 0 and (happened.charge["electrons"] >= 1).all())
True
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, TICKS_PER_BLOCK
from streams.compiled import Floats, Integers, State, compiled
from streams.config import SimulationConfig, seed_of
from streams.detector import Detector, load_detector
from streams.drift import CHANNELS, Cells, Drift, arrive, drift_of, truth
from streams.geometry.planes import PlaneGeometry, plane_geometry
from streams.rng import stream
from streams.schedule import Schedule, schedule
from streams.segments import Segments, open_segments, read_event
from streams.signals import SegmentsSignal
from streams.sources.event import EventTables, draw_event
from streams.sources.every import event_tables, every_source, number_of, schedule_for
from streams.transport.walk import Volume, Work, new_work, push, volume_of, walk

_FIRST_BLOCK = 1 << 12  # ids are positive from here before the run on
_COLUMNS = ("x_mm", "y_mm", "z_mm", "energy_mev", "deposited_mev")


class Happened(NamedTuple):
    """Events in the order of time (EVENT_DTYPE); arrivals (float64, (n, 7)) and true charge, event after event."""

    events: NDArray[np.void]
    arrivals: Floats
    charge: NDArray[np.void]
    counts: Integers  # (events,), arrivals of each


class _World(NamedTuple):
    """All that does not change during a run."""

    tables: EventTables
    volume: Volume
    drift: Drift
    collection: PlaneGeometry
    seed: int


class _Room(NamedTuple):
    """Arrays that are used again for each event, and that grow."""

    work: Work
    cells: Cells
    particles: Floats  # (64, 6)
    vertex: Floats  # (3,)
    direction: Floats  # (3,)


class _Drawn(NamedTuple):
    """Events as columns: vertex, energy, deposited energy (float64, (n, 5)); numbers of arrivals and of charges."""

    columns: Floats
    counts: Integers  # (n, 2)
    arrivals: Floats
    keys: Integers  # of the charges: tick * CHANNELS + channel
    electrons: Floats


@compiled
def _grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return an array with room for ``rows`` rows and the same head."""
    if rows <= len(array):
        return array
    larger = np.empty((2 * rows, array.shape[1]), array.dtype)
    larger[: len(array)] = array
    return larger


@compiled
def _arrivals(drift: Drift, deposits: Floats, time_ns: float) -> Floats:
    """Return the arrivals (float64, (n, 7)) of deposits (float64, (n, 6)) of an event at ``time_ns``."""
    found = np.empty((len(deposits), 7))
    kept = 0
    for i in range(len(deposits)):
        if deposits[i, 4] > 0.0:
            arrive(drift, deposits[i], time_ns, found[kept])
            kept += 1
    return found[:kept]


@compiled
def _event(world: _World, room: _Room, source: int, state: State) -> tuple[int, float]:
    """Simulate one event; return the number of deposits and its energy in MeV."""
    particles, work = room.particles, room.work
    n, energy = draw_event(world.tables, source, state, particles, room.vertex)
    for i in range(n):
        if particles[i, 1] > 0.0:
            room.direction[:] = particles[i, 2:5]
            push(work, int(particles[i, 0]), particles[i, 1], room.vertex, room.direction, particles[i, 5])
    return walk(world.volume, work, state), energy


@compiled
def _run(world: _World, room: _Room, key: Integers, plan: Integers, time_ns: Floats) -> _Drawn:
    """Simulate the planned events."""
    columns, counts = np.zeros((len(plan), 5)), np.zeros((len(plan), 2), np.int64)
    arrivals, charges = np.empty((1024, 7)), np.empty((4096, 1))
    keys = np.empty((4096, 1), np.int64)
    n_arrivals = n_charges = 0
    cells = room.cells
    for i in range(len(plan)):
        state = stream(world.seed, key[plan[i, 0]], plan[i, 1], plan[i, 2])
        n, columns[i, 3] = _event(world, room, plan[i, 0], state)
        columns[i, :3] = room.vertex
        columns[i, 4] = room.work.deposits[:n, 3].sum()
        own = _arrivals(world.drift, room.work.deposits[:n], time_ns[i])
        cells, n_cells = truth(world.collection, own, cells)
        counts[i, 0], counts[i, 1] = len(own), n_cells
        arrivals = _grown(arrivals, n_arrivals + len(own))
        arrivals[n_arrivals : n_arrivals + len(own)] = own
        n_arrivals += len(own)
        keys, charges = _grown(keys, n_charges + n_cells), _grown(charges, n_charges + n_cells)
        keys[n_charges : n_charges + n_cells, 0] = cells.keys[:n_cells]
        charges[n_charges : n_charges + n_cells, 0] = cells.electrons[:n_cells]
        n_charges += n_cells
    return _Drawn(
        columns, counts, arrivals[:n_arrivals], keys[:n_charges, 0].copy(), charges[:n_charges, 0].copy()
    )


class _Given:
    """The events of a file of segments."""

    def __init__(self, name: str, number: int, segments: Segments) -> None:
        self.name, self.number, self.segments = name, number, segments

    def drawn(self, world: _World, first_ns: float, end_ns: float, cells: Cells) -> tuple[_Drawn, Integers]:
        """Return the events of this stretch of time, and their places in the file."""
        time_ns = self.segments.time_ns
        mine = np.flatnonzero((time_ns >= first_ns) & (time_ns < end_ns))
        columns, counts = np.zeros((len(mine), 5)), np.zeros((len(mine), 2), np.int64)
        parts = []
        for row, number in enumerate(mine):
            deposits = read_event(self.segments, int(number)).deposits
            arrivals = _arrivals(world.drift, deposits, float(time_ns[number]))
            cells, n = truth(world.collection, arrivals, cells)
            parts.append((arrivals, cells.keys[:n].copy(), cells.electrons[:n].copy()))
            energy = deposits[:, 3].sum()
            columns[row, :3] = deposits[:, :3].mean(axis=0) if len(deposits) else 0.0
            columns[row, 3:], counts[row] = energy, (len(arrivals), n)
        joined = (np.concatenate(part) for part in zip(*parts, strict=True))
        return _Drawn(columns, counts, *joined), mine


def _given(config: SimulationConfig, detector: Detector, taken: Collection[int]) -> list[_Given]:
    """Return the events of all files of segments, with numbers that are not ``taken``."""
    found: dict[int, _Given] = {}
    for signal in config.signals:
        if isinstance(signal, SegmentsSignal):
            number = number_of(f"segments/{signal.name}", {*taken, *found})
            found[number] = _Given(signal.name, number, open_segments(signal, detector, config.position))
    return list(found.values())


class Generator:
    """The sources, the transport and the drift of one configuration."""

    def __init__(self, config: SimulationConfig) -> None:
        detector = load_detector(config.detector)
        every = every_source(config, detector)
        drift = drift_of(detector, config.electron_lifetime_ms)
        volume = volume_of(detector, config.position)
        tables = event_tables(every, config, detector)
        self._world = _World(tables, volume, drift, plane_geometry(detector, "X"), seed_of(config))
        self._schedule: Schedule = schedule_for(every)
        self._names = np.array([source.name for source in every] or [""], EVENT_DTYPE["origin"])
        self._numbers = np.array([source.number for source in every], np.int64)
        cells = Cells(np.empty(4096, np.int64), np.empty(4096))
        self._room = _Room(new_work(), cells, np.zeros((64, 6)), np.zeros(3), np.zeros(3))
        self._given = _given(config, detector, self._numbers.tolist())
        self._block_ns = TICKS_PER_BLOCK * drift.tick_ns
        longest_ticks = detector.drift_mm * drift.ticks_per_mm
        #: Largest spread of an arrival in time [ticks]; the last step of a track may end beyond the drift.
        self.max_sigma_tick = drift.tick_sigma * math.sqrt(1.01 * detector.drift_mm)
        #: Blocks that pass before the charge of the farthest event has arrived.
        self.drift_blocks = math.ceil(longest_ticks / TICKS_PER_BLOCK) + 1

    def run(self, first_block: int, blocks: int) -> Happened:
        """Return what happens in ``blocks`` blocks of time from ``first_block`` on."""
        world = self._world
        plan, time_ns = schedule(self._schedule, world.seed, first_block, blocks, self._block_ns)
        drawn = _run(world, self._room, self._schedule.key, plan, time_ns)
        ids = _id(plan[:, 1], plan[:, 2], self._numbers[plan[:, 0]])
        parts = [_happened(drawn, ids, self._names[plan[:, 0]], time_ns)]
        first_ns, end_ns = first_block * self._block_ns, (first_block + blocks) * self._block_ns
        for given in self._given:
            times = given.segments.time_ns
            if ((times >= first_ns) & (times < end_ns)).any():
                drawn, rows = given.drawn(world, first_ns, end_ns, self._room.cells)
                names = np.full(len(rows), given.name, EVENT_DTYPE["origin"])
                ids = _id(np.zeros_like(rows), rows + 1, np.full(len(rows), given.number))
                parts.append(_happened(drawn, ids, names, times[rows]))
        return parts[0] if len(parts) == 1 else _merged(parts)


def _id(block: Integers, number: Integers, source: Integers) -> NDArray[np.uint64]:
    """Return ids made of block (36 bits), number in it (10) and number of the source (18)."""
    return ((block + _FIRST_BLOCK << 28) + (number << 18) + source).astype(np.uint64)


def _happened(drawn: _Drawn, ids: NDArray[np.uint64], names: NDArray[np.bytes_], time_ns: Floats) -> Happened:
    """Return the events and charges of columns."""
    events = np.zeros(len(ids), EVENT_DTYPE)
    events["id"], events["origin"], events["time_ns"] = ids, names, time_ns
    for name, column in zip(_COLUMNS, drawn.columns.T, strict=True):
        events[name] = column
    counts = drawn.counts[:, 1]
    charge = np.empty(len(drawn.keys), CHARGE_DTYPE)
    charge["event"] = np.repeat(ids, counts)
    charge["tick"], charge["channel"] = drawn.keys // CHANNELS, drawn.keys % CHANNELS
    charge["electrons"] = drawn.electrons
    _summarise(events, charge, counts)
    return Happened(events, drawn.arrivals, charge, drawn.counts[:, 0])


def _merged(parts: list[Happened]) -> Happened:
    """Return several parts as one, in the order of time."""
    events = np.concatenate([part.events for part in parts])
    order = np.argsort(events["time_ns"], kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    counts = np.concatenate([part.counts for part in parts])
    rows = np.argsort(np.repeat(rank, counts), kind="stable")
    charge = np.concatenate([part.charge for part in parts])
    by_id = dict(zip(events["id"].tolist(), rank.tolist(), strict=True))
    of_charge = np.array([by_id[i] for i in charge["event"].tolist()], np.int64)
    arrivals = np.concatenate([part.arrivals for part in parts])[rows]
    return Happened(events[order], arrivals, charge[np.argsort(of_charge, kind="stable")], counts[order])


def _summarise(events: NDArray[np.void], charge: NDArray[np.void], counts: NDArray[np.int64]) -> None:
    """Fill in the electrons and the channel and tick ranges of ``events`` from their ``counts`` of charges."""
    for name in ("channel_first", "channel_last", "tick_first", "tick_last"):
        events[name] = -1
    some = np.flatnonzero(counts)
    if len(some) == 0:
        return
    starts = (np.cumsum(counts) - counts)[some]
    events["electrons"][some] = np.add.reduceat(charge["electrons"].astype(np.float64), starts)
    for field in ("channel", "tick"):
        events[f"{field}_first"][some] = np.minimum.reduceat(charge[field], starts)
        events[f"{field}_last"][some] = np.maximum.reduceat(charge[field], starts)
