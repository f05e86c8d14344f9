"""The WIBEth frame: 64 samples of 64 channels in 7 200 bytes, byte for byte as DUNE's readout sends it.

A frame is 900 little-endian 64-bit words. Words 0 and 1 are the DAQEthHeader, 2 and 3 the WIBEthHeader, then
come 14 words for each of the 64 samples: the 14-bit counts of channels 0 to 63, least significant bit first:
channel c has bits 14c to 14c+13 of the 896-bit row, across the words' borders.
Source: DUNE-DAQ/fddetdataformats WIBEthFrame.hpp, DUNE-DAQ/detdataformats DAQEthHeader.hpp (EDMS 2088713).

>>> adc = np.zeros((1, 64, 64), np.uint16)
>>> adc[0, 0, :3] = 0x3FFF, 1, 0x2000
>>> frames = empty_frames(1)
>>> pack(adc, frames)
>>> set_field(frames, "seq_id", 7)
>>> hex(int(frames[0, 0])), hex(int(frames[0, 4]))
('0x70000000000', '0x20000007fff')
>>> bool((unpack(frames) == adc).all()), int(get_field(frames, "seq_id")[0])
(True, 7)
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

FRAME_BYTES = 7200
FRAME_WORDS = 900  # 64-bit words
HEADER_WORDS = 4
CHANNELS = 64  # of one stream
SAMPLES = 64  # ticks in one frame
ADC_MAX = (1 << 14) - 1
TIMESTAMP_PER_FRAME = 2048  # 62.5 MHz counts: 64 samples of 32 (fdreadoutlibs DUNEWIBEthTypeAdapter.hpp)
SEQ_MODULO = 4096  # seq_id has 12 bits
VERSION = 4  # as in frames packed by upstream's header (measured)
DETECTOR_ID = 3  # kHD_TPC (detdataformats DetID.hpp)
BLOCK_LENGTH = 898  # 64-bit words after the DAQEthHeader (measured, same frames)

#: name: (word, lowest bit, width)
FIELDS: dict[str, tuple[int, int, int]] = {
    "version": (0, 0, 6),
    "det_id": (0, 6, 6),
    "crate_id": (0, 12, 10),
    "slot_id": (0, 22, 4),
    "stream_id": (0, 26, 8),
    "reserved": (0, 34, 6),
    "seq_id": (0, 40, 12),
    "block_length": (0, 52, 12),
    "timestamp": (1, 0, 64),
    "colddata_timestamp_0": (2, 0, 15),
    "pad_0": (2, 15, 1),
    "colddata_timestamp_1": (2, 16, 15),
    "pad_1": (2, 31, 1),
    "cd": (2, 32, 1),
    "crc_err": (2, 33, 2),
    "link_valid": (2, 35, 2),
    "lol": (2, 37, 1),
    "wib_sync": (2, 38, 1),
    "femb_sync": (2, 39, 2),
    "pulser": (2, 41, 1),
    "calibration": (2, 42, 1),
    "ready": (2, 43, 1),
    "context": (2, 44, 8),
    "wib_version": (2, 52, 4),
    "channel": (2, 56, 8),
    "extra_data": (3, 0, 64),
}


def empty_frames(n_frames: int) -> NDArray[np.uint64]:
    """Return ``n_frames`` frames of zeros: uint64 array, (n_frames, 900)."""
    return np.zeros((n_frames, FRAME_WORDS), "<u8")


def get_field(frames: NDArray[np.uint64], name: str) -> NDArray[np.uint64]:
    """Return a header field of each frame; ``frames`` is uint64, (..., at least 4 words)."""
    word, low, width = FIELDS[name]
    mask = np.uint64((1 << width) - 1)
    value: NDArray[np.uint64] = (frames[..., word] >> np.uint64(low)) & mask
    return value


def set_field(frames: NDArray[np.uint64], name: str, values: ArrayLike) -> None:
    """Write a header field of each frame in place; other bits stay as they are.

    Raises
    ------
    ValueError : a value does not fit into the field.
    """
    word, low, width = FIELDS[name]
    wanted = np.asarray(values, dtype=np.uint64)
    mask = (1 << width) - 1
    if np.any(wanted > np.uint64(mask)):
        raise ValueError(f"WIBEth field {name}: got {int(wanted.max())}, {width} bits hold at most {mask}")
    keep = np.uint64(~(mask << low) & (2**64 - 1))
    frames[..., word] = (frames[..., word] & keep) | (wanted << np.uint64(low))


def header_word(slot_id: int, stream_id: int, crate_id: int) -> int:
    """Return word 0 of this stream's frames with seq_id 0.

    >>> hex(header_word(slot_id=0, stream_id=0, crate_id=1))
    '0x38200000000010c4'
    """
    frame = empty_frames(1)
    values = {"version": VERSION, "det_id": DETECTOR_ID, "crate_id": crate_id, "slot_id": slot_id}
    for name, value in {**values, "stream_id": stream_id, "block_length": BLOCK_LENGTH}.items():
        set_field(frame, name, value)
    return int(frame[0, 0])


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
    if adc.size and int(adc.max()) > ADC_MAX:
        frame, sample, channel = (int(i[0]) for i in np.nonzero(adc > ADC_MAX))
        raise ValueError(
            f"WIBEth pack: frame {frame}, sample {sample}, channel {channel}: "
            f"got {int(adc[frame, sample, channel])} ADC counts, 14 bits hold at most {ADC_MAX}"
        )
    _pack(adc, frames)


def unpack(frames: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return the samples of the frames: uint16 array, (n, 64 samples, 64 channels), from (n, 900) words."""
    if frames.ndim != 2 or frames.shape[1] != FRAME_WORDS:
        raise ValueError(f"WIBEth unpack: got frames {frames.shape}, want (n, 900) words of 64 bits")
    adc = np.empty((len(frames), SAMPLES, CHANNELS), np.uint16)
    _unpack(frames, adc)
    return adc


