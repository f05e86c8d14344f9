"""The WIBEth frame: 64 samples of 64 channels in 7 200 bytes, byte for byte as DUNE's readout sends it.

A frame is 900 little-endian 64-bit words. Words 0 and 1 are the DAQEthHeader, 2 and 3 the WIBEthHeader, then
come 14 words for each of the 64 samples: the 14-bit counts of channels 0 to 63, least significant bit first:
channel c has bits 14c to 14c+13 of the 896-bit row, across the words' borders.
Source: DUNE-DAQ/fddetdataformats WIBEthFrame.hpp, DUNE-DAQ/detdataformats DAQEthHeader.hpp (EDMS 2088713).

Here are the headers; ``streams.daq.adc_words`` packs the samples.

>>> frames = empty_frames(2)
>>> set_field(frames, "seq_id", [7, 8])
>>> hex(int(frames[0, 0])), get_field(frames, "seq_id").tolist()
('0x70000000000', [7, 8])
"""

from __future__ import annotations

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
