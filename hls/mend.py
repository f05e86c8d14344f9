"""Make an hls4ml ModelGraph exact: set every type from the NetworkSpec and rewrite what hls4ml gets wrong.

``docs/convert.md`` lists the cases; each function below says which one it mends. hls4ml's own derivation of formats
(``bit_exact`` and the merging passes) is not run: nothing is left for it to decide.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hls.graph import is_nothing
from trigger.network_spec import Conv2D, Dense, Format, Layer, MaxPool2D, NetworkSpec, Quantize, Reshape

INPUT_VARIABLE = "image_in"


def mend(model: Any, spec: NetworkSpec) -> None:
    """Rewrite the graph of ``model`` (fresh from the parser) so that its C++ computes ``spec`` exactly."""
    for node in [node for node in model.graph.values() if is_nothing(node)]:
        model.remove_node(node)
    nodes = list(model.graph.values())
    _input(nodes[0], spec)
    if not spec.layers or spec.layers[0].name != nodes[1].name:
        model.remove_node(nodes[1])  # the input's own type quantises
    _commute_flatten(model)
    given = spec.input
    for layer in spec.layers:
        node = model.graph.get(layer.name)
        if node is not None:
            _set_layer(model, node, layer, given)
        given = layer.output
    for node in list(model.graph.values()):
        node.set_attr("trace", True)


def _input(node: Any, spec: NetworkSpec) -> None:
    """Let the input type round and saturate as the input quantizer does.

    hls4ml makes ``int<4>`` of an input quantizer without fraction bits, which truncates and wraps.
    """
    variable = node.get_output_variable()
    variable.type.precision = precision(spec.input, "RND_CONV", "SAT")
    variable.name = INPUT_VARIABLE  # a layer's name need not be a C++ identifier


def _commute_flatten(model: Any) -> None:
    """Move Reshape behind the quantizers that follow it, and drop it where nothing follows.

    hls4ml's stream code flattens by reading the unchanged stream in the dense layer; an activation in between
    would read packets of the wrong size.
    """
    for node in [node for node in model.graph.values() if node.class_name == "Reshape"]:
        after = node
        while after.get_output_nodes() and after.get_output_nodes()[0].class_name in (
            "Activation",
            "Reshape",
        ):
            after = after.get_output_nodes()[0]
        if after is node and node.get_output_nodes() and node.get_input_node().class_name != "Reshape":
            continue
        _reshape_chain(model, node)


def _reshape_chain(model: Any, node: Any) -> None:
    """Remove one Reshape; the quantizers behind it take its input's shape; put it back before the next dense."""
    shape = list(node.get_input_variable().shape)
    name, attributes = node.name, {"target_shape": node.get_attr("target_shape")}
    follower = node.get_output_nodes()[0] if node.get_output_nodes() else None
    model.remove_node(node)
    last = None
    while follower is not None and follower.class_name == "Activation":
        _reshape_output(follower, shape)
        last = follower
        follower = follower.get_output_nodes()[0] if follower.get_output_nodes() else None
    if last is not None and follower is not None:
        moved = model.make_node("Reshape", name, attributes, [last.outputs[0]])
        model.insert_node(moved, before=follower)


def _reshape_output(node: Any, shape: list[int]) -> None:
    variable = node.get_output_variable()
    variable.shape = shape


def _set_layer(model: Any, node: Any, layer: Layer, given: Format) -> None:
    if isinstance(layer, Conv2D | Dense):
        _set_weights(node, layer)
        if isinstance(layer, Conv2D) and layer.kernel[0] == 1 and layer.stride[0] > 1:
            _embed_row(node)
    elif isinstance(layer, Quantize):
        if given.fraction - layer.output.fraction > given.width:
            _widen(model, node, given, given.fraction - layer.output.fraction + 1)
        _set_result(node, precision(layer.output, "RND_CONV", layer.overflow))
    elif isinstance(layer, MaxPool2D):
        _set_result(node, precision(given))
        _named(node, "accum", precision(given))
        if layer.pool != layer.stride or any(layer.padding):
            _replace_pool(model, node)
    elif isinstance(layer, Reshape):
        _set_result(node, precision(given))


