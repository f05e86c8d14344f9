"""Where the channels of each stream go: a row of samples has its planes one after the other.

>>> table = places(np.arange(2560, dtype=np.int16).reshape(40, 64))
>>> int(table.first[12, 32]), int(table.step[12, 32])  # offline channel 800, the first of V
(51200, 800)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_CHANNELS, N_STREAMS, PLANE_CHANNELS, PLANE_FIRST
from streams.daq import kernels
from streams.daq.wibeth import CHANNELS, SAMPLES

SAMPLES_PER_BLOCK = 163_840  # 64 ticks of 2 560 channels


class Places(NamedTuple):
    """Where the 64 channels of each stream go in a row of a span."""

    first: NDArray[np.int32]  # (40, 64), index of the sample of tick 0
    step: NDArray[np.int32]  # (40, 64), from one tick to the next: 800 or 960
    plans: NDArray[np.int32]  # (40, 192), the same for ``streams.daq.kernels``
    grouped: NDArray[np.bool_]  # (40,), whether its pieces are neighbours


def places(offline: NDArray[np.int16]) -> Places:
    """Return where samples go, from a table of offline channels: (40, 64), each of 0 to 2559 once.

    Raises
    ------
    ValueError : another shape, or a channel that is missing, and so another that is there twice.
    """
    if offline.shape != (N_STREAMS, CHANNELS):
        raise ValueError(f"channel table: got {offline.shape}, want {(N_STREAMS, CHANNELS)}")
    missing = np.setdiff1d(np.arange(N_CHANNELS), offline)
    if missing.size:
        raise ValueError(
            f"channel table: {missing.size} of {N_CHANNELS} channels are missing, the first is {missing[0]}"
        )
    first, step = np.zeros((2, *offline.shape), np.int32)
    for plane, channel in PLANE_FIRST.items():
        here = (offline >= channel) & (offline < channel + PLANE_CHANNELS[plane])
        first[here] = SAMPLES * channel + offline[here].astype(np.int32) - channel
        step[here] = PLANE_CHANNELS[plane]
    return Places(first, step, *_plans(first, step))


def _plans(first: NDArray[np.int32], step: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the plan of each stream, and whether the channels of each of its pieces are neighbours."""
    order = np.argsort(first, axis=1)
    first, step = np.take_along_axis(first, order, 1), np.take_along_axis(step, order, 1)
    pieces = np.repeat(np.arange(len(kernels.PIECES)), kernels.PIECES)
    neighbours = (np.diff(first, axis=1) == 1) & (np.diff(step, axis=1) == 0)
    grouped = (neighbours | (np.diff(pieces) > 0)).all(axis=1)
    parts = [
        order.astype(np.uint16).view(np.int32),
        np.argsort(order, axis=1).astype(np.uint16).view(np.int32),
    ]
    return np.concatenate([*parts, 2 * first, 2 * step], axis=1, dtype=np.int32), grouped


def planes_of(row: NDArray[np.uint16]) -> dict[str, NDArray[np.uint16]]:
    """Return the planes of a row (163 840,) as views: (64 ticks, channels) each."""
    return {
        plane: row[SAMPLES * first : SAMPLES * (first + PLANE_CHANNELS[plane])].reshape(SAMPLES, -1)
        for plane, first in PLANE_FIRST.items()
    }
