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
from numba import njit
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, TICK_NS, TICKS_PER_BLOCK
from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.drift import drift_deposits, drift_of, new_cells
from streams.rng import exponential, stream, uniform
from streams.sources.sample import draw_event
from streams.sources.tables import source_tables
from streams.transport.walk import MAX_DEPOSITS, isotropic, new_stack, push, volume_of, walk

_BLOCK_NS = TICKS_PER_BLOCK * TICK_NS


class Happened(NamedTuple):
    """Events in the order of time (EVENT_DTYPE) and their charge (CHARGE_DTYPE), event after event."""

    events: NDArray[np.void]
    charge: NDArray[np.void]


@njit(cache=True)
def _schedule(rate_hz, seed, first_block, blocks):  # type: ignore[no-untyped-def]
    """Return origin, block, number and time [ns] of every event of these blocks, in the order of time."""
    origins, where, numbers, times = [0], [0], [0], [0.0]
    for block in range(first_block, first_block + blocks):
        for origin in range(len(rate_hz)):
            if rate_hz[origin] <= 0.0:
                continue
            state = stream(seed, origin, block, 0)
            gap_ns = 1e9 / rate_hz[origin]
            time = exponential(state) * gap_ns
            number = 1
            while time < _BLOCK_NS:
                origins.append(origin)
                where.append(block)
                numbers.append(number)
                times.append(block * _BLOCK_NS + time)
                time += exponential(state) * gap_ns
                number += 1
    time_ns = np.array(times)[1:]
    order = np.argsort(time_ns, kind="mergesort")
    plan = np.empty((len(order), 3), np.int64)
    plan[:, 0], plan[:, 1], plan[:, 2] = (
        np.array(origins)[1:][order], np.array(where)[1:][order], np.array(numbers)[1:][order],
    )  # fmt: skip
    return plan, time_ns[order]


@njit(cache=True)
def _vertex(volume, state, position):  # type: ignore[no-untyped-def]
    """Fill in a point uniform in the active argon."""
    position[0] = (2.0 * uniform(state) - 1.0) * volume.half_x_mm
    position[1] = (2.0 * uniform(state) - 1.0) * volume.half_y_mm
    position[2] = uniform(state) * volume.length_mm


@njit(cache=True)
def _event(tables, volume, origin, state, stack, position, deposits):  # type: ignore[no-untyped-def]
    """Simulate one event; return (number of deposits, its energy in MeV)."""
    kinds, energies, direction = np.zeros(64, np.int64), np.zeros(64), np.empty(3)
    _vertex(volume, state, position)
    particles, energy = draw_event(tables, origin, state, kinds, energies)
    waiting = 0
    for i in range(particles):
        isotropic(direction, state)
        waiting = push(stack, waiting, kinds[i], energies[i], position, direction)
    return walk(volume, stack, waiting, deposits, state), energy


@njit(cache=True)
def _run(tables, volume, drift, cells, stack, deposits, seed, plan, time_ns):  # type: ignore[no-untyped-def]
    """Simulate the planned events; return columns of events, counts of charge, keys and electrons."""
    events = np.zeros((len(plan), 6))  # x, y, z, energy, deposited, -
    counts = np.zeros(len(plan), np.int64)
    keys, electrons = np.empty(4096, np.int64), np.empty(4096)
    total = 0
    position = np.empty(3)
    for i in range(len(plan)):
        state = stream(seed, plan[i, 0], plan[i, 1], plan[i, 2])
        n, energy = _event(tables, volume, plan[i, 0], state, stack, position, deposits)
        events[i, :3] = position
        events[i, 3] = energy
        events[i, 4] = deposits[:n, 3].sum()
        new_keys, new_electrons = drift_deposits(drift, deposits, n, time_ns[i], cells)
        counts[i] = len(new_keys)
        while total + counts[i] > len(keys):
            keys = np.concatenate((keys, np.empty(len(keys), np.int64)))
            electrons = np.concatenate((electrons, np.empty(len(electrons))))
        keys[total : total + counts[i]] = new_keys
        electrons[total : total + counts[i]] = new_electrons
        total += counts[i]
    return events, counts, keys[:total], electrons[:total]


class Generator:
    """The sources, the transport and the drift of one configuration."""

    def __init__(self, config: SimulationConfig) -> None:
        detector = load_detector(config.detector)
        self._seed = config.seed
        self._tables = source_tables(config)
        self._volume = volume_of(detector)
        self._drift = drift_of(detector, config.electron_lifetime_ms)
        self._scratch = (new_cells(), new_stack(), np.empty((MAX_DEPOSITS, 5)))
        self._next_id = 1
        longest_ticks = detector.drift_mm * self._drift.ticks_per_mm
        #: Blocks that pass before the charge of the farthest event has arrived.
        self.drift_blocks = math.ceil(longest_ticks / TICKS_PER_BLOCK) + 1

    def run(self, first_block: int, blocks: int) -> Happened:
        """Return what happens in ``blocks`` blocks of time from ``first_block`` on (call in order: ids count up)."""
        plan, time_ns = _schedule(self._tables.rate_hz, self._seed, first_block, blocks)
        columns, counts, keys, electrons = _run(
            self._tables, self._volume, self._drift, *self._scratch, self._seed, plan, time_ns
        )
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
