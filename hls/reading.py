"""What a reader of one hls4ml node may ask about the graph, and how it makes layers of the NetworkSpec.

A reader turns a node into the layers that it stands for: ``reader(node, given, sources, graph)`` with the formats and
the names of its sources. Where it makes several layers, the last one carries the node's name, the others
``<name>_<what>``.

>>> graph = Reading(model=None)
>>> graph.known["pixels"] = Input(shape=(2, 2, 1), number=Format(signed=False, width=8, fraction=0))
>>> graph.make(ZeroPad2D, "pad", ["pixels"], padding=(1, 1, 0, 0)).output_shape
(4, 2, 1)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from streams.errors import UserError
from trigger.exact_formats import MAX_BITS, exact, fit
from trigger.network_check import output_shape
from trigger.network_spec import Format, Input, Layer, Shape, ZeroPad2D

__all__ = ["Reader", "Reading", "ZeroPad2D", "is_nothing", "spec_shape"]
_OPEN = Format(signed=True, width=MAX_BITS, fraction=0)


@dataclass
class Reading:
    """The graph as far as it has been read.

    Attributes
    ----------
    model : hls4ml's ``ModelGraph``, fresh from the parser.
    known : inputs and layers made so far, by name.
    """

    model: Any
    known: dict[str, Layer | Input] = field(default_factory=dict)
    _twins: dict[str, Any] = field(default_factory=dict)

    def keras_layer(self, name: str) -> Any:
        """Return the Keras layer that the node ``name`` was parsed from, in float64; None without a Keras model."""
        model = self.model.config.config.get("KerasModel")
        if not hasattr(model, "get_layer"):
            return None
        from hls.keras_walk import twin

        if name not in self._twins:
            self._twins[name] = twin(model.get_layer(name))
        return self._twins[name]

    def number(self, name: str) -> Format:
        """Return the format of what a layer or an input gives."""
        node = self.known[name]
        return node.number if isinstance(node, Input) else node.output

    def shape(self, name: str) -> Shape:
        """Return the shape of what a layer or an input gives."""
        node = self.known[name]
        return node.shape if isinstance(node, Input) else node.output_shape

    def make(self, kind: Any, name: str, sources: Sequence[str], **fields: Any) -> Any:
        """Return the layer ``kind(name=..., sources=..., **fields)``: shape and exact format follow from the rest.

        Parameters
        ----------
        kind : class of the layer.
        fields : the layer's own. ``output`` is stated only for ``Quantize`` and tables (a table's fraction counts),
            ``output_shape`` only for ``Reshape`` and ``GlobalPool2D``.

        Raises
        ------
        UserError : a name twice, or a format of more than 62 bits.
        """
        if name in self.known:
            raise UserError(f"two layers have the name {name}: rename one of them")
        shapes, numbers = [self.shape(s) for s in sources], [self.number(s) for s in sources]
        stated = fields.pop("output", None)
        layer = kind(
            name=name, sources=list(sources), input_shape=shapes[0], output=stated or _OPEN,
            output_shape=fields.pop("output_shape", ()), **fields,
        )  # fmt: skip
        layer = msgspec.structs.replace(layer, output_shape=output_shape(layer, shapes))
        if stated is None:
            layer = msgspec.structs.replace(layer, output=fit(*exact(layer, numbers)))
        if layer.output.width > MAX_BITS:
            raise UserError(
                f"layer {name}: accumulator needs {layer.output.width} bits, at most {MAX_BITS}: "
                "use narrower formats, or a quantizer before it"
            )
        self.known[name] = layer
        return layer


Reader: TypeAlias = Callable[[Any, list[Format], list[str], Reading], list[Layer]]


def spec_shape(shape: Sequence[int]) -> Shape:
    """Return the shape that the NetworkSpec has for a Keras shape without its batch.

    >>> spec_shape([9, 4]), spec_shape([5, 6, 2]), spec_shape([7])
    ((9, 1, 4), (5, 6, 2), (7,))
    """
    sizes = tuple(int(size) for size in shape)
    return (sizes[0], 1, sizes[1]) if len(sizes) == 2 else sizes


def is_nothing(node: Any) -> bool:
    """Return whether a node is the 'linear' activation that the parser adds to a layer without one."""
    unquantised = node.get_attr("activation_quantizer") is None
    return bool(node.class_name == "Activation" and node.get_attr("activation") == "linear" and unquantised)
