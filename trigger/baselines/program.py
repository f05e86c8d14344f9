"""A chain as numbers, for compiled code: what to do in which order, with which rows of state and parameters.

>>> from trigger.baselines.hits import Integral32
>>> from trigger.baselines.pedestal import Frugal
>>> from trigger.baselines.threshold import Threshold
>>> chain = Chain((Frugal(), Threshold((60, 60, 30))), Integral32(), tp_version=2)
>>> program = translate(chain, np.array([[0] * 40 + [2] * 24]))
>>> program.steps.tolist()
[[1, 0, 0, 10, 0, 0, 0, 0], [5, 2, 0, 0, 0, 0, 0, 0]]
>>> program.parameters[0, 0, 38:42].tolist()
[60, 60, 30, 30]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.baselines.chain import Chain, Closing, Step
from trigger.baselines.hits import FallingEdge, Integral16, Integral32
from trigger.baselines.pedestal import Fixed, Frugal
from trigger.baselines.running_sum import FdRunSum, RunSum
from trigger.baselines.threshold import Threshold

#: Numbers of the steps and of the closings.
FRUGAL, FIXED, RUN_SUM, FD_RUN_SUM, THRESHOLD, OTHER = 1, 2, 3, 4, 5, 0
INTEGRAL16, INTEGRAL32, FALLING_EDGE = range(3)
#: Columns of the table of steps; ``LIMIT`` is the balance of a pedestal, ``FLAG`` the start period or "absolute".
#: ``COPY``: the values are to be left twice, since later steps change them; ``ROWS``: which of the two it works on.
CODE, STATE, PARAMETER, LIMIT, FLAG, FIRST_SAMPLE, COPY, ROWS = range(8)
_STATE_ROWS = {FRUGAL: 2, FIXED: 2, RUN_SUM: 1, FD_RUN_SUM: 3, THRESHOLD: 0, OTHER: 0}


class Program(NamedTuple):
    """A chain for compiled code."""

    steps: NDArray[np.int64]  # (steps, 8)
    parameters: NDArray[np.int16]  # (streams, rows, 64)
    initial: NDArray[np.int16]  # (rows of state,), the same for all channels
    closing: NDArray[np.int64]  # (3,): its number, threshold, saturating
    labels: NDArray[np.int64]  # (3,): TP version, algorithm, detector; -1: that of the frame


def translate(chain: Chain, planes: NDArray[np.integer]) -> Program:
    """Return the program of a chain for channels on these planes: int array, (streams, 64), of 0, 1 and 2.

    A step that is not built in becomes number 0. The first step has to be a pedestal: it is what unpacks a frame.
    """
    if not isinstance(chain.steps[0], Frugal | Fixed):
        raise TypeError(f"chain: the first step is {type(chain.steps[0]).__name__}, want Frugal or Fixed")
    if any(isinstance(step, Frugal) and step.initial is None for step in chain.steps[1:]):
        raise TypeError("chain: only the first step may begin with the first sample as its pedestal")
    steps: list[list[int | bool]] = []
    rows: list[NDArray[np.int16]] = []
    initial: list[int] = []
    twice = isinstance(chain.closing, FallingEdge) and len(chain.steps) > 1
    copy = twice and not isinstance(chain.steps[1], FdRunSum)  # which does not change what it reads
    for k, step in enumerate(chain.steps):
        code, numbers, parameters, first = _step(step)
        steps.append([code, len(initial), len(rows), *numbers, copy and not k, twice and k > 0])
        rows += [np.array(parameter, np.int16)[planes] for parameter in parameters]
        initial += [first, *[0] * _STATE_ROWS[code]][: _STATE_ROWS[code]]
    table = np.stack(rows, axis=1) if rows else np.zeros((len(planes), 0, 64), np.int16)
    labels = (chain.tp_version, chain.algorithm, -1 if chain.detid is None else chain.detid)
    return Program(
        np.array(steps, np.int64),
        table,
        np.array(initial, np.int16),
        _closing(chain.closing),
        np.array(labels, np.int64),
    )


def _step(step: Step) -> tuple[int, list[int], list[tuple[int, ...]], int]:
    """Return number, limit and flags, parameters by plane, and the initial value of the first row of state."""
    if isinstance(step, Frugal | Fixed):
        numbers = [
            step.accum_limit,
            step.start_period if isinstance(step, Fixed) else 0,
            step.initial is None,
        ]
        return FIXED if isinstance(step, Fixed) else FRUGAL, list(map(int, numbers)), [], step.initial or 0
    if isinstance(step, RunSum):
        return RUN_SUM, [0, int(step.absolute), 0], [step.memory_factor, step.scale_factor], 0
    if isinstance(step, FdRunSum):
        scale = (step.scale_factor,) * 3
        return FD_RUN_SUM, [step.accum_limit, int(step.absolute), 0], [step.memory_factor, scale], 0
    if isinstance(step, Threshold):
        return THRESHOLD, [0, 0, 0], [step.threshold], 0
    return OTHER, [0, 0, 0], [], 0


def _closing(closing: Closing) -> NDArray[np.int64]:
    if isinstance(closing, FallingEdge):
        return np.array([FALLING_EDGE, closing.threshold, closing.saturating], np.int64)
    if isinstance(closing, Integral16 | Integral32):
        return np.array([INTEGRAL16 if isinstance(closing, Integral16) else INTEGRAL32, 0, 0], np.int64)
    raise TypeError(f"closing: got {type(closing).__name__}, want one of trigger.baselines.hits")
