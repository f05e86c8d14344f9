"""Replay a file as the blocks it was written from: the collection plane with its truth, checked while read.

Consecutive windows of a file are contiguous in time and replay as one stream; ``windows`` says where they begin.

>>> from pathlib import Path
>>> next(blocks(Path("absent.h5")))
Traceback (most recent call last):
streams.errors.UserError: cannot read absent.h5: no such file
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import CHARGE_DTYPE, COLLECTION_CHANNELS, EVENT_DTYPE, TICKS_PER_BLOCK, Block
from streams.daq import adc_words, wibeth
from streams.daq.file import Chunk, Run, Window, chunks, opened, read_run
from streams.errors import UserError

FIRST_COLLECTION = channel_map.PLANE_FIRST["X"]


def windows(path: Path) -> tuple[Window, ...]:
    """Return the windows (trigger records) of a file in time order."""
    return read_run(path).windows


def blocks(path: Path) -> Iterator[Block]:
    """Yield the collection plane of a file, block by block, with its truth (none for real data).

    Raises
    ------
    UserError : the file is damaged; the message names record, stream and frame, got and want.
    """
    run = read_run(path)
    with opened(path) as file:
        for chunk in chunks(run, file):
            yield from _blocks(chunk, _truth(run, file, chunk))


def _blocks(chunk: Chunk, truth: list[tuple[NDArray[np.void], NDArray[np.void]]]) -> Iterator[Block]:
    columns = np.maximum(channel_map.offline_channels() - FIRST_COLLECTION, -1).astype(np.int16)
    adc = adc_words.unpack_columns(chunk.frames, columns, COLLECTION_CHANNELS)
    for k, (samples, (events, charge)) in enumerate(zip(adc, truth, strict=True)):
        tick = chunk.first_tick + k * TICKS_PER_BLOCK
        timestamp = chunk.timestamp + k * wibeth.TIMESTAMP_PER_FRAME
        yield Block(tick, timestamp, samples, events, charge)


def _truth(run: Run, file: h5py.File, chunk: Chunk) -> list[tuple[NDArray[np.void], NDArray[np.void]]]:
    """Return (events, charge) of each block of the chunk."""
    count = chunk.frames.shape[1]
    empty = (np.zeros(0, EVENT_DTYPE), np.zeros(0, CHARGE_DTYPE))
    if not run.has_truth:
        return [empty] * count
    group = file["Truth"]
    first = chunk.first_block
    if len(group["blocks"]) != run.n_blocks:
        raise UserError(
            f"{run.path}: /Truth/blocks: got {len(group['blocks'])} rows, want {run.n_blocks} blocks"
        )
    ends = group["blocks"][max(first - 1, 0) : first + count]
    parts = []
    for name, kind in (("events", EVENT_DTYPE), ("charge", CHARGE_DTYPE)):
        edges = ends[f"{name}_end"].astype(np.int64)
        if first == 0:
            edges = np.concatenate([[0], edges])
        if np.any(np.diff(edges) < 0) or edges[-1] > len(group[name]) or group[name].dtype != kind:
            raise UserError(f"{run.path}: /Truth/{name}: does not fit /Truth/blocks at block {first}")
        rows = group[name][edges[0] : edges[-1]]
        parts.append(
            [rows[low:high] for low, high in zip(edges[:-1] - edges[0], edges[1:] - edges[0], strict=True)]
        )
    return list(zip(*parts, strict=True))
