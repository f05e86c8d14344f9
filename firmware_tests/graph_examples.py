"""Small networks with branches, several inputs and outputs, and every kind of layer; made directly, without a model.

>>> sorted(graphs())[:3]
['concatenated', 'flat_branches', 'residual']
>>> [layer.name for layer in graphs()["residual"].layers][:2]
['conv2d0', 'quantize1']
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from trigger.exact_formats import exact, fit
from trigger.network_check import output_shape
from trigger.network_spec import (
    Argmax,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    Format,
    GlobalPool2D,
    Input,
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
)

WEIGHT = Format(signed=True, width=4, fraction=2)


def number(width: int, fraction: int = 0, *, signed: bool = False) -> Format:
    """Return a format."""
    return Format(signed=signed, width=width, fraction=fraction)


class Graph:
    """Builds a NetworkSpec layer by layer; every method returns the new layer's name. Weights are seeded random."""

    def __init__(self, name: str, seed: int, **inputs: tuple[Shape, Format]) -> None:
        self.name, self._rng = name, np.random.default_rng(seed)
        self.inputs = [Input(name=n, shape=shape, number=form) for n, (shape, form) in inputs.items()]
        self.layers: list[Layer] = []
        self._values: dict[str, tuple[Shape, Format]] = dict(inputs)

    def add(
        self, kind: type[Any], *sources: str, shape: Shape = (), output: Format | None = None, **fields: Any
    ) -> str:
        """Append a layer; its output shape and format follow from the other fields where they are left out."""
        shapes, numbers = [self._values[s][0] for s in sources], [self._values[s][1] for s in sources]
        name = f"{kind.__name__.lower()}{len(self.layers)}"
        head = {"name": name, "sources": list(sources), "input_shape": shapes[0]}
        draft = kind(**head, **fields, output_shape=shape or shapes[0], output=output or numbers[0])
        found = shape or output_shape(draft, shapes)
        if output is None or kind is not Quantize:
            output = fit(
                *exact(kind(**head, **fields, output_shape=found, output=output or numbers[0]), numbers)
            )
        self.layers.append(kind(**head, **fields, output_shape=found, output=output))
        self._values[name] = (found, output)
        return name

    def conv(
        self,
        source: str,
        kernel: tuple[int, int],
        filters: int,
        *,
        stride: tuple[int, int] = (1, 1),
        same: bool = True,
        groups: int = 1,
    ) -> str:
        """Append a convolution; ``same`` pads as Keras does."""
        shape = self._values[source][0]
        n = math.prod(kernel) * shape[2] // groups
        weights = self._rng.integers(-8, 8, (n, filters)) * (self._rng.random((n, filters)) < 0.8)
        return self.add(
            Conv2D,
            source,
            kernel=kernel,
            stride=stride,
            padding=same_padding(shape, kernel, stride) if same else (0, 0, 0, 0),
            groups=groups,
            weight=WEIGHT,
            weights=weights.ravel().tolist(),
            bias=self._rng.integers(-20, 20, filters).tolist(),
        )

    def dense(self, source: str, units: int) -> str:
        """Append a dense layer on a vector."""
        (n,), bias = self._values[source][0], self._rng.integers(-20, 20, units).tolist()
        weights = self._rng.integers(-8, 8, n * units).tolist()
        return self.add(Dense, source, shape=(units,), weight=WEIGHT, weights=weights, bias=bias)

    def scale(self, source: str, *, bits: int = 6) -> str:
        """Append one weight and one bias per channel."""
        n, top = self._values[source][0][-1], 1 << (bits - 1)
        weights, bias = (self._rng.integers(-top, top, n).tolist() for _ in range(2))
        form = number(bits, 3, signed=True)
        return self.add(Scale, source, weight=form, weights=weights, bias=bias)

    def quantize(
        self, source: str, width: int, down: int, *, signed: bool = True, modes: str = "RND_CONV SAT"
    ) -> str:
        """Append a quantizer that drops ``down`` fraction bits."""
        rounding, overflow = modes.split()
        output = number(width, self._values[source][1].fraction - down, signed=signed)
        return self.add(Quantize, source, output=output, rounding=rounding, overflow=overflow)

    def average(
        self, source: str, pool: tuple[int, int], stride: tuple[int, int], *, same: bool = False
    ) -> str:
        """Append an average pooling with 8 fraction bits in its factors."""
        padding = same_padding(self._values[source][0], pool, stride) if same else (0, 0, 0, 0)
        factors = [round(256 / n) for n in range(1, math.prod(pool) + 1)]
        fields = {
            "pool": pool,
            "stride": stride,
            "padding": padding,
            "factors": factors,
            "factor_fraction": 8,
        }
        return self.add(AveragePool2D, source, **fields)

    def largest(self, source: str, pool: tuple[int, int], stride: tuple[int, int]) -> str:
        """Append a max pooling."""
        return self.add(MaxPool2D, source, pool=pool, stride=stride, padding=(0, 0, 0, 0))

    def whole(self, source: str, op: str) -> str:
        """Append a global pooling to a vector."""
        shape = self._values[source][0]
        fields = (
            {"factor": round(4096 / math.prod(shape[:2])), "factor_fraction": 12} if op == "average" else {}
        )
        return self.add(GlobalPool2D, source, shape=(shape[2],), op=op, **fields)

    def merge(self, op: str, first: str, second: str) -> str:
        """Append a sum, difference or product."""
        return self.add(Merge, first, second, op=op)

    def lookup(self, source: str, width: int) -> str:
        """Append a random table."""
        entries = 1 << self._values[source][1].width
        table = self._rng.integers(-(1 << (width - 1)), 1 << (width - 1), entries).tolist()
        return self.add(Lookup, source, output=number(width, 2, signed=True), table=table)

    def softmax(self, source: str) -> str:
        """Append a softmax by two tables."""
        exp = [round(127 * math.exp(-k / 6)) for k in range(32)]
        inverse = [round(255 * 127 / (127 + 16 * k)) for k in range(24)]
        return self.add(
            Softmax,
            source,
            exp_table=exp,
            exp_shift=1,
            exp_fraction=7,
            inverse_table=inverse,
            inverse_shift=4,
            inverse_fraction=8,
        )

    def flat(self, source: str) -> str:
        """Append a flatten."""
        return self.add(Reshape, source, shape=(math.prod(self._values[source][0]),))

    def spec(self, *outputs: str) -> NetworkSpec:
        """Return the network."""
        return NetworkSpec(name=self.name, inputs=self.inputs, layers=self.layers, outputs=outputs)


