"""NetworkSpec: a quantised network as plain data. Every tensor is integers with a stated format.

A network is a chain of layers. Sums are exact (never rounded, never overflowing); only ``Quantize`` rounds
and saturates. So a ``Conv2D`` or ``Dense`` hands on its full accumulator, in a format wide enough for every
input.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from streams.errors import UserError

VERSION = 1


class Format(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fixed point: value = integer * 2**-fraction.

    Attributes
    ----------
    signed : two's complement, else unsigned.
    width : bits, sign included.
    fraction : fraction bits; may be negative, or larger than ``width``.

    >>> Format(signed=False, width=4, fraction=2).max_int
    15
    """

    signed: bool
    width: int
    fraction: int

    @property
    def min_int(self) -> int:
        """Smallest integer that the format holds."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max_int(self) -> int:
        """Largest integer that the format holds."""
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1


Shape: TypeAlias = tuple[int, ...]  # (rows, columns, channels), or (features,) after Flatten


class _Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    name: str
    input_shape: Shape
    output_shape: Shape
    output: Format  # of every element of the output


class Conv2D(_Layer, frozen=True, tag="conv2d"):
    """Exact convolution. ``padding`` is rows and columns of zeros: (top, bottom, left, right).

    Weights are in the order (kernel row, kernel column, channel in, filter), flat; accumulator fraction =
    input fraction + weight fraction = ``output.fraction``; bias integers have that fraction.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    weight: Format
    weights: list[int]
    bias: list[int]


class Dense(_Layer, frozen=True, tag="dense"):
    """Exact dense layer after flatten; weights in the order (feature in, unit); bias as in ``Conv2D``."""

    weight: Format
    weights: list[int]
    bias: list[int]


class Quantize(_Layer, frozen=True, tag="quantize"):
    """Round half to even (``RND_CONV``) to ``output``, then saturate.

    ``SAT_SYM`` leaves the most negative integer out, as ``quantized_bits(symmetric=True)`` does.
    A ReLU is a ``Quantize`` to an unsigned format.
    """

    overflow: Literal["SAT", "SAT_SYM"] = "SAT"


class MaxPool2D(_Layer, frozen=True, tag="maxpool2d"):
    """Maximum over a window; padded places (top, bottom, left, right) never win."""

    pool: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]


class Flatten(_Layer, frozen=True, tag="flatten"):
    """(rows, columns, channels) -> (features,), row by row, channels innermost."""


Layer: TypeAlias = Conv2D | Dense | Quantize | MaxPool2D | Flatten


class NetworkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole network; ``input`` is the format of the pixels that enter, on the input quantizer's grid."""

    version: int = VERSION
    name: str
    input_shape: Shape
    input: Format
    layers: list[Layer]

    @property
    def output_shape(self) -> Shape:
        """Shape of the result."""
        return self.layers[-1].output_shape

    @property
    def output(self) -> Format:
        """Format of the result."""
        return self.layers[-1].output


def write(spec: NetworkSpec, path: Path) -> None:
    """Write ``spec`` as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(spec), indent=1) + b"\n")


def read(path: Path) -> NetworkSpec:
    """Read a NetworkSpec.

    Raises
    ------
    UserError : no such file, not JSON of this form, or of another version.
    """
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=NetworkSpec)
    except OSError as error:
        raise UserError(f"cannot read network {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"network {path}: {error}: convert the model again") from error
    if spec.version != VERSION:
        raise UserError(f"network {path}: version {spec.version}, want {VERSION}: convert the model again")
    try:
        check(spec)
    except UserError as error:
        raise UserError(f"network {path}: {error}: convert the model again") from error
    return spec


def check(spec: NetworkSpec) -> None:
    """Refuse a network whose parts do not fit together.

    Raises
    ------
    UserError : no layers, two layers of one name, shapes that do not follow from each other, a wrong number
        of weights, or weights outside their format.
    """
    if not spec.layers or len({layer.name for layer in spec.layers}) != len(spec.layers):
        raise UserError("want at least one layer, and each layer's name once")
    shape = spec.input_shape
    for layer in spec.layers:
        if layer.input_shape != shape:
            raise UserError(f"layer {layer.name} takes shape {layer.input_shape}, but is given {shape}")
        want = _output_shape(layer)
        if layer.output_shape != want or min(want) < 1:
            raise UserError(f"layer {layer.name} gives shape {layer.output_shape}, want {want}")
        if isinstance(layer, Conv2D | Dense):
            _check_weights(layer)
        if isinstance(layer, MaxPool2D) and not _pool_sees_image(layer):
            raise UserError(f"layer {layer.name}: a window of padding {layer.padding} alone has no maximum")
        shape = layer.output_shape


def _output_shape(layer: Layer) -> Shape:
    """Return the output shape that follows from the layer's other fields (filters as stated)."""
    if isinstance(layer, Conv2D | MaxPool2D):
        window = layer.kernel if isinstance(layer, Conv2D) else layer.pool
        rows, columns = layer.input_shape[0], layer.input_shape[1]
        top, bottom, left, right = layer.padding
        high = (rows + top + bottom - window[0]) // layer.stride[0] + 1
        wide = (columns + left + right - window[1]) // layer.stride[1] + 1
        return (high, wide, layer.output_shape[-1] if isinstance(layer, Conv2D) else layer.input_shape[-1])
    if isinstance(layer, Dense):
        return (layer.output_shape[-1],)
    return (math.prod(layer.input_shape),) if isinstance(layer, Flatten) else layer.input_shape


def _pool_sees_image(layer: MaxPool2D) -> bool:
    """Return whether no window lies wholly in the padding."""
    (top, _, left, _), (down, across) = layer.padding, layer.stride
    last_row, last_column = (
        (layer.output_shape[0] - 1) * down - top,
        (layer.output_shape[1] - 1) * across - left,
    )
    starts_inside = top < layer.pool[0] and left < layer.pool[1]
    return starts_inside and last_row < layer.input_shape[0] and last_column < layer.input_shape[1]


def _check_weights(layer: Conv2D | Dense) -> None:
    fan_in = layer.input_shape[-1] * (math.prod(layer.kernel) if isinstance(layer, Conv2D) else 1)
    outputs = layer.output_shape[-1]
    if len(layer.weights) != fan_in * outputs or len(layer.bias) != outputs:
        got = f"{len(layer.weights)} weights and {len(layer.bias)} biases"
        raise UserError(f"layer {layer.name} has {got}, want {fan_in * outputs} and {outputs}")
    if min(layer.weights) < layer.weight.min_int or max(layer.weights) > layer.weight.max_int:
        raise UserError(f"layer {layer.name} has a weight outside its format of {layer.weight.width} bits")
