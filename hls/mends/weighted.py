"""Convolutions, dense layers and scales as nodes of hls4ml's graph.

hls4ml's stream code takes no padding, so padding is a node of its own. Its code for kernels of height 1 ignores the
vertical stride, and its depthwise code has no room for one row or for more filters than channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.mends.node import Node, Weights
from trigger.network_spec import Conv2D, Dense, Format, Padding, Scale, Shape


def bias_format(bias: NDArray[np.int64], fraction: int) -> Format:
    """Return a format that holds ``bias``.

    >>> bias_format(np.array([3, -8]), 2)
    Format(signed=True, width=5, fraction=2)
    """
    return Format(signed=True, width=1 + max(abs(int(b)).bit_length() for b in bias), fraction=fraction)


def _biases(layer: Conv2D | Dense | Scale) -> Weights:
    bias = np.array(layer.bias, np.int64)
    return Weights(bias, bias_format(bias, layer.output.fraction))


def conv(layer: Conv2D, source: str, number: Format) -> list[Node]:
    """Return the nodes of a convolution: padding where needed, then the convolution."""
    channels, filters = layer.input_shape[-1], len(layer.bias)
    weights = np.array(layer.weights, np.int64).reshape(*layer.kernel, -1, filters)
    depthwise = layer.groups == channels == filters > 1
    if layer.groups > 1 and not depthwise:
        weights = full(weights, layer.groups)
    padding, kernel = layer.padding, layer.kernel
    if kernel[0] == 1 and (layer.stride[0] > 1 or depthwise):
        weights, kernel = np.concatenate([np.zeros_like(weights), weights]), (2, kernel[1])
        padding = (padding[0] + 1, *padding[1:])
    nodes, shape = [], layer.input_shape
    if any(padding):
        nodes.append(pad(f"{layer.name}_padding", shape, padding, source, number))
        source, shape = nodes[0].name, tuple(nodes[0].shape)
    role = "depthwise_data" if depthwise else "weight_data"
    if depthwise:
        weights = weights.reshape(*kernel, channels, 1)
    made = {"weight": Weights(weights, layer.weight), "bias": _biases(layer)}
    attributes = {
        **sizes(shape, layer.output_shape), "n_chan": channels, "n_filt": filters, "filt_height": kernel[0],
        "filt_width": kernel[1], "stride_height": layer.stride[0], "stride_width": layer.stride[1],
        "pad_top": 0, "pad_bottom": 0, "pad_left": 0, "pad_right": 0,
        role: made["weight"].values, "bias_data": made["bias"].values,
    }  # fmt: skip
    kind = "DepthwiseConv2D" if depthwise else "Conv2D"
    return [*nodes, _last(layer, kind, source, layer.output_shape, attributes, made)]


def full(weights: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Write grouped weights (kernel row, column, channel of the group, filter) for all channels, with zeros.

    >>> full(np.arange(1, 5).reshape(1, 1, 1, 4), 2)[0, 0].tolist()
    [[1, 2, 0, 0], [0, 0, 3, 4]]
    """
    rows, columns, channels, filters = weights.shape
    wide = np.zeros((rows, columns, channels * groups, filters), np.int64)
    each = filters // groups
    for g in range(groups):
        wide[:, :, g * channels : (g + 1) * channels, g * each : (g + 1) * each] = weights[
            ..., g * each : (g + 1) * each
        ]
    return wide


def pad(name: str, shape: Shape, padding: Padding, source: str, number: Format) -> Node:
    """Return a node that puts zeros around an image."""
    top, bottom, left, right = padding
    out = (shape[0] + top + bottom, shape[1] + left + right, shape[2])
    attributes = {**sizes(shape, out), "n_chan": shape[2], "pad_top": top, "pad_bottom": bottom, "pad_left": left,
                  "pad_right": right}  # fmt: skip
    return Node("ZeroPadding2D", name, out, number, (source,), attributes)


def sizes(given: Shape, made: Shape) -> dict[str, Any]:
    """Return hls4ml's names for the sizes of two images."""
    return {"in_height": given[0], "in_width": given[1], "out_height": made[0], "out_width": made[1],
            "data_format": "channels_last"}  # fmt: skip


def dense(layer: Dense, source: str, number: Format) -> list[Node]:
    """Return the node of a dense layer, whose stream code takes a vector in beats of any size."""
    features, units = layer.input_shape[0], len(layer.bias)
    weights = np.array(layer.weights, np.int64).reshape(features, units)
    made = {"weight": Weights(weights, layer.weight), "bias": _biases(layer)}
    attributes = {
        "n_in": features,
        "n_out": units,
        "weight_data": made["weight"].values,
        "bias_data": made["bias"].values,
    }
    return [_last(layer, "Dense", source, (units,), attributes, made)]


def scale(layer: Scale, source: str, number: Format) -> list[Node]:
    """Return the node of a scale; it follows the stream's packing (see ``hls.mends.walk``)."""
    weights = Weights(np.array(layer.weights, np.int64), layer.weight)
    bias = _biases(layer)
    channels = layer.input_shape[-1]
    attributes = {
        "n_in": int(np.prod(layer.input_shape)), "n_filt": channels if len(layer.input_shape) > 1 else -1,
        "scale_data": weights.values, "bias_data": bias.values,
    }  # fmt: skip
    made = {"scale": weights, "bias": bias}
    return [_last(layer, "BatchNormalization", source, layer.output_shape, attributes, made)]


def _last(
    layer: Any,
    kind: str,
    source: str,
    shape: Shape,
    attributes: dict[str, Any],
    weights: dict[str, Weights],
) -> Node:
    types = {} if kind == "BatchNormalization" else {"accum": layer.output}
    return Node(
        kind,
        layer.name,
        shape,
        layer.output,
        (source,),
        attributes,
        weights=weights,
        types=types,
        traced=True,
    )