def same_padding(
    shape: Sequence[int], window: Sequence[int], stride: Sequence[int]
) -> tuple[int, int, int, int]:
    """Return what 'same' pads: the odd zero at the bottom and right."""
    both = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(shape, window, stride, strict=False)]
    return both[0] // 2, both[0] - both[0] // 2, both[1] // 2, both[1] - both[1] // 2


def graphs() -> dict[str, NetworkSpec]:
    """Return the networks by name."""
    made = (
        _residual(),
        _two_inputs(),
        _two_outputs(),
        _concatenated(),
        _sequence(),
        _flat_branches(),
        _tables(),
        _wide(),
    )
    return {spec.name: spec for spec in made}


def _residual() -> NetworkSpec:
    """A sum around two convolutions."""
    g = Graph("residual", 21, pixels=((7, 9, 1), number(6, 2)))
    skip = g.quantize(g.conv("pixels", (3, 3), 2), 5, 4)
    inner = g.quantize(g.conv(skip, (3, 3), 2), 5, 5)
    inner = g.quantize(g.conv(inner, (3, 3), 2), 6, 5)
    return g.spec(g.quantize(g.merge("add", inner, skip), 5, 1, signed=False, modes="RND SAT_ZERO"))


def _two_inputs() -> NetworkSpec:
    """Two images of different sizes and formats: one is pooled, then product and difference."""
    g = Graph(
        "two_inputs", 22, large=((8, 10, 2), number(5, 1)), small=((4, 5, 2), number(4, 2, signed=True))
    )
    pooled = g.quantize(g.average("large", (2, 2), (2, 2)), 6, 6)
    product = g.quantize(g.merge("multiply", pooled, "small"), 7, 2, modes="TRN_ZERO SAT_SYM")
    return g.spec(g.merge("subtract", product, "small"))


