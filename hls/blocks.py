"""A network cut into hardware blocks: one window, kernel and FIFO each, with the quantizers that follow fused in.

The graph of blocks that replaces ``Block`` and ``Stream`` here is in ``hls.netlist``.

>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> coarse = Format(signed=False, width=3, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(8, 9, 2), output_shape=(8, 9, 2), output=coarse)
>>> fine = Format(signed=True, width=8, fraction=2)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(8, 9, 2), number=fine),), layers=[relu])
>>> [block] = cut(spec, {})
>>> block.kernel, block.source.width, block.sink.width
('quantize', 16, 6)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from streams.errors import UserError
from trigger.network_check import check
from trigger.network_spec import (
    Conv2D,
    Dense,
    Format,
    Layer,
    MaxPool2D,
    NetworkSpec,
    Quantize,
    Reshape,
)

#: A convolution with at most this many weights becomes shifts and adds, a larger one a sequential multiply-accumulate.
MAX_UNROLLED_WEIGHTS = 2500
#: The same for the non-zero signed digits of its weights, each an addition at most (8-bit weights have 3).
#: The solver's time grows with them: 3 000 digits 2.4 s, 13 000 (2 500 weights of 16 bits) more than 2 minutes.
MAX_UNROLLED_DIGITS = 7500

Kernel: TypeAlias = Literal["shift_add", "mac", "max", "quantize"]


@dataclass(frozen=True)
class Stream:
    """What runs between two blocks: frames of rows x columns beats of ``channels`` numbers."""

    rows: int
    columns: int
    channels: int
    number: Format

    @property
    def beats(self) -> int:
        """Beats per frame."""
        return self.rows * self.columns

    @property
    def width(self) -> int:
        """Bits per beat."""
        return self.channels * self.number.width


@dataclass(frozen=True)
class Block:
    """One hardware block.

    Attributes
    ----------
    core : the layer that the kernel carries out; None where there are only quantizers.
    quantizers : the ``Quantize`` layers behind it, each with the format that enters it.
    kernel : kind of the kernel.
    source, middle, sink : streams into the block, behind its core, and out of it.
    """

    core: Conv2D | MaxPool2D | Dense | None
    quantizers: tuple[tuple[Quantize, Format], ...]
    kernel: Kernel
    source: Stream
    middle: Stream
    sink: Stream

    @property
    def name(self) -> str:
        """Names of its layers, joined by a plus sign."""
        names = [self.core.name] if self.core else []
        return "+".join(names + [layer.name for layer, _ in self.quantizers])

    @property
    def window(self) -> tuple[int, int] | None:
        """Rows and columns of the window; None where the block has none."""
        if isinstance(self.core, Conv2D):
            return self.core.kernel
        return self.core.pool if isinstance(self.core, MaxPool2D) else None

    @property
    def mac(self) -> tuple[int, int] | None:
        """(numbers per beat, beats per sum) of the sequential kernel; None where the block has none."""
        if isinstance(self.core, Dense):
            return self.source.channels, self.source.beats
        if self.kernel == "mac" and self.window:
            return math.prod(self.window) * self.source.channels, 1
        return None


def cut(spec: NetworkSpec, kernels: Mapping[str, str]) -> list[Block]:
    """Return the blocks of ``spec``, in order.

    Parameters
    ----------
    kernels : layer name -> ``shift_add`` or ``mac``, where the choice by size is not wanted.

    Raises
    ------
    UserError : a network that does not fit together, a layer named in ``kernels`` that has no such choice, or
        padding of a whole kernel.
    """
    check(spec)
    _check_choices(spec, kernels)
    rows, columns, channels = spec.input_shape if len(spec.input_shape) == 3 else (1, 1, spec.input_shape[0])
    stream = Stream(rows, columns, channels, spec.input)
    blocks: list[Block] = []
    for layer in spec.layers:
        if isinstance(layer, Reshape):
            continue  # the stream is flat already: beats in order, channels innermost
        if isinstance(layer, Quantize):
            blocks = _quantized(blocks, layer, stream)
        else:
            assert isinstance(layer, Conv2D | MaxPool2D | Dense)
            blocks.append(_block(layer, stream, kernels))
        stream = blocks[-1].sink
    return blocks


def digits(layer: Conv2D) -> int:
    """Return the number of non-zero signed digits (non-adjacent form) of all weights."""
    return sum((3 * abs(weight) ^ abs(weight)).bit_count() for weight in layer.weights)


def _block(layer: Conv2D | MaxPool2D | Dense, source: Stream, kernels: Mapping[str, str]) -> Block:
    if isinstance(layer, Dense):
        sink = Stream(1, 1, layer.output_shape[0], layer.output)
        return Block(layer, (), "mac", source, sink, sink)
    _check_padding(layer)
    rows, columns, channels = layer.output_shape
    sink = Stream(rows, columns, channels, layer.output)
    kernel: Kernel = "max"
    if isinstance(layer, Conv2D):
        small = len(layer.weights) <= MAX_UNROLLED_WEIGHTS and digits(layer) <= MAX_UNROLLED_DIGITS
        wanted = kernels.get(layer.name, "shift_add" if small else "mac")
        kernel = "mac" if wanted == "mac" else "shift_add"
    return Block(layer, (), kernel, source, sink, sink)


def _quantized(blocks: list[Block], layer: Quantize, stream: Stream) -> list[Block]:
    """Return ``blocks`` with ``layer`` fused behind the last one."""
    sink = replace(stream, number=layer.output)
    step = (layer, stream.number)
    if not blocks:
        return [Block(None, (step,), "quantize", stream, stream, sink)]
    return [*blocks[:-1], replace(blocks[-1], quantizers=(*blocks[-1].quantizers, step), sink=sink)]


def _check_choices(spec: NetworkSpec, kernels: Mapping[str, str]) -> None:
    convolutions = [layer.name for layer in spec.layers if isinstance(layer, Conv2D)]
    for name, kind in kernels.items():
        if name not in convolutions or kind not in ("shift_add", "mac"):
            raise UserError(
                f"kernel {kind!r} for layer {name!r}: want shift_add or mac, for one of {convolutions}"
            )


def _check_padding(layer: Layer) -> None:
    assert isinstance(layer, Conv2D | MaxPool2D)
    window = layer.kernel if isinstance(layer, Conv2D) else layer.pool
    top, bottom, left, right = layer.padding
    if top + bottom >= window[0] or left + right >= window[1] or min(layer.padding) < 0:
        raise UserError(
            f"layer {layer.name}: padding {layer.padding} (top, bottom, left, right) for a window of"
            f" {window[0]} x {window[1]}: want less than the window in each direction"
        )
