"""Read one record of a DUNE-DAQ file (a trigger record or a time slice): its fragments and what their headers say.

Only headers are read, and the first words of the first frames. A header that is not as it must be is a sentence in
``Findings``, not an end: the frames behind it may still be good, and they are checked one by one when they are read.
Names are ``Subsystem_0x%08x_Kind`` (DUNE-DAQ/daqdataformats SourceID.hpp, Fragment.hpp); datasets are bytes, of one
dimension here and (n, 1) in files of DUNE's own writer (DUNE-DAQ/hdf5libs HDF5RawDataFile.cpp, ``do_write``).

>>> source_and_kind("Trigger_0x00000002_Trigger_Primitive")
(('Trigger', 2), 'Trigger_Primitive')
>>> record_number("TriggerRecord000012.0003"), record_number("TimeSlice000007"), record_number("Truth")
((12, 3), (7, 0), None)
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streams.channel_map import N_STREAMS
from streams.daq import fragment, wibeth
from streams.files.hdf5 import Extent

if TYPE_CHECKING:
    import h5py

Source = tuple[str, int]  # subsystem and id: what DUNE calls a source id
HEADER_BYTES = fragment.FRAGMENT_HEADER.itemsize
HEADERS = ("TriggerRecordHeader", "TimeSliceHeader")
KEPT_FINDINGS = 100  # sentences that are kept; the rest is counted
_RECORD = re.compile(r"(?:TriggerRecord|TimeSlice)(\d+)(?:\.(\d+))?")
_DATASET = re.compile(r"(.+)_0x([0-9a-fA-F]{1,8})_(.+)")
_VOTERS = 3  # frames whose first word is read to find out which stream a fragment holds
_HEAD_BYTES = HEADER_BYTES + 16  # a fragment's header, words 0 and 1 of its first frame
_HEADER = struct.Struct("<IIQQQQQIIIHH")  # FRAGMENT_HEADER without its source id
_FIELDS = (fragment.FRAGMENT_HEADER.names or ())[:-1]
_WORDS = struct.Struct("<QQ")
_ERROR_BITS = (
    "DataNotFound",
    "Incomplete",
    "InvalidWindow",
)  # bits 0 to 2 (daqdataformats FragmentHeader.hpp)


@dataclass
class Findings:
    """Sentences on what is wrong: the first ones, and how many there are."""

    sentences: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, sentence: str) -> None:
        """Keep a sentence, or count it if there are many."""
        self.count += 1
        if len(self.sentences) < KEPT_FINDINGS:
            self.sentences.append(sentence)


@dataclass(frozen=True)
class Fragment:
    """A fragment of WIBEth frames.

    Attributes
    ----------
    name : of its dataset.
    source : subsystem and id.
    extent : where its bytes are, header included.
    header : fields of its header by name; empty if it is cut short.
    first : timestamp of the first frame, None if there is none.
    words : word 0 of its first frames.
    """

    name: str
    source: Source
    extent: Extent
    header: dict[str, Any]
    first: int | None
    words: tuple[int, ...]

    @property
    def frames(self) -> int:
        """Frames that its size has room for, the last one perhaps in part."""
        return -(-max(self.extent.size - HEADER_BYTES, 0) // wibeth.FRAME_BYTES)


@dataclass
class Record:
    """A record: its group's name, its fragments of frames, and count and bytes of the others by kind."""

    name: str
    fragments: list[Fragment] = field(default_factory=list)
    others: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 0  # bytes of all its datasets


def record_number(name: str) -> tuple[int, int] | None:
    """Return number and sequence number of a record's group, None for another group."""
    found = _RECORD.fullmatch(name)
    return (int(found[1]), int(found[2] or 0)) if found else None


def source_and_kind(name: str) -> tuple[Source, str]:
    """Return the source and the kind of fragment that a dataset's name says; another name is a kind of its own."""
    found = _DATASET.fullmatch(name)
    return ((found[1], int(found[2], 16)), found[3]) if found else (("", 0), name)


