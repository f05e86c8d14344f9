"""When things happen: Poisson in time, each source and each block with a random stream of its own.

A rate is constant within a block of 32.8 microseconds; over a run it may follow a profile, as a burst does.

>>> plan = schedule_of(("Ar39",), (1e6,), ((),))
>>> rows, time_ns = schedule(plan, 1, 0, 10, 32768.0)
>>> rows.shape[1], 250 < len(rows) < 410, bool((np.diff(time_ns) >= 0).all())
(3, True, True)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, compiled
from streams.rng import exponential, stream


class Schedule(NamedTuple):
    """The rates of all sources, one after the other."""

    key: Integers  # of the random streams, made of the name
    rate_hz: Floats  # constant part
    first: Integers  # (sources + 1,), rows of the profiles
    edges_ns: Floats  # a profile is steps (from, to, rate); all of a source in the order of time
    ends_ns: Floats
    step_hz: Floats


#: Steps of a rate: (from [ns], to [ns], rate [Hz]).
Steps = Sequence[tuple[float, float, float]]


def key_of(name: str) -> int:
    """Return 62 bits that belong to the name of a source."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") >> 2


def schedule_of(names: Sequence[str], rates_hz: Sequence[float], steps: Sequence[Steps]) -> Schedule:
    """Return the schedule of the sources of these names, constant rates and steps."""
    first = np.cumsum([0, *(len(own) for own in steps)])
    flat = np.array([step for own in steps for step in own], np.float64).reshape(-1, 3)
    columns = (np.ascontiguousarray(flat[:, k]) for k in range(3))
    return Schedule(
        np.array([key_of(name) for name in names], np.int64), np.array(rates_hz, np.float64), first, *columns
    )


@compiled
def _rate(plan: Schedule, source: int, time_ns: float) -> float:
    """Return the rate of a source at a time."""
    total: float = plan.rate_hz[source]
    for row in range(plan.first[source], plan.first[source + 1]):
        if plan.edges_ns[row] <= time_ns < plan.ends_ns[row]:
            total += plan.step_hz[row]
    return total


@compiled
def schedule(
    plan: Schedule, seed: int, first_block: int, blocks: int, block_ns: float
) -> tuple[Integers, Floats]:
    """Return source, block and number (int64, (n, 3)) and time [ns] of the events of these blocks, in time order."""
    rows, times = [(0, 0, 0)], [0.0]
    for block in range(first_block, first_block + blocks):
        for source in range(len(plan.rate_hz)):
            rate_hz = _rate(plan, source, (block + 0.5) * block_ns)
            if rate_hz <= 0.0:
                continue
            state = stream(seed, plan.key[source], block, 0)
            gap_ns = 1e9 / rate_hz
            time = exponential(state) * gap_ns
            number = 1
            while time < block_ns:
                rows.append((source, block, number))
                times.append(block * block_ns + time)
                time += exponential(state) * gap_ns
                number += 1
    time_ns = np.array(times)[1:]
    order = np.argsort(time_ns, kind="mergesort")
    return np.array(rows)[1:][order], time_ns[order]
