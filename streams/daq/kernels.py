"""Steps over one whole frame, to be called in compiled code: made of the vectors of ``streams.daq.vectors``.

All take addresses as numbers: the caller has checked that what lies there is large enough, and keeps it alive.
Where the 64 channels of a stream lie in a row of a span is a *plan*, int32 (192,): 64 places on the bench; then, for
each group of channels (16 of four neighbours each, or 64 of one), the byte of the row at which its tick 0 lies; from
128 on, the bytes from one tick to the next.

>>> import numba, numpy as np
>>> @numba.njit
... def check(frames: np.ndarray) -> int:
...     return check_frame(np.int64(frames.ctypes.data))
>>> check(np.zeros((1, 7200), np.uint8))
0
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from streams.daq import vectors as v
from streams.daq.vectors import COUNT, INT, WORD, Builder, Value
from streams.daq.wibeth import CHANNELS, HEADER_WORDS, SAMPLES

PLAN = 192
_BASES, _STEPS = CHANNELS, 2 * CHANNELS  # where they begin in a plan
_HEADER = 8 * HEADER_WORDS
_HALF = ir.VectorType(COUNT, CHANNELS // 2)
_EIGHT = ir.VectorType(COUNT, v.TICKS_AT_ONCE)
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
def open_frame(_: Any, frame: Any, plan: Any, row: Any) -> Any:
    """Put the counts of a frame into a row of a span, channels in groups of four."""
    return _NOTHING(*[_ADDRESS] * 3), lambda c, b, _s, values: _open(c, b, 4, *values)


@intrinsic  # type: ignore[untyped-decorator]
def open_frame_singly(_: Any, frame: Any, plan: Any, row: Any) -> Any:
    """Put the counts of a frame into a row of a span, channel by channel."""
    return _NOTHING(*[_ADDRESS] * 3), lambda c, b, _s, values: _open(c, b, 1, *values)


@intrinsic  # type: ignore[untyped-decorator]
def close_frame(_: Any, row: Any, plan: Any, frame: Any) -> Any:
    """Take the counts of a frame from a row of a span, in groups of four; return all of them or'ed together."""
    return types.uint16(*[_ADDRESS] * 3), lambda _c, b, _s, values: _close(b, 4, *values)


@intrinsic  # type: ignore[untyped-decorator]
def close_frame_singly(_: Any, row: Any, plan: Any, frame: Any) -> Any:
    """Take the counts of a frame from a row of a span, channel by channel; return all of them or'ed together."""
    return types.uint16(*[_ADDRESS] * 3), lambda _c, b, _s, values: _close(b, 1, *values)


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


def _bench(b: Builder) -> Value:
    """Return the address of room for 64 channels of eight ticks."""
    room = cgutils.alloca_once(b, ir.ArrayType(_EIGHT, CHANNELS))
    room.align = 64
    return b.ptrtoint(room, WORD)


def _entry(b: Builder, plan: Value, first: int, index: Value) -> Value:
    """Return an entry of a plan as a 64-bit number."""
    return b.sext(v.load(b, b.add(plan, b.mul(index, WORD(4))), 4 * first, INT), WORD)


def _group(b: Builder, bench: Value, plan: Value, size: int, group: Value) -> list[Value]:
    """Return where the channels of a group have their ticks on the bench."""
    first = b.mul(group, WORD(size))
    return [b.add(bench, _entry(b, plan, 0, b.add(first, WORD(k)))) for k in range(size)]


def _tick0(b: Builder, plan: Value, row: Value, group: Value, chunk: Value) -> tuple[Value, Value]:
    """Return where a group's first tick of a chunk lies in a row, and the bytes to the next tick."""
    step = _entry(b, plan, _STEPS, group)
    past = b.mul(b.mul(chunk, WORD(v.TICKS_AT_ONCE)), step)
    return b.add(b.add(row, _entry(b, plan, _BASES, group)), past), step


def _open(context: Any, b: Builder, size: int, frame: Value, plan: Value, row: Value) -> Value:
    bench = _bench(b)
    with cgutils.for_range(b, WORD(SAMPLES // v.TICKS_AT_ONCE)) as chunk:
        first = b.add(frame, b.mul(chunk.index, WORD(v.TICKS_AT_ONCE * v.ROW_BYTES)))
        for half in range(2):
            rows = [
                v.load_counts(b, b.add(first, WORD(_HEADER + v.ROW_BYTES * k)), half)
                for k in range(v.TICKS_AT_ONCE)
            ]
            for k, channels in enumerate(v.transpose(b, rows)):
                v.store(b, channels, bench, v.BENCH_BYTES // 2 * half + CHANNELS * k)
        with cgutils.for_range(b, WORD(CHANNELS // size)) as group:
            to, step = _tick0(b, plan, row, group.index, chunk.index)
            channels = [v.load(b, p, 0, _EIGHT) for p in _group(b, bench, plan, size, group.index)]
            ticks = v.scatter(b, channels) if size > 1 else _elements(b, channels[0])
            for tick in ticks:
                v.store(b, tick, to)
                to = b.add(to, step)
    return context.get_dummy_value()


def _close(b: Builder, size: int, row: Value, plan: Value, frame: Value) -> Value:
    bench = _bench(b)
    seen = cgutils.alloca_once_value(b, ir.Constant(_HALF, [0] * _HALF.count))
    kind = ir.VectorType(COUNT, size) if size > 1 else COUNT
    with cgutils.for_range(b, WORD(SAMPLES // v.TICKS_AT_ONCE)) as chunk:
        with cgutils.for_range(b, WORD(CHANNELS // size)) as group:
            source, step = _tick0(b, plan, row, group.index, chunk.index)
            ticks = []
            for _ in range(v.TICKS_AT_ONCE):
                ticks.append(v.load(b, source, 0, kind))
                source = b.add(source, step)
            channels = v.gather(b, ticks) if size > 1 else [_joined(b, ticks)]
            for value, place in zip(channels, _group(b, bench, plan, size, group.index), strict=True):
                v.store(b, value, place)
        halves = [_from_bench(b, bench, half, seen) for half in range(2)]
        first = b.add(frame, b.mul(chunk.index, WORD(v.TICKS_AT_ONCE * v.ROW_BYTES)))
        for k, pair in enumerate(zip(*halves, strict=True)):
            v.store_counts(b, pair, b.add(first, WORD(_HEADER + v.ROW_BYTES * k)))
    return _fold(b, b.load(seen), b.or_)


def _from_bench(b: Builder, bench: Value, half: int, seen: Value) -> list[Value]:
    """Return eight ticks of half of the channels."""
    at = v.BENCH_BYTES // 2 * half
    channels = [v.load(b, bench, at + CHANNELS * k, _HALF) for k in range(v.TICKS_AT_ONCE)]
    for k in range(0, v.TICKS_AT_ONCE, 2):
        _see(b, seen, channels[k : k + 2])
    return v.transpose(b, channels)


def _elements(b: Builder, vector: Value) -> list[Value]:
    return [b.extract_element(vector, INT(k)) for k in range(vector.type.count)]


def _joined(b: Builder, elements: list[Value]) -> Value:
    vector = ir.Constant(_EIGHT, ir.Undefined)
    for k, element in enumerate(elements):
        vector = b.insert_element(vector, element, INT(k))
    return vector
