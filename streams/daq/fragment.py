"""Headers of DUNE-DAQ's records: fragment (v5, v6), trigger record (v3, v4, v5), time slice (v2), their parts.

Source: DUNE-DAQ/daqdataformats @3f617d5c FragmentHeader.hpp (72 bytes), TriggerRecordHeaderData.hpp (64 bytes; trigger
type of 64 bits since v4), TimeSliceHeader.hpp (32 bytes), ComponentRequest.hpp (32 bytes), SourceID.hpp (8 bytes);
docs/TriggerRecordHeaderDataV3.md (56 bytes, trigger type of 16 bits); docs/FragmentHeaderV6.md and
TriggerRecordHeaderDataV5.md @4c67519c (the error bits are called status bits there, no byte has moved). All integers
are little-endian. Windows are half open: ``end`` is the timestamp after the last sample. ``streams.daq.headers`` reads
them with all checks.

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
SLICE_MAGIC = 0x55556666
FRAGMENT_VERSION = 5  # written
RECORD_VERSION = 4
SLICE_VERSION = 2
FRAGMENT_VERSIONS = (5, 6)  # read
RECORD_VERSIONS = (3, 4, 5)
SOURCE_VERSION = REQUEST_VERSION = 2
SUBSYSTEM_READOUT = 1  # kDetectorReadout (daqdataformats SourceID.hpp)
SUBSYSTEM_TRIGGER = 3  # kTrigger
SUBSYSTEM_BUILDER = 4  # kTRBuilder
FRAGMENT_TPS = 6  # kTriggerPrimitive (daqdataformats FragmentHeader.hpp)
FRAGMENT_TAS = 7  # kTriggerActivity
FRAGMENT_TCS = 8  # kTriggerCandidate
FRAGMENT_WIBETH = 12  # kWIBEth
DETECTOR_HD_TPC = 3  # kHD_TPC (detdataformats DetID.hpp)
TRIGGER_RANDOM = (
    1 << 4
)  # bit of kRandom: no trigger opened the window (trgdataformats TriggerCandidateData.hpp)
_OLD_RANDOM = 4  # kRandom as a number: before version 4 the trigger type is one, not a set of bits
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
#: The trigger record header before version 4: the trigger type has 16 bits.
OLD_RECORD_HEADER = np.dtype(
    [
        ("marker", "<u4"),
        ("version", "<u4"),
        ("trigger_number", "<u8"),
        ("trigger_timestamp", "<u8"),
        ("components", "<u8"),
        ("run_number", "<u4"),
        ("error_bits", "<u4"),
        ("trigger_type", "<u2"),
        ("sequence_number", "<u2"),
        ("max_sequence_number", "<u2"),
        ("unused", "<u2"),
        ("element_id", SOURCE_ID),
    ]
)
SLICE_HEADER = np.dtype(
    [
        ("marker", "<u4"),
        ("version", "<u4"),
        ("number", "<u8"),
        ("run_number", "<u4"),
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
    """A trigger record or time slice: its number, its half-open window [62.5 MHz timestamps], its run."""

    number: int
    begin: int
    end: int
    run_number: int


def fragment_header(
    span: Span,
    source_id: int,
    payload_bytes: int,
    kind: int = FRAGMENT_WIBETH,
    subsystem: int = SUBSYSTEM_READOUT,
) -> bytes:
    """Return the 72-byte header of a fragment of a horizontal-drift TPC."""
    header = np.zeros((), FRAGMENT_HEADER)
    header["marker"], header["version"] = FRAGMENT_MAGIC, FRAGMENT_VERSION
    header["size"] = FRAGMENT_HEADER.itemsize + payload_bytes
    header["trigger_number"], header["trigger_timestamp"] = span.number, span.begin
    header["window_begin"], header["window_end"] = span.begin, span.end
    header["run_number"], header["fragment_type"] = span.run_number, kind
    header["detector_id"] = DETECTOR_HD_TPC
    header["element_id"] = (SOURCE_VERSION, subsystem, source_id)
    return header.tobytes()


def record_header(
    span: Span, source_ids: list[int], subsystem: int = SUBSYSTEM_READOUT, version: int = RECORD_VERSION
) -> bytes:
    """Return a trigger record header (64 bytes; 56 in version 3) and a 32-byte component request for each source."""
    kind = RECORD_HEADER if version >= RECORD_VERSION else OLD_RECORD_HEADER
    header = np.zeros((), kind)
    header["marker"], header["version"] = RECORD_MAGIC, version
    header["trigger_number"], header["trigger_timestamp"] = span.number, span.begin
    header["components"], header["run_number"] = len(source_ids), span.run_number
    header["trigger_type"] = TRIGGER_RANDOM if version >= RECORD_VERSION else _OLD_RANDOM
    header["unused"] = np.iinfo(kind["unused"]).max
    header["element_id"] = (SOURCE_VERSION, SUBSYSTEM_BUILDER, 0)
    requests = np.zeros(len(source_ids), COMPONENT)
    requests["version"], requests["unused"] = REQUEST_VERSION, _UNUSED
    requests["component"]["version"], requests["component"]["subsystem"] = SOURCE_VERSION, subsystem
    requests["component"]["id"] = source_ids
    requests["window_begin"], requests["window_end"] = span.begin, span.end
    return header.tobytes() + requests.tobytes()


def slice_header(span: Span) -> bytes:
    """Return a time slice header (32 bytes); it has no window: that is in the fragments.

    >>> slice_header(Span(number=3, begin=0, end=2048, run_number=7)).hex(" ", 8)
    '6666555502000000 0300000000000000 07000000ffffffff 0200040000000000'
    """
    header = np.zeros((), SLICE_HEADER)
    header["marker"], header["version"] = SLICE_MAGIC, SLICE_VERSION
    header["number"], header["run_number"], header["unused"] = span.number, span.run_number, _UNUSED
    header["element_id"] = (SOURCE_VERSION, SUBSYSTEM_BUILDER, 0)
    return header.tobytes()


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
