"""Make an hls4ml ModelGraph exact: write it anew from the NetworkSpec, node by node, with every type stated.

hls4ml's own derivation of formats (``bit_exact`` and the merging passes) is not run: nothing is left for it to decide.
``docs/upstream.md`` lists what would be wrong without this, ``hls/mends`` says which node mends what.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hls.mends.node import Node, Weights
from hls.mends.walk import nodes
from trigger.network_spec import Format, NetworkSpec


def mend(model: Any, spec: NetworkSpec) -> None:
    """Replace the graph of ``model`` (fresh from the parser) by one whose C++ computes ``spec`` exactly.

    Layers keep their names, so that what ``hls_config`` says of a layer holds for its node.
    """
    wanted, outputs = nodes(spec)
    model.graph.clear()
    model.output_vars.clear()
    model.index = 0
    model.inputs = [node.name for node in spec.inputs]
    model.outputs = outputs
    for node in wanted:
        model.graph[node.name] = _made(model, node)
    for number, entry in enumerate(spec.inputs):  # a layer's name need not be a C++ identifier
        model.graph[entry.name].get_output_variable().name = input_variable(number, len(spec.inputs))


def input_variable(number: int, count: int) -> str:
    """Return the C++ name of input ``number`` of ``count``.

    >>> input_variable(0, 1), input_variable(1, 2)
    ('image_in', 'image_in_1')
    """
    return "image_in" if count == 1 else f"image_in_{number}"


def precision(wanted: Format, rounding: str = "TRN", overflow: str = "WRAP") -> Any:
    """Return hls4ml's type for ``wanted``.

    A fixed-point type always, because hls4ml's integer types neither round nor saturate.
    """
    from hls4ml.model.types import FixedPrecisionType

    whole = wanted.width - wanted.fraction
    return FixedPrecisionType(wanted.width, whole, wanted.signed, rounding, overflow)


def _made(model: Any, wanted: Node) -> Any:
    """Return hls4ml's node, with exact types and weights."""
    inputs = list(wanted.sources) if wanted.sources else ["input"]
    node = model.make_node(wanted.kind, wanted.name, dict(wanted.attributes), inputs, list(wanted.outputs))
    variables = [node.get_output_variable(name) for name in wanted.outputs]
    for variable in variables:
        variable.type = variables[0].type
        variable.shape = list(wanted.shape)
    if wanted.kind == "Resize":  # its template has one type for both streams, modes included
        variables[0].type.precision = node.get_input_variable().type.precision
    else:
        variables[0].type.precision = precision(wanted.number, wanted.rounding, wanted.overflow)
    node.attributes["result_t"] = variables[0].type
    for role, number in wanted.types.items():
        _named(node, role, precision(number))
    for role, weights in wanted.weights.items():
        _set_weights(node, role, weights)
    for role, named in node.types.items():
        if named.name.startswith(wanted.name):  # hls4ml makes C++ names of layer names, which may be anything
            named.name = f"layer{node.index}_{role}"
    node.set_attr("trace", wanted.traced)
    return node


def _named(node: Any, role: str, wanted: Any) -> Any:
    from hls4ml.model.types import NamedType

    named = NamedType(f"layer{node.index}_{role}_t", wanted)
    node.attributes[f"{role}_t"] = named
    return named


def _set_weights(node: Any, role: str, weights: Weights) -> None:
    variable = node.get_weights(role)
    data = weights.values
    variable.data = data
    variable.shape = list(data.shape)
    variable.data_length = int(data.size)
    variable.nonzeros = int(np.count_nonzero(data))
    variable.nzeros = variable.data_length - variable.nonzeros
    variable.min, variable.max = np.min(data), np.max(data)
    variable.type = _named(node, role, precision(weights.number))
    variable.update_precision(variable.type.precision)
    # hls4ml prints one decimal per fraction bit; a negative number of fraction bits needs none.
    variable.quantizer = None
