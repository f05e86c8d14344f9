"""Readers of layers with weights.

>>> sorted(READERS)
['Conv2D', 'Dense']
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.formats import trailing_zeros
from hls.quantizers import MAX_WEIGHT_BITS, quantizer
from hls.reading import Reader, Reading
from streams.errors import UserError
from trigger.network_spec import Conv2D, Dense, Format, Layer


def _config(node: Any, role: str) -> dict[str, Any] | None:
    wrapped = node.get_attr(f"{role}_quantizer")
    return getattr(wrapped, "qkeras_config", None)


def _weights(node: Any, given: Format) -> dict[str, Any]:
    """Return integer weights and bias on one grid."""
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
    return {"weight": weight, "weights": weights.ravel().tolist(), "bias": bias.tolist()}


def _pair(node: Any, name: str) -> tuple[int, int]:
    return int(node.get_attr(f"{name}_height")), int(node.get_attr(f"{name}_width"))


def _padding(node: Any) -> tuple[int, int, int, int]:
    top, bottom, left, right = (
        int(node.get_attr(f"pad_{side}")) for side in ("top", "bottom", "left", "right")
    )
    return top, bottom, left, right


def _conv(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    channels = graph.shape(sources[0])[-1]
    if node.get_attr("data_format") != "channels_last" or node.get_attr("weight_data").shape[2] != channels:
        raise UserError(f"layer {node.name}: want channels_last and groups=1")
    fields = {"kernel": _pair(node, "filt"), "stride": _pair(node, "stride"), "padding": _padding(node)}
    return [graph.make(Conv2D, node.name, sources, **fields, **_weights(node, given[0]))]


def _dense(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    shape = graph.shape(sources[0])
    if len(shape) != 1:
        raise UserError(
            f"layer {node.name}: QDense on an image of shape {shape}: put Flatten before it, "
            "or use QConv2D with a 1x1 kernel"
        )
    return [graph.make(Dense, node.name, sources, **_weights(node, given[0]))]


READERS: dict[str, Reader] = {"Conv2D": _conv, "Dense": _dense}
