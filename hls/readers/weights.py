"""Readers of layers with weights.

>>> sorted(READERS)
['BatchNormalization', 'Conv1D', 'Conv2D', 'Conv2DBatchnorm', 'Dense', 'DepthwiseConv1D', 'DepthwiseConv2D', \
'SeparableConv1D', 'SeparableConv2D']
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.batch_norm import folded, scale_fields
from hls.formats import trailing_zeros
from hls.reading import Reader, Reading
from hls.weight_values import Integers, integers
from streams.errors import UserError
from trigger.network_spec import Conv2D, Dense, Format, Layer, Scale


def _fields(weights: Integers, bias: Integers | None, given: Format) -> dict[str, Any]:
    """Return integer weights, flat, and the bias, on one grid.

    A bias on a finer grid than the products refines the weights' grid, so that the sum stays exact.
    """
    values, weight = weights.values, weights.format
    outputs = values.shape[-1]
    offset: NDArray[np.int64] = np.zeros(outputs, np.int64)
    if bias is not None and np.any(bias.values):
        spare = trailing_zeros(bias.values)
        offset, fraction = bias.values >> spare, bias.format.fraction - spare
        extra = max(0, fraction - given.fraction - weight.fraction)
        values = values << extra
        weight = Format(signed=weight.signed, width=weight.width + extra, fraction=weight.fraction + extra)
        offset = offset << (given.fraction + weight.fraction - fraction)
    return {"weight": weight, "weights": values.ravel().tolist(), "bias": offset.tolist()}


def _bias(node: Any, graph: Reading) -> Integers | None:
    if not node.get_attr("use_bias", True) or node.get_attr("bias_data") is None:
        return None
    return integers(node, "bias", graph)


def _reshaped(weights: Integers, shape: tuple[int, ...]) -> Integers:
    return Integers(weights.values.reshape(shape), weights.format)


def _windows(node: Any) -> dict[str, Any]:
    """Return kernel, stride and padding; a sequence's are those of an image of one column."""
    if node.get_attr("data_format") != "channels_last":
        raise UserError(
            f"layer {node.name}: data_format is not 'channels_last', the only one that is supported"
        )
    if node.class_name.endswith("1D"):
        left, right = int(node.get_attr("pad_left")), int(node.get_attr("pad_right"))
        kernel, stride = int(node.get_attr("filt_width")), int(node.get_attr("stride_width"))
        return {"kernel": (kernel, 1), "stride": (stride, 1), "padding": (left, right, 0, 0)}
    kernels, strides = (
        (int(node.get_attr(f"{key}_height")), int(node.get_attr(f"{key}_width")))
        for key in ("filt", "stride")
    )
    padding = tuple(int(node.get_attr(f"pad_{side}")) for side in ("top", "bottom", "left", "right"))
    return {"kernel": kernels, "stride": strides, "padding": padding}


def _conv(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    channels, weights = graph.shape(sources[0])[-1], integers(node, "weight", graph)
    if weights.values.shape[-2] != channels:
        raise UserError(
            f"layer {node.name}: its kernel sees {weights.values.shape[-2]} of {channels} channels: want groups=1"
        )
    fields = _fields(weights, _bias(node, graph), given[0])
    return [graph.make(Conv2D, node.name, sources, **_windows(node), **fields)]


def _by_channel(node: Any, graph: Reading, channels: int) -> Integers:
    """Return depthwise weights with one group of filters per channel."""
    weights = integers(node, "depthwise", graph)
    return _reshaped(weights, (-1, 1, channels * weights.values.shape[-1]))


def _depthwise(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    channels = graph.shape(sources[0])[-1]
    fields = _fields(_by_channel(node, graph, channels), _bias(node, graph), given[0])
    return [graph.make(Conv2D, node.name, sources, groups=channels, **_windows(node), **fields)]


def _separable(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    channels = graph.shape(sources[0])[-1]
    fields = _fields(_by_channel(node, graph, channels), None, given[0])
    first = graph.make(Conv2D, f"{node.name}_depthwise", sources, groups=channels, **_windows(node), **fields)
    fields = _fields(integers(node, "pointwise", graph), _bias(node, graph), first.output)
    return [first, _pixelwise(node.name, [first.name], graph, fields)]


def _pixelwise(name: str, sources: list[str], graph: Reading, fields: dict[str, Any]) -> Layer:
    """Make a convolution that sees one pixel."""
    layer: Layer = graph.make(
        Conv2D, name, sources, kernel=(1, 1), stride=(1, 1), padding=(0, 0, 0, 0), **fields
    )
    return layer


def _dense(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    fields = _fields(integers(node, "weight", graph), _bias(node, graph), given[0])
    if len(graph.shape(sources[0])) == 1:
        return [graph.make(Dense, node.name, sources, **fields)]
    return [_pixelwise(node.name, sources, graph, fields)]


def _conv_batchnorm(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    fields = _fields(*folded(node, graph), given[0])
    return [graph.make(Conv2D, node.name, sources, **_windows(node), **fields)]


def _batchnorm(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    return [graph.make(Scale, node.name, sources, **scale_fields(node, graph, given[0]))]


READERS: dict[str, Reader] = {
    "Conv2D": _conv,
    "Conv1D": _conv,
    "DepthwiseConv2D": _depthwise,
    "DepthwiseConv1D": _depthwise,
    "SeparableConv2D": _separable,
    "SeparableConv1D": _separable,
    "Dense": _dense,
    "Conv2DBatchnorm": _conv_batchnorm,
    "BatchNormalization": _batchnorm,
}
