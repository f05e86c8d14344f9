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
from streams.daq import kernels, vectors
from streams.daq.wibeth import ADC_MAX, CHANNELS, FRAME_BYTES, FRAME_WORDS, SAMPLES

SAMPLES_PER_BLOCK = 163_840  # 64 ticks of 2 560 channels
_GROUP = 4  # neighbouring channels that are moved as one


class Places(NamedTuple):
    """Where the 64 channels of each stream go in a row of a span."""

    first: NDArray[np.int32]  # (40, 64), index of the sample of tick 0
    step: NDArray[np.int32]  # (40, 64), from one tick to the next: 800 or 960
    plans: NDArray[np.int32]  # (40, 192), the same for ``streams.daq.kernels``
    grouped: NDArray[np.bool_]  # (40,), whether the plan moves groups of four neighbours


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
    plans, grouped = zip(*map(_plan, first, step), strict=True)
    return Places(first, step, np.array(plans), np.array(grouped))


def _plan(first: NDArray[np.int32], step: NDArray[np.int32]) -> tuple[NDArray[np.int32], bool]:
    """Return the plan of one stream, and whether each four of its channels in a row are neighbours."""
    order = np.argsort(first)
    runs = first[order].reshape(-1, _GROUP)
    grouped = bool(
        (np.diff(runs, axis=1) == 1).all() and (np.ptp(step[order].reshape(-1, _GROUP), axis=1) == 0).all()
    )
    heads = order[::_GROUP] if grouped else order
    plan = np.zeros((3, CHANNELS), np.int32)
    plan[0] = vectors.bench_offsets(order)
    plan[1, : len(heads)] = 2 * first[heads]
    plan[2, : len(heads)] = 2 * step[heads]
    return plan.ravel(), grouped


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
    raw = _bytes_of(frames)
    checks = np.empty(raw.shape[:-1], np.uint64)
    _check(raw.reshape(-1, FRAME_BYTES), checks.reshape(-1))
    return checks


def _bytes_of(frames: NDArray[np.uint64] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames as bytes, (..., 7200), read-only; a copy if their memory is not in one piece."""
    if frames.shape[-1:] != (FRAME_BYTES // frames.itemsize,) or frames.dtype not in (np.uint64, np.uint8):
        raise ValueError(
            f"WIBEth frames: got {frames.dtype} {frames.shape}, "
            f"want uint8 (..., {FRAME_BYTES}) or uint64 (..., {FRAME_WORDS})"
        )
    raw = np.ascontiguousarray(frames).view(np.uint8)
    raw.flags.writeable = False  # so that one piece of machine code serves both
    return raw


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
    raw = _bytes_of(frames)
    _check_span(samples, len(raw))
    if raw.ndim != 2 or len(checks) not in (0, len(raw)):
        raise ValueError(
            f"open_frames: got frames {frames.shape} and checks {checks.shape}, want one for each"
        )
    wanted = np.ascontiguousarray(checks, np.uint64).view()
    wanted.flags.writeable = False
    plan, grouped = table.plans[stream], bool(table.grouped[stream])
    return int(_open(raw, np.uint64(word0), np.uint64(timestamp), wanted, plan, grouped, samples))


def _check_span(samples: NDArray[np.uint16], rows: int) -> None:
    fits = samples.ndim == 2 and samples.shape[0] >= rows and samples.shape[1] == SAMPLES_PER_BLOCK
    if not (fits and samples.flags.c_contiguous and samples.dtype == np.uint16):
        raise ValueError(
            f"span: got {samples.dtype} {samples.shape}, want uint16 ({rows}, {SAMPLES_PER_BLOCK}), rows in one piece"
        )


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
    if frames.shape != wanted or frames.dtype != np.uint64 or not frames.flags.c_contiguous:
        raise ValueError(
            f"close_frames: got {frames.dtype} {frames.shape}, want uint64 {wanted} in one piece"
        )
    _check_span(samples, len(samples))
    if _close(samples, table.plans, table.grouped, frames) > ADC_MAX:
        row, place = (int(i[0]) for i in np.nonzero(samples > ADC_MAX))
        raise ValueError(
            f"close_frames: block {row}, sample {place}: got {int(samples[row, place])} ADC counts, "
            f"14 bits hold at most {ADC_MAX}"
        )


@compiled
def _check(frames: NDArray[np.uint8], checks: NDArray[np.uint64]) -> None:
    at = np.int64(frames.ctypes.data)
    for k in range(frames.shape[0]):
        checks[k] = kernels.check_frame(at + 7200 * k)


@compiled
def _open(
    frames: NDArray[np.uint8],
    word0: np.uint64,
    timestamp: np.uint64,
    checks: NDArray[np.uint64],
    plan: NDArray[np.int32],
    grouped: bool,
    samples: NDArray[np.uint16],
) -> int:
    plan_at = np.int64(plan.ctypes.data)
    seq = np.uint64(0xFFF) << np.uint64(40)  # seq_id is bits 40 to 51 of word 0
    for k in range(frames.shape[0]):
        frame = np.int64(frames.ctypes.data) + 7200 * k
        row = np.int64(samples.ctypes.data) + 327_680 * k
        word = (word0 & ~seq) | ((word0 + (np.uint64(k) << np.uint64(40))) & seq)
        if kernels.load_word(frame) != word:
            return k
        if kernels.load_word(frame + 8) != timestamp + np.uint64(2048) * np.uint64(k):
            return k
        if checks.shape[0] > 0 and kernels.check_frame(frame) != checks[k]:
            return k
        if grouped:
            kernels.open_frame(frame, plan_at, row)
        else:
            kernels.open_frame_singly(frame, plan_at, row)
    return len(frames)


@compiled
def _close(
    samples: NDArray[np.uint16],
    plans: NDArray[np.int32],
    grouped: NDArray[np.bool_],
    frames: NDArray[np.uint64],
) -> np.uint16:
    seen = np.uint16(0)
    n = samples.shape[0]
    for k in range(n):
        row = np.int64(samples.ctypes.data) + 327_680 * k
        for stream in range(frames.shape[0]):
            plan = np.int64(plans.ctypes.data) + 768 * stream
            frame = np.int64(frames.ctypes.data) + 7200 * (stream * n + k)
            if grouped[stream]:
                seen |= kernels.close_frame(row, plan, frame)
            else:
                seen |= kernels.close_frame_singly(row, plan, frame)
    return seen
