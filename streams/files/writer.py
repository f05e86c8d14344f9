"""Write a stream as DUNE-DAQ HDF5 files: one record per window, 40 WIBEth fragments each, and the truth.

The layout is described in ``docs/formats.md``. Memory does not grow with the run: frames and truth are written in runs
of at most 64 blocks. No clock is read, so the same configuration gives the same bytes. A frame's seq_id is that of its
tick, so files of one run follow each other.

>>> Plan(windows=2, window_blocks=69).run_number
1
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TICK_NS, TICKS_PER_BLOCK, Block
from streams.daq import fragment, layout, spans, wibeth
from streams.daq.frames import check_follows, frames_of
from streams.errors import ConfigError, UserError
from streams.files import records
from streams.files.disk import OutputFile, new_group, whole_file
from streams.files.truth import Truth
from streams.output import fresh

if TYPE_CHECKING:
    from streams.config import SimulationConfig

BLOCKS_AT_ONCE = 64  # 18 MB of frames; the system reads a file faster that was written in large pieces
CHECKS_GROUP, MAP_DATASET = "FrameChecks", "ChannelMap"  # ours: DUNE's library leaves them alone


@dataclass(frozen=True)
class Plan:
    """What a file is to hold: windows of ``window_blocks`` blocks of 64 ticks.

    Attributes
    ----------
    run_number, config_json : of the run.
    crate : of the headers, 0 to 1023; source ids follow from it.
    offline : int16 array, (40, 64), offline channel in the assembly of each stream and channel; without it the
        built-in map of the crate.
    slices : write time slices instead of trigger records.
    first_record : number of the first record.
    file_index : of this file in its run.
    plain : only what DUNE's writer writes: no truth, no checks of frames, no channel map; some of DUNE's scripts take
        everything in a file for records.
    """

    windows: int
    window_blocks: int
    run_number: int = 1
    config_json: str = "{}"
    crate: int = channel_map.CRATE
    offline: NDArray[np.int16] | None = None
    slices: bool = False
    first_record: int = 1
    file_index: int = 0
    plain: bool = False

    def table(self) -> NDArray[np.int16]:
        """Return the channel map: int16 array, (40, 64)."""
        return channel_map.offline_channels(self.crate) if self.offline is None else self.offline


@dataclass
class Written:
    """What went into a file."""

    blocks: int = 0
    payload_bytes: int = 0
    events: Counter[str] = field(default_factory=Counter)  # by origin

    def add(self, chunk: list[Block], truth: bool) -> None:
        """Count some blocks; ``truth``: their truth was written, too."""
        self.blocks += len(chunk)
        self.payload_bytes = self.blocks * channel_map.N_STREAMS * wibeth.FRAME_BYTES
        for block in chunk if truth else ():
            self.events.update(origin.decode() for origin in block.events["origin"])


def summary(written: Written) -> dict[str, object]:
    """Return names and values for a table.

    >>> summary(Written(blocks=2, payload_bytes=2 * 40 * 7200))["written"]
    '2 blocks of 64 ticks, 0.066 ms, 0.6 MB of frames'
    """
    from streams.console import truth_rows

    seconds = written.blocks * TICKS_PER_BLOCK * TICK_NS * 1e-9
    size = written.payload_bytes / 1e6
    text = (
        f"{written.blocks} blocks of {TICKS_PER_BLOCK} ticks, {seconds * 1e3:.3f} ms, {size:.1f} MB of frames"
    )
    return {"written": text} | truth_rows(written.events, seconds)


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
    UserError : a channel map that cannot be used; the disk does not take it.
    """
    from streams.files.plan import plan_of
    from streams.simulate import stream

    plan = plan_of(config)
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
    ConfigError : the file or its manifest exists already, the folder does not, or no such crate.
    UserError : the disk does not take it.
    ValueError : the blocks do not follow each other, lack a plane or are too few; a map that lacks a channel.
    """
    if not 0 <= plan.crate <= layout.MAX_CRATE:
        raise ConfigError(
            f"crate: got {plan.crate}, want 0 to {layout.MAX_CRATE}, what a frame's header holds"
        )
    with whole_file(path, facts or {}) as file:
        _check_space(path, plan)
        return _write(file, iter(blocks), plan)


def write_files(
    folder: Path, blocks: Iterable[Block], plan: Plan, file_bytes: int, facts: dict[str, Any] | None = None
) -> list[Path]:
    """Write a run as several files in a new folder, each of as many windows as ``file_bytes`` hold (one at least).

    Raises
    ------
    ConfigError, UserError, ValueError : as ``write_file``; then there is no folder.
    """
    stream, paths = iter(blocks), []
    at_once = max(1, file_bytes // _payload(replace(plan, windows=1)))
    with fresh(folder, folder=True) as part:
        for index, first in enumerate(range(0, plan.windows, at_once)):
            one = replace(
                plan,
                windows=min(at_once, plan.windows - first),
                first_record=plan.first_record + first,
                file_index=plan.file_index + index,
            )
            name = layout.file_name(one.run_number, one.file_index, one.crate)
            write_file(part / name, islice(stream, one.windows * one.window_blocks), one, facts)
            paths.append(folder / name)
    return paths


def _payload(plan: Plan) -> int:
    return plan.windows * plan.window_blocks * channel_map.N_STREAMS * wibeth.FRAME_BYTES


def _check_space(path: Path, plan: Plan) -> None:
    """Refuse a disk without room at once, before hours of simulation; ``disk`` sees to one that fills up later."""
    need, free = _payload(plan), shutil.disk_usage(path.parent).free
    if free < need:
        raise UserError(
            f"cannot write {path}: needs {need / 1e6:.1f} MB, {path.parent} has {free / 1e6:.1f} MB free: "
            "simulate fewer windows or choose another folder"
        )


def _write(file: OutputFile, blocks: Iterator[Block], plan: Plan) -> Written:
    written = Written()
    table = spans.places(plan.table())
    if not plan.plain:
        _write_map(file, plan.table())
        new_group(file, CHECKS_GROUP)
    begin = tick = start = 0
    truth: Truth | None = None
    for window in range(plan.windows):
        first = _take(blocks, window)
        if window == 0:
            begin, tick, start = first.timestamp, first.first_tick, first.timestamp
            truth = None if plan.plain else Truth(file, first)
        end = begin + plan.window_blocks * wibeth.TIMESTAMP_PER_FRAME
        record = _Record(file, fragment.Span(plan.first_record + window, begin, end, plan.run_number), plan)
        for at in range(0, plan.window_blocks, BLOCKS_AT_ONCE):
            count = min(BLOCKS_AT_ONCE, plan.window_blocks - at)
            chunk = [first if at + k == 0 else _take(blocks, window) for k in range(count)]
            check_follows(chunk, begin + at * wibeth.TIMESTAMP_PER_FRAME, tick + at * TICKS_PER_BLOCK)
            record.write(at, frames_of(chunk, table, plan.crate))
            if truth is not None:
                truth.append(chunk)
            written.add(chunk, truth is not None)
            file.check()
        begin, tick = end, tick + plan.window_blocks * TICKS_PER_BLOCK
    if truth is not None:
        truth.flush()
    geography = layout.geo_ids(plan.crate)
    of_run = layout.run_attributes(plan.run_number, plan.file_index, start, begin, geography)
    records.write_attributes(file, plan.slices, of_run, plan.config_json)
    return written


def _write_map(file: OutputFile, table: NDArray[np.int16]) -> None:
    """Write the channel map, checked: a flipped bit there would put samples into other channels."""
    made = file.create_dataset(
        MAP_DATASET, data=table, chunks=table.shape, fletcher32=True, track_times=False
    )
    made.flush()  # else where its bytes lie in the file depends on when Python lets go of it


class _Record:
    """A record that is being written, and the checks of its frames."""

    def __init__(self, file: OutputFile, span: fragment.Span, plan: Plan) -> None:
        form = records.Form(plan.slices)
        payload = plan.window_blocks * wibeth.FRAME_BYTES
        made = records.new_record(file, form, span, dict.fromkeys(layout.sources(plan.crate), payload))
        self._file, self._fragments = file, list(made.values())
        self._checks: h5py.Dataset | None = None
        if not plan.plain:
            self._checks = file[CHECKS_GROUP].create_dataset(
                layout.record_name(span.number, plan.slices),
                (channel_map.N_STREAMS, plan.window_blocks),
                np.uint64,
                track_times=False,
                fill_time="never",
            )

    def write(self, at: int, frames: NDArray[np.uint64]) -> None:
        """Write frames, uint64 array (40, n, 900), from frame ``at`` of each stream on."""
        low = fragment.FRAGMENT_HEADER.itemsize + at * wibeth.FRAME_BYTES
        for one, rows in zip(self._fragments, frames, strict=True):
            self._file.put(one.offset + low, rows.reshape(-1))
        if self._checks is not None:
            self._checks[:, at : at + frames.shape[1]] = spans.frame_checks(frames)


def _take(blocks: Iterator[Block], window: int) -> Block:
    try:
        return next(blocks)
    except StopIteration:
        raise ValueError(f"the stream ended in window {window}: it must be as long as the file") from None
