"""Names and attributes of a DUNE-DAQ HDF5 file: groups, datasets, JSON maps, byte for byte as hdf5libs writes them.

Source: DUNE-DAQ/hdf5libs @1de7a465 HDF5FileLayout.cpp (names), HDF5RawDataFile.cpp (attributes of the file),
HDF5SourceIDHandler.cpp (maps; JSON as nlohmann::json writes it, keys and sources in order), hdf5filelayout.jsonnet.
Names of files: DUNE-DAQ/dfmodules FilenameParams (run 6 digits, file index 4).

>>> record_name(1), record_name(1, slices=True), fragment_name(100)
('TriggerRecord000001.0000', 'TimeSlice000001', 'Detector_Readout_0x00000064_WIBEth')
>>> geo_id(slot=4, stream_id=67, crate=1) == 67 << 48 | 4 << 32 | 1 << 16 | 3
True
>>> file_name(run_number=7, file_index=2, crate=150)
'lartrig_run000007_0002_crate0150.hdf5'
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from streams import channel_map
from streams.daq import fragment, wibeth

LAYOUT_VERSION = (
    5  # of hdf5libs @1de7a465 (HDF5FileLayout.hpp); nothing differs from 4 in what is written here
)
MAX_CRATE = 1023  # 10 bits of the DAQEthHeader
_TIMESTAMP_PER_MS = 62_500  # of the 62.5 MHz clock
_PREFIX = {False: "TriggerRecord", True: "TimeSlice"}
_SEQUENCE_DIGITS = {False: 4, True: 0}  # a time slice has no sequence number (HDF5FileLayout::check_config)
_SUBSYSTEMS = {fragment.SUBSYSTEM_READOUT: "Detector_Readout", fragment.SUBSYSTEM_TRIGGER: "Trigger"}
_KINDS = {
    fragment.FRAGMENT_WIBETH: "WIBEth",
    fragment.FRAGMENT_TPS: "Trigger_Primitive",
    fragment.FRAGMENT_TAS: "Trigger_Activity",
    fragment.FRAGMENT_TCS: "Trigger_Candidate",
}


def first_source(crate: int) -> int:
    """Return the source id of stream 0 of a crate (an assumption: any different ids do).

    >>> first_source(1), first_source(2)
    (100, 140)
    """
    return 100 + channel_map.N_STREAMS * (crate - 1)


def sources(crate: int) -> list[int]:
    """Return the source ids of a crate's streams, in the order of ``channel_map.STREAMS``."""
    return list(range(first_source(crate), first_source(crate) + channel_map.N_STREAMS))


def geo_id(slot: int, stream_id: int, crate: int) -> int:
    """Return the geographical id of a stream (hdf5libs ``populate_source_id_geo_id_map``)."""
    return stream_id << 48 | slot << 32 | crate << 16 | wibeth.DETECTOR_ID


def geo_ids(crate: int) -> dict[int, int]:
    """Return the geographical id of each source of a crate."""
    return {
        source: geo_id(*stream, crate=crate)
        for source, stream in zip(sources(crate), channel_map.STREAMS, strict=True)
    }


def file_name(run_number: int, file_index: int, crate: int) -> str:
    """Return the name of one file of a run, as DUNE's data writers name theirs."""
    return f"lartrig_run{run_number:06d}_{file_index:04d}_crate{crate:04d}.hdf5"


def record_name(number: int, slices: bool = False) -> str:
    """Return the name of a record's group (record 6 digits, sequence 4)."""
    return f"{_PREFIX[slices]}{number:06d}" + ("" if slices else ".0000")


def header_name(slices: bool = False) -> str:
    """Return the name of a record header's dataset."""
    return f"TR_Builder_0x00000000_{_PREFIX[slices]}Header"


def fragment_name(
    source: int, kind: int = fragment.FRAGMENT_WIBETH, subsystem: int = fragment.SUBSYSTEM_READOUT
) -> str:
    """Return the name of a fragment's dataset."""
    return f"{_SUBSYSTEMS[subsystem]}_0x{source:08x}_{_KINDS[kind]}"


def record_attributes(
    header_path: str, fragment_paths: dict[int, str], kind: int, subsystem: int
) -> dict[str, str]:
    """Return the attributes of a record's group: which source is where, JSON each."""
    builder = {"subsys": fragment.SUBSYSTEM_BUILDER, "id": 0}
    ids = [{"subsys": subsystem, "id": source} for source in fragment_paths]
    paths = [{**one, "path": path} for one, path in zip(ids, fragment_paths.values(), strict=True)]
    by_type = {"fragment_type": kind, "sourceids": ids}
    by_detector = {"subdetector": fragment.DETECTOR_HD_TPC, "sourceids": ids}
    return {
        "record_header_source_id": _json(builder),
        "source_id_path_map": _json({"map_entries": [*paths, {**builder, "path": header_path}]}),
        "fragment_type_source_id_map": _json({"map_entries": [by_type]}),
        "subdetector_source_id_map": _json({"map_entries": [by_detector]}),
    }


def layout_attributes(slices: bool) -> dict[str, Any]:
    """Return the attributes of a file that say how it is laid out."""
    layout = {
        "record_name_prefix": _PREFIX[slices],
        "digits_for_record_number": 6,
        "digits_for_sequence_number": _SEQUENCE_DIGITS[slices],
        "record_header_dataset_name": f"{_PREFIX[slices]}Header",
        "raw_data_group_name": "RawData",
        "view_group_name": "Views",
        "path_param_list": [],
    }
    return {
        "filelayout_params": _json(layout),
        "filelayout_version": np.uint32(LAYOUT_VERSION),
        "record_type": _PREFIX[slices],
    }


def run_attributes(
    run_number: int, file_index: int, begin: int, end: int, geography: dict[int, int]
) -> dict[str, Any]:
    """Return the attributes of a file that say what it belongs to; its data are those of [begin, end)."""
    entries = [
        {"subsys": fragment.SUBSYSTEM_READOUT, "id": source, "geoids": [place]}
        for source, place in geography.items()
    ]
    return {
        "run_number": np.uint32(run_number),
        "file_index": np.uint64(file_index),
        "application_name": "lartrig",
        # Milliseconds as upstream writes them, but of the detector's clock: the wall clock would change the bytes.
        "creation_timestamp": str(begin // _TIMESTAMP_PER_MS),
        "closing_timestamp": str(end // _TIMESTAMP_PER_MS),
        "source_id_geo_id_map": _json({"map_entries": entries}),
    }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
