"""Small networks that together touch every layer, border and kernel kind; made directly, without a model.

>>> spec = examples()["pads"].spec
>>> [layer.name for layer in spec.layers][:2]
['quantize0', 'quantize1']
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from firmware_tests.graph_examples import graphs
from trigger.integer_network import evaluate
from trigger.network_spec import (
    Conv2D,
    Dense,
    Format,
    Input,
    Layer,
    MaxPool2D,
    NetworkSpec,
    Quantize,
    Reshape,
)


def unsigned(width: int, fraction: int = 0) -> Format:
    """Return an unsigned format."""
    return Format(signed=False, width=width, fraction=fraction)


def signed(width: int, fraction: int = 0) -> Format:
    """Return a two's complement format."""
    return Format(signed=True, width=width, fraction=fraction)


@dataclass(frozen=True)
class Example:
    """A network, and the kernels that are forced for some of its layers."""

    spec: NetworkSpec
    kernels: Mapping[str, str] = field(default_factory=dict)


class Chain:
    """Builds a NetworkSpec layer by layer; weights are seeded random."""

    def __init__(self, name: str, shape: tuple[int, ...], pixel: Format, seed: int = 1) -> None:
        self.name, self.shape, self.pixel = name, shape, pixel
        self._rng = np.random.default_rng(seed)
        self._layers: list[Layer] = []
        self._at, self._format = shape, pixel

    def conv(
        self,
        kernel: tuple[int, int],
        filters: int,
        *,
        stride: tuple[int, int] = (1, 1),
        same: bool = True,
        bits: int = 4,
    ) -> Chain:
        """Append a convolution; ``same`` pads as Keras does (the odd zero at the bottom and right)."""
        padding = _same(self._at, kernel, stride) if same else (0, 0, 0, 0)
        n = kernel[0] * kernel[1] * self._at[2]
        weights, bias = self._random((n, filters), bits), self._random((filters,), 6)
        if n > 4:
            weights *= self._rng.random(weights.shape) < 0.8  # some zeros, as after training
        shape = (*_shape(self._at, kernel, stride, padding), filters)
        return self._append(
            Conv2D(
                name=f"conv{len(self._layers)}",
                input_shape=self._at,
                output_shape=shape,
                output=self._sum(n, bits),
                kernel=kernel,
                stride=stride,
                padding=padding,
                weight=signed(bits, 2),
                weights=weights.ravel().tolist(),
                bias=bias.tolist(),
            )
        )

    def dense(self, units: int, *, bits: int = 4) -> Chain:
        """Append a flatten where one is needed, and a dense layer."""
        if len(self._at) > 1:
            flat = (int(np.prod(self._at)),)
            name = f"flatten{len(self._layers)}"
            self._append(Reshape(name=name, input_shape=self._at, output_shape=flat, output=self._format))
        weights, bias = self._random((self._at[0], units), bits), self._random((units,), 6)
        return self._append(
            Dense(
                name=f"dense{len(self._layers)}",
                input_shape=self._at,
                output_shape=(units,),
                output=self._sum(self._at[0], bits),
                weight=signed(bits, 2),
                weights=weights.ravel().tolist(),
                bias=bias.tolist(),
            )
        )

    def pool(self, pool: tuple[int, int], stride: tuple[int, int], *, same: bool = False) -> Chain:
        """Append a max pooling."""
        padding = _same(self._at, pool, stride) if same else (0, 0, 0, 0)
        shape = (*_shape(self._at, pool, stride, padding), self._at[2])
        name = f"pool{len(self._layers)}"
        return self._append(
            MaxPool2D(
                name=name,
                input_shape=self._at,
                output_shape=shape,
                output=self._format,
                pool=pool,
                stride=stride,
                padding=padding,
            )
        )

    def quantize(self, output: Format, overflow: Literal["SAT", "SAT_SYM"] = "SAT") -> Chain:
        """Append a quantizer."""
        name = f"quantize{len(self._layers)}"
        layer = Quantize(
            name=name, input_shape=self._at, output_shape=self._at, output=output, overflow=overflow
        )
        return self._append(layer)

    def fit(
        self, width: int, *, sign: bool = False, sharp: int = 0, overflow: Literal["SAT", "SAT_SYM"] = "SAT"
    ) -> Chain:
        """Append a quantizer on whose grid random images spread over most of the values, and saturate at times.

        ``sharp`` more fraction bits than that saturate more often.
        """
        low, high = self.pixel.min_int, self.pixel.max_int
        spread = evaluate(self.spec(), self._rng.integers(low, high + 1, (4, *self.shape))).std()
        dropped = math.ceil(math.log2(max(1.5 * float(spread), 1) / (1 << (width - sign))))
        fraction = self._format.fraction - dropped + sharp
        return self.quantize(Format(signed=sign, width=width, fraction=fraction), overflow)

    def spec(self) -> NetworkSpec:
        """Return the network."""
        return NetworkSpec(
            name=self.name, inputs=(Input(shape=self.shape, number=self.pixel),), layers=self._layers
        )

    def _append(self, layer: Layer) -> Chain:
        self._layers.append(layer)
        self._at, self._format = layer.output_shape, layer.output
        return self

    def _random(self, shape: tuple[int, ...], bits: int) -> np.ndarray:
        return self._rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)

    def _sum(self, n: int, bits: int) -> Format:
        """Return a format for every sum of n products and a bias."""
        largest = max(self._format.max_int, -self._format.min_int) * (1 << (bits - 1)) * n + 128
        return signed(largest.bit_length() + 1, self._format.fraction + 2)


