"""Records in a DUNE-DAQ HDF5 file: the group of a trigger record or time slice, its header, its fragments.

Fragments of known size are made with their header and filled later.

>>> import tempfile
>>> from pathlib import Path
>>> from streams.files.disk import hdf5_file
>>> span = Span(number=1, begin=0, end=2048, run_number=7)
>>> with tempfile.TemporaryDirectory() as folder, hdf5_file(Path(folder) / "run.h5") as file:
...     made = new_record(file, Form(slices=True), span, {5: 24})
...     _ = file.put(made[5].offset + 72, b"a" * 24)
...     made[5].name, made[5].size, recorded_size(file)
('/TimeSlice000001/RawData/Detector_Readout_0x00000005_WIBEth', 96, 128)
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from streams.daq import fragment, layout
from streams.daq.fragment import Span
from streams.files.disk import Bytes, OutputFile, new_bytes, new_group

RECORDS = ("TriggerRecord", "TimeSlice")


@dataclass(frozen=True)
class Form:
    """What records are: trigger records or time slices, of fragments of one kind from one subsystem."""

    slices: bool = False
    kind: int = fragment.FRAGMENT_WIBETH
    subsystem: int = fragment.SUBSYSTEM_READOUT


def new_record(file: OutputFile, form: Form, span: Span, payloads: dict[int, int]) -> dict[int, Bytes]:
    """Make the group of a record with its header and its fragments' headers.

    Parameters
    ----------
    payloads : bytes that follow the header, for each source id.

    Returns
    -------
    dict : dataset of each source id; its payload is still to be written, with ``file.put``.
    """
    record = new_group(file, layout.record_name(span.number, form.slices))
    raw = new_group(record, "RawData")
    sources = list(payloads)
    head = (
        fragment.slice_header(span) if form.slices else fragment.record_header(span, sources, form.subsystem)
    )
    header = new_bytes(raw, layout.header_name(form.slices), len(head))
    file.put(header.offset, head)
    made = {}
    for source, size in payloads.items():
        head = fragment.fragment_header(span, source, size, form.kind, form.subsystem)
        name = layout.fragment_name(source, form.kind, form.subsystem)
        made[source] = new_bytes(raw, name, len(head) + size)
        file.put(made[source].offset, head)
    paths = {source: dataset.name for source, dataset in made.items()}
    for name, value in layout.record_attributes(header.name, paths, form.kind, form.subsystem).items():
        record.attrs[name] = value
    return made


def recorded_size(file: h5py.File) -> int:
    """Return the bytes of all datasets of the records, headers included."""
    records = [file[name]["RawData"] for name in file if name.startswith(RECORDS)]
    return sum(int(dataset.size) for record in records for dataset in record.values())


def write_attributes(file: OutputFile, slices: bool, of_run: dict[str, Any], config: str) -> None:
    """Write the attributes of a file whose records are all there: layout, run, size, configuration with its CRC-32."""
    attributes = {
        **layout.layout_attributes(slices),
        **of_run,
        "recorded_size": np.uint64(recorded_size(file)),
        "config": config,
        "config_crc32": np.uint32(zlib.crc32(config.encode())),
    }
    for name, value in attributes.items():
        file.attrs[name] = value
