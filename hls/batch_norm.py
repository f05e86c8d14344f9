"""Batch normalisation: as scale and offset per channel on stated grids, or folded into a convolution as QKeras does it.

``gamma / sqrt(variance + epsilon)`` is a real number. Scale and offset are each rounded (half to even) to the finest
grid on which the largest of them fits into 18 signed bits; the offset's grid is never finer than the products'.

>>> rounded(np.array([1.0, -0.3]), most=30)
(array([ 65536, -19661]), 16)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.double_precision import double_precision
from hls.formats import trailing_zeros
from hls.reading import Reading
from hls.weight_values import Integers, quantised
from streams.errors import UserError
from trigger.exact_formats import fit
from trigger.network_spec import Format

SCALE_BITS = 18  # of a scale and of an offset, sign included


def rounded(values: NDArray[np.float64], most: int) -> tuple[NDArray[np.int64], int]:
    """Return integers and fraction bits of ``values`` on an 18-bit grid of at most ``most`` fraction bits."""
    largest = float(np.abs(values).max())
    exponent = int(np.frexp(largest)[1]) if largest else 0
    fraction = min(SCALE_BITS - 1 - exponent, most)
    if np.abs(np.rint(values * 2.0**fraction)).max() >= 2 ** (SCALE_BITS - 1):
        fraction -= 1
    return np.rint(values * 2.0**fraction).astype(np.int64), fraction


def scale_fields(node: Any, graph: Reading, given: Format) -> dict[str, Any]:
    """Return the fields of a ``Scale`` for numbers of the format ``given``."""
    scale, offset = _real(node, graph)
    if not np.all(np.isfinite([scale, offset])) or not np.any(scale):
        raise UserError(
            f"layer {node.name}: scale or offset of the batch normalisation are NaN, infinite or all 0: "
            "train the model again"
        )
    weights, fraction = rounded(scale, 60)
    bias, bias_fraction = rounded(offset, given.fraction + fraction)
    bias = bias << (given.fraction + fraction - bias_fraction)
    spare = min(trailing_zeros(weights), trailing_zeros(bias))
    weights, bias, fraction = weights >> spare, bias >> spare, fraction - spare
    weight = fit((int(weights.min()), int(weights.max())), fraction)
    return {"weight": weight, "weights": weights.tolist(), "bias": bias.tolist()}


def _real(node: Any, graph: Reading) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scale and offset per channel in float64."""
    layer, shape = graph.keras_layer(node.name), node.get_input_variable().shape
    if layer is None:
        keys = ("gamma", "beta", "mean", "variance")
        parts = [node.get_attr(f"{key}_data") for key in keys]
        epsilon = node.get_attr("epsilon")
    else:
        if list(np.ravel(layer.axis)) != [layer.input_spec.ndim - 1]:
            raise UserError(
                f"layer {node.name}: axis = {list(layer.axis)}, only the channels (-1) are supported"
            )
        parts = [layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]
        parts = [default if part is None else part for part, default in zip(parts, (1, 0, 0, 1), strict=True)]
        epsilon = layer.epsilon
    gamma, beta, mean, variance = (np.broadcast_to(np.asarray(p, np.float64), (shape[-1],)) for p in parts)
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN and infinity are refused by the caller
        scale = gamma / np.sqrt(variance + float(epsilon))
    return scale, beta - mean * scale


def folded(node: Any, graph: Reading) -> tuple[Integers, Integers]:
    """Return the quantised folded kernel and bias of a ``QConv2DBatchnorm``."""
    layer = graph.keras_layer(node.name)
    if layer is None:
        raise UserError(
            f"layer {node.name}: QConv2DBatchnorm is folded by QKeras itself: hand over the Keras model"
        )
    with double_precision() as keras:
        found = []
        for role, real in zip(("kernel", "bias"), layer.get_folded_weights(), strict=True):
            function = getattr(layer, f"{role}_quantizer_internal")
            config = keras.utils.serialize_keras_object(function) if function is not None else None
            where = f"layer {node.name}: {'bias' if role == 'bias' else 'weights'}"
            found.append(quantised(np.asarray(real, np.float64), function, config, where))
    return found[0], found[1]
