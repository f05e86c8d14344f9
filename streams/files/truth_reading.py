"""Read the truth of a file by time: the events and the charge of the block at a timestamp.

By time and not by counting, since records may be missing. Rows are read for some hundred blocks at once.

>>> from streams.block import EVENT_DTYPE
>>> EVENT_DTYPE.names[:2]
('id', 'origin')
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE
from streams.daq.wibeth import TIMESTAMP_PER_FRAME
from streams.errors import UserError

if TYPE_CHECKING:
    import h5py

_BLOCKS_AT_ONCE = 1024  # 34 ms
_KINDS = {"events": EVENT_DTYPE, "charge": CHARGE_DTYPE}
Truth = tuple[NDArray[np.void], NDArray[np.void]]  # events, charge
NO_TRUTH: Truth = (np.zeros(0, EVENT_DTYPE), np.zeros(0, CHARGE_DTYPE))


class TruthReader:
    """The truth of an open file whose first block is at ``first_timestamp``; ``UserError`` if it does not fit."""

    def __init__(self, where: str, group: h5py.Group, first_timestamp: int) -> None:
        self.where, self.first_timestamp = where, first_timestamp
        for name in ("blocks", *_KINDS):
            if name not in group:
                raise UserError(f"{where}: /Truth/{name} is missing")
        self._datasets = {name: group[name] for name in _KINDS}
        for name, kind in _KINDS.items():
            if self._datasets[name].dtype != kind:
                raise UserError(f"{where}: /Truth/{name}: got {self._datasets[name].dtype}, want {kind}")
        self._blocks = group["blocks"]
        self._count = len(self._blocks)
        self._first = self._end = 0  # blocks whose rows are in memory
        self._empty = True
        self._rows: dict[str, tuple[list[int], NDArray[np.void]]] = {}

    def of(self, timestamp: int, count: int) -> Iterator[Truth]:
        """Yield (events, charge) of ``count`` blocks that follow each other."""
        block, rest = divmod(timestamp - self.first_timestamp, TIMESTAMP_PER_FRAME)
        if self._empty and not rest and self._first <= block and block + count <= self._end:
            yield from [NO_TRUTH] * count
            return
        for number in range(count):
            yield self.at(timestamp + number * TIMESTAMP_PER_FRAME)

    def at(self, timestamp: int) -> Truth:
        """Return (events, charge) of the block that begins at ``timestamp``."""
        block, rest = divmod(timestamp - self.first_timestamp, TIMESTAMP_PER_FRAME)
        if rest or not 0 <= block < self._count:
            begin = self.first_timestamp
            raise UserError(
                f"{self.where}: /Truth/blocks: got {self._count} rows, blocks from timestamp {begin} on, and "
                f"none of them for the frames at {timestamp}"
            )
        if not self._first <= block < self._end:
            self._load(block)
        if self._empty:
            return NO_TRUTH
        place = block - self._first
        (ends, events), (edges, charge) = self._rows.values()
        return events[ends[place] : ends[place + 1]], charge[edges[place] : edges[place + 1]]

    def _load(self, block: int) -> None:
        ends = self._blocks[max(block - 1, 0) : block + _BLOCKS_AT_ONCE]
        for name in _KINDS:
            edges = ends[f"{name}_end"].astype(np.int64)
            if block == 0:
                edges = np.concatenate([[0], edges])
            dataset = self._datasets[name]
            bad = (np.diff(edges) < 0) | (edges[1:] > len(dataset)) | (edges[:-1] < 0)
            if bad.any():
                raise UserError(
                    f"{self.where}: /Truth/{name}: does not fit /Truth/blocks at block {block + int(bad.argmax())}"
                )
            self._rows[name] = (edges - edges[0]).tolist(), dataset[edges[0] : edges[-1]]
        self._first, self._end = block, block + len(edges) - 1
        self._empty = not any(len(rows) for _, rows in self._rows.values())