def precision(wanted: Format, rounding: str = "TRN", overflow: str = "WRAP") -> Any:
    """Return hls4ml's type for ``wanted``.

    A fixed-point type always, because hls4ml's integer types neither round nor saturate.
    """
    from hls4ml.model.types import FixedPrecisionType

    whole = wanted.width - wanted.fraction
    return FixedPrecisionType(wanted.width, whole, wanted.signed, rounding, overflow)


def _named(node: Any, role: str, wanted: Any) -> Any:
    from hls4ml.model.types import NamedType

    named = NamedType(f"layer{node.index}_{role}_t", wanted)
    node.attributes[f"{role}_t"] = named
    return named


def _set_result(node: Any, wanted: Any) -> None:
    node.get_output_variable().type.precision = wanted
    node.attributes["result_t"] = node.get_output_variable().type


def _set_weights(node: Any, layer: Conv2D | Dense) -> None:
    """Set exact weights, bias, accumulator and result of a convolution or dense layer."""
    _set_result(node, precision(layer.output))
    _named(node, "accum", precision(layer.output))
    bias_width = 1 + max(abs(value).bit_length() for value in layer.bias)
    bias = Format(signed=True, width=bias_width, fraction=layer.output.fraction)
    for role, integers, wanted in (("weight", layer.weights, layer.weight), ("bias", layer.bias, bias)):
        variable = node.get_weights(role)
        _fill(variable, np.array(integers, np.int64).reshape(variable.shape) * 2.0**-wanted.fraction)
        variable.type = _named(node, role, precision(wanted))
        variable.update_precision(variable.type.precision)
        # hls4ml prints one decimal per fraction bit; a negative number of fraction bits needs none.
        variable.quantizer = None


def _fill(variable: Any, data: Any) -> None:
    variable.data = data
    variable.shape = list(data.shape)
    variable.data_length = int(data.size)
    variable.nonzeros = int(np.count_nonzero(data))
    variable.nzeros = variable.data_length - variable.nonzeros
    variable.min, variable.max = np.min(data), np.max(data)


def _embed_row(node: Any) -> None:
    """Write a kernel of height 1 as one of height 2 whose upper row is 0, under one more row of padding.

    hls4ml's stream code for height 1 ignores the vertical stride. The two kernels are equal: output row i of the taller
    one sees rows s*i - 1 (weight 0) and s*i.
    """
    variable = node.get_weights("weight")
    _fill(variable, np.concatenate([np.zeros_like(variable.data), variable.data]))
    node.set_attr("weight_data", variable.data)
    node.set_attr("filt_height", 2)
    node.set_attr("pad_top", int(node.get_attr("pad_top")) + 1)


def _widen(model: Any, node: Any, given: Format, width: int) -> None:
    """Insert a cast to ``width`` bits before a quantizer that drops more bits than its input has.

    The rounding of ``ap_fixed`` reads the first dropped bit, and aborts where that lies beyond the input's sign bit.
    """
    attributes = {"activation": "linear", "n_in": node.get_attr("n_in")}
    wide = model.make_node("Activation", f"{node.name}_wide", attributes, node.inputs.copy())
    _reshape_output(wide, list(node.get_input_variable().shape))
    _set_result(wide, precision(Format(signed=given.signed, width=width, fraction=given.fraction)))
    model.insert_node(wide, before=node)


def _replace_pool(model: Any, node: Any) -> None:
    """Replace a pooling that hls4ml's stream code aborts on (padding, or a stride that is not the pool) by ours."""
    wanted = dict(node.attributes)
    keep = ("in_height", "in_width", "out_height", "out_width", "n_filt", "pool_height", "pool_width",
            "stride_height", "stride_width", "pad_top", "pad_bottom", "pad_left", "pad_right", "pool_op", "data_format",
            "count_pad")  # fmt: skip
    attributes = {key: wanted[key] for key in keep if key in wanted}
    ours = model.make_node("StreamMaxPool2D", node.name, attributes, node.inputs.copy(), node.outputs.copy())
    _set_result(ours, wanted["accum_t"].precision)
    _named(ours, "accum", wanted["accum_t"].precision)
    model.replace_node(node, ours)
