"""NetworkSpec: a quantised network as plain data. Every tensor is integers with a stated format.

A network is a graph of layers, sources first. Every layer is exact; only ``Quantize`` rounds and saturates.

Images have the shape (rows, columns, channels), sequences (steps, 1, channels), vectors (features,).

>>> coarse = Format(signed=False, width=3, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(1, 4, 1), output_shape=(1, 4, 1), output=coarse)
>>> pixels = Input(shape=(1, 4, 1), number=Format(signed=True, width=8, fraction=2))
>>> spec = NetworkSpec(name="example", inputs=(pixels,), layers=(relu,))
>>> spec.layers[0].sources, spec.outputs
(['pixels'], ['relu'])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from streams.errors import UserError

VERSION = 2

Rounding: TypeAlias = Literal["RND_CONV", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "TRN", "TRN_ZERO"]
Overflow: TypeAlias = Literal["SAT", "SAT_SYM", "SAT_ZERO", "WRAP"]
Shape: TypeAlias = tuple[int, ...]
Padding: TypeAlias = tuple[int, int, int, int]  # rows and columns: top, bottom, left, right


class Format(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fixed point: value = integer * 2**-fraction, in two's complement if ``signed``.

    ``width`` counts the sign; ``fraction`` may be negative, or larger than ``width``.
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


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What enters: integers of format ``number``, on the grid of the input's quantizer."""

    name: str = "pixels"
    shape: Shape
    number: Format


class _Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """``sources``: names of layers or inputs; left empty: the layer before. ``input_shape``: of the first source."""

    name: str
    sources: Sequence[str] = ()
    input_shape: Shape
    output_shape: Shape
    output: Format  # of every element of the output


class Conv2D(_Layer, frozen=True, kw_only=True, tag="conv2d"):
    """Exact convolution; padding is zeros.

    Weights are in the order (kernel row, kernel column, channel of the group, filter), flat. With ``groups``, filter f
    sees only the channels of group ``f // (filters // groups)``: a depthwise convolution has as many groups as
    channels. Accumulator fraction = input fraction + weight fraction = ``output.fraction``; bias integers have that
    fraction.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding
    groups: int = 1
    weight: Format
    weights: Sequence[int]
    bias: Sequence[int]


class Dense(_Layer, frozen=True, kw_only=True, tag="dense"):
    """Exact dense layer on a vector; weights in the order (feature in, unit); bias as in ``Conv2D``."""

    weight: Format
    weights: Sequence[int]
    bias: Sequence[int]


class Scale(_Layer, frozen=True, kw_only=True, tag="scale"):
    """``x * weight + bias`` with one weight and bias per channel (last axis): batch normalisation."""

    weight: Format
    weights: Sequence[int]
    bias: Sequence[int]


class Quantize(_Layer, frozen=True, kw_only=True, tag="quantize"):
    """Round to the grid of ``output``, then bring into its range. A ReLU is a ``Quantize`` to an unsigned format.

    The modes are those of ``ap_fixed``. ``RND_CONV`` is half to even; ``RND`` half up; ``RND_ZERO``, ``RND_INF``,
    ``RND_MIN_INF`` half to zero, away from zero, down; ``TRN`` floor; ``TRN_ZERO`` to zero. ``SAT_SYM`` leaves the
    most negative integer out; ``SAT_ZERO`` makes 0 of what does not fit; ``WRAP`` drops the upper bits.
    """

    rounding: Rounding = "RND_CONV"
    overflow: Overflow = "SAT"


class MaxPool2D(_Layer, frozen=True, kw_only=True, tag="maxpool2d"):
    """Maximum over a window; padded places never win."""

    pool: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding


class AveragePool2D(_Layer, frozen=True, kw_only=True, tag="averagepool2d"):
    """Sum over a window times ``factors[n - 1]``, where n of its places are not padding.

    ``output.fraction`` = input fraction + ``factor_fraction``. Where n is not a power of two the factor is 1/n
    rounded: that is the stated constant which level 0 carries too.
    """

    pool: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding
    factors: Sequence[int]
    factor_fraction: int


class GlobalPool2D(_Layer, frozen=True, kw_only=True, tag="globalpool2d"):
    """Maximum, or sum times ``factor``, over all rows and columns; output (channels,) or (1, 1, channels)."""

    op: Literal["max", "average"]
    factor: int = 1
    factor_fraction: int = 0


class ZeroPad2D(_Layer, frozen=True, kw_only=True, tag="zeropad2d"):
    """Rows and columns of zeros around the image."""

    padding: Padding


class Upsample2D(_Layer, frozen=True, kw_only=True, tag="upsample2d"):
    """Each row and each column ``size`` times (nearest neighbour)."""

    size: tuple[int, int]


class Merge(_Layer, frozen=True, kw_only=True, tag="merge"):
    """Two sources of one shape, element by element; sums on the finer grid of the two, products on the product's."""

    op: Literal["add", "subtract", "multiply"]


