"""hls4ml ModelGraph -> NetworkSpec: read from the graph as parsed, before hls4ml's own passes touch it.

Every format follows from quantizers and integer weights. Of what hls4ml calls precision only an explicit ``result`` in
``hls_config`` is read: it becomes a ``Quantize`` behind its layer, or the format of an input.
"""

from __future__ import annotations

from typing import Any

from hls.keras_walk import safe_name
from hls.precision import explicit_result
from hls.quantizers import quantizer
from hls.readers import activations, merges, pools, shapes, weights
from hls.reading import Reader, Reading, is_nothing, spec_shape
from streams.errors import UserError
from trigger.network_check import check
from trigger.network_spec import Format, Input, Layer, NetworkSpec, Quantize, Shape

__all__ = ["READERS", "is_nothing", "network_spec", "reuse_factors"]

READERS: dict[str, Reader] = {
    **weights.READERS,
    **activations.READERS,
    **pools.READERS,
    **merges.READERS,
    **shapes.READERS,
}


def network_spec(model: Any) -> NetworkSpec:
    """Return the NetworkSpec of an hls4ml ``ModelGraph`` (of backend ``StreamRTL``, or fresh from the parser).

    Raises
    ------
    UserError : a layer, a quantizer or a weight that has no exact integer form; the message names the layer.
    """
    known: NetworkSpec | None = getattr(model, "stream_rtl_spec", None)
    if known is not None:
        return known
    return _Walk(model).spec()


def reuse_factors(model: Any) -> dict[str, int]:
    """Return hls4ml's ``ReuseFactor`` of each layer that ``hls_config`` names with one.

    A factor of 1 is left out: hls4ml's ``config_from_keras_model`` writes it for every layer.
    """
    named = model.config.config.get("HLSConfig", {}).get("LayerName", {})
    factors = {}
    for name, options in named.items():
        factor = options.get("ReuseFactor", 1) if isinstance(options, dict) else 1
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
            raise UserError(
                f"layer {name}: ReuseFactor = {factor!r} in hls_config, want a whole number of at least 1"
            )
        if factor > 1:
            factors[name] = factor
    return factors


