"""hls4ml ModelGraph -> NetworkSpec: read from the graph as parsed, before hls4ml's own passes touch it.

Every format follows from quantizers and integer weights; what hls4ml chose as precision is not read.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.formats import accumulator, trailing_zeros
from hls.quantizers import MAX_WEIGHT_BITS, Quantizer, quantizer
from streams.errors import UserError
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
    Shape,
)

SUPPORTED = "QActivation, QConv2D, MaxPooling2D, Flatten, QDense"
MAX_ACCUMULATOR_BITS = 62  # the integer network works on int64


def network_spec(model: Any) -> NetworkSpec:
    """Return the NetworkSpec of an hls4ml ``ModelGraph`` (of backend ``StreamRTL``, or fresh from the parser).

    Raises
    ------
    UserError : a layer, a quantizer or a weight that has no exact integer form; the message names the layer.
    """
    known: NetworkSpec | None = getattr(model, "stream_rtl_spec", None)
    if known is not None:
        return known
    nodes = list(model.graph.values())
    _check_chain(nodes)
    shape = _shape(nodes[0])
    if len(shape) != 3:
        raise UserError(f"layer {nodes[0].name}: input of shape {shape}, want (rows, columns, channels)")
    work = [node for node in nodes[1:] if not is_nothing(node)]
    first = work[0] if work else None
    if first is None or first.class_name != "Activation":
        raise UserError(
            f"layer {nodes[0].name}: no quantizer on the input, got {first and first.name!r} after it: "
            "put QActivation(quantized_bits(...)) right after the input"
        )
    grid = activation(first)
    layers: list[Layer] = []
    given = grid.format
    for node in work[0 if grid.overflow == "SAT_SYM" else 1 :]:
        layer = _LAYERS.get(node.class_name, _unsupported)(node, given)
        layers.append(layer)
        given = layer.output
    if not layers:
        layers.append(_quantize(first, given))
    return NetworkSpec(
        name=str(model.config.get_project_name()),
        inputs=(Input(shape=shape, number=grid.format),),
        layers=layers,
    )


def is_nothing(node: Any) -> bool:
    """Return whether a node is the 'linear' activation that the parser adds to a layer without one."""
    unquantised = node.get_attr("activation_quantizer") is None
    return bool(node.class_name == "Activation" and node.get_attr("activation") == "linear" and unquantised)


def activation(node: Any) -> Quantizer:
    """Return the quantizer of an activation node."""
    config = node.get_attr("activation_quantizer")
    if config is None:
        raise UserError(
            f"layer {node.name}: activation {node.get_attr('activation')} works on real numbers: "
            "use QActivation with quantized_relu or quantized_bits"
        )
    return quantizer(config, f"layer {node.name}")


def _check_chain(nodes: list[Any]) -> None:
    for before, node in pairwise(nodes):
        if list(node.inputs) != [before.outputs[0]]:
            raise UserError(
                f"layer {node.name} takes {list(node.inputs)}, want {before.outputs}: only chains are supported"
            )


def _shape(node: Any) -> Shape:
    return tuple(int(n) for n in node.get_output_variable().shape)


def _names(node: Any) -> dict[str, Any]:
    before = node.get_input_variable().shape
    return {"name": node.name, "input_shape": tuple(int(n) for n in before), "output_shape": _shape(node)}


def _unsupported(node: Any, given: Format) -> Layer:
    raise UserError(
        f"layer {node.name} has type {node.class_name}, which is not supported; supported: {SUPPORTED}"
    )


def _leaky(node: Any, given: Format) -> Layer:
    slope = node.get_attr("activ_param")
    raise UserError(
        f"layer {node.name}: negative_slope = {slope} is not supported, want 0: use quantized_relu(bits, integer)"
    )


def _quantize(node: Any, given: Format) -> Layer:
    found = activation(node)
    return Quantize(**_names(node), output=found.format, overflow=found.overflow)


def _config(node: Any, role: str) -> dict[str, Any] | None:
    wrapped = node.get_attr(f"{role}_quantizer")
    return getattr(wrapped, "qkeras_config", None)


def _weights(node: Any, given: Format) -> dict[str, Any]:
    """Return integer weights and bias on one grid, and the accumulator."""
    where = f"layer {node.name}"
    found = quantizer(_config(node, "weight"), f"{where}: weights", least=2, most=MAX_WEIGHT_BITS)
    weights = found.to_int(np.asarray(node.get_attr("weight_data")), f"{where}: weights")
    weight = found.format
    bias: NDArray[np.int64] = np.zeros(weights.shape[-1], np.int64)
    bias_fraction = 0
    if node.get_attr("bias_data") is not None:
        grid = quantizer(_config(node, "bias"), f"{where}: bias")
        bias = grid.to_int(np.asarray(node.get_attr("bias_data")), f"{where}: bias")
        spare = trailing_zeros(bias)
        bias, bias_fraction = (bias >> spare, grid.format.fraction - spare) if spare < 63 else (bias, -1024)
    else:
        bias_fraction = -1024
    fraction = given.fraction + weight.fraction
    # A bias on a finer grid than the products refines the weights' grid, so that the sum stays exact.
    extra = max(0, bias_fraction - fraction)
    weights, fraction = weights << extra, fraction + extra
    weight = Format(signed=weight.signed, width=weight.width + extra, fraction=weight.fraction + extra)
    if np.any(bias):
        bias = bias << (fraction - bias_fraction)
    output = accumulator(weights, bias, given, fraction)
    if output.width > MAX_ACCUMULATOR_BITS:
        raise UserError(
            f"{where}: accumulator needs {output.width} bits, at most {MAX_ACCUMULATOR_BITS}: use narrower formats"
        )
    return {"weight": weight, "weights": weights.ravel().tolist(), "bias": bias.tolist(), "output": output}


def _pair(node: Any, name: str) -> tuple[int, int]:
    return int(node.get_attr(f"{name}_height")), int(node.get_attr(f"{name}_width"))


def _padding(node: Any) -> tuple[int, int, int, int]:
    top, bottom, left, right = (
        int(node.get_attr(f"pad_{side}")) for side in ("top", "bottom", "left", "right")
    )
    return top, bottom, left, right


def _conv(node: Any, given: Format) -> Layer:
    channels = int(node.get_input_variable().shape[-1])
    if node.get_attr("data_format") != "channels_last" or node.get_attr("weight_data").shape[2] != channels:
        raise UserError(f"layer {node.name}: want channels_last and groups=1")
    return Conv2D(
        **_names(node), kernel=_pair(node, "filt"), stride=_pair(node, "stride"), padding=_padding(node),
        **_weights(node, given),
    )  # fmt: skip


def _dense(node: Any, given: Format) -> Layer:
    names = _names(node)
    if len(names["input_shape"]) != 1:
        raise UserError(
            f"layer {node.name}: QDense on an image of shape {names['input_shape']}: put Flatten before it, "
            "or use QConv2D with a 1x1 kernel"
        )
    return Dense(**names, **_weights(node, given))


def _pool(node: Any, given: Format) -> Layer:
    if node.get_attr("pool_op") != "Max" or node.get_attr("data_format") != "channels_last":
        return _unsupported(node, given)
    return MaxPool2D(
        **_names(node),
        pool=_pair(node, "pool"),
        stride=_pair(node, "stride"),
        padding=_padding(node),
        output=given,
    )


def _flatten(node: Any, given: Format) -> Layer:
    names = _names(node)
    if len(names["output_shape"]) != 1:
        raise UserError(
            f"layer {node.name}: reshape to {names['output_shape']} is not supported, only Flatten"
        )
    return Reshape(**names, output=given)


_LAYERS = {
    "Conv2D": _conv,
    "Dense": _dense,
    "Activation": _quantize,
    "ParametrizedActivation": _leaky,
    "Pooling2D": _pool,
    "Reshape": _flatten,
}
