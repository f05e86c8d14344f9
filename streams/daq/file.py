"""Read a DUNE-DAQ HDF5 file of one APA, checking every frame; damage ends in one sentence that says where.

What is checked: the fragment and record headers (marker, version, sizes, type, window), all 40 streams of the APA
with their crate, slot and stream numbers, one window for all of them, seq_id +1 (mod 4096) and timestamp +2048 from
frame to frame and across records. Frames are read in runs of at most 16 blocks, so memory does not grow.

>>> from pathlib import Path
>>> read_run(Path("absent.h5"))
Traceback (most recent call last):
streams.errors.UserError: cannot read absent.h5: no such file
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TICKS_PER_BLOCK
from streams.daq import adc_words, integrity, wibeth
from streams.errors import UserError

BLOCKS_AT_ONCE = 16  # 4.6 MB of frames
_RECORD = re.compile(r"TriggerRecord(\d{6,})\.(\d{4})")


@dataclass(frozen=True)
class Window:
    """One trigger record.

    Attributes
    ----------
    name : its group in the file.
    timestamp : 62.5 MHz timestamp of its first sample.
    first_tick : tick of its first sample, from the start of the run.
    n_blocks : blocks of 64 ticks (frames of each stream).
    datasets : names of the 40 fragments in the order of ``channel_map.STREAMS``.
    """

    name: str
    timestamp: int
    first_tick: int
    n_blocks: int
    datasets: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A file: its windows, in time order and without a gap, and what made it."""

    path: Path
    run_number: int
    windows: tuple[Window, ...]
    config: dict[str, Any] | None
    has_truth: bool

    @property
    def n_blocks(self) -> int:
        """Blocks of 64 ticks in all windows."""
        return sum(window.n_blocks for window in self.windows)


@dataclass(frozen=True)
class Chunk:
    """Some consecutive blocks of one window.

    Attributes
    ----------
    window : index of the window.
    first_block : index of the first block, counted from the start of the run.
    timestamp : of the first sample.
    first_tick : of the first sample.
    frames : uint64 array, (40 streams, blocks, 900 words), checked.
    """

    window: int
    first_block: int
    timestamp: int
    first_tick: int
    frames: NDArray[np.uint64]


def read_run(path: Path) -> Run:
    """Return what the file holds, after a check of all headers (not of every frame).

    Raises
    ------
    UserError : no such file, not HDF5, truncated, or a header that is wrong.
    """
    with opened(path) as file:
        return _run(path, file)


def chunks(run: Run, file: h5py.File) -> Iterator[Chunk]:
    """Yield the frames of all windows in time order, every one checked.

    Raises
    ------
    UserError : a frame that is not the next one of its stream; the message names it.
    """
    next_seq: NDArray[np.uint64] | None = None
    block = 0
    for number, window in enumerate(run.windows):
        datasets = [file[name] for name in window.datasets]
        for at in range(0, window.n_blocks, BLOCKS_AT_ONCE):
            count = min(BLOCKS_AT_ONCE, window.n_blocks - at)
            frames = _read(run.path, datasets, at, count)
            if next_seq is None:
                next_seq = wibeth.get_field(frames[:, 0], "seq_id")
            timestamp = window.timestamp + at * wibeth.TIMESTAMP_PER_FRAME
            integrity.check_frames(f"{run.path}: {window.name}", frames, at, next_seq, timestamp)
            yield Chunk(number, block, timestamp, window.first_tick + at * TICKS_PER_BLOCK, frames)
            next_seq = next_seq + np.uint64(count)
            block += count


def read_adc(path: Path) -> Iterator[tuple[int, NDArray[np.uint16]]]:
    """Yield (first tick, samples) of every block: uint16 array, (64, 2560 offline channels U V X), ADC counts."""
    with opened(path) as file:
        for chunk in chunks(_run(path, file), file):
            for k, samples in enumerate(samples_of(chunk)):
                yield chunk.first_tick + k * TICKS_PER_BLOCK, samples


def samples_of(chunk: Chunk) -> NDArray[np.uint16]:
    """Return the samples of a chunk: uint16 array, (blocks, 64, 2560 offline channels U V X), ADC counts."""
    return adc_words.unpack_columns(chunk.frames, channel_map.offline_channels(), channel_map.N_CHANNELS)


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; whatever HDF5 finds wrong, then or later, becomes a ``UserError``."""
    if not path.is_file():
        raise UserError(f"cannot read {path}: no such file")
    if not h5py.is_hdf5(path):
        raise UserError(f"{path} is not an HDF5 file: want a file that `lartrig simulate` or DUNE-DAQ wrote")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        reason = str(error.args[0] if error.args else error).splitlines()[0]
        raise UserError(f"{path} is damaged or cut short: HDF5 says: {reason}") from error


def _run(path: Path, file: h5py.File) -> Run:
    names = sorted((name for name in file if _RECORD.fullmatch(name)), key=_record_key)
    if not names:
        raise UserError(f"{path}: got no trigger record, want at least one group TriggerRecord000001.0000")
    truth = file.get("Truth")
    tick = int(truth.attrs["first_tick"]) if truth is not None else 0
    windows: list[Window] = []
    for name in names:
        found = integrity.check_record(f"{path}: {name}", file[name])
        window = Window(name, found.begin, tick, found.n_frames, found.names)
        if windows:
            want = windows[-1].timestamp + windows[-1].n_blocks * wibeth.TIMESTAMP_PER_FRAME
            if window.timestamp != want:
                raise UserError(
                    f"{path}: {name} starts at timestamp {window.timestamp}, want {want}, where "
                    f"{windows[-1].name} ends: records are missing, repeated or out of order"
                )
        windows.append(window)
        tick += window.n_blocks * TICKS_PER_BLOCK
    return Run(
        path, int(file.attrs.get("run_number", 0)), tuple(windows), _config(path, file), truth is not None
    )


def _config(path: Path, file: h5py.File) -> dict[str, Any] | None:
    if "config" not in file.attrs:
        return None
    try:
        config: dict[str, Any] = json.loads(file.attrs["config"])
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: attribute config: got something that is not JSON: {error}") from error
    return config


def _record_key(name: str) -> tuple[int, int]:
    found = _RECORD.fullmatch(name)
    assert found is not None
    return int(found[1]), int(found[2])


def _read(path: Path, datasets: list[h5py.Dataset], at: int, count: int) -> NDArray[np.uint64]:
    frames = np.empty((channel_map.N_STREAMS, count, wibeth.FRAME_WORDS), "<u8")
    low = integrity.HEADER_BYTES + at * wibeth.FRAME_BYTES
    for dataset, rows in zip(datasets, frames, strict=True):
        raw = rows.reshape(-1).view(dataset.dtype)
        dataset.read_direct(raw, np.s_[low : low + raw.size])
    return frames
