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

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_STREAMS
from streams.compiled import compiled
from streams.daq import kernels
from streams.daq.open_close import close_loop, open_loop, open_one
from streams.daq.places import SAMPLES_PER_BLOCK, Places, places, planes_of
from streams.daq.wibeth import ADC_MAX, FRAME_BYTES, FRAME_WORDS

__all__ = [
    "SAMPLES_PER_BLOCK",
    "Places",
    "Rows",
    "close_frames",
    "frame_checks",
    "open_frames",
    "open_rows",
    "open_span",
    "places",
    "planes_of",
]


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
    if raw.ndim != 2 or checks.shape not in ((0,), raw.shape[:1]):
        raise ValueError(
            f"open_frames: got frames {frames.shape} and checks {checks.shape}, want one for each"
        )
    if not 0 <= stream < len(table.plans):
        raise ValueError(f"open_frames: got stream {stream}, the table has {len(table.plans)}")
    _check_span(samples, len(raw))
    word, time, wanted = np.uint64(word0), np.uint64(timestamp), np.array(checks, np.uint64)
    return open_one(_address(raw), len(raw), word, time, wanted, table.plans, table.grouped, stream, samples)


def open_span(
    pieces: Sequence[NDArray[np.uint8]],
    word0: NDArray[np.uint64],
    timestamp: int,
    checks: NDArray[np.uint64],
    table: Places,
    samples: NDArray[np.uint16],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put the samples of all streams into a span; each stream ends at its first frame that is not right.

    Parameters
    ----------
    pieces : for each stream the bytes of its frames, uint8 (n x 7200,), n of its own, at any address.
    word0 : uint64 array, (streams,), word 0 of the first frames.
    timestamp : word 1 of the first frames.
    checks : uint64 array, (streams, the largest n or more), or of size 0 if there are none.
    table, samples : as for ``open_frames``; one row of the table for each stream.

    Returns
    -------
    good : int64 array, (streams,), how many frames from the start are right.
    flagged : int64 array, (streams,), how many of these say crc_err or lol in word 2.
    """
    streams, sizes = len(pieces), [piece.size for piece in pieces]
    fits = all(p.dtype == np.uint8 and p.flags.c_contiguous and p.size % FRAME_BYTES == 0 for p in pieces)
    if not fits:
        raise ValueError(
            f"open_span: got {streams} pieces of {sorted({*sizes})} bytes; want whole frames of {FRAME_BYTES} bytes "
            "in one piece for each stream"
        )
    addresses = np.array([_address(piece) for piece in pieces], np.int64)
    counts = np.array(sizes, np.int64) // FRAME_BYTES
    return _opened(addresses, counts, word0, timestamp, checks, table, samples)


class Rows(NamedTuple):
    """Frames of some streams, as many of each: row k of ``room`` has them from byte ``starts[k]`` on."""

    room: NDArray[np.uint8]  # (streams, any number), in one piece
    starts: NDArray[np.int64]  # (streams,)
    frames: int


def open_rows(
    rows: Rows,
    word0: NDArray[np.uint64],
    timestamp: int,
    checks: NDArray[np.uint64],
    table: Places,
    samples: NDArray[np.uint16],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``open_span`` for frames that lie in rows of one array."""
    room, starts, count = rows
    wide = room.shape[1]
    fits = room.dtype == np.uint8 and room.flags.c_contiguous and starts.shape == room.shape[:1]
    if not fits or starts.min() < 0 or starts.max() + count * FRAME_BYTES > wide:
        raise ValueError(
            f"open_rows: got {room.dtype} {room.shape}, want uint8 rows with {count} frames each"
        )
    addresses = room.ctypes.data + wide * np.arange(len(room)) + starts
    return _opened(addresses, np.full(len(room), count), word0, timestamp, checks, table, samples)


def _opened(
    addresses: NDArray[np.int64],
    counts: NDArray[np.int64],
    word0: NDArray[np.uint64],
    timestamp: int,
    checks: NDArray[np.uint64],
    table: Places,
    samples: NDArray[np.uint16],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    streams, most = len(counts), int(counts.max(initial=0))
    if word0.shape != (streams,) or table.plans.shape != (streams, kernels.PLAN):
        raise ValueError(
            f"open_span: got {streams} pieces, words {word0.shape}, table of {len(table.plans)}; "
            "want one of each per stream"
        )
    if checks.size and (len(checks) != streams or checks.shape[1] < most):
        raise ValueError(f"open_span: got checks {checks.shape}, want {(streams, most)}")
    _check_span(samples, most)
    words, wanted = np.ascontiguousarray(word0, np.uint64), np.array(checks, np.uint64, ndmin=2)
    begin = np.uint64(timestamp)
    return open_loop(addresses, counts, words, begin, wanted, table.plans, table.grouped, samples)


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
    if close_loop(samples, table.plans, table.grouped, frames) > ADC_MAX:
        row, place = (int(i[0]) for i in np.nonzero(samples > ADC_MAX))
        raise ValueError(
            f"close_frames: block {row}, sample {place}: got {int(samples[row, place])} ADC counts, "
            f"14 bits hold at most {ADC_MAX}"
        )


@compiled
def _check(frames: NDArray[np.uint8], checks: NDArray[np.uint64]) -> None:
    at = np.int64(frames.ctypes.data)
    for k in range(frames.shape[0]):
        checks[k] = kernels.check_frame(at + FRAME_BYTES * k)


@compiled
def _address(piece: NDArray[np.uint8]) -> int:
    return int(piece.ctypes.data)
