"""Frames of Wire-Cell's ``FrameFileSink``: a tar, packed or not, of arrays ``frame_``, ``channels_``, ``tickinfo_``
and ``chanmask_``, each named by a tag (or the kind of mask) and a number.

A frame has one row per channel; ``tickinfo`` is the time of the frame, the tick [ns] and the number of the first
tick; a mask has rows of channel, first tick and one past the last. Packed archives carry check sums, so any flipped
bit ends in an error; a plain tar has them for its headers only.

>>> unpacked(b"BZh91AY", "frames.tar.bz2")
Traceback (most recent call last):
streams.errors.UserError: frames.tar.bz2: truncated: the packed archive ends too early: fetch it again
"""

from __future__ import annotations

import bz2
import io
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.errors import ConfigError, UserError
from streams.recorded import npy

MOST_BYTES = 4 << 30  # of an unpacked archive
_PACKED: dict[bytes, Callable[[], Any]] = {
    b"BZh": bz2.BZ2Decompressor,
    b"\x1f\x8b": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS),
}
_NAME = re.compile(r"(?:.*/)?(frame|channels|tickinfo|chanmask)_(.+)_(\d+)\.npy")
_COUNTS = ("raw", "orig")  # frames of ADC counts


class Frame(NamedTuple):
    """One frame, checked: finite values, one row for each channel, a tick that can be used."""

    name: str  # tag and number
    values: NDArray[np.floating]  # (channels, ticks)
    channels: NDArray[np.int64]  # numbers of the detector that recorded it, each once
    tick_ns: int
    masks: dict[str, NDArray[np.int64]]  # by kind: (n, 3)


def is_archive(data: bytes) -> bool:
    """Return whether the bytes may be a tar, packed or not."""
    return data.startswith(tuple(_PACKED)) or data[257:262] == b"ustar"


def unpacked(data: bytes, what: str) -> bytes:
    """Return the bytes of the tar; ``what`` is how errors call the file.

    Raises
    ------
    UserError : the packing is damaged, cut off or followed by something else, or holds too much.
    """
    maker = next((make for magic, make in _PACKED.items() if data.startswith(magic)), None)
    if maker is None:
        return data
    out, rest = b"", data
    while rest:  # one packed stream after the other, as parallel packers write them
        part, rest = _stream(maker(), rest, what)
        out += part
        if len(out) > MOST_BYTES:
            raise UserError(
                f"{what}: unpacks to more than {MOST_BYTES >> 30} GB: give fewer frames in a file"
            )
    return out


def _stream(unpacker: Any, data: bytes, what: str) -> tuple[bytes, bytes]:
    """Return the bytes of one packed stream, and what follows it."""
    try:
        out = unpacker.decompress(data, MOST_BYTES + 1)
    except (OSError, zlib.error, ValueError) as error:
        raise UserError(f"{what}: damaged: {error}: fetch it again") from None
    if not unpacker.eof and len(out) <= MOST_BYTES:
        raise UserError(f"{what}: truncated: the packed archive ends too early: fetch it again")
    return out, unpacker.unused_data


def _members(data: bytes, what: str) -> dict[tuple[str, str, str], bytes]:
    """Return the arrays' bytes by kind, tag and number; other members are passed over."""
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                match = _NAME.fullmatch(member.name)
                if match is None:
                    continue
                file = archive.extractfile(member) if member.isreg() else None
                content = b"" if file is None else file.read()
                if file is None or len(content) != member.size:
                    raise UserError(f"{what}: truncated in {member.name}: fetch it again")
                kind, tag, number = match.groups()
                found[kind, tag, number] = content
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, RecursionError) as error:
        raise UserError(f"{what}: damaged archive ({error}): fetch it again") from None
    return found


