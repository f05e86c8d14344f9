"""One random layer of each kind, for ``hls.random_specs``.

>>> draw = Draw(np.random.default_rng(1))
>>> draw.values["pixels"] = ((8, 8, 2), Format(signed=False, width=4, fraction=0))
>>> MAKERS["upsample2d"](draw, "pixels")[0].__name__
'Upsample2D'
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from trigger.exact_formats import LOOKUP_BITS
from trigger.network_spec import (
    Argmax,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    Format,
    GlobalPool2D,
    Leaky,
    Lookup,
    MaxPool2D,
    Merge,
    Quantize,
    Reshape,
    Scale,
    Shape,
    Softmax,
    Upsample2D,
    ZeroPad2D,
)

ROUNDINGS = ("RND_CONV", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "TRN", "TRN_ZERO")
OVERFLOWS = ("SAT", "SAT_SYM", "SAT_ZERO", "WRAP")


class Draw:
    """The values that exist so far, by name (shape, format), and what is drawn for a new layer on one of them.

    ``endless`` : only what continuous mode can do.
    """

    def __init__(self, rng: np.random.Generator, endless: bool = False) -> None:
        self.rng, self.endless = rng, endless
        self.values: dict[str, tuple[Shape, Format]] = {}

    def format(self, most: int) -> Format:
        """Return a format of at most ``most`` bits."""
        width = int(self.rng.integers(1, most + 1))
        sign = bool(self.rng.random() < 0.5)
        return Format(signed=sign, width=width, fraction=int(self.rng.integers(-1, width + 2)))

    def window(self, shape: Shape) -> dict[str, Any] | None:
        """Return size, stride, padding and output rows and columns of a random window."""
        size = tuple(int(self.rng.choice([1, 2, 2, 3, 3, int(self.rng.integers(1, 6))])) for _ in range(2))
        stride = tuple(int(self.rng.choice([1, 1, 2, 3])) for _ in range(2))
        same = self.rng.random() < 0.5
        padding = [0, 0, 0, 0]
        out = []
        for axis in range(2):
            n, k, s = shape[axis], size[axis], stride[axis]
            if same and not (self.endless and axis == 0):
                both = max((-(-n // s) - 1) * s + k - n, 0)
                padding[2 * axis : 2 * axis + 2] = [both // 2, both - both // 2]
            out.append((n + sum(padding[2 * axis : 2 * axis + 2]) - k) // s + 1)
        if min(out) < 1:
            return None
        return {"size": size, "stride": stride, "padding": tuple(padding), "out": tuple(out)}

    def weights(self, count: int, outputs: int) -> dict[str, Any]:
        """Return weights, bias and their format."""
        bits = int(self.rng.integers(2, 9))
        number = Format(signed=True, width=bits, fraction=int(self.rng.integers(0, bits + 1)))
        values = self.rng.integers(number.min_int, number.max_int + 1, count)
        values[self.rng.random(count) < 0.2] = 0
        values[:1] = 1  # never all zero
        bias = self.rng.integers(-40, 41, outputs) * int(self.rng.random() < 0.7)
        return {"weight": number, "weights": values.tolist(), "bias": bias.tolist()}


_Made = tuple[Any, dict[str, Any]] | None


def _conv(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    seen = b.window(shape) if len(shape) == 3 else None
    if seen is None:
        return None
    groups, filters = 1, int(b.rng.integers(1, 5))
    fields = {"kernel": seen["size"], "stride": seen["stride"], "padding": seen["padding"], "groups": groups}
    made = b.weights(math.prod(seen["size"]) * shape[2] * filters, filters)
    return Conv2D, {**fields, **made, "output_shape": (*seen["out"], filters)}


def _depthwise(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    seen = b.window(shape) if len(shape) == 3 else None
    if seen is None:
        return None
    filters = shape[2] * int(b.rng.integers(1, 3))
    fields = {
        "kernel": seen["size"],
        "stride": seen["stride"],
        "padding": seen["padding"],
        "groups": shape[2],
    }
    made = b.weights(math.prod(seen["size"]) * filters, filters)
    return Conv2D, {**fields, **made, "output_shape": (*seen["out"], filters)}


def _pointwise(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    if len(shape) != 3:
        return None
    filters = int(b.rng.integers(1, 6))
    fields = {
        "kernel": (1, 1),
        "stride": (1, 1),
        "padding": (0, 0, 0, 0),
        "output_shape": (*shape[:2], filters),
    }
    return Conv2D, {**fields, **b.weights(shape[2] * filters, filters)}


def _dense(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    if len(shape) != 1:
        return None
    units = int(b.rng.integers(1, 6))
    return Dense, {**b.weights(shape[0] * units, units), "output_shape": (units,)}


def _scale(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    if shape[-1] > 16:
        return None
    return Scale, {**b.weights(shape[-1], shape[-1]), "output_shape": shape}


def _max_pool(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    seen = b.window(shape) if len(shape) == 3 else None
    if seen is None:
        return None
    fields = {"pool": seen["size"], "stride": seen["stride"], "padding": seen["padding"]}
    return MaxPool2D, {**fields, "output_shape": (*seen["out"], shape[2])}


def _average_pool(b: Draw, source: str) -> _Made:
    made = _max_pool(b, source)
    if made is None:
        return None
    fraction = int(b.rng.integers(4, 13))
    n = math.prod(made[1]["pool"])
    factors = [max(1, round((1 << fraction) / (k + 1))) for k in range(n)]
    return AveragePool2D, {**made[1], "factors": factors, "factor_fraction": fraction}


def _global_pool(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    if len(shape) != 3:
        return None
    out = (shape[2],) if b.rng.random() < 0.7 else (1, 1, shape[2])
    if b.rng.random() < 0.5:
        return GlobalPool2D, {"op": "max", "output_shape": out}
    fraction = int(b.rng.integers(6, 15))
    factor = max(1, round((1 << fraction) / math.prod(shape[:2])))
    return GlobalPool2D, {"op": "average", "factor": factor, "factor_fraction": fraction, "output_shape": out}


def _zero_pad(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    if len(shape) != 3:
        return None
    padding = tuple(int(n) for n in b.rng.integers(0, 3, 4))
    padding = (0, 0, *padding[2:]) if b.endless else padding
    out = (shape[0] + padding[0] + padding[1], shape[1] + padding[2] + padding[3], shape[2])
    return ZeroPad2D, {"padding": padding, "output_shape": out}


def _upsample(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    if len(shape) != 3:
        return None
    size = (1 if b.endless else int(b.rng.integers(1, 4)), int(b.rng.integers(1, 4)))
    return Upsample2D, {"size": size, "output_shape": (shape[0] * size[0], shape[1] * size[1], shape[2])}


def _merge(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    others = [name for name, (other, _) in b.values.items() if other == shape and name != source]
    if not others:
        return None
    sources = [source, str(b.rng.choice(others))]
    return Merge, {
        "op": str(b.rng.choice(["add", "subtract", "multiply"])),
        "sources": sources,
        "output_shape": shape,
    }


def _concatenate(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    others = [n for n, (other, _) in b.values.items() if other[:-1] == shape[:-1] and n != source]
    sources = [source, *(str(n) for n in b.rng.permutation(others)[: int(b.rng.integers(1, 3))])]
    channels = sum(b.values[name][0][-1] for name in sources)
    if len(sources) < 2 or channels > 64:
        return None
    return Concatenate, {"sources": sources, "output_shape": (*shape[:-1], channels)}


def _leaky(b: Draw, source: str) -> _Made:
    fraction = int(b.rng.integers(0, 7))
    slope = int(b.rng.integers(-(1 << fraction), (1 << fraction) + 1))
    return Leaky, {"slope": slope, "slope_fraction": fraction, "output_shape": b.values[source][0]}


def _lookup(b: Draw, source: str) -> _Made:
    shape, number = b.values[source]
    if number.width > min(LOOKUP_BITS, 9):
        return None
    output = b.format(9)
    table = b.rng.integers(output.min_int, output.max_int + 1, 1 << number.width).tolist()
    return Lookup, {"table": table, "output": output, "output_shape": shape}


def _softmax(b: Draw, source: str) -> _Made:
    shape, number = b.values[source]
    if shape[-1] > 8 or number.width > 16:
        return None
    entries, bits = 1 << int(b.rng.integers(2, 7)), int(b.rng.integers(4, 11))
    step = float(b.rng.choice([0.05, 0.2, 0.5]))
    powers = [round((1 << bits) * math.exp(-step * k)) for k in range(entries)]
    inverse = [round((1 << bits) / (1 + k * 0.25)) for k in range(entries)]
    fields = {"exp_table": powers, "exp_shift": int(b.rng.integers(0, 3)), "exp_fraction": bits}
    fields |= {"inverse_table": inverse, "inverse_shift": max(bits - 2, 0), "inverse_fraction": bits}
    return Softmax, {**fields, "output_shape": shape}


def _argmax(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    if shape[-1] > 16:
        return None
    return Argmax, {"output": Format(signed=False, width=1, fraction=0), "output_shape": shape}


def _reshape(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    count = math.prod(shape)
    if count > 300:
        return None
    if len(shape) == 3 and b.rng.random() < 0.6:
        return Reshape, {"output_shape": (count,)}
    rows = int(b.rng.choice([n for n in range(1, count + 1) if count % n == 0]))
    columns = int(b.rng.choice([n for n in range(1, count // rows + 1) if (count // rows) % n == 0]))
    return Reshape, {"output_shape": (rows, columns, count // rows // columns)}


def _quantize(b: Draw, source: str) -> _Made:
    shape = b.values[source][0]
    output = b.format(10)
    modes = {"rounding": str(b.rng.choice(ROUNDINGS)), "overflow": str(b.rng.choice(OVERFLOWS))}
    return Quantize, {**modes, "output": output, "output_shape": shape}


#: Kind of layer -> function that draws one on the named value; None where none fits there.
MAKERS: dict[str, Callable[[Draw, str], _Made]] = {
    "conv2d": _conv, "depthwise": _depthwise, "pointwise": _pointwise, "dense": _dense, "scale": _scale,
    "quantize": _quantize, "maxpool2d": _max_pool, "averagepool2d": _average_pool, "globalpool2d": _global_pool,
    "zeropad2d": _zero_pad, "upsample2d": _upsample, "merge": _merge, "concatenate": _concatenate, "leaky": _leaky,
    "lookup": _lookup, "softmax": _softmax, "argmax": _argmax, "reshape": _reshape,
}  # fmt: skip