def _two_outputs() -> NetworkSpec:
    """A map of classes, and one class for the whole image."""
    g = Graph("two_outputs", 23, pixels=((6, 8, 2), number(4)))
    seen = g.quantize(g.conv("pixels", (3, 3), 3, stride=(1, 2)), 5, 4)
    mean = g.quantize(g.whole(seen, "average"), 6, 12)
    label = g.quantize(g.softmax(g.dense(mean, 4)), 8, 7, signed=False)
    return g.spec(g.add(Argmax, seen), label)


def _concatenated() -> NetworkSpec:
    """Three branches of different depth side by side, behind each of which another grid is in use."""
    g = Graph("concatenated", 24, pixels=((8, 7, 2), number(5, 1, signed=True)))
    plain = g.quantize("pixels", 4, 1, modes="RND_INF WRAP")
    mean = g.quantize(g.average("pixels", (3, 3), (1, 1), same=True), 5, 8, modes="RND_ZERO SAT")
    leaky = g.add(Leaky, g.conv("pixels", (1, 1), 1), slope=3, slope_fraction=4)
    joined = g.add(Concatenate, plain, mean, g.quantize(leaky, 6, 5, modes="TRN SAT"))
    return g.spec(g.quantize(g.conv(joined, (2, 2), 2, stride=(2, 2), same=False), 8, 3))


def _sequence() -> NetworkSpec:
    """One dimension: depthwise and pointwise, padding merged and not, batch normalisation, up-sampling."""
    g = Graph("sequence", 25, samples=((17, 1, 2), number(6, 1, signed=True)))
    padded = g.add(ZeroPad2D, "samples", padding=(2, 1, 0, 0))
    deep = g.quantize(g.conv(padded, (4, 1), 4, same=False, groups=2), 6, 4)
    norm = g.quantize(g.scale(g.conv(deep, (1, 1), 3)), 7, 6, modes="RND_MIN_INF SAT")
    larger = g.add(Upsample2D, g.largest(norm, (2, 1), (2, 1)), size=(2, 1))
    return g.spec(g.add(ZeroPad2D, larger, padding=(0, 3, 0, 0)))


def _flat_branches() -> NetworkSpec:
    """Vectors of different packing joined, and a vector that becomes an image again."""
    g = Graph("flat_branches", 26, pixels=((4, 6, 2), number(4)), features=((6,), number(5, 1, signed=True)))
    few = g.quantize(g.dense("features", 4), 6, 4)
    best = g.whole("pixels", "max")
    joined = g.quantize(g.add(Concatenate, g.flat(g.largest("pixels", (2, 3), (2, 3))), few, best), 6, 1)
    image = g.add(Reshape, joined, shape=(7, 1, 2))
    seen = g.quantize(g.conv(image, (3, 1), 2), 6, 4)
    return g.spec(g.dense(g.flat(seen), 3), g.scale(joined))


def _tables() -> NetworkSpec:
    """Tables and choices for every pixel."""
    g = Graph("tables", 27, pixels=((5, 6, 3), number(5, 2, signed=True)))
    table = g.lookup("pixels", 7)
    return g.spec(g.merge("multiply", g.quantize(g.softmax(table), 6, 9, signed=False), g.add(Argmax, table)))


def _wide() -> NetworkSpec:
    """Numbers of up to 62 bits."""
    g = Graph("wide", 28, pixels=((3, 4, 2), number(40, 3, signed=True)))
    wide = g.quantize(g.scale("pixels", bits=20), 62, -1, modes="RND_CONV WRAP")
    squared = g.quantize("pixels", 31, 9, modes="RND SAT")
    return g.spec(wide, g.merge("multiply", squared, squared), g.conv("pixels", (2, 2), 2))
