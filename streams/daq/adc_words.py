"""The samples of WIBEth frames: 14-bit counts, packed into the words of many frames at once.

>>> from streams.daq.wibeth import empty_frames
>>> adc = np.zeros((1, 64, 64), np.uint16)
>>> adc[0, 0, :3] = 0x3FFF, 1, 0x2000
>>> frames = empty_frames(1)
>>> pack(adc, frames)
>>> hex(int(frames[0, 4])), bool((unpack(frames) == adc).all())
('0x20000007fff', True)
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.daq import kernels
from streams.daq.wibeth import ADC_MAX, CHANNELS, FRAME_WORDS, SAMPLES

BEYOND_CACHES = 32_000_000  # bytes: what no cache keeps is written past them, as memcpy does


def pack(adc: NDArray[np.uint16], frames: NDArray[np.uint64]) -> None:
    """Write the samples into the frames; headers stay as they are.

    Parameters
    ----------
    adc : uint16 array, (n, 64 samples, 64 channels), ADC counts of at most 14 bits.
    frames : uint64 array, (n, 900).

    Raises
    ------
    ValueError : a shape that does not fit, or a count of more than 14 bits.
    """
    if adc.shape != (len(frames), SAMPLES, CHANNELS) or frames.shape[1:] != (FRAME_WORDS,):
        raise ValueError(
            f"WIBEth pack: got samples {adc.shape} for frames {frames.shape}, want (n, 64, 64) and (n, 900)"
        )
    if frames.dtype != np.uint64 or not frames.flags.c_contiguous:
        raise ValueError(f"WIBEth pack: got frames of {frames.dtype}, want uint64 in one piece")
    if _pack(_read_only(adc, np.uint16), frames) > ADC_MAX:
        frame, sample, channel = (int(i[0]) for i in np.nonzero(adc > ADC_MAX))
        raise ValueError(
            f"WIBEth pack: frame {frame}, sample {sample}, channel {channel}: "
            f"got {int(adc[frame, sample, channel])} ADC counts, 14 bits hold at most {ADC_MAX}"
        )


def unpack(frames: NDArray[np.uint64], out: NDArray[np.uint16] | None = None) -> NDArray[np.uint16]:
    """Return the samples of the frames: uint16 array, (n, 64 samples, 64 channels), from (n, 900) words.

    A new array costs more time than the samples in it: ``out``, of that shape, is filled instead if it is given.
    """
    if frames.ndim != 2 or frames.shape[1] != FRAME_WORDS:
        raise ValueError(f"WIBEth unpack: got frames {frames.shape}, want (n, 900) words of 64 bits")
    shape = (len(frames), SAMPLES, CHANNELS)
    adc = np.empty(shape, np.uint16) if out is None else out
    if adc.shape != shape or adc.dtype != np.uint16 or not adc.flags.c_contiguous:
        raise ValueError(
            f"WIBEth unpack: got {adc.dtype} {adc.shape} to fill, want uint16 {shape} in one piece"
        )
    _unpack(_read_only(frames, np.uint64), adc)
    return adc


def _read_only(array: NDArray[Any], kind: type) -> NDArray[np.uint8]:
    """Return the bytes of an array in one piece, at any address: one kind of argument for the machine code."""
    raw = np.ascontiguousarray(array, kind).reshape(-1).view(np.uint8)
    raw.flags.writeable = False
    return raw


def pack_columns(samples: NDArray[np.uint16], columns: NDArray[np.int16], frames: NDArray[np.uint64]) -> None:
    """Write samples in the order of channels into the frames of many streams; headers stay as they are.

    Parameters
    ----------
    samples : uint16 array, (n, 64 samples, channels), ADC counts of at most 14 bits.
    columns : int16 array, (streams, 64): which channel each stream's channels read.
    frames : uint64 array, (streams, n, 900).

    Raises
    ------
    ValueError : shapes that do not fit, a column out of range, or a count of more than 14 bits.
    """
    _check_columns(samples, columns, frames)
    if int(columns.min()) < 0:
        raise ValueError(
            f"WIBEth pack: got column {int(columns.min())}, want every channel of a stream filled"
        )
    if samples.size and int(samples.max()) > ADC_MAX:
        raise ValueError(f"WIBEth pack: got {int(samples.max())} ADC counts, 14 bits hold at most {ADC_MAX}")
    _pack_columns(samples, columns, frames)


def unpack_columns(
    frames: NDArray[np.uint64], columns: NDArray[np.int16], n_channels: int
) -> NDArray[np.uint16]:
    """Return the samples of many streams in the order of channels: uint16 array, (n, 64 samples, n_channels).

    Parameters
    ----------
    frames : uint64 array, (streams, n, 900).
    columns : int16 array, (streams, 64): where each stream's channels go, -1 for nowhere. Channels that no
        stream has are left as they come: the caller names all of them.
    n_channels : channels of the result.
    """
    samples = np.empty((frames.shape[1], SAMPLES, n_channels), np.uint16)
    _check_columns(samples, columns, frames)
    _unpack_columns(frames, columns, samples)
    return samples


def _check_columns(
    samples: NDArray[np.uint16], columns: NDArray[np.int16], frames: NDArray[np.uint64]
) -> None:
    n = samples.shape[0]
    wanted = ((n, SAMPLES, samples.shape[2]), (len(columns), CHANNELS), (len(columns), n, FRAME_WORDS))
    if (samples.shape, columns.shape, frames.shape) != wanted:
        raise ValueError(f"WIBEth columns: got {(samples.shape, columns.shape, frames.shape)}, want {wanted}")
    if int(columns.max()) >= samples.shape[2]:
        raise ValueError(f"WIBEth columns: got column {int(columns.max())} of {samples.shape[2]} channels")


# 32 channels are 7 words. Their 448 bits are taken as 8 groups of 56 bits (4 channels, 7 bytes); group k
# begins 8k bits before word k does: it has the top 8k bits of word k-1 and the low 56-8k bits of word k.


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _pack_row(row: NDArray[np.uint16], words: NDArray[np.uint64], groups: NDArray[np.uint64]) -> None:
    for half in range(2):
        for k in range(8):
            c = 32 * half + 4 * k
            groups[k] = (
                np.uint64(row[c])
                | np.uint64(row[c + 1]) << np.uint64(14)
                | np.uint64(row[c + 2]) << np.uint64(28)
                | np.uint64(row[c + 3]) << np.uint64(42)
            )
        for k in range(7):
            words[7 * half + k] = groups[k] >> np.uint64(8 * k) | groups[k + 1] << np.uint64(56 - 8 * k)


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _unpack_row(words: NDArray[np.uint64], row: NDArray[np.uint16], groups: NDArray[np.uint64]) -> None:
    mask = np.uint64(ADC_MAX)
    for half in range(2):
        w = 7 * half
        groups[0] = words[w]
        for k in range(1, 7):
            groups[k] = words[w + k - 1] >> np.uint64(64 - 8 * k) | words[w + k] << np.uint64(8 * k)
        groups[7] = words[w + 6] >> np.uint64(8)
        for k in range(8):
            c = 32 * half + 4 * k
            row[c] = groups[k] & mask
            row[c + 1] = groups[k] >> np.uint64(14) & mask
            row[c + 2] = groups[k] >> np.uint64(28) & mask
            row[c + 3] = groups[k] >> np.uint64(42) & mask


@compiled
def _pack(adc: NDArray[np.uint8], frames: NDArray[np.uint64]) -> np.uint16:
    seen = np.uint16(0)
    source, to = np.int64(adc.ctypes.data), np.int64(frames.ctypes.data)
    past = 7200 * len(frames) > BEYOND_CACHES and to % 16 == 0
    for f in range(frames.shape[0]):
        if past:
            seen |= kernels.pack_frame_past(source + 8192 * f, to + 7200 * f)
        else:
            seen |= kernels.pack_frame(source + 8192 * f, to + 7200 * f)
    return seen


@compiled
def _unpack(frames: NDArray[np.uint8], adc: NDArray[np.uint16]) -> None:
    source, to = np.int64(frames.ctypes.data), np.int64(adc.ctypes.data)
    past = 8192 * len(adc) > BEYOND_CACHES and to % 16 == 0
    for f in range(adc.shape[0]):
        if past:
            kernels.unpack_frame_past(source + 7200 * f, to + 8192 * f)
        else:
            kernels.unpack_frame(source + 7200 * f, to + 8192 * f)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pack_columns(
    samples: NDArray[np.uint16], columns: NDArray[np.int16], frames: NDArray[np.uint64]
) -> None:
    groups = np.empty(8, np.uint64)
    row = np.empty(64, np.uint16)
    for f in range(frames.shape[1]):
        for stream in range(frames.shape[0]):
            for s in range(64):
                for c in range(64):
                    row[c] = samples[f, s, columns[stream, c]]
                _pack_row(row, frames[stream, f, 4 + 14 * s : 18 + 14 * s], groups)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _unpack_columns(
    frames: NDArray[np.uint64], columns: NDArray[np.int16], samples: NDArray[np.uint16]
) -> None:
    groups = np.empty(8, np.uint64)
    row = np.empty(64, np.uint16)
    for f in range(frames.shape[1]):
        for stream in range(frames.shape[0]):
            for s in range(64):
                _unpack_row(frames[stream, f, 4 + 14 * s : 18 + 14 * s], row, groups)
                for c in range(64):
                    if columns[stream, c] >= 0:
                        samples[f, s, columns[stream, c]] = row[c]
