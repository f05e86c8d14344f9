"""Write a stream as a DUNE-DAQ HDF5 file: one trigger record per window, 40 WIBEth fragments each, and the truth.

The layout is described in ``docs/formats.md``. Memory does not grow with the run: frames are written in runs of at
most 16 blocks, truth once per window. No clock is read, so the same configuration gives the same bytes.

>>> Plan(windows=2, window_blocks=69).run_number
1
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from streams import channel_map, manifest
from streams.block import (
    CHARGE_DTYPE,
    EVENT_DTYPE,
    TICK_NS,
    TICKS_PER_BLOCK,
    Block,
)
from streams.daq import adc_words, fragment, layout, wibeth
from streams.errors import ConfigError, UserError
from streams.output import fresh

if TYPE_CHECKING:
    from streams.config import SimulationConfig

BLOCKS_AT_ONCE = 16  # 4.6 MB of frames
TRUTH_BLOCKS = np.dtype([("events_end", "<u8"), ("charge_end", "<u8")])
PLANES = ("U", "V")  # those beside the collection plane, in the order of the channel numbers


@dataclass(frozen=True)
class Plan:
    """What a file is to hold: windows of ``window_blocks`` blocks of 64 ticks, the run's number and configuration."""

    windows: int
    window_blocks: int
    run_number: int = 1
    config_json: str = "{}"


@dataclass
class Written:
    """What went into a file."""

    blocks: int = 0
    payload_bytes: int = 0
    events: Counter[str] = field(default_factory=Counter)  # by origin


def summary(written: Written) -> dict[str, object]:
    """Return names and values for a table.

    >>> summary(Written(blocks=2, payload_bytes=2 * 40 * 7200))["written"]
    '2 blocks of 64 ticks, 0.066 ms, 0.6 MB of frames'
    """
    seconds = written.blocks * TICKS_PER_BLOCK * TICK_NS * 1e-9
    size = written.payload_bytes / 1e6
    text = (
        f"{written.blocks} blocks of {TICKS_PER_BLOCK} ticks, {seconds * 1e3:.3f} ms, {size:.1f} MB of frames"
    )
    rows: dict[str, object] = {"written": text}
    for origin, count in written.events.most_common():
        rows[f"truth {origin}"] = f"{count} events, {count / seconds:.1f} Hz"
    return rows


def write_run(config: SimulationConfig, path: Path, shown: str | None = None) -> Written:
    """Simulate ``config.windows`` windows into ``path``; a manifest goes beside it.

    Parameters
    ----------
    config : what to simulate.
    path : file to write; it appears when it is whole.
    shown : label of a progress bar on stderr; without it nothing is shown.

    Raises
    ------
    ConfigError : a detector whose channels no published map puts on streams, or a plane is not read out.
    """
    from streams.detector import load_detector
    from streams.simulate import stream

    detector = load_detector(config.detector)
    planes = {name: plane.channels for name, plane in detector.planes.items()}
    if planes != channel_map.PLANE_CHANNELS:
        raise ConfigError(
            f"a file holds planes {channel_map.PLANE_CHANNELS} of fd1-hd-apa: got detector {config.detector} with "
            f"{planes}, whose channels have no published map: use streams.simulate"
        )
    if set(config.planes) != set(planes):
        raise ConfigError(
            f"planes: got {', '.join(config.planes)}, a file holds all of {', '.join(planes)}: "
            "leave planes out, or use streams.simulate"
        )
    plan = Plan(config.windows, config.window_blocks, config_json=msgspec.json.encode(config).decode())
    count = plan.windows * plan.window_blocks
    blocks: Iterable[Block] = islice(stream(config), count)
    if shown:
        from streams.console import progress

        blocks = progress(blocks, shown, total=count)
    facts = {"command": "simulate", "config": json.loads(plan.config_json), "seed": config.seed}
    written = write_file(path, blocks, plan, facts)
    next(iter(blocks), None)  # nothing is left: this ends the progress bar
    return written