class Concatenate(_Layer, frozen=True, kw_only=True, tag="concatenate"):
    """Two or more sources along the last axis, on the finest of their grids."""


class Leaky(_Layer, frozen=True, kw_only=True, tag="leaky"):
    """``x`` where x >= 0, else ``x * slope * 2**-slope_fraction``; output fraction = input's + ``slope_fraction``."""

    slope: int
    slope_fraction: int


class Lookup(_Layer, frozen=True, kw_only=True, tag="lookup"):
    """``table[x - input.min_int]`` of each number; the input has at most 12 bits."""

    table: Sequence[int]


class Softmax(_Layer, frozen=True, kw_only=True, tag="softmax"):
    """Softmax over the last axis by two tables with entries >= 0:

    ``e = exp_table[min((max(x) - x) >> exp_shift, end)]``; ``s = sum(e)``;
    ``r = inverse_table[min((s - exp_table[0]) >> inverse_shift, end)]``; result ``e * r``, with
    ``output.fraction`` = ``exp_fraction`` + ``inverse_fraction``.
    """

    exp_table: Sequence[int]
    exp_shift: int
    exp_fraction: int
    inverse_table: Sequence[int]
    inverse_shift: int
    inverse_fraction: int


class Argmax(_Layer, frozen=True, kw_only=True, tag="argmax"):
    """1 for the first of the largest numbers along the last axis, 0 for the others."""


class Reshape(_Layer, frozen=True, kw_only=True, tag="reshape"):
    """The same numbers in another shape, row by row, channels innermost; flatten is one."""


Layer: TypeAlias = (
    Conv2D | Dense | Scale | Quantize | MaxPool2D | AveragePool2D | GlobalPool2D | ZeroPad2D | Upsample2D | Merge
    | Concatenate | Leaky | Lookup | Softmax | Argmax | Reshape
)  # fmt: skip


class NetworkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole network; ``outputs`` names layers (left empty: the last one)."""

    version: int = VERSION
    name: str
    inputs: Sequence[Input]
    layers: Sequence[Layer]
    outputs: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Fill in the sources and outputs that were left empty."""
        before = self.inputs[0].name if self.inputs else ""
        layers = []
        for layer in self.layers:
            layers.append(msgspec.structs.replace(layer, sources=list(layer.sources) or [before]))
            before = layer.name
        for field, value in (
            ("inputs", self.inputs),
            ("layers", layers),
            ("outputs", self.outputs or [before]),
        ):
            msgspec.structs.force_setattr(self, field, list(value))

    @property
    def input_shape(self) -> Shape:
        """Shape of the only input."""
        return self._only_input().shape

    @property
    def input(self) -> Format:
        """Format of the only input."""
        return self._only_input().number

    @property
    def output_shape(self) -> Shape:
        """Shape of the first output."""
        return self.shape(self.outputs[0])

    @property
    def output(self) -> Format:
        """Format of the first output."""
        return self.number(self.outputs[0])

    def _only_input(self) -> Input:
        if len(self.inputs) != 1:
            raise UserError(f"network {self.name} has {len(self.inputs)} inputs, want one here")
        return self.inputs[0]

    def node(self, name: str) -> Layer | Input:
        """Return the layer or input of that name."""
        return next(node for node in (*self.inputs, *self.layers) if node.name == name)

    def shape(self, name: str) -> Shape:
        """Return the shape of what a layer or an input gives."""
        node = self.node(name)
        return node.shape if isinstance(node, Input) else node.output_shape

    def number(self, name: str) -> Format:
        """Return the format of what a layer or an input gives."""
        node = self.node(name)
        return node.number if isinstance(node, Input) else node.output


def write(spec: NetworkSpec, path: Path) -> None:
    """Write ``spec`` as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(spec), indent=1) + b"\n")


def read(path: Path) -> NetworkSpec:
    """Read a NetworkSpec.

    Raises
    ------
    UserError : no such file, not JSON of this form, of another version, or of parts that do not fit together.
    """
    from trigger.network_check import check

    try:
        version = msgspec.json.decode(path.read_bytes(), type=dict).get("version")
        if version != VERSION:
            raise UserError(f"version {version}, want {VERSION}")
        spec = msgspec.json.decode(path.read_bytes(), type=NetworkSpec)
        check(spec)
    except OSError as error:
        raise UserError(f"cannot read network {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, UserError) as error:
        raise UserError(f"network {path}: {error}: convert the model again") from error
    return spec
