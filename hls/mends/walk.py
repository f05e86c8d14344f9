"""Walk through a NetworkSpec and write it as nodes of hls4ml's graph, with a clone wherever a tensor is used twice.

A stream carries one pixel per beat, a vector in one beat. A vector that comes from an image (Flatten) keeps the beats
of the image: nothing is moved until a layer needs the whole vector at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hls.mends import plain, weighted
from hls.mends.node import EXACT, Node
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
)

_Maker = Callable[[Any, str, Format, Shape], list[Node]]
MOST_COPIES = 7  # hls4ml's clone_stream has no more

# Layers that need no packing of their own: each number by itself.
_EACH: dict[type[Any], _Maker] = {Quantize: plain.quantize, Leaky: plain.leaky, Lookup: plain.lookup}
# Layers that need pixels (or, the last two, whatever a softmax goes over) in one beat.
_PIXELS: dict[type[Any], _Maker] = {
    MaxPool2D: plain.pool, AveragePool2D: plain.pool, GlobalPool2D: plain.global_pool, ZeroPad2D: plain.zero_pad,
    Upsample2D: plain.upsample, Softmax: plain.softmax, Argmax: plain.argmax,
}  # fmt: skip


def nodes(spec: NetworkSpec) -> tuple[list[Node], list[str]]:
    """Return the nodes in an order in which sources come first, and the tensors that are the network's outputs.

    >>> from trigger.network_spec import Input
    >>> byte = Format(signed=False, width=8, fraction=0)
    >>> cast = Quantize(name="act", input_shape=(4, 4, 1), output_shape=(4, 4, 1), output=byte)
    >>> spec = NetworkSpec(name="n", inputs=(Input(shape=(4, 4, 1), number=byte),), layers=(cast,))
    >>> [(node.kind, node.name) for node in nodes(spec)[0]]
    [('Input', 'pixels'), ('Activation', 'act')]
    """
    walk = _Walk()
    for node in spec.inputs:
        attributes = {"input_shape": list(node.shape)}
        walk.add(Node("Input", node.name, node.shape, node.number, (), attributes, "RND_CONV", "SAT"))
        walk.tensor[node.name] = node.name
    for layer in spec.layers:
        walk.step(spec, layer)
    return cloned(walk.made, [walk.output(spec, name) for name in spec.outputs])


@dataclass
class _Walk:
    made: list[Node] = field(default_factory=list)
    tensor: dict[str, str] = field(default_factory=dict)  # of each layer
    shape: dict[str, Shape] = field(default_factory=dict)  # of each tensor, as its stream is packed

    def add(self, node: Node) -> str:
        self.made.append(node)
        self.shape[node.name] = tuple(node.shape)
        return node.name

    def step(self, spec: NetworkSpec, layer: Layer) -> None:
        """Add the nodes of one layer."""
        sources = [self.tensor[name] for name in layer.sources]
        numbers = [spec.number(name) for name in layer.sources]
        if isinstance(layer, Reshape):
            self.tensor[layer.name] = self._reshaped(layer, sources[0], numbers[0])
            return
        for node in self._nodes(spec, layer, sources, numbers):
            self.add(node)
        self.tensor[layer.name] = layer.name

    def output(self, spec: NetworkSpec, name: str) -> str:
        """Return the tensor of a network output; what enters leaves through a node, since C++ needs two streams."""
        tensor = self.tensor[name]
        if tensor not in [node.name for node in spec.inputs]:
            return tensor
        return self._copied(tensor, spec.shape(name), spec.number(name), f"{name}_copied")

    def _reshaped(self, layer: Reshape, source: str, number: Format) -> str:
        if len(layer.output_shape) == 1 or self.shape[source] == layer.output_shape:
            return source
        return self._packed(source, layer.output_shape, number, layer.name)

    def _packed(self, source: str, shape: Shape, number: Format, name: str) -> str:
        """Return ``source`` as a stream of ``shape``, through a repacking node where it is another one."""
        if self.shape[source] == shape:
            return source
        return self._copied(source, shape, number, f"{name}_repacked")

    def _copied(self, source: str, shape: Shape, number: Format, name: str) -> str:
        constants = {"n_in": math.prod(shape)}
        attributes = {"call": "exact_repack", "out_shape": list(shape), "constants": constants}
        return self.add(Node(EXACT, name, shape, number, (source,), attributes))

    def _nodes(
        self, spec: NetworkSpec, layer: Layer, sources: list[str], numbers: list[Format]
    ) -> list[Node]:
        for kind, make in _EACH.items():
            if isinstance(layer, kind):
                return make(layer, sources[0], numbers[0], self.shape[sources[0]])
        if isinstance(layer, Dense):
            return weighted.dense(layer, sources[0], numbers[0])
        if isinstance(layer, Scale) and len(layer.input_shape) == 1:
            made = weighted.scale(layer, sources[0], numbers[0])[0]
            return [Node(**{**made.__dict__, "shape": self.shape[sources[0]]})]
        if isinstance(layer, Merge) and self.shape[sources[0]] == self.shape[sources[1]]:
            return [_merge(layer, sources, self.shape[sources[0]])]
        wanted = [spec.shape(name) for name in layer.sources]
        packed = [
            self._packed(source, shape, number, f"{layer.name}_{i}")
            for i, (source, shape, number) in enumerate(zip(sources, wanted, numbers, strict=True))
        ]
        if isinstance(layer, Merge):
            return [_merge(layer, packed, wanted[0])]
        if isinstance(layer, Concatenate):
            return _concatenate(layer, packed, wanted)
        if isinstance(layer, Conv2D):
            return weighted.conv(layer, packed[0], numbers[0])
        if isinstance(layer, Scale):
            return weighted.scale(layer, packed[0], numbers[0])
        return _PIXELS[type(layer)](layer, packed[0], numbers[0], wanted[0])


def _merge(layer: Merge, sources: list[str], shape: Shape) -> Node:
    return Node("Merge", layer.name, shape, layer.output, tuple(sources), {"op": layer.op}, traced=True)


def _concatenate(layer: Concatenate, sources: list[str], shapes: list[Shape]) -> list[Node]:
    """Return a chain of hls4ml's concatenations, which take two sources each."""
    made: list[Node] = []
    before, shape = sources[0], shapes[0]
    for number, (source, other) in enumerate(zip(sources[1:], shapes[1:], strict=True)):
        last = number == len(sources) - 2
        shape = (*shape[:-1], shape[-1] + other[-1])
        name = layer.name if last else f"{layer.name}_part{number}"
        attributes = {"op": f"concatenate{len(shape)}d", "axis": len(shape)}
        made.append(Node("Concatenate", name, shape, layer.output, (before, source), attributes, traced=last))
        before = name
    return made


