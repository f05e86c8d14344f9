"""What the attributes of a DUNE-DAQ file say: run, number of the file, writer, configuration, truth, closed or not.

>>> most([7, None, 7, 3])
7
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streams.daq.layout import LAYOUT_VERSION
from streams.files.record_reading import Findings, Record

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True)
class TruthPlace:
    """Where the truth of a file begins: the tick and the 62.5 MHz timestamp of the first of its blocks."""

    first_tick: int
    first_timestamp: int | None  # None: not said; it is the begin of the first window


@dataclass(frozen=True, eq=False)
class File:
    """A file of a run.

    Attributes
    ----------
    run_number, index, writer : what its attributes say; the number of the file in the run; the application.
    config : JSON text of the simulation's configuration, "" without one that is whole.
    truth : where the truth begins, None without truth.
    table : int array, (40, 64), its own channel map; None without.
    others : count and bytes of the fragments that are not WIBEth frames, by kind.
    closed : whether its writer closed it (DUNE's writer says so in an attribute; others are taken as closed).
    """

    path: Path
    run_number: int
    index: int
    writer: str
    config: str
    truth: TruthPlace | None
    table: NDArray[np.int16] | None
    others: dict[str, tuple[int, int]]
    closed: bool

    def add_others(self, others: Mapping[str, tuple[int, int]]) -> None:
        """Add the fragments of a record that are not WIBEth frames."""
        for kind, (count, size) in others.items():
            before = self.others.get(kind, (0, 0))
            self.others[kind] = before[0] + count, before[1] + size


def most(values: Iterable[int | None]) -> int | None:
    """Return the most frequent of the values that are there."""
    found = Counter(value for value in values if value is not None).most_common(1)
    return found[0][0] if found else None


def facts_of(path: Path, file: h5py.File, records: Sequence[Record], findings: Findings) -> File:
    """Return what a file's attributes and the headers of its records say; what is wrong goes to the findings."""
    attributes = file.attrs
    runs = Counter(part.header.get("run_number") for record in records for part in record.fragments)
    run = int(attributes.get("run_number", most(runs.elements()) or 0))
    strange = [number for number in runs if number not in (run, None)]
    if strange:
        findings.add(f"{path}: got fragments of run {strange[0]}, want those of run {run}")
    closed = "creation_timestamp" not in attributes or "closing_timestamp" in attributes
    if not closed:
        findings.add(
            f"{path} has no closing_timestamp: its writer did not close it, and records may be missing"
        )
    version = int(attributes.get("filelayout_version", 0))
    if version > LAYOUT_VERSION:
        findings.add(
            f"{path}: got filelayout_version {version}, want at most {LAYOUT_VERSION}: a newer DUNE-DAQ wrote it, "
            "there may be more in it than is read"
        )
    return File(
        path, run, int(attributes.get("file_index", 0)), str(attributes.get("application_name", "")),
        _config(path, attributes, findings), _truth(file),
        file["ChannelMap"][()] if "ChannelMap" in file else None, {}, closed,
    )  # fmt: skip


def _config(path: Path, attributes: Mapping[str, Any], findings: Findings) -> str:
    """Return the JSON text of the configuration, "" without one that fits its CRC (if there is a CRC)."""
    config, want = str(attributes.get("config", "")), attributes.get("config_crc32")
    if want is not None and zlib.crc32(config.encode(errors="surrogateescape")) != want:
        findings.add(f"{path}: attribute config: its text does not fit config_crc32: it is damaged")
        return ""
    try:
        json.loads(config or "{}")
    except ValueError as error:
        findings.add(f"{path}: attribute config: got something that is not JSON: {error}")
    return config


def _truth(file: h5py.File) -> TruthPlace | None:
    if "Truth" not in file:
        return None
    attributes = file["Truth"].attrs
    timestamp = attributes.get("first_timestamp")
    return TruthPlace(int(attributes["first_tick"]), None if timestamp is None else int(timestamp))


def check_size(path: Path, file: h5py.File, got: int, findings: Findings) -> None:
    """Compare the bytes of all records with what the writer counted, so that no record is missed in silence."""
    want = file.attrs.get("recorded_size")
    if want is not None and got != want:
        what = "records or fragments are missing" if got < want else "there is more than was written"
        findings.add(
            f"{path}: got {got} bytes of records, want the {want} of the attribute recorded_size: {what}"
        )