def write_file(
    path: Path, blocks: Iterable[Block], plan: Plan, facts: dict[str, Any] | None = None
) -> Written:
    """Write blocks of all three planes as one file, whole or not at all.

    Raises
    ------
    ConfigError : the file or its manifest exists already, or the folder does not.
    UserError : the disk does not take it.
    ValueError : the blocks do not follow each other, lack a plane or are too few.
    """
    beside = path.with_name(path.name + ".manifest.json")
    try:
        with fresh(path, folder=False) as part, fresh(beside, folder=False) as manifest_part:
            _check_space(path, plan)
            with h5py.File(part, "w") as file:
                written = _write(file, iter(blocks), plan)
            output = {path.name: manifest.sha256(part)}
            manifest.write(manifest_part, **(facts or {}), output=output, hdf5=h5py.version.hdf5_version)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise UserError(f"cannot write {path}: {reason}: nothing is left of it") from error
    return written


def _check_space(path: Path, plan: Plan) -> None:
    """Refuse a disk without room: HDF5 does not survive one that fills up while it writes."""
    need = plan.windows * plan.window_blocks * channel_map.N_STREAMS * wibeth.FRAME_BYTES
    free = shutil.disk_usage(path.parent).free
    if free < need:
        raise UserError(
            f"cannot write {path}: needs {need / 1e6:.1f} MB, {path.parent} has {free / 1e6:.1f} MB free: "
            "simulate fewer windows or choose another folder"
        )


def _write(file: h5py.File, blocks: Iterator[Block], plan: Plan) -> Written:
    written = Written()
    truth = _Truth(file)
    begin = tick = 0
    for window in range(plan.windows):
        first = _take(blocks, window)
        if window == 0:
            begin, tick = first.timestamp, first.first_tick
            truth.group.attrs["first_tick"] = tick
        span = fragment.Span(
            window + 1, begin, begin + plan.window_blocks * wibeth.TIMESTAMP_PER_FRAME, plan.run_number
        )
        datasets = _new_record(file, span, plan.window_blocks)
        for at in range(0, plan.window_blocks, BLOCKS_AT_ONCE):
            count = min(BLOCKS_AT_ONCE, plan.window_blocks - at)
            chunk = [first if at + k == 0 else _take(blocks, window) for k in range(count)]
            _check(chunk, begin + at * wibeth.TIMESTAMP_PER_FRAME, tick + at * TICKS_PER_BLOCK)
            _write_frames(datasets, at, _frames(chunk, written.blocks))
            truth.append(chunk, written)
            written.blocks += count
        begin, tick = span.end, tick + plan.window_blocks * TICKS_PER_BLOCK
    written.payload_bytes = written.blocks * channel_map.N_STREAMS * wibeth.FRAME_BYTES
    _write_attributes(file, plan, begin, written)
    return written


def _take(blocks: Iterator[Block], window: int) -> Block:
    try:
        return next(blocks)
    except StopIteration:
        raise ValueError(f"the stream ended in window {window}: it must be as long as the file") from None


def _check(chunk: list[Block], timestamp: int, tick: int) -> None:
    for k, block in enumerate(chunk):
        place = (tick + k * TICKS_PER_BLOCK, timestamp + k * wibeth.TIMESTAMP_PER_FRAME)
        if (block.first_tick, block.timestamp) != place:
            raise ValueError(
                f"block at (tick, timestamp) {(block.first_tick, block.timestamp)}, want {place}"
            )
        got = {name: plane.shape for name, plane in {**block.induction, "X": block.adc}.items()}
        want = {name: (TICKS_PER_BLOCK, n) for name, n in channel_map.PLANE_CHANNELS.items()}
        if got != want:
            raise ValueError(f"block at tick {block.first_tick}: got planes {got}, want {want}")


def _frames(chunk: list[Block], first_block: int) -> NDArray[np.uint64]:
    """Return the frames of some blocks: uint64 array, (40 streams, blocks, 900 words)."""
    adc = np.stack([np.concatenate([*(b.induction[p] for p in PLANES), b.adc], axis=1) for b in chunk])
    shape = (channel_map.N_STREAMS, len(chunk), wibeth.FRAME_WORDS)
    frames = wibeth.empty_frames(channel_map.N_STREAMS * len(chunk)).reshape(shape)
    adc_words.pack_columns(adc, channel_map.offline_channels(), frames)
    base = [wibeth.header_word(slot, stream_id, channel_map.CRATE) for slot, stream_id in channel_map.STREAMS]
    frames[:, :, 0] = np.array(base, np.uint64)[:, None]
    wibeth.set_field(frames, "seq_id", (first_block + np.arange(len(chunk))) % wibeth.SEQ_MODULO)
    wibeth.set_field(frames, "timestamp", [block.timestamp for block in chunk])
    return frames


