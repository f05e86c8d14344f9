"""The group ``/Truth`` of a file: events and charge in the order of the stream, and where each block's part ends.

Ours, not DUNE's. Datasets are in chunks with a check (HDF5's fletcher32), so that a flipped bit there is an error.

>>> import tempfile
>>> from pathlib import Path
>>> from streams.files.disk import hdf5_file
>>> block = Block(64, 2048, np.zeros((64, 960), np.uint16), charge=np.zeros(3, CHARGE_DTYPE))
>>> with tempfile.TemporaryDirectory() as folder, hdf5_file(Path(folder) / "run.h5") as file:
...     truth = Truth(file, block)
...     truth.append([block])
...     file["Truth/blocks"][:].tolist(), int(file["Truth"].attrs["first_tick"])
([(0, 3)], 64)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, Block
from streams.files.disk import new_group

TRUTH_BLOCKS = np.dtype([("events_end", "<u8"), ("charge_end", "<u8")])
_ROWS = {"events": EVENT_DTYPE, "charge": CHARGE_DTYPE, "blocks": TRUTH_BLOCKS}


class Truth:
    """The truth of a file that is being written; ``first`` is its first block."""

    def __init__(self, file: h5py.File, first: Block) -> None:
        group = new_group(file, "Truth")
        group.attrs["first_tick"] = first.first_tick
        group.attrs["first_timestamp"] = np.uint64(first.timestamp)
        make: Callable[..., Any] = group.create_dataset
        self._datasets = {
            name: make(name, (0,), kind, maxshape=(None,), chunks=(4096,), fletcher32=True, track_times=False)
            for name, kind in _ROWS.items()
        }

    def append(self, blocks: list[Block]) -> None:
        """Add the truth of the next blocks."""
        ends = np.zeros(len(blocks), TRUTH_BLOCKS)
        for name in ("events", "charge"):
            parts: list[NDArray[np.void]] = [getattr(block, name) for block in blocks]
            ends[f"{name}_end"] = len(self._datasets[name]) + np.cumsum([len(part) for part in parts])
            self._extend(name, np.concatenate(parts))
        self._extend("blocks", ends)

    def flush(self) -> None:
        """Give all rows to the file, in this order, whenever Python lets go of the datasets."""
        for dataset in self._datasets.values():
            dataset.flush()

    def _extend(self, name: str, rows: NDArray[np.void]) -> None:
        dataset = self._datasets[name]
        before = len(dataset)
        if len(rows):
            dataset.resize((before + len(rows),))
            dataset[before:] = rows
