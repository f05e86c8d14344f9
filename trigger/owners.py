"""What each cell of a frame belongs to, and how crowded it is with events that are simulated too often.

>>> from streams.block import CHARGE_DTYPE
>>> owners(np.zeros(0, CHARGE_DTYPE), Truth(), ("Ar39",), 0, {}).origin.shape
(16, 248)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.images import MAP_COLUMNS, MAP_ROWS, cell_of
from trigger.truth import Truth

NOISE = 255  # origin of a cell without any charge
CROWD_CELLS = 2  # the network's reach, 7 pixels beside a cell, in cells
CROWD_ELECTRONS = 5000.0  # an event with less there does not count


class Owners(NamedTuple):
    """What each cell of a frame belongs to: arrays of shape (16, 248), as in ``Sample``."""

    event: NDArray[np.uint64]
    origin: NDArray[np.uint8]
    crowd: NDArray[np.float32]


class _Near(NamedTuple):
    """Pairs of cell and event: charge in the cell and the eight around it, and within the network's reach."""

    cell: NDArray[np.int64]
    own: NDArray[np.int64]
    ring: NDArray[np.float64]
    reach: NDArray[np.float64]


def _near(charge: NDArray[np.void], own: NDArray[np.int64], events: int, first_tick: int) -> _Near:
    """Return the pairs of a frame; ``own`` is the number of each charge's event."""
    row, column = cell_of(charge, first_tick)
    key, inverse = np.unique((row * MAP_COLUMNS + column) * events + own, return_inverse=True)
    amount = np.bincount(inverse, weights=charge["electrons"].astype(np.float64))
    (row, column), own = np.divmod(key // events, MAP_COLUMNS), key % events
    keys, amounts, near = [], [], []
    for down in range(-CROWD_CELLS, CROWD_CELLS + 1):
        for right in range(-CROWD_CELLS, CROWD_CELLS + 1):
            r, c = row + down, column + right
            inside = (r >= 0) & (r < MAP_ROWS) & (c >= 0) & (c < MAP_COLUMNS)
            keys.append(((r * MAP_COLUMNS + c) * events + own)[inside])
            amounts.append(amount[inside])
            near.append(np.full(inside.sum(), max(abs(down), abs(right)) <= 1))
    key, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    charges = np.concatenate(amounts)
    ring, reach = (np.bincount(inverse, weights=x) for x in (charges * np.concatenate(near), charges))
    return _Near(key // events, key % events, ring.astype(np.float64), reach.astype(np.float64))


def owners(
    charge: NDArray[np.void],
    truth: Truth,
    names: Sequence[str],
    first_tick: int,
    boost: Mapping[str, float],
) -> Owners:
    """Return event and origin (index into ``names``) that each cell of a frame belongs to, and what crowds it.

    The event with the most charge in the cell and the eight around it; 0 and NOISE without any. (The same rule as
    ``trigger.candidates.match`` for a candidate of one cell, except that it does not look into the next frame.)
    """
    event = np.zeros(MAP_ROWS * MAP_COLUMNS, np.uint64)
    origin = np.full(MAP_ROWS * MAP_COLUMNS, NOISE, np.uint8)
    crowd = np.ones(MAP_ROWS * MAP_COLUMNS, np.float32)
    if len(charge):
        ids, own = np.unique(charge["event"], return_inverse=True)
        near = _near(charge, own, len(ids), first_tick)
        order = np.lexsort(
            (-near.own, near.ring, near.cell)
        )  # last of a cell: most charge, lowest id of equals
        cell, which = near.cell[order], near.own[order]
        last = np.append(cell[1:] != cell[:-1], True)
        owned = last & (near.ring[order] > 0)
        index = {name: k for k, name in enumerate(names)}
        origins_ = [truth.origin(int(i)) for i in ids]
        kinds = np.array([index.get(name, NOISE) for name in origins_], np.uint8)
        event[cell[owned]], origin[cell[owned]] = ids[which[owned]], kinds[which[owned]]
        factor = np.array([boost.get(name, 1.0) for name in origins_], np.float32)
        others = ~owned & (near.reach[order] >= CROWD_ELECTRONS)
        np.multiply.at(crowd, cell[others], factor[which[others]])
    shape = MAP_ROWS, MAP_COLUMNS
    return Owners(event.reshape(shape), origin.reshape(shape), crowd.reshape(shape))
