"""Frames of an assembly to samples in channel order and back, checked on the way, in one pass over each frame.

A span is some blocks of one assembly: uint16 array, (blocks, 163 840). A row has its planes one after the other, each
as (64 ticks, channels): U 64 x 800, V 64 x 800, X 64 x 960, so that a plane of a block lies in one piece.

>>> from streams.daq.wibeth import empty_frames, header_word
>>> table = places(np.arange(2560, dtype=np.int16).reshape(40, 64))
>>> samples = np.arange(SAMPLES_PER_BLOCK, dtype=np.uint16)[None] & 0x3FFF
>>> frames = empty_frames(40).reshape(40, 1, 900)
>>> close_frames(samples, table, frames)
>>> frames[0, 0, :2] = header_word(0, 0, 1), 2048
>>> opened = np.zeros_like(samples)
>>> checks = frame_checks(frames[0])
>>> open_frames(frames[0], header_word(0, 0, 1), 2048, checks, table, 0, opened)
1
>>> bool((planes_of(opened[0])["U"][:, :64] == planes_of(samples[0])["U"][:, :64]).all())
True
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_CHANNELS, N_STREAMS, PLANE_CHANNELS, PLANE_FIRST
from streams.compiled import compiled
from streams.daq.adc_words import pack, unpack
from streams.daq.wibeth import ADC_MAX, CHANNELS, FRAME_WORDS, SAMPLES, SEQ_MODULO, TIMESTAMP_PER_FRAME

SAMPLES_PER_BLOCK = 163_840  # 64 ticks of 2 560 channels
CHECK_LANES = 32
CHECK_FACTOR = 0x9E37_79B9_7F4A_7C15  # odd: 2^64 / golden ratio; ours, nobody else's

_SEQ_SHIFT = 40  # seq_id is bits 40 to 51 of word 0


class Places(NamedTuple):
    """Where the 64 channels of each stream go in a row of a span."""

    first: NDArray[np.int32]  # (40, 64), index of the sample of tick 0
    step: NDArray[np.int32]  # (40, 64), from one tick to the next: 800 or 960


def places(offline: NDArray[np.int16]) -> Places:
    """Return where samples go, from a table of offline channels: (40, 64), each of 0 to 2559 once.

    Raises
    ------
    ValueError : another shape, or a channel that is missing, and so another that is there twice.
    """
    if offline.shape != (N_STREAMS, CHANNELS):
        raise ValueError(f"channel table: got {offline.shape}, want {(N_STREAMS, CHANNELS)}")
    missing = np.setdiff1d(np.arange(N_CHANNELS), offline)
    if missing.size:
        raise ValueError(
            f"channel table: {missing.size} of {N_CHANNELS} channels are missing, the first is {missing[0]}"
        )
    first, step = np.zeros((2, *offline.shape), np.int32)
    for plane, channel in PLANE_FIRST.items():
        here = (offline >= channel) & (offline < channel + PLANE_CHANNELS[plane])
        first[here] = SAMPLES * channel + offline[here].astype(np.int32) - channel
        step[here] = PLANE_CHANNELS[plane]
    return Places(first, step)


def planes_of(row: NDArray[np.uint16]) -> dict[str, NDArray[np.uint16]]:
    """Return the planes of a row (163 840,) as views: (64 ticks, channels) each."""
    return {
        plane: row[SAMPLES * first : SAMPLES * (first + PLANE_CHANNELS[plane])].reshape(SAMPLES, -1)
        for plane, first in PLANE_FIRST.items()
    }


def frame_checks(frames: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a check of 64 bits over all 900 words of each frame: uint64 (...), from (..., 900).

    32 lanes begin with words 0 to 3 and 28 zeros. Each of the 28 rows of 32 words that follow is added after a step,
    h -> (h ^ (h >> 32)) * K, K = 0x9E3779B97F4A7C15 (modulo 2^64). The check is the sum of (h ^ (h >> 32)) * K^(j+1)
    over the lanes j = 0 to 31. Each step is invertible, so a change within one word always changes the check; changes
    of several words escape with a chance of 2^-64.
    """
    words = frames.astype(np.uint64, copy=False)
    factor = np.uint64(CHECK_FACTOR)
    lanes = np.zeros((*words.shape[:-1], CHECK_LANES), np.uint64)
    lanes[..., :4] = words[..., :4]
    for row in range(4, FRAME_WORDS, CHECK_LANES):
        lanes = (lanes ^ (lanes >> np.uint64(32))) * factor + words[..., row : row + CHECK_LANES]
    powers = factor ** np.arange(1, CHECK_LANES + 1, dtype=np.uint64)
    checks: NDArray[np.uint64] = ((lanes ^ (lanes >> np.uint64(32))) * powers).sum(axis=-1, dtype=np.uint64)
    return checks


