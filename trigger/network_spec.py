"""NetworkSpec: a quantised network as plain data. Every tensor is integers with a stated format.

A network is a chain of layers. Sums are exact (never rounded, never overflowing); only ``Quantize`` rounds and
saturates. So a ``Conv2D`` or ``Dense`` hands on its full accumulator, in a format wide enough for every input.
"""

from __future__ import annotations

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
    """Exact dense layer after flatten; weights in the order (feature in, unit), flat; bias as in ``Conv2D``."""

    weight: Format
    weights: list[int]
    bias: list[int]


class Quantize(_Layer, frozen=True, tag="quantize"):
    """Round half to even (``RND_CONV``) to ``output``, then saturate (``SAT``, or ``SAT_SYM``: no most negative).

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
    """A whole network; ``input`` is the format of the pixels that enter (already on the grid of the input quantizer)."""

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
    return spec
