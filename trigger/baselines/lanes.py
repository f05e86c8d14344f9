"""64 channels side by side: a type of compiled code with the 16-bit arithmetic of ``arithmetic``, one value a lane.

A kernel keeps pedestals and sums in such variables from sample to sample, so they stay in registers; numba's own
vectorising writes them to memory at each. What is written here is LLVM's language of whole vectors, nothing of one
processor: LLVM makes AVX-512, AVX2, SSE or NEON of it. The functions work in compiled code only, and take addresses
as numbers (an array that is cut to size costs more there than the sums of a sample): the caller keeps them right.

>>> import numba
>>> import numpy as np
>>> @numba.njit
... def double(rows):
...     values = load(rows, 0)
...     store(rows, 1, add(values, values))
>>> rows = np.full((2, 64), 20000, np.int16)
>>> double(rows.ctypes.data)
>>> rows[1, :2].tolist()
[-25536, -25536]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from streams.daq import vectors
from streams.daq.wibeth import CHANNELS, HEADER_WORDS
from trigger.baselines.arithmetic import TENTH

Value = Any  # of the code that is being made
_COUNT, _WORD = ir.IntType(16), ir.IntType(64)
_LANES, _WIDE, _WORDS, _BITS = (ir.VectorType(ir.IntType(bits), CHANNELS) for bits in (16, 32, 64, 1))


class _Lanes(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__("Lanes")


class _Mask(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__("Mask")


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _LANES)


@register_model(_Mask)
class _MaskModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _BITS)


LANES, MASK = _Lanes(), _Mask()


def _all(value: int, kind: Any = _LANES) -> Value:
    return ir.Constant(kind, [value] * CHANNELS)


def _operation(name: str, text: str, result: Any, build: Callable[..., Value]) -> Any:
    """Return a function of compiled code on lanes or masks; ``build`` gets the builder and the operands."""

    def two(_: Any, x: Any, y: Any) -> Any:
        return result(x, y), lambda _c, b, _s, values: build(b, *values)

    def one(_: Any, x: Any) -> Any:
        return result(x), lambda _c, b, _s, values: build(b, *values)

    def three(_: Any, x: Any, y: Any, z: Any) -> Any:
        return result(x, y, z), lambda _c, b, _s, values: build(b, *values)

    function = (one, two, three)[build.__code__.co_argcount - 2]
    function.__name__, function.__doc__ = name, text
    return intrinsic(function)


def _named(name: str) -> Callable[[Any, Value, Value], Value]:
    """Return a builder of LLVM's function of this name on two vectors of lanes."""

    def build(b: Any, x: Value, y: Value) -> Value:
        kind = ir.FunctionType(_LANES, [_LANES, _LANES])
        return b.call(cgutils.get_or_insert_function(b.module, kind, f"llvm.{name}.v{CHANNELS}i16"), [x, y])

    return build


def _tenth(b: Any, x: Value) -> Value:
    """Build mulhrs(x, 3276) = (x * 6552 + 2^15) >> 16: the high half of the product, plus the top bit of the low."""
    factor = 2 * TENTH
    product = b.mul(b.sext(x, _WIDE), _all(factor, _WIDE))
    high = b.trunc(b.ashr(product, _all(16, _WIDE)), _LANES)
    return b.add(high, b.lshr(b.mul(x, _all(factor)), _all(15)))


add = _operation("add", "x + y, wrapped.", LANES, lambda b, x, y: b.add(x, y))
sub = _operation("sub", "x - y, wrapped.", LANES, lambda b, x, y: b.sub(x, y))
mul = _operation("mul", "x * y, wrapped.", LANES, lambda b, x, y: b.mul(x, y))
both = _operation("both", "x & y, bit by bit.", LANES, lambda b, x, y: b.and_(x, y))
over = _operation("over", "x > y: a mask.", MASK, lambda b, x, y: b.icmp_signed(">", x, y))
differs = _operation("differs", "x != y: a mask.", MASK, lambda b, x, y: b.icmp_signed("!=", x, y))
choose = _operation("choose", "x where the mask is set, else y.", LANES, lambda b, m, x, y: b.select(m, x, y))
bits = _operation("bits", "A mask as uint64.", types.uint64, lambda b, m: b.bitcast(m, _WORD))
tenth = _operation("tenth", "x / 10 as ``arithmetic.tenth``.", LANES, _tenth)
first_bit = _operation(
    "first_bit",
    "Number of the lowest bit that is set in a uint64, which is not 0.",
    types.int64,
    lambda b, x: b.cttz(x, ir.Constant(ir.IntType(1), 1)),
)
_SUMS = {"add_saturated": "sadd.sat", "sub_saturated": "ssub.sat", "lesser": "smin", "greater": "smax"}
add_saturated, sub_saturated, lesser, greater = (
    _operation(name, f"{name.replace('_', ', ')} of x and y.", LANES, _named(llvm))
    for name, llvm in _SUMS.items()
)


