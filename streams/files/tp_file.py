"""Files of trigger primitives (TPs) in DUNE's HDF5 layout: one fragment ``Trigger_0x..._Trigger_Primitive`` a record.

Every batch becomes one time slice (as DUNE's TP stream) or one trigger record. Each fragment that is written here has
an attribute ``crc32`` (zlib) of its bytes, ours, which DUNE's readers leave alone: flipped bits are seen.

>>> import tempfile
>>> made = np.zeros(3, tp.TP)
>>> made["time_start"] = 2048, 4096, 4128
>>> with tempfile.TemporaryDirectory() as folder:
...     count = write_tps(Path(folder) / "tps.hdf5", [made[:2], made[2:]])
...     [batch["time_start"].tolist() for batch in read_tps(Path(folder) / "tps.hdf5")]
[[2048, 4096], [4128]]
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.daq import fragment, headers, layout, tp
from streams.errors import UserError
from streams.files import records
from streams.files.disk import OutputFile, whole_file
from streams.files.hdf5 import opened
from streams.files.run_files import run_files

CHECK = "crc32"
_WORDS = {
    fragment.FRAGMENT_TPS: "trigger primitives",
    fragment.FRAGMENT_TAS: "trigger activities",
    fragment.FRAGMENT_TCS: "trigger candidates",
}
_RECORD = re.compile(r"(?:TriggerRecord|TimeSlice)(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class TpPlan:
    """What a file of TPs is to be.

    Attributes
    ----------
    version : of the TPs, 1 or 2.
    slices : time slices, else trigger records.
    source_id : of the fragments, in the trigger subsystem.
    """

    version: int = 2
    run_number: int = 1
    slices: bool = True
    source_id: int = 0
    file_index: int = 0
    config_json: str = "{}"


def write_tps(
    path: Path,
    batches: Iterable[NDArray[np.void]],
    plan: TpPlan | None = None,
    facts: dict[str, Any] | None = None,
) -> int:
    """Write TPs, one record for each batch that has any; return how many. The file is whole or absent.

    A record's window goes from the first start of its TPs to the last end. A file without TPs has one empty record.

    Raises
    ------
    ConfigError : the file or its manifest exists already, or the folder does not.
    UserError : the disk does not take it.
    ValueError : a value that the version cannot hold.
    """
    plan = plan or TpPlan()
    written = number = begin = end = 0
    with whole_file(path, facts or {}) as file:
        for batch in batches:
            if not len(batch):
                continue
            number += 1
            low, high = _window(batch)
            begin, end = min(begin if number > 1 else low, low), max(end, high)
            _write_record(file, fragment.Span(number, low, high, plan.run_number), batch, plan)
            file.check()
            written += len(batch)
        if not written:
            _write_record(file, fragment.Span(1, 0, 0, plan.run_number), np.zeros(0, tp.TP), plan)
        of_run = layout.run_attributes(plan.run_number, plan.file_index, begin, end, {})
        records.write_attributes(file, plan.slices, of_run, plan.config_json)
    return written


def _window(batch: NDArray[np.void]) -> tuple[int, int]:
    ends = batch["time_start"] + batch["samples_over_threshold"].astype(np.uint64) * np.uint64(
        TIMESTAMP_PER_TICK
    )
    return int(batch["time_start"].min()), int(ends.max())


def _write_record(file: OutputFile, span: fragment.Span, batch: NDArray[np.void], plan: TpPlan) -> None:
    payload = tp.encode(batch, plan.version)
    form = records.Form(plan.slices, fragment.FRAGMENT_TPS, fragment.SUBSYSTEM_TRIGGER)
    made = records.new_record(file, form, span, {plan.source_id: len(payload)})[plan.source_id]
    file.put(made.offset + fragment.FRAGMENT_HEADER.itemsize, payload)
    head = fragment.fragment_header(span, plan.source_id, len(payload), form.kind, form.subsystem)
    file[made.name].attrs[CHECK] = np.uint32(zlib.crc32(payload, zlib.crc32(head)))


def read_tps(path: Path) -> Iterator[NDArray[np.void]]:
    """Yield the TPs of each fragment, TP array (n,), in the order of records and sources.

    Fragments of other kinds are passed over. The file may be ours or DUNE's; ours are checked bit by bit. The files of
    a run in a folder are read one after the other.

    Raises
    ------
    UserError : not a whole HDF5 file, still being written, no TPs in it, a fragment that is cut short, has something
        behind its end or flipped bits, a version that is not known, or versions that are mixed.
    """
    for batches in read_records(path):
        yield from batches


def read_records(path: Path) -> Iterator[list[NDArray[np.void]]]:
    """Yield the TPs of each record that has any, one TP array for each of its sources, as ``read_tps``."""
    version = 0
    for fragments in _payloads(path):
        batches = []
        for where, payload in fragments:
            tps = tp.decode(payload, where)
            got = int(tps["version"][0]) if len(tps) else version
            if version not in (0, got):
                raise UserError(
                    f"{where}: got TPs of version {got}, want {version} as before: versions are mixed"
                )
            version = got
            batches.append(tps)
        yield batches


def payloads(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name, and the bytes behind the header, of each fragment of TPs, as ``read_tps``."""
    for fragments in _payloads(path):
        yield from fragments