class Reader:
    """Reads the records of one open file: bytes that are in one piece past HDF5, which is faster."""

    def __init__(self, where: str, file: h5py.File, descriptor: int, findings: Findings) -> None:
        self.where, self.file, self.descriptor, self.findings = where, file, descriptor, findings
        self.voters = 1 if "source_id_geo_id_map" in file.attrs else _VOTERS
        self.through_hdf5 = bool(file.userblock_size)  # offsets would not count from the start of the file

    def record(self, name: str) -> Record:
        """Read one record; what is wrong goes to the findings."""
        import h5py

        found = Record(name)
        where = f"{self.where}: {name}"
        group = self.file.get(name)
        raw = group.get("RawData") if isinstance(group, h5py.Group) else None
        if not isinstance(raw, h5py.Group):
            self.findings.add(f"{where}: got no group RawData, want the fragments in it")
            return found
        headers = 0
        for key in raw:
            kind = source_and_kind(key)[1]
            extent = self._extent(raw, key)
            found.size += extent.size if extent else 0
            if kind == "WIBEth":
                found.fragments += self._fragment(f"{where}: {key}", raw, key, extent)
            elif kind in HEADERS:
                headers += 1
                self._check_record_header(f"{where}: {key}", kind, raw, key, extent)
            else:
                count, size = found.others.get(kind, (0, 0))
                found.others[kind] = count + 1, size + (extent.size if extent else 0)
        if headers != 1:
            self.findings.add(f"{where}: got {headers} trigger record headers, want 1")
        return found

    def frame_checks(self, name: str) -> Extent:
        """Return where the frame checks of a record are, uint64 (40, n); 0 bytes if it has none."""
        import h5py

        found = self.file.get(f"FrameChecks/{name}")
        if not isinstance(found, h5py.Dataset):
            return Extent(-1, 0)
        if found.dtype != "<u8" or found.ndim != 2 or found.shape[0] != N_STREAMS:
            self.findings.add(
                f"{self.where}: /FrameChecks/{name}: got {found}, want uint64 ({N_STREAMS}, frames)"
            )
            return Extent(-1, 0)
        offset = None if self.through_hdf5 else found.id.get_offset()
        return Extent(-1 if offset is None else int(offset), int(found.nbytes))

    def _extent(self, raw: h5py.Group, key: str) -> Extent | None:
        """Return where a dataset of bytes is; None if it is something else."""
        import h5py

        try:
            low = h5py.h5d.open(raw.id, key.encode())
        except TypeError:  # a group
            return None
        shape = low.shape
        flat = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
        if not flat or low.get_type().get_size() != 1:
            return None
        offset = None if self.through_hdf5 else low.get_offset()
        return Extent(-1 if offset is None else int(offset), int(shape[0]))

    def _bytes(self, raw: h5py.Group, key: str, extent: Extent, low: int, count: int) -> bytes:
        if extent.offset >= 0:
            return os.pread(self.descriptor, max(min(count, extent.size - low), 0), extent.offset + low)
        part: bytes = raw[key][low : low + count].tobytes()
        return part

    def _fragment(self, where: str, raw: h5py.Group, key: str, extent: Extent | None) -> list[Fragment]:
        if extent is None:
            self.findings.add(f"{where}: got {raw[key]}, want a one-dimensional dataset of bytes")
            return []
        head = self._bytes(raw, key, extent, 0, _HEAD_BYTES)
        header: dict[str, Any] = {}
        if len(head) < HEADER_BYTES:
            self.findings.add(
                f"{where} is cut short: got {len(head)} bytes, want at least {HEADER_BYTES} of its header"
            )
        else:
            header = dict(zip(_FIELDS, _HEADER.unpack_from(head), strict=True))
            for sentence in fragment_faults(header, extent.size):
                self.findings.add(f"{where}{sentence}")
        first = None
        words: list[int] = []
        if len(head) == _HEAD_BYTES:
            word0, first = _WORDS.unpack_from(head, HEADER_BYTES)
            words.append(word0)
        for frame in range(1, self.voters):
            word = self._bytes(raw, key, extent, HEADER_BYTES + frame * wibeth.FRAME_BYTES, 8)
            words += [int.from_bytes(word, "little")] if len(word) == 8 else []
        return [Fragment(key, source_and_kind(key)[0], extent, header, first, tuple(words))]

    def _check_record_header(
        self, where: str, kind: str, raw: h5py.Group, key: str, extent: Extent | None
    ) -> None:
        """Look at marker and version of a record's header."""
        head = self._bytes(raw, key, extent, 0, 8) if extent else b""
        if len(head) < 8:
            self.findings.add(f"{where} is cut short: got {len(head)} bytes, want at least 8")
            return
        got, version = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:], "little")
        want, wanted = _RECORD_HEADERS[kind]
        if got != want:
            self.findings.add(f"{where}: got the marker {got:#010x}, want {want:#010x}")
        elif version not in wanted:
            self.findings.add(f"{where}: got version {version}, want {' or '.join(map(str, wanted))}")


#: marker and versions of the headers of records
_RECORD_HEADERS = {
    "TriggerRecordHeader": (fragment.RECORD_MAGIC, fragment.RECORD_VERSIONS),
    "TimeSliceHeader": (fragment.SLICE_MAGIC, (fragment.SLICE_VERSION,)),
}


_WANTED = (("fragment_type", fragment.FRAGMENT_WIBETH), ("detector_id", fragment.DETECTOR_HD_TPC))


def fragment_faults(header: dict[str, Any], size: int) -> Iterator[str]:
    """Yield what is wrong with a fragment of WIBEth frames of ``size`` bytes, as far as its header tells."""
    if header["marker"] != fragment.FRAGMENT_MAGIC:
        yield f": got the marker {header['marker']:#010x}, want {fragment.FRAGMENT_MAGIC:#010x}"
        return
    if header["version"] not in fragment.FRAGMENT_VERSIONS:
        yield f": got version {header['version']}, want {' or '.join(map(str, fragment.FRAGMENT_VERSIONS))}"
    for name, want in _WANTED:
        if header[name] != want:
            yield f": got {name} {header[name]}, want {want}"
    if header["error_bits"]:
        bits = [word for bit, word in enumerate(_ERROR_BITS) if header["error_bits"] >> bit & 1]
        yield f": got error_bits {header['error_bits']}, want 0{f' ({chr(44).join(bits)})' if bits else ''}"
    frames, rest = divmod(size - HEADER_BYTES, wibeth.FRAME_BYTES)
    if rest:
        yield (
            f" ends in frame {frames}: got {rest} bytes of it, want {wibeth.FRAME_BYTES}: the data are cut short"
        )
    elif header["size"] != size:
        yield f": got {size} bytes, want the {header['size']} that its header says"
    elif not frames:
        yield ": got no frame, want at least one"
