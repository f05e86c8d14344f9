"""All that happens in the argon during some blocks of time, as events and their charge on the wires.

Every event has its own random stream, made of seed, origin, block and number in the block.

>>> from streams.config import SimulationConfig
>>> happened = Generator(SimulationConfig(seed=1)).run(0, 2)
>>> bool(len(happened.events) > 0 and (happened.charge["electrons"] >= 1).all())
True
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, TICK_NS, TICKS_PER_BLOCK
from streams.compiled import Floats, Integers, State, compiled
from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.drift import Cells, Drift, drift_deposits, drift_of, new_cells
from streams.rng import exponential, stream, uniform
from streams.sources.sample import draw_event
from streams.sources.tables import SourceTables, source_tables
from streams.transport.walk import Volume, Work, isotropic, new_work, push, volume_of, walk

_BLOCK_NS = TICKS_PER_BLOCK * TICK_NS


class Happened(NamedTuple):
    """Events in the order of time (EVENT_DTYPE) and their charge (CHARGE_DTYPE), event after event."""

    events: NDArray[np.void]
    charge: NDArray[np.void]


class _World(NamedTuple):
    """All that does not change during a run."""

    tables: SourceTables
    volume: Volume
    drift: Drift
    seed: int


@compiled
def _schedule(rate_hz: Floats, seed: int, first_block: int, blocks: int) -> tuple[Integers, Floats]:
    """Return origin, block and number (int64, (n, 3)) and time [ns] of the events of these blocks, in time order."""
    rows, times = [(0, 0, 0)], [0.0]
    for block in range(first_block, first_block + blocks):
        for origin in range(len(rate_hz)):
            if rate_hz[origin] <= 0.0:
                continue
            state = stream(seed, origin, block, 0)
            gap_ns = 1e9 / rate_hz[origin]
            time = exponential(state) * gap_ns
            number = 1
            while time < _BLOCK_NS:
                rows.append((origin, block, number))
                times.append(block * _BLOCK_NS + time)
                time += exponential(state) * gap_ns
                number += 1
    time_ns = np.array(times)[1:]
    order = np.argsort(time_ns, kind="mergesort")
    return np.array(rows)[1:][order], time_ns[order]


@compiled
def _event(
    world: _World, work: Work, particles: Floats, origin: int, state: State
) -> tuple[int, float, Floats]:
    """Simulate one event; return the number of deposits, its energy in MeV and its vertex in mm."""
    vertex, direction = np.empty(3), np.empty(3)
    vertex[0] = (2.0 * uniform(state) - 1.0) * world.volume.half_x_mm
    vertex[1] = (2.0 * uniform(state) - 1.0) * world.volume.half_y_mm
    vertex[2] = uniform(state) * world.volume.length_mm
    n, energy = draw_event(world.tables, origin, state, particles)
    for i in range(n):
        isotropic(direction, state)
        push(work, int(particles[i, 0]), particles[i, 1], vertex, direction)
    return walk(world.volume, work, state), energy, vertex


@compiled
def _run(
    world: _World, work: Work, cells: Cells, plan: Integers, time_ns: Floats
) -> tuple[Floats, Integers, Integers, Floats]:
    """Simulate the planned events.

    Returns
    -------
    columns (float64, (n, 5): vertex, energy, deposited energy), numbers of charges, and the charges: keys, electrons.
    """
    columns, counts = np.zeros((len(plan), 5)), np.zeros(len(plan), np.int64)
    keys, electrons = np.empty(4096, np.int64), np.empty(4096)
    particles = np.zeros((64, 2))
    total = 0
    for i in range(len(plan)):
        state = stream(world.seed, plan[i, 0], plan[i, 1], plan[i, 2])
        n, columns[i, 3], columns[i, :3] = _event(world, work, particles, plan[i, 0], state)
        columns[i, 4] = work.deposits[:n, 3].sum()
        new_keys, new_electrons = drift_deposits(world.drift, work.deposits[:n], time_ns[i], cells)
        counts[i] = len(new_keys)
        while total + counts[i] > len(keys):
            keys = np.concatenate((keys, np.empty(len(keys), np.int64)))
            electrons = np.concatenate((electrons, np.empty(len(electrons))))
        keys[total : total + counts[i]] = new_keys
        electrons[total : total + counts[i]] = new_electrons
        total += counts[i]
    return columns, counts, keys[:total], electrons[:total]


class Generator:
    """The sources, the transport and the drift of one configuration."""

    def __init__(self, config: SimulationConfig) -> None:
        detector = load_detector(config.detector)
        drift = drift_of(detector, config.electron_lifetime_ms)
        self._world = _World(source_tables(config), volume_of(detector), drift, config.seed)
        self._work, self._cells = new_work(), new_cells()
        self._next_id = 1
        longest_ticks = detector.drift_mm * drift.ticks_per_mm
        #: Blocks that pass before the charge of the farthest event has arrived.
        self.drift_blocks = math.ceil(longest_ticks / TICKS_PER_BLOCK) + 1

    def run(self, first_block: int, blocks: int) -> Happened:
        """Return what happens in ``blocks`` blocks of time from ``first_block`` on (call in order: ids count up)."""
        plan, time_ns = _schedule(self._world.tables.rate_hz, self._world.seed, first_block, blocks)
        columns, counts, keys, electrons = _run(self._world, self._work, self._cells, plan, time_ns)
        events = np.zeros(len(plan), EVENT_DTYPE)
        events["id"] = self._next_id + np.arange(len(plan))
        self._next_id += len(plan)
        events["origin"], events["time_ns"] = plan[:, 0], time_ns
        for name, column in zip(
            ("x_mm", "y_mm", "z_mm", "energy_mev", "deposited_mev"), columns.T, strict=False
        ):
            events[name] = column
        charge = np.empty(len(keys), CHARGE_DTYPE)
        charge["event"] = np.repeat(events["id"], counts)
        charge["tick"], charge["channel"] = keys >> 10, keys & 1023
        charge["electrons"] = electrons
        _summarise(events, charge, counts)
        return Happened(events, charge)


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
