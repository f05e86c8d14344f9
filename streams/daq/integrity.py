"""What must be true of a file's headers and frames; what is not ends in one sentence: where, got, want.

>>> got, want = wibeth.empty_frames(2)[:, :2]
>>> want[0] = 4095 << 40
>>> difference(got, want)
'got seq_id 0, want 4095: 1 frame is missing (a gap)'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TIMESTAMP_PER_TICK
from streams.daq import fragment, wibeth
from streams.errors import UserError

HEADER_BYTES = fragment.FRAGMENT_HEADER.itemsize
_BASE = np.array(
    [wibeth.header_word(slot, stream_id, channel_map.CRATE) for slot, stream_id in channel_map.STREAMS],
    np.uint64,
)
_IDENTITY = ("version", "det_id", "crate_id", "slot_id", "stream_id", "reserved", "block_length")


@dataclass(frozen=True)
class Fragments:
    """The 40 fragments of a record: first timestamp, frames of each, dataset names in the order of the streams."""

    begin: int
    n_frames: int
    names: tuple[str, ...]


def check_record(where: str, record: h5py.Group) -> Fragments:
    """Check the headers of one trigger record.

    Raises
    ------
    UserError : a header, a stream or the number of frames is wrong.
    """
    raw = record.get("RawData") if isinstance(record, h5py.Group) else None
    if not isinstance(raw, h5py.Group):
        raise UserError(f"{where}: got no group RawData, want the fragments in it")
    headers = [key for key in raw if key.endswith("_TriggerRecordHeader")]
    if len(headers) != 1:
        raise UserError(f"{where}: got {len(headers)} trigger record headers, want 1")
    check_record_header(f"{where}: {headers[0]}", bytes(raw[headers[0]][()]))
    names: dict[int, str] = {}
    windows: dict[int, tuple[int, int]] = {}
    for key in sorted(key for key in raw if key.endswith("_WIBEth")):
        place = f"{where}: {key}"
        header = fragment_header(place, raw[key])
        words = np.frombuffer(raw[key][HEADER_BYTES : HEADER_BYTES + 32].tobytes(), "<u8")
        stream = stream_of(place, words)
        if stream in names:
            twice = channel_map.stream_name(stream)
            raise UserError(f"{place} holds {twice}, which {names[stream].split('/')[-1]} holds too")
        names[stream] = raw[key].name
        windows[stream] = (header["window_begin"], header["window_end"])
    check_all_streams(where, set(names))
    check_aligned(where, windows)
    begin, end = windows[0]
    ordered = tuple(names[stream] for stream in range(channel_map.N_STREAMS))
    return Fragments(begin, frame_count(where, [record.file[name] for name in ordered], begin, end), ordered)


def check_record_header(where: str, raw: bytes) -> None:
    """Refuse a trigger record header with a wrong marker or version."""
    try:
        header = fragment.parse(raw, fragment.RECORD_HEADER)
    except ValueError as error:
        raise UserError(f"{where} is cut short: {error}") from error
    if header["marker"] != fragment.RECORD_MAGIC:
        raise UserError(
            f"{where}: got the marker {header['marker']:#010x}, want {fragment.RECORD_MAGIC:#010x}"
        )
    if header["version"] != fragment.RECORD_VERSION:
        raise UserError(f"{where}: got version {header['version']}, want {fragment.RECORD_VERSION}")


def fragment_header(where: str, dataset: h5py.Dataset) -> dict[str, Any]:
    """Return the header of a fragment whose marker, versions, type and size are right."""
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1 or dataset.dtype.itemsize != 1:
        raise UserError(f"{where}: got {dataset}, want a one-dimensional dataset of bytes")
    size = int(dataset.size)
    try:
        header = fragment.parse(dataset[:HEADER_BYTES].tobytes(), fragment.FRAGMENT_HEADER)
    except ValueError as error:
        raise UserError(f"{where} is cut short: {error} of its header") from error
    if header["marker"] != fragment.FRAGMENT_MAGIC:
        raise UserError(
            f"{where}: got the marker {header['marker']:#010x}, want {fragment.FRAGMENT_MAGIC:#010x}"
        )
    wanted = {
        "version": fragment.FRAGMENT_VERSION,
        "fragment_type": fragment.FRAGMENT_WIBETH,
        "detector_id": fragment.DETECTOR_HD_TPC,
        "error_bits": 0,
    }
    for name, want in wanted.items():
        if header[name] != want:
            raise UserError(f"{where}: got {name} {header[name]}, want {want}")
    frames, rest = divmod(size - HEADER_BYTES, wibeth.FRAME_BYTES)
    if rest:
        raise UserError(
            f"{where} ends in frame {frames}: got {rest} bytes of it, want {wibeth.FRAME_BYTES}: the data are cut short"
        )
    if header["size"] != size:
        raise UserError(f"{where}: got {size} bytes, want the {header['size']} that its header says")
    if not frames:
        raise UserError(f"{where}: got no frame, want at least one")
    return header


def stream_of(where: str, words: NDArray[np.uint64]) -> int:
    """Return the number of the stream that a frame's header names."""
    got = {name: int(wibeth.get_field(words, name)) for name in _IDENTITY}
    wanted = {"version": wibeth.VERSION, "det_id": wibeth.DETECTOR_ID, "crate_id": channel_map.CRATE}
    for name, want in {**wanted, "block_length": wibeth.BLOCK_LENGTH}.items():
        if got[name] != want:
            raise UserError(f"{where}, frame 0: got {name} {got[name]}, want {want}")
    key = (got["slot_id"], got["stream_id"])
    if key not in channel_map.STREAMS:
        raise UserError(
            f"{where}, frame 0: got slot {key[0]} and stream {key[1]}, want slot 0 to 4 and stream 0 to 3 or 64 to 67"
        )
    return channel_map.STREAMS.index(key)


