"""Plain arrays of ADC counts (``.npy``, ``.npz``), put onto channels of one plane.

The samples go from their own clock to that of the stream (``streams.recorded.resample``), from 12 to 14 bits by a
factor of 4, and are rounded once, at the end. What leaves the 14 bits is clipped and counted.

>>> from streams.detector import load_detector
>>> read_counts(Path("adc.npz"), b"PK..", CountsConfig(), load_detector("fd1-hd-apa"))
Traceback (most recent call last):
streams.errors.UserError: adc.npz: damaged .npz file (File is not a zip file): fetch it again
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.block import TICK_NS
from streams.detector import Detector
from streams.errors import ConfigError, UserError
from streams.recorded import npy
from streams.recorded.config import CountsConfig
from streams.recorded.resample import resampled
from streams.recorded.sample import Part, Sample

ZIP_MAGIC = b"PK"
MOST_BYTES = 4 << 30  # of an unpacked array
#: What ``zipfile`` raises on damaged files.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
_BITS = 14  # of the stream


def _unzipped(path: Path, data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file by name."""
    arrays = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.file_size > MOST_BYTES:
                    raise UserError(
                        f"{path}: {info.filename}: {info.file_size} bytes, want at most {MOST_BYTES}"
                    )
                name = info.filename.removesuffix(".npy")
                arrays[name] = npy.array_of(archive.read(info), f"{path}: {name}")
    except _DAMAGE as error:
        raise UserError(f"{path}: damaged .npz file ({error}): fetch it again") from None
    return arrays


def _chosen(path: Path, data: bytes, name: str) -> NDArray[Any]:
    """Return the array that is asked for."""
    if not data.startswith(ZIP_MAGIC):
        return npy.array_of(data, str(path))
    arrays = _unzipped(path, data)
    found = [name] if name else [key for key, array in arrays.items() if array.ndim == 2]
    if len(found) != 1 or found[0] not in arrays:
        have = ", ".join(f"{key} {array.shape}" for key, array in arrays.items()) or "none"
        wanted = f"array {name!r}" if name else f"{len(found)} arrays with two axes"
        raise UserError(f"{path}: got {wanted}, the file has {have}: name one of them as counts.array")
    return arrays[found[0]]


def _by_tick(path: Path, array: NDArray[Any], order: str) -> NDArray[Any]:
    """Return the array as (ticks, channels)."""
    if array.ndim != 2 or 0 in array.shape:
        raise UserError(
            f"{path}: got an array of shape {array.shape}, want (channels, ticks) or (ticks, channels)"
        )
    if not order and array.shape[0] == array.shape[1]:
        raise ConfigError(f"{path}: got {array.shape}, which axis is time? say it as counts.order")
    ticks_first = array.shape[0] > array.shape[1] if not order else order == "ticks channels"
    return array if ticks_first else array.T


def _whole(path: Path, array: NDArray[Any], bits: int) -> NDArray[np.float32]:
    """Return counts (ticks, channels) as exact float32; refuse what no ADC of ``bits`` gives."""
    top = 2**bits - 1
    with np.errstate(invalid="ignore"):
        wrong = ~((array >= 0) & (array <= top) & (array == np.floor(array)))
    if wrong.any():
        tick, channel = (int(i[0]) for i in np.nonzero(wrong))
        raise UserError(
            f"{path}: channel {channel}, sample {tick}: got {array[tick, channel]}, want whole ADC counts of 0 to "
            f"{top} ({bits} bits): give counts.bits, or the raw counts"
        )
    return array.astype(np.float32)


def _channels(path: Path, config: CountsConfig, got: int, detector: Detector) -> NDArray[np.int64]:
    """Return which channel of the array each channel of the plane shows, -1: none."""
    plane = detector.planes[config.plane].channels
    if config.first_channel + got > plane:
        raise UserError(
            f"{path}: got {got} channels from channel {config.first_channel} on, plane {config.plane} has {plane}:"
            " choose another plane or counts.first_channel, or give fewer"
        )
    source = np.full(plane, -1)
    place = np.arange(config.first_channel, plane if config.fill == "repeat" else config.first_channel + got)
    source[place] = (place - config.first_channel) % got
    return source


def read_counts(path: Path, data: bytes, config: CountsConfig, detector: Detector) -> Sample:
    """Return what the bytes of a file of counts give to the stream; errors name ``path``.

    Raises
    ------
    UserError : a file that cannot be read, another format, or values that are no ADC counts.
    ConfigError : it does not say which axis is time.
    """
    array = _by_tick(path, _chosen(path, data, config.array), config.order)
    samples, given = _whole(path, array, config.bits), array.shape
    source = _channels(path, config, given[1], detector)
    if config.ticks == "resample":
        samples = resampled(samples, config.tick_ns, TICK_NS)
    if config.bits < _BITS and config.scale == "full":
        samples = samples * np.float32(2 ** (_BITS - config.bits))
    counts = np.rint(samples)
    clipped = int(((counts < 0) | (counts > 2**_BITS - 1)).sum())
    counts = np.clip(counts, 0, 2**_BITS - 1).astype(np.uint16)
    part = Part(counts=np.ascontiguousarray(counts[:, np.maximum(source, 0)]), taken=source >= 0)
    told = {
        "read": f"{given[1]} channels, {given[0]} samples of {config.tick_ns} ns, {config.bits} bits",
        "put on": f"plane {config.plane}, {int((source >= 0).sum())} channels from {config.first_channel} on",
        "ticks of 512 ns": f"{len(counts)}, {'resampled' if _changed(config) else 'the samples as they are'}",
        "clipped": f"{clipped} samples",
    }
    return Sample(len(counts), {config.plane: part}, told)


def _changed(config: CountsConfig) -> bool:
    return config.ticks == "resample" and config.tick_ns != TICK_NS
