"""The loops over the frames of a span: ``streams.daq.spans`` checks what they are given.

>>> open_loop.__name__, close_loop.__name__
('open_loop', 'close_loop')
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.daq import kernels
from streams.daq.places import SAMPLES_PER_BLOCK
from streams.daq.wibeth import CHANNELS, FRAME_BYTES, SAMPLES, TIMESTAMP_PER_FRAME

ROW_BYTES = 2 * SAMPLES_PER_BLOCK
PLAN_BYTES = 4 * kernels.PLAN
FLAGS = np.uint64(0b10_0110 << 32)  # of word 2: bits 33 and 34 (crc_err), 37 (lol)
STREAM_BYTES = 2 * CHANNELS * SAMPLES  # what a frame takes in a row


@compiled
def open_loop(
    addresses: NDArray[np.int64],
    counts: NDArray[np.int64],
    word0: NDArray[np.uint64],
    timestamp: np.uint64,
    checks: NDArray[np.uint64],
    plans: NDArray[np.int32],
    grouped: NDArray[np.bool_],
    samples: NDArray[np.uint16],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``spans.open_span``, from addresses."""
    streams = len(counts)
    good, flagged = np.zeros(streams, np.int64), np.zeros(streams, np.int64)
    seq = np.uint64(0xFFF) << np.uint64(40)  # seq_id is bits 40 to 51 of word 0
    for k in range(counts.max() if streams else 0):  # a row stays in the cache while its streams are opened
        row = np.int64(samples.ctypes.data) + ROW_BYTES * k
        later = timestamp + np.uint64(TIMESTAMP_PER_FRAME) * np.uint64(k)
        for s in range(streams):
            if good[s] < k or counts[s] <= k:
                continue
            frame = addresses[s] + FRAME_BYTES * k
            word = (word0[s] & ~seq) | ((word0[s] + (np.uint64(k) << np.uint64(40))) & seq)
            if kernels.load_word(frame) != word or kernels.load_word(frame + 8) != later:
                continue
            if checks.size > 0 and kernels.check_frame(frame) != checks[s, k]:
                continue
            plan = np.int64(plans.ctypes.data) + PLAN_BYTES * s
            ahead = row + ROW_BYTES + STREAM_BYTES * s  # of the next row: memory is much faster so
            if grouped[s]:
                kernels.open_frame(frame, plan, row, ahead)
            else:
                kernels.open_frame_singly(frame, plan, row, ahead)
            good[s] = k + 1
            flagged[s] += (kernels.load_word(frame + 16) & FLAGS) != 0
    return good, flagged


@compiled
def open_one(
    address: int,
    count: int,
    word0: np.uint64,
    timestamp: np.uint64,
    checks: NDArray[np.uint64],
    plans: NDArray[np.int32],
    grouped: NDArray[np.bool_],
    stream: int,
    samples: NDArray[np.uint16],
) -> int:
    """``spans.open_frames``, from an address."""
    places, counts = np.full(1, np.int64(address)), np.full(1, np.int64(count))
    wanted, one = checks.reshape(1, len(checks)), slice(stream, stream + 1)
    good, _ = open_loop(
        places, counts, np.full(1, word0), timestamp, wanted, plans[one], grouped[one], samples
    )
    return int(good[0])


@compiled
def close_loop(
    samples: NDArray[np.uint16],
    plans: NDArray[np.int32],
    grouped: NDArray[np.bool_],
    frames: NDArray[np.uint64],
) -> np.uint16:
    """``spans.close_frames``; return all counts or'ed together."""
    seen = np.uint16(0)
    n = samples.shape[0]
    for k in range(n):
        for line in range(
            0, samples.shape[1], 32
        ):  # read the row once in its order: memory is much faster so
            seen |= samples[k, line]
        row = np.int64(samples.ctypes.data) + ROW_BYTES * k
        for stream in range(frames.shape[0]):
            plan = np.int64(plans.ctypes.data) + PLAN_BYTES * stream
            frame = np.int64(frames.ctypes.data) + FRAME_BYTES * (stream * n + k)
            if grouped[stream]:
                seen |= kernels.close_frame(row, plan, frame)
            else:
                seen |= kernels.close_frame_singly(row, plan, frame)
    return seen