def check_all_streams(where: str, found: set[int]) -> None:
    """Refuse a record that lacks one of the 40 streams."""
    missing = [stream for stream in range(channel_map.N_STREAMS) if stream not in found]
    if missing:
        more = f" (and {len(missing) - 1} more)" if missing[1:] else ""
        raise UserError(
            f"{where}: got {len(found)} streams, want {channel_map.N_STREAMS}: "
            f"{channel_map.stream_name(missing[0])}{more} is missing"
        )


def check_aligned(where: str, windows: dict[int, tuple[int, int]]) -> None:
    """Refuse a record whose streams do not all have the window of stream 0."""
    for stream, window in sorted(windows.items()):
        if window != windows[0]:
            raise UserError(
                f"{where}: {channel_map.stream_name(stream)}: got the window {window}, want {windows[0]} as in "
                "stream 0: the streams are not aligned"
            )


def frame_count(where: str, datasets: list[h5py.Dataset], begin: int, end: int) -> int:
    """Return how many frames each stream has; if one has another number, say where its frames break off."""
    want, rest = divmod(end - begin, wibeth.TIMESTAMP_PER_FRAME)
    if rest or want <= 0:
        per_frame = wibeth.TIMESTAMP_PER_FRAME
        raise UserError(
            f"{where}: got a window of {end - begin} timestamp counts, want a multiple of {per_frame}"
        )
    for stream, dataset in enumerate(datasets):
        got = (int(dataset.size) - HEADER_BYTES) // wibeth.FRAME_BYTES
        if got != want:
            place = f"{where}: {channel_map.stream_name(stream)}, frame {_first_break(dataset, begin, min(got, want))}"
            what = (
                "frames are missing from here on (a gap)"
                if got < want
                else "frames are repeated from here on"
            )
            raise UserError(f"{place}: {what}: got {got} frames, want {want}")
    return want


def _first_break(dataset: h5py.Dataset, begin: int, n_frames: int) -> int:
    """Return the first frame whose timestamp does not follow the one before, else ``n_frames``."""
    for frame in range(n_frames):
        low = HEADER_BYTES + frame * wibeth.FRAME_BYTES + 8  # word 1 is the timestamp
        timestamp = int(np.frombuffer(dataset[low : low + 8].tobytes(), "<u8")[0])
        if timestamp != begin + frame * wibeth.TIMESTAMP_PER_FRAME:
            return frame
    return n_frames


def check_frames(
    where: str, frames: NDArray[np.uint64], at: int, next_seq: NDArray[np.uint64], timestamp: int
) -> None:
    """Compare words 0 and 1 of all frames with what must stand there.

    Parameters
    ----------
    where : file and record, for the message.
    frames : uint64 array, (40 streams, n, 900).
    at : number of the first of the frames in its record.
    next_seq : uint64 array, (40,), seq_id that each stream goes on with (taken mod 4096).
    timestamp : that the first of the frames must have.

    Raises
    ------
    UserError : names the stream and the frame that is wrong first.
    """
    count = np.arange(frames.shape[1], dtype=np.uint64)
    seq = (next_seq[:, None] + count) % np.uint64(wibeth.SEQ_MODULO)
    word0 = _BASE[:, None] | seq << np.uint64(wibeth.FIELDS["seq_id"][1])
    word1 = np.uint64(timestamp) + count * np.uint64(wibeth.TIMESTAMP_PER_FRAME)
    bad = (frames[:, :, 0] != word0) | (frames[:, :, 1] != word1)
    if not bad.any():
        return
    frame, stream = (int(index[0]) for index in np.nonzero(bad.T))
    want = np.array([word0[stream, frame], word1[frame]])
    got = frames[stream, frame, :2]
    place = f"{where}: {channel_map.stream_name(stream)}, frame {at + frame}"
    raise UserError(f"{place}: {difference(got, want)}")


def difference(got: NDArray[np.uint64], want: NDArray[np.uint64]) -> str:
    """Say in words how a frame's first two words differ from those that the stream needs."""
    for name in (*_IDENTITY, "seq_id", "timestamp"):
        have, need = int(wibeth.get_field(got, name)), int(wibeth.get_field(want, name))
        if have == need:
            continue
        text = f"got {name} {have}, want {need}"
        if name == "seq_id":
            behind = (need - have) % wibeth.SEQ_MODULO
            ahead = wibeth.SEQ_MODULO - behind
            few = f"{ahead} frame{'s are' if ahead > 1 else ' is'} missing (a gap)"
            return f"{text}: {'the frame before is repeated' if behind == 1 else few}"
        if name == "timestamp":
            return f"{text}: {(have - need) / TIMESTAMP_PER_TICK:+g} ticks of 512 ns"
        return text
    raise AssertionError("the words are equal")
