"""The exact range of what a layer gives, and the narrowest format that holds it.

>>> fit((-5, 3), 0).width, fit((0, 8), 0).width, fit((0, 0), 0).width
(4, 4, 1)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from streams.errors import UserError
from trigger.network_spec import (
    Argmax,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    Format,
    GlobalPool2D,
    Layer,
    Leaky,
    Lookup,
    Merge,
    Scale,
    Softmax,
    ZeroPad2D,
)

MAX_BITS = 62  # of any number: the integer network works on int64
LOOKUP_BITS = 12  # of a number that a table is asked for
Range = tuple[int, int]


def fit(span: Range, fraction: int) -> Format:
    """Return the narrowest format that holds every integer in ``span`` (lowest, highest)."""
    low, high = span
    if low >= 0:
        return Format(signed=False, width=max(1, high.bit_length()), fraction=fraction)
    width = 1 + max((-low - 1).bit_length(), max(high, 0).bit_length())
    return Format(signed=True, width=width, fraction=fraction)


def exact(layer: Layer, numbers: Sequence[Format]) -> tuple[Range, int]:
    """Return (lowest, highest) integer that ``layer`` can give for sources of formats ``numbers``, and its fraction.

    Raises
    ------
    UserError : a table that does not fit its input.
    """
    given = numbers[0]
    span = (given.min_int, given.max_int)
    for kinds, rule in _RULES:
        if isinstance(layer, kinds):
            return rule(layer, span, numbers)
    return span, given.fraction


def _weighted(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    weights = np.array(layer.weights, np.int64).reshape(-1, len(layer.bias))
    bias = np.array(layer.bias, object)
    positive = np.maximum(weights, 0).sum(axis=0).astype(object)
    negative = np.minimum(weights, 0).sum(axis=0).astype(object)
    low = min(positive * span[0] + negative * span[1] + bias)
    high = max(positive * span[1] + negative * span[0] + bias)
    if isinstance(layer, Conv2D) and any(
        layer.padding
    ):  # padding is 0, which the input's format may not hold: it does
        low, high = min(low, *bias), max(high, *bias)
    return (int(low), int(high)), numbers[0].fraction + layer.weight.fraction


def _average(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    if isinstance(layer, GlobalPool2D):
        sums = [math.prod(layer.input_shape[:2]) * layer.factor] if layer.op == "average" else [1]
    else:
        sums = [(n + 1) * factor for n, factor in enumerate(layer.factors)]
    fraction = getattr(layer, "factor_fraction", 0) if getattr(layer, "op", "average") == "average" else 0
    return (min(span[0] * max(sums), 0), span[1] * max(sums)), numbers[0].fraction + fraction


def _joined(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    fraction = max(number.fraction for number in numbers)
    up = [fraction - number.fraction for number in numbers]
    low = [number.min_int << n for number, n in zip(numbers, up, strict=True)]
    high = [number.max_int << n for number, n in zip(numbers, up, strict=True)]
    if isinstance(layer, Concatenate):
        return (min(low), max(high)), fraction
    if layer.op == "add":
        return (low[0] + low[1], high[0] + high[1]), fraction
    if layer.op == "subtract":
        return (low[0] - high[1], high[0] - low[1]), fraction
    one, other = numbers
    products = [a * b for a in (one.min_int, one.max_int) for b in (other.min_int, other.max_int)]
    return (min(products), max(products)), one.fraction + other.fraction


def _leaky(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    if not 0 <= layer.slope_fraction <= MAX_BITS:
        raise UserError(f"layer {layer.name}: {layer.slope_fraction} fraction bits, want 0 to {MAX_BITS}")
    ends = [0, span[0] * layer.slope, span[1] << layer.slope_fraction]
    return (min(ends), max(ends)), numbers[0].fraction + layer.slope_fraction


def _lookup(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    if numbers[0].width > LOOKUP_BITS or len(layer.table) != 1 << numbers[0].width:
        raise UserError(
            f"layer {layer.name}: a table of {len(layer.table)} for a number of {numbers[0].width} bits: want one"
            f" entry per number, and at most {LOOKUP_BITS} bits"
        )
    return (min(layer.table), max(layer.table)), layer.output.fraction


def _softmax(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    tables = (*layer.exp_table, *layer.inverse_table)
    if (
        not layer.exp_table
        or not layer.inverse_table
        or min(tables) < 0
        or min(layer.exp_shift, layer.inverse_shift) < 0
    ):
        raise UserError(f"layer {layer.name}: want two tables with entries >= 0, and shifts >= 0")
    return (0, max(layer.exp_table) * max(layer.inverse_table)), layer.exp_fraction + layer.inverse_fraction


def _padded(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    return (min(span[0], 0), max(span[1], 0)), numbers[0].fraction


def _argmax(layer: Any, span: Range, numbers: Sequence[Format]) -> tuple[Range, int]:
    return (0, 1), layer.output.fraction


_Rule = Callable[[Any, Range, Sequence[Format]], tuple[Range, int]]
_RULES: tuple[tuple[Any, _Rule], ...] = (
    (Conv2D | Dense | Scale, _weighted),
    (AveragePool2D | GlobalPool2D, _average),
    (Merge | Concatenate, _joined),
    (Leaky, _leaky),
    (Lookup, _lookup),
    (Softmax, _softmax),
    (ZeroPad2D, _padded),
    (Argmax, _argmax),
)
