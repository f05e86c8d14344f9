"""Replay a file, or a folder of the files of one run, as blocks of all three planes with their truth.

Every frame is checked by ``streams.receiver.receive``: what is wrong is counted in a ``Report``, its samples are 0
and the block says in ``missing`` which channels they are; with ``strict`` the first thing wrong ends the replay.
Windows (trigger records, time slices) come in the order of time; where nothing was recorded, ticks and timestamps jump.

>>> from pathlib import Path
>>> next(blocks(Path("absent.h5")))
Traceback (most recent call last):
streams.errors.UserError: cannot read absent.h5: no such file
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams import channel_map as built_in
from streams.block import TIMESTAMP_PER_TICK, Block
from streams.daq import wibeth
from streams.errors import UserError
from streams.files import catalogue
from streams.files.catalogue import Catalogue
from streams.files.crate_map import table_of
from streams.files.file_facts import File
from streams.files.hdf5 import opened
from streams.files.links import FileLinks
from streams.files.truth_reading import NO_TRUTH, Truth, TruthReader
from streams.files.windows import Window, tick_of
from streams.receiver.receive import Links, Span, identity_of, receive
from streams.receiver.report import LOST, Report

Through = Callable[[Iterable[Links]], Iterable[Links]]


def windows(source: Path, crate: int | None = None) -> tuple[Window, ...]:
    """Return the windows (trigger records, time slices) of a crate in the order of time."""
    found = catalogue.read(source)
    return of_crate(found, found.crate(crate))


def of_crate(found: Catalogue, crate: int) -> tuple[Window, ...]:
    """Return the windows of one crate of a catalogue in the order of time."""
    return tuple(window for window in found.windows if window.crate == crate)


def blocks(
    source: Path,
    *,
    crate: int | None = None,
    channel_map: Path | None = None,
    report: Report | None = None,
    strict: bool = False,
    through: Through | None = None,
) -> Iterator[Block]:
    """Yield all planes of a file or folder, block by block, with its truth (none for real data).

    Parameters
    ----------
    source : a file, or a folder with the files of one run.
    crate : which crate to read, if there are several.
    channel_map : DUNE's text file PD2HDChannelMap; without it the map in the file, else the built-in rule.
    report : counts what is wrong, while the blocks come.
    strict : end with the first thing that is wrong.
    through : put between the windows and the reader: faults (``streams.injection.injection.injected``).

    Raises
    ------
    UserError : a source that cannot be read at all; with ``strict`` whatever is wrong: the sentence says where.
    """
    seen = Report() if report is None else report
    found = catalogue.read(source)
    number = found.crate(crate)
    table = table_of(found, number, channel_map)
    with ExitStack() as stack:
        truth = _Truths(stack)
        for window, span in received(found, number, table, seen, strict, through):
            tick = tick_of(span.timestamp, window.origin)
            yield from blocks_of(span, tick, table, truth.of(window, span.timestamp, len(span.samples)))


def received(
    found: Catalogue,
    crate: int,
    table: NDArray[np.int16],
    report: Report,
    strict: bool = False,
    through: Through | None = None,
) -> Iterator[tuple[Window, Span]]:
    """Yield the spans of a crate, each with its window; see ``blocks``.

    Frames that two windows share (records may overlap, and the parts of a long record do) come once, from the first.
    """
    report.first = report.first or next(iter(found.findings.sentences), None)
    stop_at_fault(report, strict)
    chosen = new_windows(of_crate(found, crate))
    before = report.windows
    links: Iterable[Links] = _links(chosen, report)
    for span in receive(through(links) if through else links, identity_of(found.words[crate], table), report):
        stop_at_fault(report, strict)
        yield chosen[span.window - before][0], span
    report.first = report.first or next(iter(found.sums.sentences), None)
    stop_at_fault(report, strict)


def new_windows(chosen: tuple[Window, ...]) -> list[tuple[Window, int]]:
    """Return the windows that hold something new, in the order of time, each with the timestamp where that begins."""
    found, end = [], 0
    for window in chosen:
        if window.end > end:
            found.append((window, max(window.timestamp, end)))
            end = window.end
    return found


def stop_at_fault(report: Report, strict: bool) -> None:
    """Raise the first fault of a report as ``UserError`` if reading is strict."""
    if strict and report.first is not None:
        raise UserError(report.first)


def _links(chosen: list[tuple[Window, int]], report: Report) -> Iterator[FileLinks]:
    for window, begin in chosen:
        number, before = report.windows, report.blocks
        with FileLinks(window, begin) as links:
            yield links
        _count_rest(window, begin, number, report, report.blocks - before)


def _count_rest(window: Window, begin: int, number: int, report: Report, seen: int) -> None:
    """Count the frames at the end of a window that no stream has: only the headers say that there should be some."""
    rest = -(-(window.end - begin) // wibeth.TIMESTAMP_PER_FRAME) - seen
    if rest > 0:
        first = begin + seen * wibeth.TIMESTAMP_PER_FRAME
        for stream in range(built_in.N_STREAMS):
            report.note_missing(number, stream, first, rest, LOST)
        report.blocks += rest
        report.first = report.first or (
            f"{window.where}: got {seen} frames in each stream, want {seen + rest}: its last ones are missing in all"
        )


class _Truths:
    """The truth of the file that is being read; one file is open at a time."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._file: File | None = None
        self._reader: TruthReader | None = None

    def of(self, window: Window, timestamp: int, count: int) -> Iterable[Truth]:
        """Return (events, charge) of ``count`` blocks; empty arrays for a file without truth."""
        if window.file is not self._file:
            self._stack.close()
            self._file, self._reader = window.file, None
            if window.file.truth is not None:
                group = self._stack.enter_context(opened(window.file.path))["Truth"]
                begin = window.origin + window.file.truth.first_tick * TIMESTAMP_PER_TICK
                self._reader = TruthReader(str(window.file.path), group, begin)
        return self._reader.of(timestamp, count) if self._reader else [NO_TRUTH] * count


