"""Small graphs in which branches part and meet again, for the tests of clocks and depths.

>>> residual(6, 7, [3]).outputs
['add']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trigger.exact_formats import exact, fit
from trigger.network_spec import (
    Concatenate,
    Conv2D,
    Format,
    Input,
    Layer,
    MaxPool2D,
    Merge,
    NetworkSpec,
    Quantize,
    Shape,
    Upsample2D,
)

PIXEL = Format(signed=False, width=3, fraction=0)
WEIGHT = Format(signed=True, width=3, fraction=0)
SMALL = Format(signed=True, width=6, fraction=0)


class Graph:
    """Layers one after the other; each is named, each takes named sources."""

    def __init__(self, rows: int, columns: int, channels: int = 1) -> None:
        shape = (rows, columns, channels)
        self.inputs = [Input(name="pixels", shape=shape, number=PIXEL)]
        self.shapes: dict[str, Shape] = {"pixels": shape}
        self.formats: dict[str, Format] = {"pixels": PIXEL}
        self.layers: list[Layer] = []

    def add(self, kind: Any, name: str, sources: Sequence[str], shape: Shape, **fields: Any) -> str:
        """Append a layer with the exact output format, or with ``output`` of ``fields``."""
        given = [self.formats[source] for source in sources]
        head = {"name": name, "sources": list(sources), "input_shape": self.shapes[sources[0]]}
        draft = kind(**head, output_shape=shape, **({"output": given[0]} | fields))
        output = fields.pop("output", None) or fit(*exact(draft, given))
        self.layers.append(kind(**head, output_shape=shape, output=output, **fields))
        self.shapes[name], self.formats[name] = shape, output
        return name

    def conv(self, name: str, source: str, size: int = 3, filters: int = 1) -> str:
        """Append a convolution of size x size, 'same', and a quantizer."""
        rows, columns, channels = self.shapes[source]
        low, high = (size - 1) // 2, size // 2
        numbers = [(n % 3) - 1 or 1 for n in range(size * size * channels * filters)]
        fraction = self.formats[source].fraction
        assert fraction == 0
        shape = (rows, columns, filters)
        parts = {
            "kernel": (size, size),
            "stride": (1, 1),
            "padding": (low, high, low, high),
            "weight": WEIGHT,
        }
        self.add(Conv2D, f"{name}_sum", [source], shape, **parts, weights=numbers, bias=[0] * filters)
        return self.add(Quantize, name, [f"{name}_sum"], shape, output=SMALL)

    def pool(self, name: str, source: str) -> str:
        """Append a maximum over 2 x 2."""
        rows, columns, channels = self.shapes[source]
        shape = (rows // 2, columns // 2, channels)
        return self.add(MaxPool2D, name, [source], shape, pool=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0))

    def up(self, name: str, source: str) -> str:
        """Append an upsampling by 2 x 2."""
        rows, columns, channels = self.shapes[source]
        return self.add(Upsample2D, name, [source], (2 * rows, 2 * columns, channels), size=(2, 2))

    def sum(self, name: str, one: str, other: str) -> str:
        """Append a sum."""
        return self.add(Merge, name, [one, other], self.shapes[one], op="add")

    def join(self, name: str, *sources: str) -> str:
        """Append a concatenation."""
        rows, columns, _ = self.shapes[sources[0]]
        channels = sum(self.shapes[source][2] for source in sources)
        return self.add(Concatenate, name, sources, (rows, columns, channels))

    def spec(self, *outputs: str) -> NetworkSpec:
        """Return the network."""
        name = self.layers[-1].name
        return NetworkSpec(name=name, inputs=self.inputs, layers=self.layers, outputs=outputs)


def residual(rows: int, columns: int, sizes: Sequence[int]) -> NetworkSpec:
    """Return pixels + convolutions of these sizes of them."""
    graph = Graph(rows, columns)
    value = "pixels"
    for number, size in enumerate(sizes):
        value = graph.conv(f"conv{number}", value, size)
    graph.sum("add", value, "pixels")
    return graph.spec()


def pooled(rows: int, columns: int) -> NetworkSpec:
    """Return a convolution + the same pooled and enlarged again."""
    graph = Graph(rows, columns)
    first = graph.conv("conv", "pixels")
    graph.sum("add", graph.up("up", graph.pool("pool", first)), first)
    return graph.spec()


def branches(rows: int, columns: int) -> NetworkSpec:
    """Return branches of no, one and two convolutions side by side, the deep one narrow."""
    graph = Graph(rows, columns)
    one = graph.conv("one", "pixels", 3, 2)
    two = graph.conv("two_b", graph.conv("two_a", "pixels", 3), 5)
    graph.conv("last", graph.join("join", one, two, "pixels"), 1)
    return graph.spec()


def two_outputs(rows: int, columns: int) -> NetworkSpec:
    """Return one branch with a skip connection and one without, which are both given out."""
    graph = Graph(rows, columns)
    first = graph.conv("conv", "pixels")
    graph.sum("add", graph.conv("inner", first), first)
    graph.pool("pool", first)
    return graph.spec("add", "pool")


def pooled_then_slow(rows: int, columns: int) -> NetworkSpec:
    """Return a pooling and a convolution behind it that may take 4 clocks per window on average, 2 at the peak."""
    graph = Graph(rows, columns)
    graph.conv("slow", graph.pool("pool", "pixels"), 2)
    return graph.spec()