def _shape(
    shape: tuple[int, ...], window: tuple[int, int], stride: tuple[int, int], padding: tuple[int, ...]
) -> tuple[int, int]:
    rows = (shape[0] + padding[0] + padding[1] - window[0]) // stride[0] + 1
    return rows, (shape[1] + padding[2] + padding[3] - window[1]) // stride[1] + 1


def _same(
    shape: tuple[int, ...], window: tuple[int, int], stride: tuple[int, int]
) -> tuple[int, int, int, int]:
    both = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(shape, window, stride, strict=False)]
    return both[0] // 2, both[0] - both[0] // 2, both[1] // 2, both[1] - both[1] // 2


def examples() -> dict[str, Example]:
    """Return the networks by name."""
    narrow = Chain("narrow", (8, 13, 1), unsigned(8, 5), seed=2)
    narrow.conv((3, 3), 3).fit(4).pool((2, 2), (2, 2)).conv((3, 3), 2).fit(6, sign=True, overflow="SAT_SYM")
    strides = Chain("strides", (11, 9, 2), signed(5, 1), seed=3)
    strides.conv((2, 3), 3, stride=(2, 1), same=False).fit(7, sign=True)
    strides.conv((4, 5), 2, stride=(2, 2)).fit(5, sign=True, sharp=1).conv((1, 5), 1, stride=(1, 2))
    pads = Chain("pads", (9, 8, 2), signed(6, 2), seed=4)
    pads.quantize(signed(5, 1), "SAT_SYM").quantize(signed(8, 3)).pool((3, 2), (2, 2), same=True)
    pads.pool((2, 3), (1, 1), same=True).quantize(signed(6, 1))
    large = Chain("large", (8, 8, 1), unsigned(4), seed=5)
    large.conv((7, 7), 2, bits=3).fit(4).pool((3, 3), (4, 4))
    large.conv((7, 6), 2, bits=2).fit(4, sign=True).conv((2, 2), 1, same=False, bits=8)
    flat = Chain("flat", (8, 9, 1), unsigned(6, 1), seed=6)
    flat.conv((3, 3), 2, stride=(2, 2)).fit(4).dense(3, bits=7).fit(7, sign=True)
    flat.dense(2, bits=16).fit(12, sign=True)
    shared = Chain("shared", (8, 9, 2), unsigned(5, 1), seed=7)
    shared.conv((3, 3), 3).fit(4).pool((2, 2), (2, 2)).conv((3, 3), 2).fit(9, sign=True)
    every = Chain("every", (8, 8, 2), signed(4, 1), seed=9)
    every.conv((3, 3), 2).fit(5, sign=True).conv((1, 1), 2).fit(5, sign=True, sharp=1, overflow="SAT_SYM")
    every.pool((3, 3), (2, 2), same=True).conv((1, 1), 2).fit(6, sign=True, sharp=2, overflow="SAT_SYM")
    one = Chain("one", (8, 8, 1), unsigned(8), seed=8).conv((1, 1), 1, bits=16)
    return {
        "narrow": Example(narrow.spec()),
        "strides": Example(strides.spec()),
        "pads": Example(pads.spec()),
        "large": Example(large.spec()),
        "flat": Example(flat.spec()),
        "shared": Example(shared.spec(), {"conv0": "mac", "conv3": "mac"}),
        "every": Example(every.spec(), {"conv2": "mac"}),  # every shell: the mutations run on it
        "one": Example(one.spec()),
        **{name: Example(spec) for name, spec in graphs().items()},
    }


def detector(rows: int = 64, columns: int = 992) -> NetworkSpec:
    """Return a network of the kind that the demo trains: three convolutions, two poolings, a 1 x 1 output."""
    chain = Chain("detector", (rows, columns, 1), unsigned(8, 3), seed=11)
    chain.conv((3, 3), 8, bits=6).fit(6).pool((2, 2), (2, 2)).conv((3, 3), 12, bits=6).fit(5)
    chain.pool((2, 2), (2, 2)).conv((3, 3), 16, bits=6).fit(4).conv((1, 1), 1, bits=6)
    return chain.fit(12, sign=True).spec()
