"""Trigger primitives of a file of raw frames, or of a folder with the files of one run.

The frames are those that ``streams.replay`` has checked: where each of a span is at its place, they go on to the
generator as they were read; else those that came are packed again. The generator goes on without a frame that is lost
or damaged, as upstream does. Pedestals and open hits go on over gaps.

>>> from pathlib import Path
>>> from trigger.baselines.algorithms import make
>>> next(batches(Task(Path("absent.h5"), make("simple_threshold")), Report()))
Traceback (most recent call last):
streams.errors.UserError: cannot read absent.h5: no such file
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams import channel_map as built_in
from streams import channel_map_file, replay
from streams.daq import spans, wibeth
from streams.daq.tp import TP
from streams.errors import UserError
from streams.files import catalogue
from streams.files.catalogue import Catalogue
from streams.files.crate_map import table_of
from streams.files.windows import Window
from streams.receiver.receive import BLOCKS_AT_ONCE, Identity, Links, Span, identity_of
from streams.receiver.report import Report
from trigger.baselines.chain import Chain
from trigger.baselines.generator import Generator

BATCH = 1 << 20  # TPs, 48 MB; a batch of TPs becomes one time slice
SLICE = 62_500_000  # 62.5 MHz counts, one second: no batch is longer


@dataclass(frozen=True)
class Task:
    """What to read and to run.

    Attributes
    ----------
    source : a file, or a folder with the files of one run.
    chain : what to run.
    crate : which crate to read, if there are several.
    channel_map : DUNE's text file PD2HDChannelMap; without it the map in the file, else the built-in rule.
    strict : end with the first thing that is wrong.
    shown : label of a progress bar on stderr; without it nothing is shown.
    """

    source: Path
    chain: Chain
    crate: int | None = None
    channel_map: Path | None = None
    strict: bool = False
    shown: str = ""

    @cached_property
    def found(self) -> Catalogue:
        """What the source holds."""
        return catalogue.read(self.source)


class Tap:
    """Hands on the bytes of a window and keeps those that are still to be taken."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.name, self.begin = links.name, links.begin
        self.kept = np.zeros((built_in.N_STREAMS, BLOCKS_AT_ONCE * wibeth.FRAME_BYTES), np.uint8)
        self.sizes = [0] * built_in.N_STREAMS  # bytes that came; more than there is room for: not just a span

    def until(self, timestamp: int) -> bool:
        """Let the source go on."""
        return self.links.until(timestamp)

    def take(self, stream: int, frames: int) -> NDArray[np.uint8]:
        """Return the next bytes of a stream."""
        raw = self.links.take(stream, frames)
        before = self.sizes[stream]
        self.sizes[stream] = end = before + len(raw)
        if end <= self.kept.shape[1]:
            self.kept[stream, before:end] = raw
        return raw

    def checks(self, stream: int, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return the checks of frames."""
        return self.links.checks(stream, timestamp, count)

    def frames(self, timestamps: NDArray[np.uint64]) -> NDArray[np.uint64] | None:
        """Return the frames of all streams, (40, n, 900), if what is kept is just those of these times; keep none.

        They are overwritten by what comes next.
        """
        sizes, self.sizes = self.sizes, [0] * built_in.N_STREAMS
        size = wibeth.FRAME_BYTES * len(timestamps)
        if any(came != size for came in sizes):
            return None
        words = np.ascontiguousarray(self.kept[:, :size]).view("<u8")
        frames = words.reshape(built_in.N_STREAMS, len(timestamps), wibeth.FRAME_WORDS)
        return (
            frames if np.array_equal(frames[:, :, 1], np.broadcast_to(timestamps, frames.shape[:2])) else None
        )


def batches(task: Task, report: Report) -> Iterator[tuple[NDArray[np.void], Generator]]:
    """Yield the TPs of a source in batches, TP array (n,), with the generator that counts what it drops.

    Parameters
    ----------
    task : what to read and run.
    report : counts what is wrong with the frames.

    Raises
    ------
    UserError : a source or map that cannot be used; with ``strict`` whatever is wrong with a frame.
    """
    found = task.found
    crate = found.crate(task.crate)
    table = table_of(found, crate, task.channel_map)
    identity = identity_of(found.words[crate], table)
    planes = (table >= built_in.PLANE_FIRST["V"]).astype(np.int64) + (table >= built_in.PLANE_FIRST["X"])
    channels = table.astype(np.int64) + built_in.N_CHANNELS * _assembly(task, crate)
    generator = Generator(task.chain, channels, planes)
    taps: list[Tap] = []

    def through(windows: Iterable[Links]) -> Iterable[Links]:
        for links in windows:
            taps[:] = [Tap(links)]
            yield taps[0]

    parts: list[NDArray[np.void]] = [np.zeros(0, TP)]
    begin = 0
    for span in _watched(task, crate, replay.received(found, crate, table, report, task.strict, through)):
        begin = begin or span.timestamp
        if span.timestamp - begin >= SLICE or sum(map(len, parts)) >= BATCH:
            yield np.concatenate(parts), generator
            parts, begin = parts[:1], span.timestamp
        parts.append(generator.process(_frames(span, taps[0], identity), span.missing))
    yield np.concatenate(parts), generator


def _watched(task: Task, crate: int, source: Iterable[tuple[Window, Span]]) -> Iterable[Span]:
    spans = (span for _, span in source)
    if not task.shown:
        return spans
    from streams.console import progress

    blocks = (window.n_blocks for window in task.found.windows if window.crate == crate)
    return progress(spans, task.shown, total=sum(-(-n // BLOCKS_AT_ONCE) for n in blocks))


def _assembly(task: Task, crate: int) -> int:
    """Return the offline number of the assembly: that of the map; else crates count from 1 (reference section 1.5)."""
    if task.channel_map is not None:
        return channel_map_file.read(task.channel_map)[crate].assembly
    if crate < 1:
        raise UserError(
            f"{task.source}: crate {crate} has no offline channels: give a map with --channel-map"
        )
    return crate - 1


def _frames(span: Span, tap: Tap, identity: Identity) -> NDArray[np.uint64]:
    """Return the frames of a span: as they were read if each is at its place, else packed from its samples.

    What is wrong with a frame at its place is no matter: it is missing in the span, and passed over.
    """
    n = len(span.samples)
    timestamps = np.uint64(span.timestamp) + np.arange(n, dtype=np.uint64) * np.uint64(
        wibeth.TIMESTAMP_PER_FRAME
    )
    read = tap.frames(timestamps)
    if read is not None:
        return read
    frames = np.empty((built_in.N_STREAMS, n, wibeth.FRAME_WORDS), np.uint64)
    frames[:, :, 0] = identity.word0[:, None]
    frames[:, :, 1] = timestamps
    frames[:, :, 2:4] = 0
    spans.close_frames(span.samples, identity.places, frames)
    return frames
