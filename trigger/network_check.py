"""Whether the parts of a NetworkSpec fit together: names, sources, shapes, weights, formats.

>>> from trigger.network_spec import Format
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
    MaxPool2D,
    Merge,
    NetworkSpec,
    Quantize,
    Reshape,
    Scale,
    Shape,
    Softmax,
    Upsample2D,
    ZeroPad2D,
)  # fmt: skip

MAX_BITS = 62  # of any number: the integer network works on int64
MAX_FRACTION = 1024  # fraction bits, or zeros behind the number
LOOKUP_BITS = 12  # of a number that a table is asked for
Range = tuple[int, int]


def check(spec: NetworkSpec) -> None:
    """Refuse a network whose parts do not fit together.

    Raises
    ------
    UserError : no layers, a name twice, an unknown source (a cycle has one), an unused layer or input, shapes that do
        not follow from each other, a wrong number of weights, weights outside their format, or a format that is
        wider than 62 bits, or too narrow for what an exact layer can give.
    """
    _check_names(spec)
    for node in spec.inputs:
        if len(node.shape) not in (1, 3) or min(node.shape) < 1 or not _fits(node.number):
            raise UserError(
                f"input {node.name}: shape {node.shape}, {node.number.width} bits: want (rows, columns,"
                f" channels) or (features,), and 1 to {MAX_BITS} bits"
            )
    for layer in spec.layers:
        _check_layer(spec, layer)


def _check_names(spec: NetworkSpec) -> None:
    names = [node.name for node in (*spec.inputs, *spec.layers)]
    if not spec.inputs or not spec.layers or len(set(names)) != len(names):
        raise UserError("want at least one input and one layer, and each name once")
    known = {node.name for node in spec.inputs}
    for layer in spec.layers:
        wrong = [source for source in layer.sources if source not in known]
        if wrong:
            raise UserError(
                f"layer {layer.name} takes {wrong[0]!r}, which is no input and no layer before it"
            )
        known.add(layer.name)
    wrong = [name for name in spec.outputs if name not in known - {node.name for node in spec.inputs}]
    if wrong or len(set(spec.outputs)) != len(spec.outputs):
        raise UserError(f"outputs {list(spec.outputs)}: want names of layers, each once")
    used = set(spec.outputs).union(*(layer.sources for layer in spec.layers))
    for name in names:
        if name not in used:
            raise UserError(f"{name!r} is used by no layer and is no output")


def _check_layer(spec: NetworkSpec, layer: Layer) -> None:
    shapes = [spec.shape(source) for source in layer.sources]
    numbers = [spec.number(source) for source in layer.sources]
    if isinstance(layer, Merge | Concatenate):
        count = len(shapes) == 2 or (isinstance(layer, Concatenate) and len(shapes) > 2)
        if not count or len({s if isinstance(layer, Merge) else s[:-1] for s in shapes}) != 1:
            raise UserError(f"layer {layer.name} takes shapes {shapes}, which do not fit together")
    elif len(shapes) != 1:
        raise UserError(f"layer {layer.name} takes {len(shapes)} sources, want one")
    if layer.input_shape != shapes[0]:
        raise UserError(f"layer {layer.name} takes shape {layer.input_shape}, but is given {shapes[0]}")
    if isinstance(layer, Conv2D | Dense | Scale):
        _check_weights(layer)
    _check_sizes(layer)
    want = output_shape(layer, shapes)
    if layer.output_shape != want or min(want) < 1:
        raise UserError(f"layer {layer.name} gives shape {layer.output_shape}, want {want}")
    if isinstance(layer, MaxPool2D | AveragePool2D):
        _check_pool(layer)
    _check_format(layer, numbers)


def output_shape(layer: Layer, shapes: Sequence[Shape]) -> Shape:
    """Return the output shape that follows from the layer's other fields (filters, and a new shape, as stated)."""
    given = shapes[0]
    if isinstance(layer, Conv2D | MaxPool2D | AveragePool2D | ZeroPad2D | Upsample2D | GlobalPool2D):
        if len(given) != 3:
            raise UserError(f"layer {layer.name} takes shape {given}, want (rows, columns, channels)")
        return _image_shape(layer, given)
    if isinstance(layer, Dense):
        if len(given) != 1:
            raise UserError(f"layer {layer.name} takes shape {given}, want (features,)")
        return (len(layer.bias),)
    if isinstance(layer, Concatenate):
        return (*given[:-1], sum(shape[-1] for shape in shapes))
    if isinstance(layer, Reshape):
        same = math.prod(layer.output_shape) == math.prod(given) and len(layer.output_shape) in (1, 3)
        return layer.output_shape if same else (math.prod(given),)
    return given


