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

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.daq import kernels
from streams.daq.wibeth import ADC_MAX, CHANNELS, FRAME_BYTES, FRAME_WORDS, SAMPLES

COUNT_BYTES = 2 * SAMPLES * CHANNELS  # of one frame's samples
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
    if adc.dtype != np.uint16 or frames.dtype != np.uint64 or not frames.flags.c_contiguous:
        raise ValueError(
            f"WIBEth pack: got samples of {adc.dtype} for frames of {frames.dtype}, "
            "want uint16, and uint64 in one piece"
        )
    if _pack(_read_only(adc), frames) > ADC_MAX:
        frame, sample, channel = (int(i[0]) for i in np.nonzero(adc > ADC_MAX))
        raise ValueError(
            f"WIBEth pack: frame {frame}, sample {sample}, channel {channel}: "
            f"got {int(adc[frame, sample, channel])} ADC counts, 14 bits hold at most {ADC_MAX}"
        )


def unpack(frames: NDArray[np.uint64], out: NDArray[np.uint16] | None = None) -> NDArray[np.uint16]:
    """Return the samples of the frames: uint16 array, (n, 64 samples, 64 channels), from (n, 900) words.

    A new array costs more time than the samples in it: ``out``, of that shape, is filled instead if it is given.
    """
    if frames.ndim != 2 or frames.shape[1] != FRAME_WORDS or frames.dtype != np.uint64:
        raise ValueError(f"WIBEth unpack: got frames {frames.dtype} {frames.shape}, want uint64 (n, 900)")
    shape = (len(frames), SAMPLES, CHANNELS)
    adc = np.empty(shape, np.uint16) if out is None else out
    if adc.shape != shape or adc.dtype != np.uint16 or not adc.flags.c_contiguous:
        raise ValueError(
            f"WIBEth unpack: got {adc.dtype} {adc.shape} to fill, want uint16 {shape} in one piece"
        )
    _unpack(_read_only(frames), adc)
    return adc


def _read_only(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes of an array in one piece, at any address: one kind of argument for the machine code."""
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    raw.flags.writeable = False
    return raw


@compiled
def _pack(adc: NDArray[np.uint8], frames: NDArray[np.uint64]) -> np.uint16:
    seen = np.uint16(0)
    source, to = np.int64(adc.ctypes.data), np.int64(frames.ctypes.data)
    past = FRAME_BYTES * len(frames) > BEYOND_CACHES and to % 16 == 0
    for f in range(frames.shape[0]):
        if past:
            seen |= kernels.pack_frame_past(source + COUNT_BYTES * f, to + FRAME_BYTES * f)
        else:
            seen |= kernels.pack_frame(source + COUNT_BYTES * f, to + FRAME_BYTES * f)
    return seen


@compiled
def _unpack(frames: NDArray[np.uint8], adc: NDArray[np.uint16]) -> None:
    source, to = np.int64(frames.ctypes.data), np.int64(adc.ctypes.data)
    past = COUNT_BYTES * len(adc) > BEYOND_CACHES and to % 16 == 0
    for f in range(adc.shape[0]):
        if past:
            kernels.unpack_frame_past(source + FRAME_BYTES * f, to + COUNT_BYTES * f)
        else:
            kernels.unpack_frame(source + FRAME_BYTES * f, to + COUNT_BYTES * f)