def _payloads(source: Path) -> Iterator[list[tuple[str, bytes]]]:
    """Yield the fragments of each record that has any: a name, and the bytes behind the header."""
    count = some = 0
    for _, path, _ in run_files(source):
        with opened(path) as file:
            names = sorted((name for name in file if _RECORD.fullmatch(name)), key=_number)
            count += len(names)
            for name in names:
                datasets = [(f"{path}: {one.name[1:]}", one) for one in _fragments(path, file[name])]
                some += bool(datasets)
                if datasets:
                    yield [(where, fragment_payload(where, one)) for where, one in datasets]
    if not some:
        raise UserError(
            f"{source}: got {count} records, none with TPs, want a dataset *_Trigger_Primitive in at least one: "
            "lartrig tpg finds the TPs of raw frames"
        )


def _number(name: str) -> tuple[int, int]:
    found = _RECORD.fullmatch(name)
    assert found is not None
    return int(found[1]), int(found[2] or 0)


def _fragments(path: Path, record: Any) -> list[h5py.Dataset]:
    raw = record.get("RawData") if isinstance(record, h5py.Group) else None
    if not isinstance(raw, h5py.Group):
        raise UserError(f"{path}: {record.name[1:]}: got no group RawData, want the fragments in it")
    return [raw[key] for key in sorted(raw) if key.endswith("_Trigger_Primitive") and "FW_" not in key]


def fragment_payload(where: str, dataset: Any, kind: int = fragment.FRAGMENT_TPS) -> bytes:
    """Return the bytes behind the header of a fragment that is what it says, and of a kind.

    Raises
    ------
    UserError : not a fragment of that kind, cut short, something behind its end, or flipped bits.
    """
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.itemsize != 1:
        raise UserError(f"{where}: got {dataset}, want a dataset of bytes")
    raw: bytes = dataset[()].tobytes()
    if CHECK in dataset.attrs and zlib.crc32(raw) != dataset.attrs[CHECK]:
        raise UserError(f"{where}: its bytes do not fit their check ({CHECK}): the file is damaged")
    header = headers.fragment_header(where, raw)
    if header["fragment_type"] != kind:
        raise UserError(f"{where}: got fragment type {header['fragment_type']}, want {kind}, {_WORDS[kind]}")
    if header["size"] != len(raw):
        what = "it is cut short" if header["size"] > len(raw) else "there is something behind its end"
        raise UserError(
            f"{where}: got {len(raw)} bytes, want the {header['size']} that its header says: {what}"
        )
    return raw[fragment.FRAGMENT_HEADER.itemsize :]
