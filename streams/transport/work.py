"""What waits to be followed in one event, and what has been deposited: room that is used again for each event.

Neither can overflow: when the rows of deposits are full, neighbours along the tracks are put together, first those
within a millimetre (two pieces of one track), then within two, four ...; energy, charge and its centre stay exact.
A particle that finds no room to wait is deposited where it is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, State, compiled
from streams.rng import uniform

MAX_DEPOSITS = 1 << 16  # a muon across the whole drift makes 20 000
MAX_STACK = 4096
WAITING, STORED, MERGED = 0, 1, 2  # places in Work.counter


class Work(NamedTuple):
    """What is being followed: reused from event to event."""

    stack: Floats  # (MAX_STACK, 9): kind, energy MeV, position mm, direction, delay ns
    deposits: Floats  # (MAX_DEPOSITS, 6): x, y, z mm, energy MeV, free electrons, delay ns
    position: Floats  # (3,), of the particle that is followed
    direction: Floats  # (3,)
    delay: Floats  # (1,)
    counter: Integers  # (3,): particles that wait, deposits stored, times that deposits were put together


def new_work(deposits: int = MAX_DEPOSITS) -> Work:
    """Return room for the particles and the deposits of one event."""
    counts, vector = np.zeros(3, np.int64), np.zeros(3)
    return Work(np.zeros((MAX_STACK, 9)), np.zeros((deposits, 6)), vector, np.zeros(3), np.zeros(1), counts)


@compiled
def isotropic(direction: Floats, state: State) -> None:
    """Fill in a random unit vector."""
    w, azimuth = 2.0 * uniform(state) - 1.0, 2.0 * math.pi * uniform(state)
    across = math.sqrt(1.0 - w * w)
    direction[0], direction[1], direction[2] = across * math.cos(azimuth), across * math.sin(azimuth), w


@compiled
def _merge(deposits: Floats, n: int, within_mm: float) -> int:
    """Put neighbours in the list together that are close and of one delay; return how many rows are left."""
    last = 0
    for i in range(1, n):
        a, b = deposits[last], deposits[i]
        distance = math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)
        if distance > within_mm or a[5] != b[5]:
            last += 1
            deposits[last] = b
            continue
        total = a[4] + b[4]
        share = b[4] / total if total > 0 else 0.5
        for k in range(3):
            a[k] += share * (b[k] - a[k])
        a[3] += b[3]
        a[4] = total
    return last + 1


@compiled
def make_room(work: Work) -> None:
    """Put deposits together until a quarter of the rows is free."""
    n, within = work.counter[STORED], 1.0
    while n > len(work.deposits) * 3 // 4:
        n = _merge(work.deposits, n, within)
        within *= 2.0
    work.counter[STORED] = n
    work.counter[MERGED] += 1


@compiled
def store(work: Work, back_mm: float, energy: float, electrons: float) -> None:
    """Add a deposit ``back_mm`` behind the particle that is followed, with its delay."""
    if work.counter[STORED] >= len(work.deposits):
        make_room(work)
    n = work.counter[STORED]
    for i in range(3):
        work.deposits[n, i] = work.position[i] - back_mm * work.direction[i]
    work.deposits[n, 3], work.deposits[n, 4], work.deposits[n, 5] = energy, electrons, work.delay[0]
    work.counter[STORED] = n + 1


@compiled
def advance(work: Work, path_mm: float) -> None:
    """Move the particle that is followed along its direction."""
    for i in range(3):
        work.position[i] += path_mm * work.direction[i]


@compiled
def push(
    work: Work, kind: int, energy_mev: float, position: Floats, direction: Floats, delay_ns: float = 0.0
) -> None:
    """Let a particle wait to be followed."""
    n = work.counter[WAITING]
    if n >= len(work.stack):
        raise RuntimeError("more than 4096 particles of one event wait to be followed")
    work.stack[n, 0], work.stack[n, 1], work.stack[n, 8] = kind, energy_mev, delay_ns
    for i in range(3):
        work.stack[n, 2 + i] = position[i]
        work.stack[n, 5 + i] = direction[i]
    work.counter[WAITING] = n + 1
