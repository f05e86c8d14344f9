"""What a file, or a folder of the files of one run, holds: known without reading the frames.

Windows (trigger records, time slices) are listed by crate in the order of time. Which stream a fragment holds is said
by the file's map of geographical ids and by the first frames; where they differ, the frames of all records decide.

>>> from pathlib import Path
>>> read(Path("absent.h5"))
Traceback (most recent call last):
streams.errors.UserError: cannot read absent.h5: no such file
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from streams.block import TIMESTAMP_PER_TICK
from streams.daq import wibeth
from streams.daq.fragment import FRAGMENT_VERSIONS
from streams.errors import UserError
from streams.files import hdf5
from streams.files.file_facts import File, check_size, facts_of, most
from streams.files.hdf5 import Extent
from streams.files.record_reading import Findings, Fragment, Reader, Record, record_number
from streams.files.sources import Place, Sources, field_of
from streams.files.windows import Window, check_streams, name_of, stream_of, window_of

if TYPE_CHECKING:
    import h5py


@dataclass
class Catalogue:
    """Files, windows in the order of time, streams of each crate, and what is wrong.

    Attributes
    ----------
    findings : what is wrong with headers.
    sums : files whose records are not as large as their writer says; the frames may tell more exactly where.
    """

    source: Path
    files: list[File] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    streams: dict[int, set[Place]] = field(default_factory=dict)
    words: dict[int, int] = field(default_factory=dict)  # by crate: word 0 of slot 0, stream 0, seq_id 0
    findings: Findings = field(default_factory=Findings)
    sums: Findings = field(default_factory=Findings)

    @property
    def crates(self) -> list[int]:
        """Numbers of the crates with at least one frame."""
        return sorted({window.crate for window in self.windows})

    @property
    def others(self) -> dict[str, tuple[int, int]]:
        """Count and bytes of the fragments that are not WIBEth frames, by kind."""
        total: dict[str, tuple[int, int]] = {}
        for file in self.files:
            for kind, (count, size) in file.others.items():
                before = total.get(kind, (0, 0))
                total[kind] = before[0] + count, before[1] + size
        return total

    def crate(self, asked: int | None) -> int:
        """Return the crate to read: the one asked for, or the only one.

        Raises
        ------
        UserError : no frames at all, no such crate, or several and none asked for.
        """
        there = self.crates
        if not there:
            held = ", ".join(f"{count} {kind}" for kind, (count, _) in sorted(self.others.items()))
            raise UserError(
                f"{self.source}: holds no WIBEth frames{f', but {held}' if held else ''}: give a file of raw frames"
            )
        listed = ", ".join(map(str, there))
        if asked is None and len(there) > 1:
            raise UserError(f"{self.source}: holds the crates {listed}: choose one with --crate")
        if asked is not None and asked not in there:
            raise UserError(f"{self.source}: got --crate {asked}, it holds {listed}")
        return there[0] if asked is None else asked


_KNOWN_AFTER = 64  # records of a file after which it is decided which stream a source holds


def read(source: Path) -> Catalogue:
    """Return what a file or a folder holds.

    Raises
    ------
    UserError : no such file or folder; a file that is not whole HDF5 or still being written; two runs in one folder.
    """
    found = Catalogue(source)
    for path in paths_of(source, found.findings):
        _read_file(path, found)
    for file in found.files[1:]:
        check_same_run((found.files[0].path, found.files[0].run_number), (file.path, file.run_number))
    found.windows.sort(key=lambda window: (window.timestamp, window.file.path, window.name, window.crate))
    _check_copies(found.windows)
    _check_configs(found.windows)
    found.windows = _with_ticks(found.windows)
    return found


def paths_of(source: Path, findings: Findings) -> list[Path]:
    """Return the files of a source; files in a folder that are still being written are left out and noted."""
    if not source.is_dir():
        return [source]
    names = sorted(path for path in source.iterdir() if path.is_file())
    for path in names:
        if hdf5.is_being_written(path):
            findings.add(f"{path} is still being written: it is left out")
    found = [path for path in names if path.suffix in hdf5.SUFFIXES and not hdf5.is_being_written(path)]
    if not found:
        raise UserError(f"{source}: got no file *.h5 or *.hdf5 in this folder, want at least one")
    return found


def _read_file(path: Path, into: Catalogue) -> None:
    with hdf5.opened(path) as file:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            _read_records(path, file, descriptor, into)
        finally:
            os.close(descriptor)


def _read_records(path: Path, file: h5py.File, descriptor: int, into: Catalogue) -> None:
    names = sorted((name for name in file if record_number(name)), key=lambda name: record_number(name) or ())
    if not names:
        raise UserError(f"{path}: got no trigger record, want at least one group TriggerRecord000001.0000")
    reader = Reader(str(path), file, descriptor, into.findings)
    first = [reader.record(name) for name in names[:_KNOWN_AFTER]]
    _check_versions(path, first)
    facts = facts_of(path, file, first, into.findings)
    into.files.append(facts)
    sources = _sources(path, file, first, into.findings)
    before, size = len(into.windows), 0
    for record in chain(first, (reader.record(name) for name in names[_KNOWN_AFTER:])):
        sources.add_new(record.fragments)
        into.windows += _windows(facts, record, sources, reader, into)
        facts.add_others(record.others)
        size += record.size
    check_size(path, file, size, into.sums)
    for crate in {window.crate for window in into.windows[before:]}:
        word0 = sources.word0(crate)
        into.words.setdefault(crate, word0)
        if field_of(word0, "version") > wibeth.VERSION:
            raise UserError(
                f"{path}: crate {crate}: got frames of version {field_of(word0, 'version')}, want at most "
                f"{wibeth.VERSION}: they are of a newer format than this program knows"
            )


def _sources(path: Path, file: h5py.File, records: Iterable[Record], findings: Findings) -> Sources:
    try:
        found = Sources(str(file.attrs.get("source_id_geo_id_map", "")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        findings.add(f"{path}: attribute source_id_geo_id_map: got something that is no such map: {error}")
        found = Sources()
    for part in (part for record in records for part in record.fragments):
        found.add(part.source, part.words)
    return found


def _windows(
    file: File, record: Record, sources: Sources, reader: Reader, into: Catalogue
) -> Iterable[Window]:
    """Return a record as one window for each crate that has frames in it."""
    where = f"{file.path}: {record.name}"
    by_crate: dict[int, dict[Place, Fragment]] = {}
    for part in record.fragments:
        place = sources.place(part.source)
        if place is None:
            into.findings.add(f"{where}: {part.name}: got nothing that says which stream it is")
            continue
        there = by_crate.setdefault(place.crate, {})
        if place in there:
            raise UserError(
                f"{where}: {part.name} holds {name_of(place)}, which {there[place].name} holds too"
            )
        there[place] = part
    for crate, parts in sorted(by_crate.items()):
        into.streams.setdefault(crate, set()).update(parts)
        if any(part.frames for part in parts.values()):
            streams = {stream_of(place): part for place, part in parts.items() if stream_of(place) >= 0}
            check_streams(where, streams, into.findings)
            checks = reader.frame_checks(record.name) if len(by_crate) == 1 else Extent(-1, 0)
            yield window_of(file, record.name, crate, streams, checks)


def _check_versions(path: Path, records: Iterable[Record]) -> None:
    """Refuse a file most of whose fragments are of another version: it is not damage."""
    version = most(part.header.get("version") for record in records for part in record.fragments)
    if version is not None and version not in FRAGMENT_VERSIONS:
        wanted = " or ".join(map(str, FRAGMENT_VERSIONS))
        newer = "a newer" if version > max(FRAGMENT_VERSIONS) else "an older"
        raise UserError(
            f"{path}: got fragments of version {version}, want {wanted}: {newer} DUNE-DAQ wrote it"
        )


def check_same_run(one: tuple[Path, int], other: tuple[Path, int]) -> None:
    """Refuse two files of a folder, each with its run number, that are of different runs."""
    (path, number), (other_path, other_number) = one, other
    if number != other_number:
        raise UserError(
            f"{path.parent}: two runs in one folder: {path.name} is of run {number}, "
            f"{other_path.name} of run {other_number}: keep one run in a folder"
        )


def _check_copies(windows: list[Window]) -> None:
    """Refuse two files that hold the same record of the same crate."""
    seen: dict[tuple[int, str, int], Window] = {}
    for window in windows:
        before = seen.setdefault((window.crate, window.name, window.timestamp), window)
        if before is not window:
            raise UserError(
                f"{window.file.path.parent}: {before.file.path.name} and {window.file.path.name} both hold "
                f"{window.name} of crate {window.crate}: a copy, or two runs in one folder: keep one"
            )


def _check_configs(windows: list[Window]) -> None:
    """Refuse files of one crate that were simulated from other configurations: every simulation is run 1."""
    seen: dict[int, File] = {}
    for crate, file in dict.fromkeys((window.crate, window.file) for window in windows if window.file.config):
        first = seen.setdefault(crate, file)
        if first.config != file.config:
            raise UserError(
                f"{first.path.parent}: two runs in one folder: {first.path.name} and {file.path.name} hold crate "
                f"{crate} and were made with other configurations: keep one run in a folder"
            )


def _with_ticks(windows: list[Window]) -> list[Window]:
    """Return the windows with their first ticks: those that the truth counts, else from the crate's first window."""
    origins: dict[int, int] = {}  # by crate: timestamp of tick 0
    for window in windows:  # in the order of time
        truth = window.file.truth
        if truth is not None and window.crate not in origins:
            begin = window.timestamp if truth.first_timestamp is None else truth.first_timestamp
            origins[window.crate] = begin - truth.first_tick * TIMESTAMP_PER_TICK
    for window in windows:
        origins.setdefault(window.crate, window.timestamp)
    return [replace(w, origin=origins[w.crate]) for w in windows]