def _address(context: Any, b: Any, signature: Any, values: Any, size: int) -> Value:
    base, number = (context.cast(b, values[k], signature.args[k], types.int64) for k in range(2))
    return b.add(base, b.mul(number, _WORD(size)))


@intrinsic  # type: ignore[untyped-decorator]
def load(_: Any, rows: Any, row: Any) -> Any:
    """Return a row of 64 int16 values that lie in one piece from the address ``rows`` on."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        return vectors.load(b, _address(context, b, signature, values, 2 * CHANNELS), 0, _LANES)

    return LANES(rows, row), build


@intrinsic  # type: ignore[untyped-decorator]
def store(_: Any, rows: Any, row: Any, lanes: Any) -> Any:
    """Write a row of 64 int16 values that lie in one piece from the address ``rows`` on."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        vectors.store(b, values[2], _address(context, b, signature, values, 2 * CHANNELS))
        return context.get_dummy_value()

    return types.void(rows, row, lanes), build


@intrinsic  # type: ignore[untyped-decorator]
def everywhere(_: Any, value: Any) -> Any:
    """Return lanes that all have this value."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        number = context.cast(b, values[0], signature.args[0], types.int16)
        lowest = b.insert_element(ir.Constant(_LANES, ir.Undefined), number, ir.IntType(32)(0))
        return b.shuffle_vector(lowest, ir.Constant(_LANES, ir.Undefined), _all(0, _WIDE))

    return LANES(value), build


@intrinsic  # type: ignore[untyped-decorator]
def value(_: Any, rows: Any, place: Any) -> Any:
    """Return one int16 value; ``place`` is 64 times its row plus its channel."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        return b.sext(vectors.load(b, _address(context, b, signature, values, 2), 0, _COUNT), _WORD)

    return types.int64(rows, place), build


@intrinsic  # type: ignore[untyped-decorator]
def column(_: Any, masks: Any, channel: Any) -> Any:
    """Return the samples at which a channel's bit is set in the 64 uint64 masks at an address: bit t is sample t."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        base, number = (context.cast(b, values[k], signature.args[k], types.int64) for k in range(2))
        words = vectors.load(b, base, 0, _WORDS)
        lowest = b.insert_element(
            ir.Constant(_WORDS, ir.Undefined), b.shl(_WORD(1), number), ir.IntType(32)(0)
        )
        bit = b.shuffle_vector(lowest, ir.Constant(_WORDS, ir.Undefined), _all(0, _WIDE))
        return b.bitcast(b.icmp_signed("!=", b.and_(words, bit), _all(0, _WORDS)), _WORD)

    return types.uint64(masks, channel), build


@intrinsic  # type: ignore[untyped-decorator]
def put(_: Any, array: Any, place: Any, number: Any) -> Any:
    """Write a number into an array of its size (a mask, a value) at an address."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        size = values[2].type.width // 8
        vectors.store(b, values[2], _address(context, b, signature, values, size))
        return context.get_dummy_value()

    return types.void(array, place, number), build


@intrinsic  # type: ignore[untyped-decorator]
def unpacked(_: Any, frame: Any, sample: Any) -> Any:
    """Return the counts of a sample of the frame at an address."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        row = b.add(_address(context, b, signature, values, vectors.ROW_BYTES), _WORD(8 * HEADER_WORDS))
        halves = [vectors.load_counts(b, row, half) for half in range(2)]
        return b.shuffle_vector(*halves, ir.Constant(_WIDE, list(range(CHANNELS))))

    return LANES(frame, sample), build


@intrinsic  # type: ignore[untyped-decorator]
def fetch(_: Any, frame: Any, sample: Any) -> Any:
    """Have the memory of a sample of the frame at an address brought near; any address will do."""

    def build(context: Any, b: Any, signature: Any, values: Any) -> Value:
        row = b.add(_address(context, b, signature, values, vectors.ROW_BYTES), _WORD(8 * HEADER_WORDS))
        vectors.fetch(b, row, vectors.ROW_BYTES, write=False)
        return context.get_dummy_value()

    return types.void(frame, sample), build