# 32 channels are 7 words. Their 448 bits are taken as 8 groups of 56 bits (4 channels, 7 bytes); group k
# begins 8k bits before word k does: it has the top 8k bits of word k-1 and the low 56-8k bits of word k.


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pack(adc: NDArray[np.uint16], frames: NDArray[np.uint64]) -> None:
    groups = np.empty(8, np.uint64)
    for f in range(frames.shape[0]):
        for s in range(64):
            for half in range(2):
                row = adc[f, s, 32 * half : 32 * half + 32]
                out = frames[f, 4 + 14 * s + 7 * half : 11 + 14 * s + 7 * half]
                for k in range(8):
                    groups[k] = (
                        np.uint64(row[4 * k])
                        | np.uint64(row[4 * k + 1]) << np.uint64(14)
                        | np.uint64(row[4 * k + 2]) << np.uint64(28)
                        | np.uint64(row[4 * k + 3]) << np.uint64(42)
                    )
                for k in range(7):
                    out[k] = groups[k] >> np.uint64(8 * k) | groups[k + 1] << np.uint64(56 - 8 * k)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _unpack(frames: NDArray[np.uint64], adc: NDArray[np.uint16]) -> None:
    mask = np.uint64(0x3FFF)
    groups = np.empty(8, np.uint64)
    for f in range(frames.shape[0]):
        for s in range(64):
            for half in range(2):
                words = frames[f, 4 + 14 * s + 7 * half : 11 + 14 * s + 7 * half]
                row = adc[f, s, 32 * half : 32 * half + 32]
                groups[0] = words[0]
                for k in range(1, 7):
                    groups[k] = words[k - 1] >> np.uint64(64 - 8 * k) | words[k] << np.uint64(8 * k)
                groups[7] = words[6] >> np.uint64(8)
                for k in range(8):
                    row[4 * k] = groups[k] & mask
                    row[4 * k + 1] = groups[k] >> np.uint64(14) & mask
                    row[4 * k + 2] = groups[k] >> np.uint64(28) & mask
                    row[4 * k + 3] = groups[k] >> np.uint64(42) & mask