def _chosen(names: list[tuple[str, str]], wanted: str, what: str) -> tuple[str, str]:
    """Return tag and number of the frame that is asked for: by tag, with its anode's number or not, or in full."""
    if not names:
        raise UserError(
            f"{what}: no frame_TAG_NUMBER.npy in the archive: give one of Wire-Cell's FrameFileSink"
        )
    fitting = [
        (tag, number) for tag, number in names if wanted in (tag, f"{tag}_{number}", tag.rstrip("0123456789"))
    ]
    if len(fitting) != 1:
        have = ", ".join(f"{tag}_{number}" for tag, number in names)
        raise UserError(
            f"{what}: {len(fitting)} frames are called {wanted!r}, there are {have}: name one as electrons.tag"
        )
    if fitting[0][0].startswith(_COUNTS):
        raise ConfigError(f"{what}: frame {fitting[0][0]} has ADC counts, want electrons: import it as .npy")
    return fitting[0]


def _whole_numbers(array: NDArray[Any], what: str) -> NDArray[np.int64]:
    """Return an array of whole numbers as int64."""
    with np.errstate(invalid="ignore"):
        wrong = ~((np.abs(array) < 2**31) & (array == np.floor(array)))
    if wrong.any():
        raise UserError(f"{what}: got {array[wrong][0]}, want whole numbers")
    return array.astype(np.int64)


def _tick_ns(info: NDArray[Any], what: str) -> int:
    if info.shape != (3,) or not np.isfinite(info).all() or not float(info[1]).is_integer():
        raise UserError(
            f"{what}: got {info.ravel()[:4].tolist()}, want time, tick and first tick, the tick in whole ns"
        )
    return int(info[1])


def _masks(arrays: dict[tuple[str, str, str], bytes], number: str, what: str) -> dict[str, NDArray[np.int64]]:
    masks = {}
    for (kind, name, of), content in arrays.items():
        if kind == "chanmask" and of == number:
            where = f"{what}: chanmask_{name}_{of}"
            rows = _whole_numbers(npy.array_of(content, where), where)
            if rows.ndim != 2 or rows.shape[1] != 3:
                raise UserError(
                    f"{where}: got the shape {rows.shape}, want rows of channel, first and last tick"
                )
            masks[name] = rows
    return masks


def read_frame(data: bytes, wanted: str, path: Path) -> Frame:
    """Return one frame of an archive.

    Parameters
    ----------
    data : the file's bytes.
    wanted : its tag (``gauss``, or ``gauss1`` with the anode), or tag and number (``gauss1_40896``).
    path : how errors call the file.

    Raises
    ------
    UserError : a damaged archive, no such frame or several, or arrays that do not fit each other.
    ConfigError : a frame that has no electrons.
    """
    what = str(path)
    arrays = _members(unpacked(data, what), what)
    tag, number = _chosen([key[1:] for key in arrays if key[0] == "frame"], wanted, what)
    parts = {}
    for kind in ("frame", "channels", "tickinfo"):
        if (kind, tag, number) not in arrays:
            raise UserError(f"{what}: {kind}_{tag}_{number}.npy is missing: fetch the archive again")
        parts[kind] = npy.array_of(arrays[kind, tag, number], f"{what}: {kind}_{tag}_{number}")
    where = f"{what}: frame_{tag}_{number}"
    channels = _whole_numbers(parts["channels"], f"{what}: channels_{tag}_{number}")
    values = parts["frame"]
    if values.ndim != 2 or 0 in values.shape or channels.shape != values.shape[:1]:
        raise UserError(
            f"{where}: got the shape {values.shape} for {channels.size} channels, want (channels, ticks)"
        )
    if len(np.unique(channels)) < len(channels):
        raise UserError(f"{what}: channels_{tag}_{number}: a channel is there twice: fetch the archive again")
    if not np.isfinite(values).all():
        row, tick = (int(i[0]) for i in np.nonzero(~np.isfinite(values)))
        raise UserError(
            f"{where}: channel {channels[row]}, tick {tick}: got {values[row, tick]}, want electrons"
        )
    tick_ns = _tick_ns(parts["tickinfo"], f"{what}: tickinfo_{tag}_{number}")
    return Frame(f"{tag}_{number}", values, channels, tick_ns, _masks(arrays, number, what))
