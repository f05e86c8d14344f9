"""The inner steps of the WIBEth kernels as LLVM vector code: one text for every processor.

numba's own vectorising of such loops depends on the processor: it is good with AVX2 and ten times slower with AVX-512,
where it takes the 7-byte steps for gathers. So the few steps that matter are written here in LLVM's language, of whole
vectors, constant shuffles, shifts and masks; but for one instruction of AVX-512 in ``order``, which has another way,
nothing in it belongs to one kind of processor, and LLVM makes AVX-512, AVX2, SSE or NEON of it.

A row of a frame (one tick) is 112 bytes: 16 groups of 7 bytes, each with four counts of 14 bits. A group goes into a
64-bit lane, then its halves and quarters are moved apart: four counts of 16 bits. Between a frame, whose rows follow
the electronics, and a span, whose rows follow the wires, the 64 counts of a tick are put into another order
(``order``): one instruction for each half with AVX-512, and a walk through memory without.

>>> COUNT.width * 64 // 8, ROW_BYTES
(128, 112)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils

from streams.daq.wibeth import ADC_MAX, FRAME_WORDS, HEADER_WORDS

Value = Any  # a value of the code that is being made
Builder = Any

BYTE, COUNT, INT, WORD = (ir.IntType(bits) for bits in (8, 16, 32, 64))
ROW_BYTES = 112  # one tick of 64 channels in a frame
LINE_BYTES = 64  # what a cache moves at once
CHECK_LANES = 32
CHECK_FACTOR = 0x9E37_79B9_7F4A_7C15  # odd; 2^64 divided by the golden ratio
_GROUP = 7  # bytes of four counts
_TWO_COUNTS = (1 << 28) - 1


def at(b: Builder, address: Value, offset: int, kind: Any) -> Value:
    """Return a pointer to ``kind`` at an address (a 64-bit number)."""
    return b.inttoptr(b.add(address, WORD(offset)), kind.as_pointer())


def load(b: Builder, address: Value, offset: int, kind: Any) -> Value:
    """Load from any address."""
    return b.load(at(b, address, offset, kind), align=1)


def store(b: Builder, value: Value, address: Value, offset: int = 0) -> None:
    """Store to any address."""
    b.store(value, at(b, address, offset, value.type), align=1)


def store_past(b: Builder, value: Value, address: Value, offset: int = 0) -> None:
    """Store to an address that is a multiple of 16, past the caches: for arrays that are larger than they are."""
    piece = 16 * value.type.count // (value.type.count * value.type.element.width // 8)
    for k, first in enumerate(range(0, value.type.count, piece)):
        part = shuffle(b, value, None, range(first, first + piece))
        done = b.store(part, at(b, address, offset + 16 * k, part.type), align=16)
        done.set_metadata("nontemporal", b.module.add_metadata([INT(1)]))


def fetch(b: Builder, address: Value, count: int, write: bool) -> None:
    """Have ``count`` bytes of memory brought near, to be read or written soon; any address will do."""
    pointer = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, INT, INT, INT])
    ask = cgutils.get_or_insert_function(b.module, kind, "llvm.prefetch.p0")
    for low in range(0, count, LINE_BYTES):
        b.call(ask, [at(b, address, low, ir.IntType(8)), INT(int(write)), INT(3), INT(1)])


def constant(kind: Any, values: Sequence[int]) -> Value:
    """Return a vector of constants."""
    return ir.Constant(ir.VectorType(kind, len(values)), list(values))


def shuffle(b: Builder, one: Value, other: Value | None, places: Sequence[int]) -> Value:
    """Return the elements of two vectors of one type (the second from its first place on) that are asked for."""
    second = ir.Constant(one.type, ir.Undefined) if other is None else other
    return b.shuffle_vector(one, second, constant(INT, places))


def _bits(b: Builder, x: Value, mask: int) -> Value:
    return b.and_(x, constant(WORD, [mask] * x.type.count))


def _shift(b: Builder, x: Value, left: int) -> Value:
    places = constant(WORD, [abs(left)] * x.type.count)
    return b.shl(x, places) if left > 0 else b.lshr(x, places)


def load_counts(b: Builder, row: Value, half: int) -> Value:
    """Return 32 counts, <32 x i16>: a half of a row of a frame. No byte beside the row is read."""
    skip = 8 * half  # the second half is bytes 56 to 111; bytes 48 to 111 are loaded
    raw = load(b, row, 48 * half, ir.VectorType(BYTE, 64))
    places = [skip + _GROUP * (k // 8) + min(k % 8, _GROUP - 1) for k in range(64)]
    x = b.bitcast(shuffle(b, raw, None, places), ir.VectorType(WORD, 8))
    x = b.or_(_bits(b, x, _TWO_COUNTS), _shift(b, _bits(b, x, _TWO_COUNTS << 28), 4))
    low = ADC_MAX | ADC_MAX << 32
    x = b.or_(_bits(b, x, low), _shift(b, _bits(b, x, low << 14), 2))
    return b.bitcast(x, ir.VectorType(COUNT, 32))


def store_counts(b: Builder, halves: Sequence[Value], row: Value, past: bool = False) -> None:
    """Write 2 x <32 x i16> counts as a row of a frame; bits above the 14 are dropped. No byte beside it is written.

    With ``past`` the row lies at a multiple of 16 and is written past the caches.
    """
    groups = []
    low = ADC_MAX | ADC_MAX << 32
    for counts in halves:
        x = b.bitcast(counts, ir.VectorType(WORD, 8))
        x = b.or_(_bits(b, x, low), _shift(b, _bits(b, x, low << 16), -2))
        x = b.or_(_bits(b, x, _TWO_COUNTS), _shift(b, _bits(b, x, _TWO_COUNTS << 32), -4))
        groups.append(b.bitcast(x, ir.VectorType(BYTE, 64)))
    places = [
        8 * (k // _GROUP) + k % _GROUP for k in range(ROW_BYTES)
    ]  # the second half's lanes follow as 64 to 127
    first = shuffle(b, groups[0], groups[1], places[:64])
    if past:
        store_past(b, first, row)
        store_past(b, shuffle(b, groups[0], groups[1], places[64:]), row, 64)
    else:
        store(b, first, row)
        store(b, shuffle(b, groups[0], groups[1], places[48:]), row, 48)


def order(b: Builder, places: Value, fast: bool) -> Callable[[Sequence[Value]], list[Value]]:
    """Return what puts 64 counts, two <32 x i16>, into another order: count k comes from place ``places[k]``, 0 to 63.

    ``places`` is the address of 64 numbers of 16 bits. ``fast`` says that the processor has AVX-512BW.
    """
    half = ir.VectorType(COUNT, 32)
    if fast:
        name, kind = "llvm.x86.avx512.vpermi2var.hi.512", ir.FunctionType(half, [half] * 3)
        pick = cgutils.get_or_insert_function(b.module, kind, name)
        orders = [load(b, places, 64 * k, half) for k in range(2)]
        return lambda halves: [b.call(pick, [halves[0], one, halves[1]]) for one in orders]
    room = b.ptrtoint(cgutils.alloca_once(b, ir.ArrayType(half, 2)), WORD)
    return lambda halves: _walk(b, places, room, halves)


def _walk(b: Builder, places: Value, room: Value, halves: Sequence[Value]) -> list[Value]:
    """Return counts in another order, by way of ``room`` in memory."""
    for k in range(2):
        store(b, halves[k], room, 64 * k)
    found = [ir.Constant(halves[0].type, ir.Undefined)] * 2
    for number in range(64):
        place = b.zext(load(b, places, 2 * number, COUNT), WORD)
        count = load(b, b.add(room, b.mul(place, WORD(2))), 0, COUNT)
        half, lane = divmod(number, 32)
        found[half] = b.insert_element(found[half], count, INT(lane))
    return found


def check_step(b: Builder, lanes: Value, factors: Sequence[int]) -> Value:
    """Return (h ^ (h >> 32)) * factor of each lane."""
    return b.mul(b.xor(lanes, _shift(b, lanes, -32)), constant(WORD, factors))


def check_powers() -> list[int]:
    """Return the factors of the lanes in the last step: powers 1 to 32 of the factor, modulo 2^64."""
    return [pow(CHECK_FACTOR, k + 1, 1 << 64) for k in range(CHECK_LANES)]


def check_rows() -> int:
    """Return how many rows of 32 words a frame has after its header."""
    return (FRAME_WORDS - HEADER_WORDS) // CHECK_LANES
