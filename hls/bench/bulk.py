"""Files between Python and the bulk harnesses: numbers packed into beats, every beat with its clock out.

>>> pack(np.array([[1, -1], [2, 0]]), width=4)
[241, 2]
>>> unpack([241, 2], channels=2, width=4, signed=True).tolist()
[[1, -1], [2, 0]]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CLOCK_DIGITS = 8


@dataclass(frozen=True)
class Beats:
    """What was seen on one stream.

    Attributes
    ----------
    clock : int64 array, (n,), clock in which each beat was accepted.
    last, user : bool and uint8 arrays, (n,).
    data : list of n integers.
    """

    clock: NDArray[np.int64]
    last: NDArray[np.bool_]
    user: NDArray[np.uint8]
    data: list[int]


def read_beats(path: Path) -> Beats:
    """Read what a harness wrote for one stream: lines of clock (8 digits), {user, last} (1 digit), data."""
    lines = path.read_text().split()
    flags = np.array([int(line[_CLOCK_DIGITS], 16) for line in lines], np.uint8)
    clock = np.array([int(line[:_CLOCK_DIGITS], 16) for line in lines], np.int64)
    user = (flags >> 1).astype(np.uint8)
    return Beats(clock, (flags & 1) > 0, user, [int(line[_CLOCK_DIGITS + 1 :], 16) for line in lines])


def pack(values: NDArray[Any], width: int) -> list[int]:
    """Return one integer per beat: (beats, channels) integers, channel c at bits [c * width +: width]."""
    mask = (1 << width) - 1
    return [sum((v & mask) << (c * width) for c, v in enumerate(beat)) for beat in values.tolist()]


def unpack(beats: Sequence[int], channels: int, width: int, signed: bool) -> NDArray[np.int64]:
    """Return the numbers, int64 (n, channels), that beats carry; ``width`` is at most 63 bits."""
    mask = (1 << width) - 1
    flat = [[beat >> (width * channel) & mask for channel in range(channels)] for beat in beats]
    values = np.array(flat, np.int64).reshape(-1, channels)
    return values - ((values >> (width - 1)) << width) if signed else values
