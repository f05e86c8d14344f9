"""Headers of a DUNE-DAQ trigger record: fragment (v5), trigger record (v4), component request (v2), source id (v2).

Sources: DUNE-DAQ/daqdataformats docs FragmentHeaderV5.md (72 bytes), TriggerRecordHeaderDataV4.md (64 bytes; its
trigger type has 64 bits since v4), ComponentRequestV2.md (32 bytes), SourceIDV2.md (8 bytes); all little-endian.
Windows are half open: ``end`` is the timestamp after the last sample.

>>> span = Span(number=1, begin=1000, end=1000 + 4 * 2048, run_number=7)
>>> header = fragment_header(span, source_id=100, payload_bytes=4 * 7200)
>>> len(header), header[:4].hex()
(72, '22221111')
>>> parse(header, FRAGMENT_HEADER)["size"]
28872
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

FRAGMENT_MAGIC = 0x11112222
RECORD_MAGIC = 0x33334444
FRAGMENT_VERSION = 5
RECORD_VERSION = 4
SUBSYSTEM_READOUT = 1  # kDetectorReadout (daqdataformats SourceID.hpp)
SUBSYSTEM_BUILDER = 4  # kTRBuilder
FRAGMENT_WIBETH = 12  # kWIBEth (daqdataformats FragmentHeader.hpp)
DETECTOR_HD_TPC = 3  # kHD_TPC (detdataformats DetID.hpp)
TRIGGER_RANDOM = (
    1 << 4
)  # bit of kRandom: no trigger opened the window (trgdataformats TriggerCandidateData.hpp)
_UNUSED = 0xFFFFFFFF

SOURCE_ID = np.dtype([("version", "<u2"), ("subsystem", "<u2"), ("id", "<u4")])
FRAGMENT_HEADER = np.dtype(
    [
        ("marker", "<u4"),
        ("version", "<u4"),
        ("size", "<u8"),  # bytes, header included
        ("trigger_number", "<u8"),
        ("trigger_timestamp", "<u8"),
        ("window_begin", "<u8"),
        ("window_end", "<u8"),
        ("run_number", "<u4"),
        ("error_bits", "<u4"),
        ("fragment_type", "<u4"),
        ("sequence_number", "<u2"),
        ("detector_id", "<u2"),
        ("element_id", SOURCE_ID),
    ]
)
RECORD_HEADER = np.dtype(
    [
        ("marker", "<u4"),
        ("version", "<u4"),
        ("trigger_number", "<u8"),
        ("trigger_timestamp", "<u8"),
        ("components", "<u8"),
        ("run_number", "<u4"),
        ("error_bits", "<u4"),
        ("trigger_type", "<u8"),
        ("sequence_number", "<u2"),
        ("max_sequence_number", "<u2"),
        ("unused", "<u4"),
        ("element_id", SOURCE_ID),
    ]
)
COMPONENT = np.dtype(
    [
        ("version", "<u4"),
        ("unused", "<u4"),
        ("component", SOURCE_ID),
        ("window_begin", "<u8"),
        ("window_end", "<u8"),
    ]
)


@dataclass(frozen=True)
class Span:
    """One trigger record: its number, its half-open window [62.5 MHz timestamps], its run."""

    number: int
    begin: int
    end: int
    run_number: int


def fragment_header(span: Span, source_id: int, payload_bytes: int) -> bytes:
    """Return the 72-byte header of a WIBEth fragment."""
    header = np.zeros((), FRAGMENT_HEADER)
    header["marker"], header["version"] = FRAGMENT_MAGIC, FRAGMENT_VERSION
    header["size"] = FRAGMENT_HEADER.itemsize + payload_bytes
    header["trigger_number"], header["trigger_timestamp"] = span.number, span.begin
    header["window_begin"], header["window_end"] = span.begin, span.end
    header["run_number"], header["fragment_type"] = span.run_number, FRAGMENT_WIBETH
    header["detector_id"] = DETECTOR_HD_TPC
    header["element_id"] = (2, SUBSYSTEM_READOUT, source_id)
    return header.tobytes()


def record_header(span: Span, source_ids: list[int]) -> bytes:
    """Return a trigger record header (64 bytes) and one 32-byte component request for each source."""
    header = np.zeros((), RECORD_HEADER)
    header["marker"], header["version"] = RECORD_MAGIC, RECORD_VERSION
    header["trigger_number"], header["trigger_timestamp"] = span.number, span.begin
    header["components"], header["run_number"] = len(source_ids), span.run_number
    header["trigger_type"], header["unused"] = TRIGGER_RANDOM, _UNUSED
    header["element_id"] = (2, SUBSYSTEM_BUILDER, 0)
    requests = np.zeros(len(source_ids), COMPONENT)
    requests["version"], requests["unused"] = 2, _UNUSED
    requests["component"]["version"], requests["component"]["subsystem"] = 2, SUBSYSTEM_READOUT
    requests["component"]["id"] = source_ids
    requests["window_begin"], requests["window_end"] = span.begin, span.end
    return header.tobytes() + requests.tobytes()


def parse(raw: bytes, kind: np.dtype[Any]) -> dict[str, Any]:
    """Return the fields of a header as plain integers (a source id as a tuple).

    Raises
    ------
    ValueError : fewer bytes than the header has.
    """
    if len(raw) < kind.itemsize:
        raise ValueError(f"got {len(raw)} bytes, want at least {kind.itemsize}")
    record = np.frombuffer(raw, kind, count=1)[0]
    return {name: record[name].item() for name in kind.names or ()}
