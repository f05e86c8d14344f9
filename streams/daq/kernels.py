"""Steps over one whole frame, to be called in compiled code: made of the vectors of ``streams.daq.vectors``.

All take addresses as numbers: the caller has checked that what lies there is large enough, and keeps it alive.
Where the 64 channels of a stream lie in a row of a span is a *plan*, int32 (192,). Its channels are sorted by where
they go. The first 32 numbers have, two in each, which channel of the frame is the k-th of these, the next 32 the
inverse; then follow the byte of the row at which tick 0 of the k-th lies, and the bytes from one tick to the next.

>>> import numba, numpy as np
>>> @numba.njit
... def check(frames: np.ndarray) -> int:
...     return check_frame(np.int64(frames.ctypes.data))
>>> check(np.zeros((1, 7200), np.uint8))
0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from streams.daq import vectors as v
from streams.daq.vectors import COUNT, INT, WORD, Builder, Value
from streams.daq.wibeth import CHANNELS, HEADER_WORDS, SAMPLES

PLAN = 192
PIECES = (8, 8, 4, 8, 8, 4, 8, 8, 8)  # sorted channels that are moved as one: 20 of U, 20 of V, 24 of X
_SINGLY = (1,) * CHANNELS
_SORTED, _BACK, _STARTS, _STEPS = 0, 128, 256, 512  # bytes of a plan
_HEADER = 8 * HEADER_WORDS
_HALF = ir.VectorType(COUNT, CHANNELS // 2)
_TICK_BYTES = 2 * CHANNELS  # of a stream, in a span
_NOTHING, _ADDRESS = types.void, types.int64


@intrinsic  # type: ignore[untyped-decorator]
def load_word(_: Any, address: Any) -> Any:
    """Return the 64-bit word at an address."""
    return types.uint64(_ADDRESS), lambda _c, b, _s, values: v.load(b, values[0], 0, WORD)


@intrinsic  # type: ignore[untyped-decorator]
def check_frame(_: Any, frame: Any) -> Any:
    """Return the check of a frame: see ``spans.frame_checks``."""
    return types.uint64(_ADDRESS), lambda _c, b, _s, values: _check(b, *values)


@intrinsic  # type: ignore[untyped-decorator]
def unpack_frame(_: Any, frame: Any, counts: Any) -> Any:
    """Write the counts of a frame, uint16 (64 ticks, 64 channels)."""
    return _NOTHING(_ADDRESS, _ADDRESS), lambda c, b, _s, values: _unpack(c, b, v.store, *values)


@intrinsic  # type: ignore[untyped-decorator]
def unpack_frame_past(_: Any, frame: Any, counts: Any) -> Any:
    """``unpack_frame`` past the caches; ``counts`` is a multiple of 16."""
    return _NOTHING(_ADDRESS, _ADDRESS), lambda c, b, _s, values: _unpack(c, b, v.store_past, *values)


@intrinsic  # type: ignore[untyped-decorator]
def pack_frame(_: Any, counts: Any, frame: Any) -> Any:
    """Write counts, uint16 (64 ticks, 64 channels), into a frame; return all of them or'ed together."""
    return types.uint16(_ADDRESS, _ADDRESS), lambda _c, b, _s, values: _pack(b, False, *values)


@intrinsic  # type: ignore[untyped-decorator]
def pack_frame_past(_: Any, counts: Any, frame: Any) -> Any:
    """``pack_frame`` past the caches; ``frame`` is a multiple of 16."""
    return types.uint16(_ADDRESS, _ADDRESS), lambda _c, b, _s, values: _pack(b, True, *values)


@intrinsic  # type: ignore[untyped-decorator]
def open_frame(_: Any, frame: Any, plan: Any, row: Any, ahead: Any) -> Any:
    """Put the counts of a frame into a row of a span, in pieces of neighbours: ``PIECES``.

    Meanwhile as much of the memory that is to be written next, from the address ``ahead`` on, is brought near.
    """
    return _NOTHING(*[_ADDRESS] * 4), lambda c, b, _s, values: _open(c, b, PIECES, *values)


@intrinsic  # type: ignore[untyped-decorator]
def open_frame_singly(_: Any, frame: Any, plan: Any, row: Any, ahead: Any) -> Any:
    """``open_frame`` channel by channel."""
    return _NOTHING(*[_ADDRESS] * 4), lambda c, b, _s, values: _open(c, b, _SINGLY, *values)


@intrinsic  # type: ignore[untyped-decorator]
def close_frame(_: Any, row: Any, plan: Any, frame: Any) -> Any:
    """Take the counts of a frame from a row of a span, in ``PIECES``; return all of them or'ed together."""
    return types.uint16(*[_ADDRESS] * 3), lambda c, b, _s, values: _close(c, b, PIECES, *values)


@intrinsic  # type: ignore[untyped-decorator]
def close_frame_singly(_: Any, row: Any, plan: Any, frame: Any) -> Any:
    """Take the counts of a frame from a row of a span, channel by channel; return all of them or'ed together."""
    return types.uint16(*[_ADDRESS] * 3), lambda c, b, _s, values: _close(c, b, _SINGLY, *values)


def _row(b: Builder, frame: Value, tick: Value) -> Value:
    return b.add(b.add(frame, b.mul(tick, WORD(v.ROW_BYTES))), WORD(_HEADER))


def _see(b: Builder, seen: Value, halves: list[Value]) -> None:
    b.store(b.or_(b.load(seen), b.or_(*halves)), seen)