def cloned(made: list[Node], outputs: list[str]) -> tuple[list[Node], list[str]]:
    """Insert a clone behind each tensor that is used more than once, as a network output too.

    >>> byte = Format(signed=False, width=8, fraction=0)
    >>> one = Node("Input", "a", (1,), byte)
    >>> two = Node("Merge", "b", (1,), byte, ("a", "a"))
    >>> made, outputs = cloned([one, two], ["b"])
    >>> [node.outputs for node in made], made[2].sources, outputs
    ([('a',), ('a_copy1', 'a_copy2'), ('b',)], ('a_copy1', 'a_copy2'), ['b'])
    """
    uses = [source for node in made for source in node.sources] + outputs
    left: dict[str, list[str]] = {}
    result: list[Node] = []
    for node in made:
        sources = tuple(left[name].pop(0) for name in node.sources)
        result.append(Node(**{**node.__dict__, "sources": sources}))
        left[node.name], clones = _copies(node, uses.count(node.name))
        result += clones
    return result, [left[name].pop(0) for name in outputs]


def _copies(node: Node, count: int) -> tuple[list[str], list[Node]]:
    """Return the names of ``count`` copies of a node's tensor, and the clones that make them."""
    if count == 1:
        return [node.name], []
    copies: list[str] = []
    clones: list[Node] = []
    source, name = node.name, f"{node.name}_clone"
    while True:
        rest = count - len(copies)
        first = len(copies) + len(clones) + 1  # the last of each clone but one feeds the next clone
        names = [f"{node.name}_copy{first + i}" for i in range(min(rest, MOST_COPIES))]
        clones.append(
            Node("Clone", name, node.shape, node.number, (source,), {"size": int(np.prod(node.shape))},
                 outputs=tuple(names))
        )  # fmt: skip
        if rest <= MOST_COPIES:
            return copies + names, clones
        copies, source, name = copies + names[:-1], names[-1], f"{name}_more"
