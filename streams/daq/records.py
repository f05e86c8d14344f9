"""Records in a DUNE-DAQ HDF5 file: the group of a trigger record or time slice, its header, its fragments.

Fragments of known size are made with their header and filled later.

>>> import tempfile
>>> from pathlib import Path
>>> from streams.daq.disk import hdf5_file
>>> span = Span(number=1, begin=0, end=2048, run_number=7)
>>> with tempfile.TemporaryDirectory() as folder, hdf5_file(Path(folder) / "run.h5") as file:
...     made = new_record(file, Form(slices=True), span, {5: 24})
...     write_bytes(made[5], 72, b"a" * 24)
...     made[5].name, made[5].size, recorded_size(file)
('/TimeSlice000001/RawData/Detector_Readout_0x00000005_WIBEth', 96, 128)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from streams.daq import fragment, layout
from streams.daq.disk import new_group
from streams.daq.fragment import Span

RECORDS = ("TriggerRecord", "TimeSlice")


@dataclass(frozen=True)
class Form:
    """What records are: trigger records or time slices, of fragments of one kind from one subsystem."""

    slices: bool = False
    kind: int = fragment.FRAGMENT_WIBETH
    subsystem: int = fragment.SUBSYSTEM_READOUT


def new_record(file: h5py.File, form: Form, span: Span, payloads: dict[int, int]) -> dict[int, Any]:
    """Make the group of a record with its header and its fragments' headers.

    Parameters
    ----------
    payloads : bytes that follow the header, for each source id.

    Returns
    -------
    dict : dataset of each source id; the payload is still to be written.
    """
    record = new_group(file, layout.record_name(span.number, form.slices))
    raw = new_group(record, "RawData")
    sources = list(payloads)
    head = (
        fragment.slice_header(span) if form.slices else fragment.record_header(span, sources, form.subsystem)
    )
    header = _dataset(raw, layout.header_name(form.slices), len(head))
    write_bytes(header, 0, head)
    made = {}
    for source, size in payloads.items():
        head = fragment.fragment_header(span, source, size, form.kind, form.subsystem)
        name = layout.fragment_name(source, form.kind, form.subsystem)
        made[source] = _dataset(raw, name, len(head) + size)
        write_bytes(made[source], 0, head)
    paths = {source: dataset.name for source, dataset in made.items()}
    for name, value in layout.record_attributes(header.name, paths, form.kind, form.subsystem).items():
        record.attrs[name] = value
    return made


def _dataset(group: h5py.Group, name: str, size: int) -> Any:
    return group.create_dataset(name, (size,), np.int8, track_times=False, fill_time="never")


def write_bytes(dataset: Any, low: int, data: bytes | NDArray[Any]) -> None:
    """Write bytes, or the bytes of an array without gaps, into a fragment from byte ``low`` on."""
    raw = np.frombuffer(data, np.int8)
    dataset.write_direct(raw, dest_sel=np.s_[low : low + len(raw)])


def recorded_size(file: h5py.File) -> int:
    """Return the bytes of all datasets of the records, headers included."""
    records = [file[name]["RawData"] for name in file if name.startswith(RECORDS)]
    return sum(int(dataset.size) for record in records for dataset in record.values())
