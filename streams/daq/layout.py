"""Names and attributes of a DUNE-DAQ HDF5 file: groups, datasets, JSON maps.

Source: DUNE-DAQ/hdf5libs HDF5FileLayout.cpp, HDF5RawDataFile.cpp, HDF5SourceIDHandler.cpp.

>>> record_name(1), fragment_name(0)
('TriggerRecord000001.0000', 'Detector_Readout_0x00000064_WIBEth')
>>> geo_id(slot=4, stream_id=67) == 67 << 48 | 4 << 32 | 1 << 16 | 3
True
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from streams import channel_map
from streams.daq import fragment, wibeth

FIRST_SOURCE = 100  # source id of stream 0 (an assumption: any 40 different ids do)
LAYOUT_VERSION = 4  # source-id maps are attributes in version 3 and later
HEADER_NAME = "TR_Builder_0x00000000_TriggerRecordHeader"
_TIMESTAMP_PER_MS = 62_500  # of the 62.5 MHz clock


def geo_id(slot: int, stream_id: int) -> int:
    """Return the geographical id of a stream (hdf5libs ``encode_geoid``)."""
    return stream_id << 48 | slot << 32 | channel_map.CRATE << 16 | wibeth.DETECTOR_ID


def record_name(number: int) -> str:
    """Return the name of a trigger record's group (record 6 digits, sequence 4)."""
    return f"TriggerRecord{number:06d}.0000"


def fragment_name(stream: int) -> str:
    """Return the name of a stream's dataset."""
    return f"Detector_Readout_0x{FIRST_SOURCE + stream:08x}_WIBEth"


def record_attributes(header_path: str, fragment_paths: list[str]) -> dict[str, str]:
    """Return the attributes of a trigger record's group: which source is where, JSON each."""
    builder = {"subsys": fragment.SUBSYSTEM_BUILDER, "id": 0}
    ids = [_source(stream) for stream in range(channel_map.N_STREAMS)]
    paths = [{**builder, "path": header_path}]
    paths += [{**one, "path": path} for one, path in zip(ids, fragment_paths, strict=True)]
    by_type = {"fragment_type": fragment.FRAGMENT_WIBETH, "sourceids": ids}
    by_detector = {"subdetector": fragment.DETECTOR_HD_TPC, "sourceids": ids}
    return {
        "record_header_source_id": _json(builder),
        "source_id_path_map": _json({"map_entries": paths}),
        "fragment_type_source_id_map": _json({"map_entries": [by_type]}),
        "subdetector_source_id_map": _json({"map_entries": [by_detector]}),
    }


def file_attributes(begin: int, end: int) -> dict[str, Any]:
    """Return the attributes of the file that do not depend on its content; the window is [begin, end)."""
    geo_ids = [{**_source(n), "geoids": [geo_id(*stream)]} for n, stream in enumerate(channel_map.STREAMS)]
    layout = {
        "record_name_prefix": "TriggerRecord",
        "digits_for_record_number": 6,
        "digits_for_sequence_number": 4,
        "record_header_dataset_name": "TriggerRecordHeader",
        "raw_data_group_name": "RawData",
        "view_group_name": "Views",
        "path_param_list": [],
    }
    return {
        "filelayout_params": _json(layout),
        "filelayout_version": np.uint32(LAYOUT_VERSION),
        "file_index": np.uint64(0),
        "application_name": "lartrig",
        "record_type": "TriggerRecord",
        # Milliseconds as upstream writes them, but of the detector's clock: the wall clock would change the bytes.
        "creation_timestamp": str(begin // _TIMESTAMP_PER_MS),
        "closing_timestamp": str(end // _TIMESTAMP_PER_MS),
        "source_id_geo_id_map": _json({"map_entries": geo_ids}),
    }


def _source(stream: int) -> dict[str, Any]:
    return {"subsys": fragment.SUBSYSTEM_READOUT, "id": FIRST_SOURCE + stream}


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
