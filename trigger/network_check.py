"""Whether the parts of a NetworkSpec fit together: names, sources, shapes, weights, formats.

>>> from trigger.network_spec import Format, Input, Reshape
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> flat = Reshape(name="flat", input_shape=(2, 3, 1), output_shape=(6,), output=pixel)
>>> check(NetworkSpec(name="example", inputs=[Input(shape=(2, 3, 1), number=pixel)], layers=[flat]))
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from streams.errors import UserError
from trigger.exact_formats import MAX_BITS, exact
from trigger.network_spec import (
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    Format,
    GlobalPool2D,
    Layer,
    MaxPool2D,
    Merge,
    NetworkSpec,
    Quantize,
    Reshape,
    Scale,
    Shape,
    Upsample2D,
    ZeroPad2D,
)

MAX_FRACTION = 1024  # fraction bits, or zeros behind the number


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