def _write_frames(datasets: list[Any], at: int, frames: NDArray[np.uint64]) -> None:
    low = fragment.FRAGMENT_HEADER.itemsize + at * wibeth.FRAME_BYTES
    for dataset, rows in zip(datasets, frames, strict=True):
        raw = rows.reshape(-1).view(np.int8)
        dataset[low : low + raw.size] = raw


def _new_record(file: h5py.File, span: fragment.Span, n_frames: int) -> list[Any]:
    """Make the group of a trigger record with its header; return the 40 datasets, fragment headers written."""
    record = file.create_group(layout.record_name(span.number))
    raw = record.create_group("RawData")
    sources = [layout.FIRST_SOURCE + stream for stream in range(channel_map.N_STREAMS)]
    header = np.frombuffer(fragment.record_header(span, sources), np.int8)
    raw.create_dataset(layout.HEADER_NAME, data=header, track_times=False)
    payload = n_frames * wibeth.FRAME_BYTES
    size = fragment.FRAGMENT_HEADER.itemsize + payload
    datasets = []
    for stream, source in enumerate(sources):
        dataset = raw.create_dataset(
            layout.fragment_name(stream), (size,), np.int8, track_times=False, fill_time="never"
        )
        head = np.frombuffer(fragment.fragment_header(span, source, payload), np.int8)
        dataset[: head.size] = head
        datasets.append(dataset)
    paths = [dataset.name for dataset in datasets]
    for name, value in layout.record_attributes(raw[layout.HEADER_NAME].name, paths).items():
        record.attrs[name] = value
    return datasets


def _write_attributes(file: h5py.File, plan: Plan, end: int, written: Written) -> None:
    """Write the attributes of the file; ``end`` is the timestamp after its last sample."""
    begin = end - written.blocks * wibeth.TIMESTAMP_PER_FRAME
    for name, value in layout.file_attributes(begin, end).items():
        file.attrs[name] = value
    file.attrs["run_number"] = np.uint32(plan.run_number)
    file.attrs["recorded_size"] = np.uint64(_recorded_size(file))
    file.attrs["config"] = plan.config_json


def _recorded_size(file: h5py.File) -> int:
    """Return the bytes of all datasets of the trigger records, headers included."""
    records = [file[name]["RawData"] for name in file if name.startswith("TriggerRecord")]
    return sum(int(dataset.size) for record in records for dataset in record.values())


class _Truth:
    """The group ``/Truth``: events and charge in the order of the stream, and where each block's part ends."""

    def __init__(self, file: h5py.File) -> None:
        self.group = file.create_group("Truth")
        make: Callable[..., Any] = self.group.create_dataset
        kinds = {"events": EVENT_DTYPE, "charge": CHARGE_DTYPE, "blocks": TRUTH_BLOCKS}
        self.datasets = {
            name: make(name, (0,), kind, maxshape=(None,), chunks=(4096,), track_times=False)
            for name, kind in kinds.items()
        }

    def append(self, blocks: list[Block], written: Written) -> None:
        """Add the truth of the next blocks; count events by origin."""
        ends = np.zeros(len(blocks), TRUTH_BLOCKS)
        for name in ("events", "charge"):
            parts: list[NDArray[np.void]] = [getattr(block, name) for block in blocks]
            ends[f"{name}_end"] = len(self.datasets[name]) + np.cumsum([len(part) for part in parts])
            self._extend(name, np.concatenate(parts))
        self._extend("blocks", ends)
        for block in blocks:
            written.events.update(origin.decode() for origin in block.events["origin"])

    def _extend(self, name: str, rows: NDArray[np.void]) -> None:
        dataset = self.datasets[name]
        before = len(dataset)
        if len(rows):
            dataset.resize((before + len(rows),))
            dataset[before:] = rows