def open_frames(
    frames: NDArray[np.uint64],
    word0: int,
    timestamp: int,
    checks: NDArray[np.uint64],
    table: Places,
    stream: int,
    samples: NDArray[np.uint16],
) -> int:
    """Put the samples of one stream into a span, frame by frame; end at the first frame that is not right.

    Parameters
    ----------
    frames : uint64 array, (n, 900), or the same bytes as uint8, (n, 7200), at any address.
    word0, timestamp : words 0 and 1 of the first frame; each next one has seq_id + 1 and timestamp + 2048.
    checks : uint64 array, (n,), ``frame_checks`` of the frames; or (0,) if there are none.
    table, stream : where the channels go, and which of the 40 streams this is.
    samples : uint16 array, (n or more, 163840), the span. Rows from the wrong frame on stay as they are.

    Returns
    -------
    int : how many frames from the start are right.
    """
    words = np.ascontiguousarray(frames).view(np.uint64)
    count = np.arange(len(words), dtype=np.uint64)
    seq = ((word0 >> _SEQ_SHIFT) + count) % np.uint64(SEQ_MODULO)
    rest = word0 & ~((SEQ_MODULO - 1) << _SEQ_SHIFT)
    right = words[:, 0] == (np.uint64(rest) | seq << np.uint64(_SEQ_SHIFT))
    right &= words[:, 1] == np.uint64(timestamp) + np.uint64(TIMESTAMP_PER_FRAME) * count
    if len(checks):
        right &= frame_checks(words) == checks
    good = len(right) if right.all() else int(right.argmin())
    _scatter(unpack(words[:good]), table.first[stream], table.step[stream], samples)
    return good


def close_frames(samples: NDArray[np.uint16], table: Places, frames: NDArray[np.uint64]) -> None:
    """Write a span's samples into the frames of the 40 streams; headers stay as they are.

    Parameters
    ----------
    samples : uint16 array, (n, 163840), ADC counts of at most 14 bits.
    table : where the streams' channels are.
    frames : uint64 array, (40, n, 900).

    Raises
    ------
    ValueError : a shape that does not fit, or a count of more than 14 bits.
    """
    wanted = (N_STREAMS, len(samples), FRAME_WORDS)
    if samples.shape[1:] != (SAMPLES_PER_BLOCK,) or frames.shape != wanted:
        raise ValueError(
            f"close_frames: got samples {samples.shape} and frames {frames.shape}, want {wanted}"
        )
    if samples.size and int(samples.max()) > ADC_MAX:
        raise ValueError(f"close_frames: got {int(samples.max())} ADC counts, 14 bits hold at most {ADC_MAX}")
    for stream in range(N_STREAMS):
        adc = np.empty((len(samples), SAMPLES, CHANNELS), np.uint16)
        _gather(samples, table.first[stream], table.step[stream], adc)
        pack(adc, frames[stream])


@compiled
def _scatter(
    adc: NDArray[np.uint16], first: NDArray[np.int32], step: NDArray[np.int32], samples: NDArray[np.uint16]
) -> None:
    for f in range(adc.shape[0]):
        for c in range(64):
            for s in range(64):
                samples[f, first[c] + s * step[c]] = adc[f, s, c]


@compiled
def _gather(
    samples: NDArray[np.uint16], first: NDArray[np.int32], step: NDArray[np.int32], adc: NDArray[np.uint16]
) -> None:
    for f in range(adc.shape[0]):
        for c in range(64):
            for s in range(64):
                adc[f, s, c] = samples[f, first[c] + s * step[c]]