def _fold(b: Builder, lanes: Value, join: Any) -> Value:
    """Return all lanes of a vector joined."""
    while (n := lanes.type.count) > 1:
        halves = [v.shuffle(b, lanes, None, range(low, low + n // 2)) for low in (0, n // 2)]
        lanes = join(*halves)
    return b.extract_element(lanes, INT(0))


def _check(b: Builder, frame: Value) -> Value:
    header = v.load(b, frame, 0, ir.VectorType(WORD, HEADER_WORDS))
    zeros = ir.Constant(header.type, [0] * HEADER_WORDS)
    places = [*range(HEADER_WORDS), *[HEADER_WORDS] * (v.CHECK_LANES - HEADER_WORDS)]
    lanes = cgutils.alloca_once_value(b, v.shuffle(b, header, zeros, places))
    factors = [v.CHECK_FACTOR] * v.CHECK_LANES
    with cgutils.for_range(b, WORD(v.check_rows())) as row:
        address = b.add(frame, b.mul(row.index, WORD(8 * v.CHECK_LANES)))
        words = v.load(b, address, _HEADER, ir.VectorType(WORD, v.CHECK_LANES))
        b.store(b.add(v.check_step(b, b.load(lanes), factors), words), lanes)
    return _fold(b, v.check_step(b, b.load(lanes), v.check_powers()), b.add)


def _unpack(context: Any, b: Builder, store: Any, frame: Value, counts: Value) -> Value:
    with cgutils.for_range(b, WORD(SAMPLES)) as tick:
        row = _row(b, frame, tick.index)
        to = b.add(counts, b.mul(tick.index, WORD(2 * CHANNELS)))
        for half in range(2):
            store(b, v.load_counts(b, row, half), to, CHANNELS * half)
    return context.get_dummy_value()


def _pack(b: Builder, past: bool, counts: Value, frame: Value) -> Value:
    seen = cgutils.alloca_once_value(b, ir.Constant(_HALF, [0] * _HALF.count))
    with cgutils.for_range(b, WORD(SAMPLES)) as tick:
        source = b.add(counts, b.mul(tick.index, WORD(2 * CHANNELS)))
        halves = [v.load(b, source, CHANNELS * half, _HALF) for half in range(2)]
        _see(b, seen, halves)
        v.store_counts(b, halves, _row(b, frame, tick.index), past)
    return _fold(b, b.load(seen), b.or_)


def _fast(context: Any) -> bool:
    """Return whether the code is made for a processor with AVX-512BW."""
    _, _, features = context.codegen().magic_tuple()
    return "+avx512bw" in features.split(",")


def _entry(b: Builder, plan: Value, first: int, index: int) -> Value:
    """Return an entry of a plan as a 64-bit number."""
    return b.sext(v.load(b, plan, first + 4 * index, INT), WORD)


class _Piece(NamedTuple):
    """Sorted channels from ``low`` on, to ``high``: where they are at tick 0, and the bytes to the next."""

    low: int
    high: int
    start: Value
    step: Value

    def at(self, b: Builder, tick: Value) -> Value:
        """Return where they are at a tick."""
        return b.add(self.start, b.mul(tick, self.step))

    def kind(self) -> Any:
        """Return their type."""
        return ir.VectorType(COUNT, self.high - self.low)


def _put(b: Builder, lanes: Value, piece: _Piece, counts: Value) -> Value:
    """Return 64 lanes with those of a piece replaced."""
    low, high = piece.low, piece.high
    wide = v.shuffle(b, counts, None, [min(max(k - low, 0), high - low - 1) for k in range(CHANNELS)])
    return v.shuffle(b, lanes, wide, [CHANNELS * (low <= k < high) + k for k in range(CHANNELS)])


def _pieces(b: Builder, sizes: Sequence[int], plan: Value, row: Value) -> list[_Piece]:
    """Return the pieces of a plan; before a loop, as the compiler cannot know that a plan stays as it is."""
    found, low = [], 0
    for size in sizes:
        start = b.add(row, _entry(b, plan, _STARTS, low))
        found.append(_Piece(low, low + size, start, _entry(b, plan, _STEPS, low)))
        low += size
    return found


def _open(context: Any, b: Builder, sizes: Sequence[int], *addresses: Value) -> Value:
    frame, plan, row, ahead = addresses
    pieces, ordered = _pieces(b, sizes, plan, row), v.order(b, b.add(plan, WORD(_SORTED)), _fast(context))
    with cgutils.for_range(b, WORD(SAMPLES)) as tick:
        v.fetch(b, b.add(ahead, b.mul(tick.index, WORD(_TICK_BYTES))), _TICK_BYTES, write=True)
        source = _row(b, frame, tick.index)
        low, high = ordered([v.load_counts(b, source, half) for half in range(2)])
        for piece in pieces:
            v.store(b, v.shuffle(b, low, high, range(piece.low, piece.high)), piece.at(b, tick.index))
    return context.get_dummy_value()


def _close(context: Any, b: Builder, sizes: Sequence[int], row: Value, plan: Value, frame: Value) -> Value:
    seen = cgutils.alloca_once_value(b, ir.Constant(_HALF, [0] * _HALF.count))
    pieces, ordered = _pieces(b, sizes, plan, row), v.order(b, b.add(plan, WORD(_BACK)), _fast(context))
    with cgutils.for_range(b, WORD(SAMPLES)) as tick:
        lanes = ir.Constant(ir.VectorType(COUNT, CHANNELS), ir.Undefined)
        for piece in pieces:
            lanes = _put(b, lanes, piece, v.load(b, piece.at(b, tick.index), 0, piece.kind()))
        middle = CHANNELS // 2
        halves = ordered([v.shuffle(b, lanes, None, range(low, low + middle)) for low in (0, middle)])
        _see(b, seen, halves)
        v.store_counts(b, halves, _row(b, frame, tick.index))
    return _fold(b, b.load(seen), b.or_)
