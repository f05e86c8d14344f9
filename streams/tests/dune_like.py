"""Files as DUNE's own writer makes them, for tests: written with h5py alone, nothing of ``streams.files.writer``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.daq import fragment, spans
from streams.daq.frames import frames_of
from streams.tests.made_up import blocks


@dataclass(frozen=True)
class Piece:
    """One record: frames [first, first + count) of the made-up stream, asked for by a window of its own."""

    number: int
    first: int
    count: int
    sequence: int = 0
    shift: int = (
        0  # the window asked for begins so many counts after the first frame, and ends before the last one's
    )
    crates: tuple[int, ...] = (1,)
    silent: tuple[int, ...] = ()  # streams that sent nothing: a header of 72 bytes, DataNotFound
    absent: tuple[int, ...] = ()  # streams without a fragment
    late: Mapping[int, int] = field(default_factory=dict)  # stream: frames that it lacks at its begin
    others: Mapping[str, bytes] = field(default_factory=dict)  # other fragments by name


def made(count: int, crate: int = 1) -> tuple[NDArray[np.uint16], NDArray[np.uint64]]:
    """Return samples (count, 163840) and frames (40, count, 900) of the made-up stream."""
    chunk = list(islice(blocks(seed=crate), count))
    rows = np.empty((count, spans.SAMPLES_PER_BLOCK), np.uint16)
    for row, block in zip(rows, chunk, strict=True):
        for name, plane in spans.planes_of(row).items():
            plane[:] = block.adc if name == "X" else block.induction[name]
    return rows, frames_of(chunk, spans.places(channel_map.offline_channels(crate)), crate)


def geo_map(crates: Sequence[int]) -> str:
    entries = [
        {"subsys": 1, "id": source_of(crate, n), "geoids": [stream << 48 | slot << 32 | crate << 16 | 3]}
        for crate in crates
        for n, (slot, stream) in enumerate(channel_map.STREAMS)
    ]
    return json.dumps({"map_entries": entries})


def source_of(crate: int, stream: int) -> int:
    return 1000 * crate + stream


def write_dune(
    path: Path, pieces: Sequence[Piece], run: int = 27409, index: int = 0, geo: bool = True, **dataset: Any
) -> Path:
    """Write records; ``dataset`` goes to h5py (compression, chunks ...)."""
    crates = sorted({crate for piece in pieces for crate in piece.crates})
    total = max(piece.first + piece.count for piece in pieces)
    frames = {crate: made(total, crate)[1] for crate in crates}
    with h5py.File(path, "w") as file:
        for piece in pieces:
            _record(file, piece, frames, run, dataset)
        file.attrs["run_number"] = np.uint32(run)
        file.attrs["file_index"] = np.uint64(index)
        file.attrs["application_name"] = "df-01"
        file.attrs["creation_timestamp"] = "1718000000000"
        file.attrs["closing_timestamp"] = "1718000001000"
        file.attrs["filelayout_version"] = np.uint32(4)
        if geo:
            file.attrs["source_id_geo_id_map"] = geo_map(crates)
    return path


def _record(
    file: h5py.File, piece: Piece, frames: dict[int, NDArray[np.uint64]], run: int, dataset: dict[str, Any]
) -> None:
    raw = file.create_group(f"TriggerRecord{piece.number:06d}.{piece.sequence:04d}/RawData")
    begin = int(frames[piece.crates[0]][0, piece.first, 1])
    span = fragment.Span(
        piece.number,
        begin + piece.shift,
        begin + 2048 * piece.count - (2048 - piece.shift if piece.shift else 0),
        run,
    )

    def put(name: str, data: bytes) -> None:  # (bytes, 1), as hdf5libs does
        raw.create_dataset(name, data=np.frombuffer(data, np.int8)[:, None], **dataset)

    sources = [source_of(crate, n) for crate in piece.crates for n in range(40)]
    put("TR_Builder_0x00000000_TriggerRecordHeader", fragment.record_header(span, sources))
    for crate in piece.crates:
        for n in range(40):
            if n in piece.absent:
                continue
            part = frames[crate][n, piece.first + piece.late.get(n, 0) : piece.first + piece.count]
            payload = b"" if n in piece.silent else part.tobytes()
            head = bytearray(fragment.fragment_header(span, source_of(crate, n), len(payload)))
            head[52] = 1 if n in piece.silent else 0
            head[60:62] = piece.sequence.to_bytes(2, "little")
            put(f"Detector_Readout_0x{source_of(crate, n):08x}_WIBEth", bytes(head) + payload)
    for name, data in piece.others.items():
        put(name, data)