def _image_shape(layer: Layer, given: Shape) -> Shape:
    rows, columns, channels = given
    if isinstance(layer, GlobalPool2D):
        return (channels,) if len(layer.output_shape) == 1 else (1, 1, channels)
    if isinstance(layer, Upsample2D):
        return (rows * layer.size[0], columns * layer.size[1], channels)
    assert isinstance(layer, Conv2D | MaxPool2D | AveragePool2D | ZeroPad2D)
    top, bottom, left, right = layer.padding
    high, wide = rows + top + bottom, columns + left + right
    if isinstance(layer, ZeroPad2D):
        return (high, wide, channels)
    window = layer.kernel if isinstance(layer, Conv2D) else layer.pool
    filters = len(layer.bias) if isinstance(layer, Conv2D) else channels
    return ((high - window[0]) // layer.stride[0] + 1, (wide - window[1]) // layer.stride[1] + 1, filters)


def _check_sizes(layer: Layer) -> None:
    padding = getattr(layer, "padding", (0, 0, 0, 0))
    sizes = [size for key in ("kernel", "pool", "stride", "size") for size in getattr(layer, key, ())]
    if min([1, *sizes]) < 1 or min(padding) < 0:
        raise UserError(
            f"layer {layer.name}: sizes {sizes}, padding {padding}: want at least 1, and at least 0"
        )


def _check_pool(layer: MaxPool2D | AveragePool2D) -> None:
    """Refuse a pool that sees padding alone, and a wrong number of factors."""
    (rows, columns, _), padding = layer.input_shape, layer.padding
    last = [(n - 1) * s - p for n, s, p in zip(layer.output_shape, layer.stride, padding[::2], strict=False)]
    inside = padding[0] < layer.pool[0] and padding[2] < layer.pool[1]
    if not inside or last[0] >= rows or last[1] >= columns:
        raise UserError(f"layer {layer.name}: a window of padding {padding} alone has no value")
    if isinstance(layer, AveragePool2D) and (
        len(layer.factors) != math.prod(layer.pool) or min(layer.factors) < 0
    ):
        raise UserError(
            f"layer {layer.name} has {len(layer.factors)} factors, want {math.prod(layer.pool)}, all >= 0"
        )


def _check_weights(layer: Conv2D | Dense | Scale) -> None:
    channels, outputs = layer.input_shape[-1], len(layer.bias)
    fan_in = 1
    if isinstance(layer, Dense):
        fan_in = channels
    if isinstance(layer, Conv2D):
        if layer.groups < 1 or channels % layer.groups or outputs % layer.groups:
            raise UserError(
                f"layer {layer.name}: {layer.groups} groups do not divide {channels} channels and {outputs} filters"
            )
        fan_in = math.prod(layer.kernel) * channels // layer.groups
    wanted = channels if isinstance(layer, Scale) else outputs
    if outputs < 1 or len(layer.weights) != fan_in * outputs or outputs != wanted:
        got = f"{len(layer.weights)} weights and {outputs} biases"
        raise UserError(f"layer {layer.name} has {got}, want {fan_in * max(wanted, 1)} and {max(wanted, 1)}")
    if not 1 <= layer.weight.width <= MAX_BITS:
        raise UserError(f"layer {layer.name} has weights of {layer.weight.width} bits, want 1 to {MAX_BITS}")
    if min(layer.weights) < layer.weight.min_int or max(layer.weights) > layer.weight.max_int:
        raise UserError(f"layer {layer.name} has a weight outside its format of {layer.weight.width} bits")


def _fits(number: Format) -> bool:
    return 1 <= number.width <= MAX_BITS and abs(number.fraction) <= MAX_FRACTION


def _check_format(layer: Layer, numbers: Sequence[Format]) -> None:
    if not _fits(layer.output):
        raise UserError(
            f"layer {layer.name} gives {layer.output.width} bits, want 1 to {MAX_BITS} (fraction"
            f" {layer.output.fraction}, want at most {MAX_FRACTION}): use narrower formats"
        )
    if isinstance(layer, Quantize):
        return
    (low, high), fraction = exact(layer, numbers)
    out = layer.output
    if fraction != out.fraction or low < out.min_int or high > out.max_int:
        raise UserError(
            f"layer {layer.name} gives {low}..{high} with fraction {fraction}, which"
            f" {'signed' if out.signed else 'unsigned'} {out.width} bits with fraction {out.fraction} do not hold"
        )


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
