"""Random layers without weights, for ``hls.random_plans``; as in ``random_weighted``.

>>> import numpy as np
>>> draw, source = Draw(np.random.default_rng(1)), Value("x", (8, 8, 2), Bits(2, 2))
>>> MAKERS["flatten"](draw, source).shape
(128,)
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from hls.random_draws import Bits, Draw, Shape, log2_ceil
from hls.random_weighted import Made, Maker, Value

_TABLE = Bits(1, 16, -1.0)


def _quantizer(draw: Draw, value: Value, *, kind: str) -> Made | None:
    """Draw a QActivation."""
    bits, slope = draw.pick(1, 2, 3, 4, 6, 8), draw.pick(0.5, 0.25)
    symmetric = int(draw.chance(0.3))
    text, found = {
        "tanh": (f"quantized_tanh({bits},0,{symmetric})", Bits(0, bits - 1)),
        "real tanh": (f"quantized_tanh({bits},0,{symmetric},1)", Bits(0, bits - 1)),
        "sigmoid": (f"quantized_sigmoid({bits + symmetric},{symmetric})", Bits(0, bits + 1)),
        "real sigmoid": (f"quantized_sigmoid({bits},{symmetric},1)", Bits(0, bits)),
        "leaky": (f"quantized_relu({bits + 2},{bits // 2},negative_slope={slope})", Bits(bits, bits + 2)),
        "binary": (draw.pick("binary()", "binary(1)", "binary(alpha=1)"), Bits(1, 0)),
        "ternary": (draw.pick("ternary()", "ternary(alpha=1,threshold=0.7)"), Bits(1, 0)),
        "one bit": ("quantized_bits(1,0)", Bits(1, 0)),
    }[kind]  # fmt: skip
    found = Bits(found.whole, found.fraction, -1.0)
    if kind == "ternary" and value.bits.fraction > 10:
        return None
    return Made("QActivation", {"activation": text}, value.shape, found)


def _plain_quantizer(draw: Draw, value: Value, *, relu: bool) -> Made:
    found = draw.activation(value.bits)
    while found.text.startswith("quantized_relu") != relu:
        found = draw.activation(value.bits)
    return Made("QActivation", {"activation": found.text}, value.shape, found.bits)


def _activation(
    draw: Draw,
    value: Value,
    *,
    layer: str,
    bits: Bits | None = None,
    more: tuple[int, int] = (0, 0),
    **choices: Any,
) -> Made | None:
    """Draw a layer without a quantizer; ``choices`` are the values of each of its options."""
    options = {key: draw.pick(*values) for key, values in choices.items()}
    return Made(layer, options, value.shape, bits or value.bits.plus(*more))


def _softmax(draw: Draw, value: Value, *, argmax: bool = False) -> Made | None:
    if value.shape[-1] < 2:
        return None
    config = {"Implementation": "argmax"} if argmax else {}
    layer, options = draw.pick(("Softmax", {}), ("Activation", {"activation": "softmax"}))
    return Made(layer, options, value.shape, Bits(0, 16), config=config, last=True)


def _pool(draw: Draw, value: Value, *, layer: str, rank: int, padding: str) -> Made | None:
    window = draw.window(value.shape[:-1], padding) if len(value.shape) == rank + 1 else None
    if window is None:
        return None
    size, strides = window["size"], window["strides"]
    options = {"pool_size": size, "strides": strides, "padding": padding} if rank == 2 else {
        "pool_size": size[0], "strides": strides[0], "padding": padding
    }  # fmt: skip
    bits = value.bits if "Max" in layer else value.bits.plus(1, 22)
    bits = _average_options(draw, options, bits) if layer.startswith("Q") else bits
    return Made(layer, options, (*window["out"], value.shape[-1]), bits)


def _average_options(draw: Draw, options: dict[str, Any], bits: Bits) -> Bits:
    if draw.chance(0.7):
        options["average_quantizer"] = "quantized_bits(10,0,alpha=1)"
    if draw.chance(0.4):
        found = draw.activation(bits)
        options["activation"] = found.text
        return found.bits
    return bits


def _global(draw: Draw, value: Value, *, layer: str, rank: int) -> Made | None:
    if len(value.shape) != rank + 1:
        return None
    keep = draw.chance(0.3)
    options: dict[str, Any] = {"keepdims": keep}
    bits = value.bits if "Max" in layer else value.bits.plus(1, 26)
    bits = _average_options(draw, options, bits) if layer.startswith("Q") else bits
    return Made(layer, options, (*((1,) * rank if keep else ()), value.shape[-1]), bits)


def _zero_pad(draw: Draw, value: Value, *, rank: int) -> Made | None:
    if len(value.shape) != rank + 1:
        return None
    sides = [(draw.between(0, 2), draw.between(0, 3)) for _ in range(rank)]
    shape = tuple(n + sum(side) for n, side in zip(value.shape, sides, strict=False))
    padding = tuple(sides) if rank == 2 else sides[0]
    return Made(f"ZeroPadding{rank}D", {"padding": padding}, (*shape, value.shape[-1]), value.bits)


def _upsample(draw: Draw, value: Value, *, rank: int) -> Made | None:
    if len(value.shape) != rank + 1:
        return None
    sizes = tuple(draw.between(1, 3) for _ in range(rank))
    shape = tuple(n * size for n, size in zip(value.shape, sizes, strict=False))
    options = {"size": sizes if rank == 2 else sizes[0]}
    return Made(f"UpSampling{rank}D", options, (*shape, value.shape[-1]), value.bits)


def _flatten(draw: Draw, value: Value) -> Made | None:
    return Made("Flatten", {}, (math.prod(value.shape),), value.bits) if len(value.shape) > 1 else None


def _reshape(draw: Draw, value: Value) -> Made | None:
    count = math.prod(value.shape)
    channels = draw.pick(*(n for n in range(1, 9) if count % n == 0))
    rows = draw.pick(*(n for n in range(1, 25) if count // channels % n == 0))
    shapes: list[Shape] = [
        (count,),
        (count // channels, channels),
        (rows, count // channels // rows, channels),
    ]
    shape = draw.pick(*shapes)
    stated = (-1, *shape[1:]) if draw.chance(0.3) else shape
    return Made("Reshape", {"target_shape": stated}, shape, value.bits)


def merged(draw: Draw, values: list[Value], operation: str) -> Made:
    """Draw a layer with several sources of fitting shapes."""
    bits = values[0].bits
    for other in values[1:]:
        bits = bits.joined(other.bits)
    shape = values[0].shape
    if operation == "Concatenate":
        shape = (*shape[:-1], sum(value.shape[-1] for value in values))
    elif operation == "Multiply":
        wholes, fractions = sum(v.bits.whole for v in values), sum(v.bits.fraction for v in values)
        bits = Bits(wholes, fractions, sum(v.bits.size for v in values))
    else:
        bits = bits.plus(log2_ceil(len(values)))
    return Made(operation, {}, shape, bits, sources=tuple(value.name for value in values))


MERGES = {"add": "Add", "subtract": "Subtract", "multiply": "Multiply", "concatenate": "Concatenate"}
MAKERS: dict[str, Maker] = {
    "quantized_relu": partial(_plain_quantizer, relu=True),
    "quantized_bits": partial(_plain_quantizer, relu=False),
    "quantized_relu leaky": partial(_quantizer, kind="leaky"),
    "quantized_tanh": partial(_quantizer, kind="tanh"),
    "quantized_tanh real": partial(_quantizer, kind="real tanh"),
    "quantized_sigmoid": partial(_quantizer, kind="sigmoid"),
    "quantized_sigmoid real": partial(_quantizer, kind="real sigmoid"),
    "binary": partial(_quantizer, kind="binary"),
    "ternary": partial(_quantizer, kind="ternary"),
    "one bit": partial(_quantizer, kind="one bit"),
    "relu": partial(_activation, layer="Activation", activation=("relu",)),
    "relu layer": partial(_activation, layer="ReLU", more=(2, 2), max_value=(None, 6.0, 2.5)),
    "relu slope": partial(_activation, layer="ReLU", more=(1, 16), negative_slope=(0.125, 0.1)),
    "leaky relu": partial(_activation, layer="LeakyReLU", more=(1, 19), alpha=(0.3, 0.25, 0.01, 1.5)),
    "tanh": partial(_activation, layer="Activation", bits=_TABLE, activation=("tanh",)),
    "sigmoid": partial(_activation, layer="Activation", bits=_TABLE, activation=("sigmoid",)),
    "hard_sigmoid": partial(_activation, layer="Activation", more=(2, 18), activation=("hard_sigmoid",)),
    "softmax": _softmax,
    "argmax": partial(_softmax, argmax=True),
    **{
        f"{name} pool {rank}d {padding}": partial(_pool, layer=f"{layer}{rank}D", rank=rank, padding=padding)
        for name, layer in (("max", "MaxPooling"), ("average", "AveragePooling"))
        for rank in (2, 1)
        for padding in ("valid", "same")
    },
    "quantized average pool": partial(_pool, layer="QAveragePooling2D", rank=2, padding="valid"),
    **{
        f"global {name} {rank}d": partial(_global, layer=f"Global{layer}{rank}D", rank=rank)
        for name, layer in (("max", "MaxPooling"), ("average", "AveragePooling"))
        for rank in (2, 1)
    },
    "quantized global average": partial(_global, layer="QGlobalAveragePooling2D", rank=2),
    **{f"zero pad {rank}d": partial(_zero_pad, rank=rank) for rank in (2, 1)},
    **{f"up-sample {rank}d": partial(_upsample, rank=rank) for rank in (2, 1)},
    "flatten": _flatten,
    "reshape": _reshape,
    "dropout": partial(_activation, layer="Dropout", rate=(0.2,)),
}