class _Walk:
    """One pass over the nodes, sources first."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.graph = Reading(model)
        self.names: dict[str, str] = {}  # variable of hls4ml -> name in the spec
        self.inputs: list[Input] = []
        self.layers: list[Layer] = []

    def spec(self) -> NetworkSpec:
        _check_config(self.model)
        for node in _sorted(list(self.model.graph.values())):
            if node.name != safe_name(node.name):
                raise UserError(
                    f"layer {node.name}: hls4ml makes C++ names of layer names: rename it to {safe_name(node.name)!r}, "
                    "or call hls.keras_model.prepared(model) first"
                )
            if _is_input(node):
                self._input(node)
            elif node.outputs[0] not in self.names:
                self._layer(node)
        missing = [name for name in self.model.outputs if name not in self.names]
        if missing or not self.model.outputs:
            raise UserError(
                f"output {(missing or ['of the model'])[0]} is no layer of the graph that hls4ml parsed: "
                "call hls.keras_model.prepared(model) first"
            )
        spec = NetworkSpec(
            name=str(self.model.config.get_project_name()), inputs=self._ordered_inputs(), layers=self.layers,
            outputs=[self.names[name] for name in self.model.outputs],
        )  # fmt: skip
        check(spec)
        return spec

    def _ordered_inputs(self) -> list[Input]:
        order = [str(name) for name in self.model.inputs]
        return sorted(self.inputs, key=lambda node: order.index(node.name))

    def _input(self, node: Any) -> None:
        shape = spec_shape(node.get_output_variable().shape)
        if len(shape) not in (1, 3):
            raise UserError(
                f"layer {node.name}: input of shape {shape}, want (rows, columns, channels), (steps, channels) or "
                "(features,)"
            )
        stated = explicit_result(self.model, node)
        if stated is not None:
            self._add_input(node, shape, stated.format)
            return
        first = self._quantizer_behind(node)
        grid = quantizer(first.get_attr("activation_quantizer"), f"layer {first.name}")
        self._add_input(node, shape, grid.format)
        plain = grid.overflow == "SAT" and explicit_result(self.model, first) is None
        if plain and first.outputs[0] not in self.model.outputs:
            self.names[first.outputs[0]] = node.name  # what enters is on its grid already

    def _add_input(self, node: Any, shape: Shape, number: Format) -> None:
        made = Input(name=node.name, shape=shape, number=number)
        self.inputs.append(made)
        self.graph.known[made.name] = made
        self.names[node.outputs[0]] = made.name

    def _quantizer_behind(self, node: Any) -> Any:
        """Return the only node that takes an input, if it is a quantizer."""
        takers = _takers(self.model, node.outputs[0])
        if not takers:
            raise UserError(f"layer {node.name}: the input is used by no layer: take it out of the model")
        first = takers[0]
        if len(takers) > 1 or first.get_attr("activation_quantizer") is None:
            got = ", ".join(taker.name for taker in takers)
            raise UserError(
                f"layer {node.name}: no quantizer on the input, got {got} after it: "
                "put one QActivation(quantized_bits(...)) right after the input"
            )
        return first

    def _layer(self, node: Any) -> None:
        sources = [self.names[name] for name in node.inputs]
        last = sources[0]
        if is_nothing(node) and node.outputs[0] in self.model.outputs and self._taken(last):
            self.layers.append(self.graph.make(Quantize, node.name, [last], output=self.graph.number(last)))
            last = node.name
        elif not is_nothing(node):
            given = [self.graph.number(source) for source in sources]
            made = READERS.get(node.class_name, _unsupported)(node, given, sources, self.graph)
            self.layers += made
            last = made[-1].name
            _check_shape(node, made[-1])
        stated = explicit_result(self.model, node)
        if stated is not None:
            made_result = self.graph.make(
                Quantize, f"{node.name}_result", [last],
                output=stated.format, rounding=stated.rounding, overflow=stated.overflow,
            )  # fmt: skip
            self.layers.append(made_result)
            last = made_result.name
        self.names[node.outputs[0]] = last

    def _taken(self, name: str) -> bool:
        """Return whether a name cannot be an output's: an input has it, or another output."""
        others = [self.names.get(output) for output in self.model.outputs]
        return name in others or any(node.name == name for node in self.inputs)


def _check_config(model: Any) -> None:
    """Refuse an ``hls_config`` for a layer that is not there: what it states would be lost."""
    for name in model.config.config.get("HLSConfig", {}).get("LayerName") or {}:
        if name not in model.graph:
            raise UserError(
                f"hls_config names a layer {name}, which the network does not have; it has {', '.join(model.graph)}"
            )


def _check_shape(node: Any, layer: Layer) -> None:
    """Refuse where hls4ml's parser took another shape from the model (or the model leaves its size open).

    Sizes of 1 in front do not count: hls4ml drops them in a global pooling with ``keepdims``.
    """
    want = spec_shape(node.get_output_variable().shape)
    if _bare(layer.output_shape) != _bare(want):
        raise UserError(f"layer {node.name}: hls4ml reads shape {want}, but it gives {layer.output_shape}")


def _bare(shape: Shape) -> Shape:
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _unsupported(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    raise UserError(
        f"layer {node.name} has type {node.class_name}, which is not supported; supported: {', '.join(READERS)}"
    )


def _takers(model: Any, variable: str) -> list[Any]:
    """Return the nodes that take a variable; a 'linear' activation is looked through."""
    takers = []
    for node in model.graph.values():
        if variable in node.inputs:
            takers += _takers(model, node.outputs[0]) if is_nothing(node) else [node]
    return takers


def _sorted(nodes: list[Any]) -> list[Any]:
    """Return the nodes in an order in which sources come first, else as they were."""
    done: list[Any] = []
    ready: set[str] = set()
    while nodes:
        able = [node for node in nodes if _is_input(node) or set(node.inputs) <= ready]
        if not able:
            raise UserError(
                f"layer {nodes[0].name} takes {nodes[0].inputs[0]!r}, which is no layer or comes after it: "
                "the layers must not form a cycle"
            )
        first = able[0]
        nodes = [node for node in nodes if node is not first]
        done.append(first)
        ready.update(first.outputs)
    return done


def _is_input(node: Any) -> bool:
    return node.class_name in ("Input", "InputLayer")