def blocks_of(span: Span, tick: int, table: NDArray[np.int16], truths: Iterable[Truth]) -> Iterator[Block]:
    """Yield the blocks of a span, the first at ``tick``, each with its truth; ``table``: channel map (40, 64)."""
    timestamp = span.timestamp
    lacks: Iterable[dict[str, NDArray[np.bool_]]] = ({} for _ in span.samples)
    if span.missing is not None:
        lacks = (missing_channels(streams, table) for streams in span.missing)
    planes = planes_of_rows(span.samples)
    every = zip(planes["U"], planes["V"], planes["X"], truths, lacks, strict=True)
    for u, v, x, (events, charge), missing in every:
        yield Block(tick, timestamp, x, events, charge, {"U": u, "V": v}, missing)
        timestamp += wibeth.TIMESTAMP_PER_FRAME
        tick += wibeth.SAMPLES


def planes_of_rows(samples: NDArray[np.uint16]) -> dict[str, NDArray[np.uint16]]:
    """Return the planes of a span (n, 163840) as views: U, V, X, each (n, 64 ticks, channels).

    >>> {plane: part.shape for plane, part in planes_of_rows(np.zeros((2, 163_840), np.uint16)).items()}
    {'U': (2, 64, 800), 'V': (2, 64, 800), 'X': (2, 64, 960)}
    """
    parts = {}
    for plane, first in built_in.PLANE_FIRST.items():
        channels = built_in.PLANE_CHANNELS[plane]
        part = samples[:, wibeth.SAMPLES * first : wibeth.SAMPLES * (first + channels)]
        parts[plane] = part.reshape(len(samples), wibeth.SAMPLES, channels)  # splits an axis: no copy
    return parts


def missing_channels(streams: NDArray[np.bool_], table: NDArray[np.int16]) -> dict[str, NDArray[np.bool_]]:
    """Return by plane which channels are missing, from the streams that are; planes of which nothing is are left out.

    Parameters
    ----------
    streams : bool array, (40,).
    table : int16 array, (40, 64), offline channels.

    >>> lost = missing_channels(np.arange(40) == 0, built_in.offline_channels())
    >>> {plane: int(channels.sum()) for plane, channels in lost.items()}
    {'U': 20, 'V': 20, 'X': 24}
    """
    if not streams.any():
        return {}
    lost = np.zeros(built_in.N_CHANNELS, np.bool_)
    lost[table[streams]] = True
    parts = {
        plane: lost[first : first + built_in.PLANE_CHANNELS[plane]]
        for plane, first in built_in.PLANE_FIRST.items()
    }
    return {plane: part for plane, part in parts.items() if part.any()}
