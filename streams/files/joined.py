"""Join the files of several assemblies, one crate each, into files whose records hold all of them, as DUNE's do.

The file is plain: only what DUNE's writer writes. Frames are copied in pieces, so memory does not grow, and compared
with the frame checks of their file, if it has them: the joined file has none, and must not hide what is damaged.

>>> join_crates([], Path("all.hdf5"))
Traceback (most recent call last):
streams.errors.ConfigError: got no file to join: name at least one
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from streams.console import progress
from streams.daq import fragment, headers, layout, spans, wibeth
from streams.errors import ConfigError, UserError
from streams.files import records
from streams.files.catalogue import paths_of
from streams.files.disk import OutputFile, whole_file
from streams.files.hdf5 import opened
from streams.files.record_reading import Findings, record_number
from streams.output import fresh

PIECE = 1000 * wibeth.FRAME_BYTES  # 7.2 MB
_HEADER = fragment.FRAGMENT_HEADER.itemsize


class _Piece(NamedTuple):
    """A fragment that is copied."""

    where: str
    source: int
    data: Any
    span: fragment.Span
    checks: Any  # uint64, one for each frame; None if there are none


def join(sources: list[Path], output: Path, shown: str = "") -> dict[str, object]:
    """Join files into a file, or the files of a folder, one span of time after the other, into a folder.

    Parameters
    ----------
    sources : files of one span of time; or one folder with a run, every crate for every span.
    output : a new file; for a folder a new folder.
    shown : label of a progress bar on stderr; without it nothing is shown.

    Returns
    -------
    Names and values for a table.

    Raises
    ------
    ConfigError, UserError : as ``join_crates``; a folder that lacks a crate for some time.
    """
    if len(sources) == 1 and sources[0].is_dir():
        return _join_folder(sources[0], output, shown)
    count = join_crates(sources, output, shown)
    return {"files": f"{len(sources)} into 1", "records": count, "written": _size([output])}


def _join_folder(folder: Path, output: Path, shown: str) -> dict[str, object]:
    findings = Findings()
    spans: dict[str, list[Path]] = {}
    for path in paths_of(folder, findings):
        with opened(path) as file:
            spans.setdefault(_name(file), []).append(path)
    if findings.sentences:
        raise UserError(f"{findings.sentences[0]}: wait for its end")
    (first, most), *others = sorted(spans.items(), key=lambda span: -len(span[1]))
    for name, paths in others:
        if len(paths) < len(most):
            raise UserError(
                f"{folder}: got {len(paths)} files for {name}, want {len(most)} as for {first}: a crate is missing: "
                "make its file, or join the files that are there by their names"
            )
    with fresh(output, folder=True) as part:
        counts = [join_crates(paths, part / name, shown) for name, paths in sorted(spans.items())]
    files = f"{sum(map(len, spans.values()))} into {len(spans)}, {len(most)} crates in each"
    return {"files": files, "records": sum(counts), "written": _size([output / name for name in spans])}


def _name(file: h5py.File) -> str:
    run, number = (int(file.attrs.get(name, 0)) for name in ("run_number", "file_index"))
    return f"lartrig_run{run:06d}_{number:04d}.hdf5"


def _size(paths: list[Path]) -> str:
    return f"{sum(path.stat().st_size for path in paths) / 1e6:.1f} MB"


def join_crates(paths: list[Path], output: Path, shown: str = "") -> int:
    """Write one file with the records of all files; return how many records. It has the number of the first file.

    Raises
    ------
    ConfigError : no file, or the output exists already.
    UserError : a file that cannot be read; files of different runs, records or windows; a source that is in two files;
        a full disk.
    """
    if not paths:
        raise ConfigError("got no file to join: name at least one")
    with ExitStack() as stack, whole_file(output, {"command": "join", "inputs": paths}) as made:
        files = {path: stack.enter_context(opened(path)) for path in paths}
        names: Iterable[str] = _same(
            files, lambda file: [name for name in file if record_number(name)], "set of records"
        )
        run = int(_same(files, lambda file: int(file.attrs["run_number"]), "run number"))
        number = int(files[paths[0]].attrs.get("file_index", 0))
        slices = _same(files, lambda file: str(file.attrs["record_type"]), "kind of record") == "TimeSlice"
        names = sorted(names, key=lambda name: record_number(name) or ())
        if shown:
            names = progress(names, shown, total=len(names))
        windows = [_join_record(made, name, files, slices) for name in names]
        geography = dict(sorted(pair for file in files.values() for pair in _geography(file)))
        attributes = {
            **layout.layout_attributes(slices),
            **layout.run_attributes(run, number, windows[0].begin, windows[-1].end, geography),
            "recorded_size": np.uint64(records.recorded_size(made)),
        }
        for name, value in attributes.items():
            made.attrs[name] = value
    return len(windows)


def _same(files: dict[Path, h5py.File], fact: Any, name: str) -> Any:
    """Return what all files say."""
    (first, want), *others = ((path, fact(file)) for path, file in files.items())
    for path, got in others:
        if got != want:
            raise UserError(f"{path}: got another {name} than {first}: {_short(got)}, not {_short(want)}")
    if not want:
        raise UserError(f"{first}: got no {name}, want at least one record to join")
    return want


def _short(value: Any) -> str:
    return f"{len(value)} of them" if isinstance(value, list) else str(value)


def _geography(file: h5py.File) -> Iterator[tuple[int, int]]:
    for entry in json.loads(file.attrs["source_id_geo_id_map"])["map_entries"]:
        yield entry["id"], entry["geoids"][0]


def _join_record(made: OutputFile, name: str, files: dict[Path, h5py.File], slices: bool) -> fragment.Span:
    pieces = [piece for path, file in files.items() for piece in _pieces(path, name, file)]
    if not pieces:
        raise UserError(f"{next(iter(files))}: {name}: got no fragment of frames, want at least one")
    pieces.sort(key=lambda piece: piece.source)
    for one, other in pairwise(pieces):
        if one.source == other.source:
            raise UserError(
                f"{other.where}: its source is in {one.where} too: join files of different crates"
            )
        if one.span != other.span:
            raise UserError(f"{other.where}: got {other.span}, want {one.span} as in {one.where}")
    payloads = {piece.source: piece.data.shape[0] - _HEADER for piece in pieces}
    places = records.new_record(made, records.Form(slices), pieces[0].span, payloads)
    for piece in pieces:
        for low in range(_HEADER, piece.data.shape[0], PIECE):
            raw = piece.data[low : low + PIECE]
            _check_frames(piece, (low - _HEADER) // wibeth.FRAME_BYTES, raw)
            made.put(places[piece.source].offset + low, raw)
        made.check()
    return pieces[0].span


def _check_frames(piece: _Piece, first: int, raw: NDArray[np.int8]) -> None:
    """Refuse frames, from number ``first`` on, that do not fit their checks."""
    if piece.checks is None:
        return
    frames, rest = divmod(raw.size, wibeth.FRAME_BYTES)
    want = piece.checks[first : first + frames]
    if rest or len(want) != frames:
        raise UserError(f"{piece.where}: its frames and their checks in /FrameChecks are not as many")
    right = spans.frame_checks(raw.reshape(frames, -1).view(np.uint8)) == want
    if not right.all():
        raise UserError(
            f"{piece.where}: frame {first + int(right.argmin())} does not fit its check: it is damaged"
        )


def _pieces(path: Path, name: str, file: h5py.File) -> Iterator[_Piece]:
    raw = file[name]["RawData"]
    checks = (
        file[f"FrameChecks/{name}"][:] if f"FrameChecks/{name}" in file else None
    )  # rows: sources in order
    for row, key in enumerate(sorted(key for key in raw if key.endswith("_WIBEth"))):
        data = raw[key]
        where = f"{path}: {name}: {key}"
        header = headers.fragment_header(where, data[:_HEADER].tobytes())
        if header["size"] != data.size:
            raise UserError(f"{where}: got {data.size} bytes, want the {header['size']} that its header says")
        if header["error_bits"]:
            raise UserError(f"{where}: got error_bits {header['error_bits']}, want 0: it is not whole")
        begin, end = header["window_begin"], header["window_end"]
        span = fragment.Span(header["trigger_number"], begin, end, header["run_number"])
        yield _Piece(where, header["element_id"][2], data, span, None if checks is None else checks[row])
