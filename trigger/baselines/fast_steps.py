"""The steps of a chain over one frame of a stream: 64 samples of 64 channels, in place, 64 channels at once.

What lies in arrays is given by addresses: ``rows`` of int16 (64 samples, 64 channels), ``state`` and ``parameters``
of a step's own int16 rows of 64 channels, ``words`` of a frame, ``masks`` is uint64 (64,). They compute
what ``pedestal``, ``running_sum`` and ``threshold`` say; only the move of a pedestal is put in another way, see
``_moved``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from streams.compiled import compiled
from trigger.baselines.lanes import (
    add,
    add_saturated,
    bits,
    both,
    choose,
    differs,
    everywhere,
    fetch,
    greater,
    lesser,
    load,
    mul,
    over,
    put,
    store,
    sub,
    sub_saturated,
    tenth,
    unpacked,
)


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _moved(value: Any, pedestal: Any, balance: Any, limit: Any) -> tuple[Any, Any]:
    """Return the frugal pedestal and its balance after a sample.

    The balance grows by the sign of the difference; where it is at a limit and would pass it, the pedestal makes that
    step, and the balance begins anew. ``up`` and ``down`` say where; they are known before the difference, on which
    the next sample waits.
    """
    zero, one, minus = everywhere(0), everywhere(1), everywhere(-1)
    most = sub(limit, one)
    up, down = greater(sub_saturated(balance, most), zero), lesser(add_saturated(balance, most), zero)
    difference = sub_saturated(value, pedestal)
    step = greater(lesser(difference, up), down)
    balance = add(balance, greater(lesser(difference, one), minus))
    kept = add(both(step, one), minus)  # all bits where the step is 0, none where it is 1 or -1
    return add_saturated(pedestal, step), both(balance, kept)


@compiled
def pedestal_of_frame(words: int, rows: int, state: int, limit: int, moving: int, ahead: int) -> None:
    """Unpack a frame and take the frugal pedestal off; it moves in the first ``moving`` samples only.

    ``ahead`` : the frame that comes next, of another stream, which the processor cannot guess.

    ``state`` : row 0 the pedestal, row 1 the balance.
    """
    pedestal, balance, most = load(state, 0), load(state, 1), everywhere(limit)
    for t in range(moving):
        fetch(ahead, t)
        sample = unpacked(words, t)
        pedestal, balance = _moved(sample, pedestal, balance, most)
        store(rows, t, sub(sample, pedestal))
    for t in range(moving, 64):
        store(rows, t, sub(unpacked(words, t), pedestal))
    store(state, 0, pedestal)
    store(state, 1, balance)


@compiled
def first_sample(words: int, state: int) -> None:
    """Take the first sample of a frame as the pedestal."""
    store(state, 0, unpacked(words, 0))


@compiled
def pedestal_of_rows(rows: int, state: int, limit: int, moving: int) -> None:
    """Take the frugal pedestal off values that an earlier step has made; else as ``pedestal_of_frame``."""
    pedestal, balance, most = load(state, 0), load(state, 1), everywhere(limit)
    for t in range(moving):
        value = load(rows, t)
        pedestal, balance = _moved(value, pedestal, balance, most)
        store(rows, t, sub(value, pedestal))
    for t in range(moving, 64):
        store(rows, t, sub(load(rows, t), pedestal))
    store(state, 0, pedestal)
    store(state, 1, balance)


@compiled
def copy(rows: int, to: int) -> None:
    """Leave the values in a second place too."""
    for t in range(64):
        store(to, t, load(rows, t))


@compiled
def run_sum(rows: int, state: int, parameters: int, absolute: bool) -> None:
    """The running sum of tpglibs; ``state`` : the sum; ``parameters`` : R and S in tenths."""
    total, memory, scale = load(state, 0), load(parameters, 0), load(parameters, 1)
    zero = everywhere(0)
    for t in range(64):
        value = load(rows, t)
        if absolute:
            value = choose(over(zero, value), sub(zero, value), value)
        total = add_saturated(mul(tenth(total), memory), mul(tenth(value), scale))
        store(rows, t, total)
    store(state, 0, total)


@compiled
def fd_run_sum(rows: int, sums: int, state: int, parameters: int, limit: int, absolute: bool) -> None:
    """The running sum of fdreadoutlibs, from ``rows`` into ``sums``, which may be the same.

    ``state`` : the sum, its pedestal, the balance; ``parameters`` : R and S in tenths.
    """
    total, pedestal, balance = load(state, 0), load(state, 1), load(state, 2)
    memory, scale = load(parameters, 0), load(parameters, 1)
    most, zero = everywhere(limit), everywhere(0)
    for t in range(64):
        value = load(rows, t)
        if absolute:
            value = mul(choose(over(zero, value), sub(zero, value), value), scale)
        total = tenth(add(mul(total, memory), value))
        pedestal, balance = _moved(total, pedestal, balance, most)
        total = sub(total, pedestal)
        store(sums, t, total)
    store(state, 0, total)
    store(state, 1, pedestal)
    store(state, 2, balance)


@compiled
def threshold(rows: int, parameters: int) -> None:
    """Clear what is not over the threshold; ``parameters`` : the threshold."""
    least, zero = load(parameters, 0), everywhere(0)
    for t in range(64):
        value = load(rows, t)
        store(rows, t, choose(over(value, least), value, zero))


@compiled
def nonzero(rows: int, masks: int) -> Any:
    """Write which channels of each sample are not zero: bit c is channel c; return those that ever are."""
    zero, ever = everywhere(0), np.uint64(0)
    for t in range(64):
        mask = bits(differs(load(rows, t), zero))
        put(masks, t, mask)
        ever |= mask
    return ever


@compiled
def exceeding(rows: int, least: int, masks: int) -> Any:
    """Write which channels of each sample are over a threshold, as ``nonzero`` does."""
    limit, ever = everywhere(least), np.uint64(0)
    for t in range(64):
        mask = bits(over(load(rows, t), limit))
        put(masks, t, mask)
        ever |= mask
    return ever
