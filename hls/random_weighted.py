"""Random layers with weights, for ``hls.random_plans``: each maker gives a Keras layer on a value, or None.

>>> import numpy as np
>>> draw, source = Draw(np.random.default_rng(1)), Value("x", (8, 8, 2), Bits(2, 2))
>>> made = MAKERS["conv2d same"](draw, source)
>>> made.layer, made.options["padding"]
('QConv2D', 'same')
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hls.random_draws import Bits, Draw, Drawn, Shape, log2_ceil

MOST_NUMBERS = 1000  # of a tensor: simulations stay short
MOST_WEIGHTS = 400


@dataclass(frozen=True)
class Value:
    """What a layer or an input gives; ``bits`` is an upper bound."""

    name: str
    shape: Shape  # as Keras counts it, without the batch
    bits: Bits


@dataclass(frozen=True)
class Made:
    """A drawn layer: Keras class, its options, and what it gives. ``sources`` where it takes more than its value."""

    layer: str
    options: dict[str, Any]
    shape: Shape
    bits: Bits
    sources: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)  # of hls_config
    last: bool = False  # nothing may follow: level 0 ends here


Maker = Callable[[Draw, Value], Made | None]


def _sum(value: Bits, weights: Drawn, bias: Drawn | None, terms: int) -> Bits:
    size = math.log2(0.7 * math.sqrt(terms))
    products = value.plus(weights.bits.whole + log2_ceil(terms), weights.bits.fraction, size)
    return products.joined(bias.bits).plus(1) if bias else products


def _options(draw: Draw, kind: str, role: str = "kernel") -> tuple[dict[str, Any], Drawn, Drawn | None]:
    weights = draw.weights(kind)
    bias = draw.weights() if draw.chance(0.7) else None
    options = {f"{role}_quantizer": weights.text, "use_bias": bias is not None}
    if bias is not None:
        options["bias_quantizer"] = bias.text
    return options, weights, bias


def _inside(draw: Draw, options: dict[str, Any], bits: Bits, argument: bool) -> Bits:
    """Add the activation inside a layer, where there is to be one."""
    if not argument:
        return bits
    found = draw.activation(bits)
    options["activation"] = found.text
    return found.bits


def conv(
    draw: Draw, value: Value, *, rank: int, padding: str, weights: str = "bits", argument: bool = False
) -> Made | None:
    """Draw QConv2D or QConv1D."""
    if len(value.shape) != rank + 1:
        return None
    window = draw.window(value.shape[:-1], padding)
    filters = draw.between(1, 4)
    terms = math.prod(window["size"]) * value.shape[-1] if window else 0
    if window is None or terms * filters > MOST_WEIGHTS:
        return None
    found, kernel, bias = _options(draw, weights)
    options = {
        "filters": filters, "kernel_size": window["size"], "strides": window["strides"], "padding": padding, **found
    }  # fmt: skip
    bits = _inside(draw, options, _sum(value.bits, kernel, bias, terms), argument)
    return Made(f"QConv{rank}D", options, (*window["out"], filters), bits)


def depthwise(draw: Draw, value: Value) -> Made | None:
    """Draw QDepthwiseConv2D."""
    window = _equal_window(draw, value, 2)
    if window is None:
        return None
    found, kernel, bias = _options(draw, "bits", "depthwise")
    options = {
        "kernel_size": window["size"],
        "strides": window["strides"],
        "padding": window["padding"],
        **found,
    }
    bits = _sum(value.bits, kernel, bias, math.prod(window["size"]))
    return Made("QDepthwiseConv2D", options, (*window["out"], value.shape[-1]), bits)


def separable(draw: Draw, value: Value, *, rank: int) -> Made | None:
    """Draw QSeparableConv2D or QSeparableConv1D."""
    window = _equal_window(draw, value, rank)
    if window is None:
        return None
    found, pointwise, bias = _options(draw, "bits", "pointwise")
    first, filters = draw.weights(), draw.between(1, 4)
    options = {
        "filters": filters, "kernel_size": window["size"], "strides": window["strides"],
        "padding": window["padding"], "depthwise_quantizer": first.text, **found,
    }  # fmt: skip
    inner = _sum(value.bits, first, None, math.prod(window["size"]))
    bits = _sum(inner, pointwise, bias, value.shape[-1])
    return Made(f"QSeparableConv{rank}D", options, (*window["out"], filters), bits)


def _equal_window(draw: Draw, value: Value, rank: int) -> dict[str, Any] | None:
    if len(value.shape) != rank + 1:
        return None
    return draw.window(value.shape[:-1], draw.pick("valid", "same"), equal_strides=True)


def dense(
    draw: Draw, value: Value, *, pixel: bool, weights: str = "bits", argument: bool = False
) -> Made | None:
    """Draw QDense on a vector, or on every pixel."""
    units, features = draw.between(1, 4), value.shape[-1]
    if pixel != (len(value.shape) > 1) or units * features > MOST_WEIGHTS:
        return None
    options, kernel, bias = _options(draw, weights)
    bits = _inside(draw, options, _sum(value.bits, kernel, bias, features), argument)
    return Made("QDense", {"units": units, **options}, (*value.shape[:-1], units), bits)


def any_weighted(draw: Draw, value: Value, *, weights: str = "bits", argument: bool = False) -> Made | None:
    """Draw a convolution or dense layer with a given kind of weights, or with an activation inside."""
    if len(value.shape) == 1 or draw.chance(0.2):
        return dense(draw, value, pixel=len(value.shape) > 1, weights=weights, argument=argument)
    padding = draw.pick("valid", "same")
    return conv(draw, value, rank=len(value.shape) - 1, padding=padding, weights=weights, argument=argument)


def batch_norm(draw: Draw, value: Value) -> Made | None:
    """Draw BatchNormalization."""
    options = {"scale": draw.chance(0.8), "center": draw.chance(0.8)}
    return Made("BatchNormalization", options, value.shape, value.bits.plus(4, 18))


def conv_batch_norm(draw: Draw, value: Value) -> Made | None:
    """Draw QConv2DBatchnorm."""
    made = conv(draw, value, rank=2, padding=draw.pick("valid", "same"))
    if made is None:
        return None
    bias = draw.weights()
    mode = draw.pick("ema_stats_folding", "batch_stats_folding")
    options = {**made.options, "bias_quantizer": bias.text, "folding_mode": mode}
    return Made("QConv2DBatchnorm", options, made.shape, made.bits.joined(bias.bits).plus(1))


MAKERS: dict[str, Maker] = {
    **{
        f"conv{rank}d {padding}": partial(conv, rank=rank, padding=padding)
        for rank in (2, 1)
        for padding in ("valid", "same")
    },
    "depthwise": depthwise,
    "separable 2d": partial(separable, rank=2),
    "separable 1d": partial(separable, rank=1),
    "dense": partial(dense, pixel=False),
    "dense per pixel": partial(dense, pixel=True),
    **{
        f"weights {kind}": partial(any_weighted, weights=kind)
        for kind in ("binary", "ternary", "po2", "auto_po2", "alpha")
    },
    "activation inside": partial(any_weighted, argument=True),
    "batch norm": batch_norm,
    "conv2d batch norm": conv_batch_norm,
}
