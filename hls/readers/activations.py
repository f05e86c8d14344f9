"""Readers of activations and quantizers that are sums, choices and rounding; ``tables`` has the others.

>>> sorted(READERS)
['Activation', 'HardActivation', 'ParametrizedActivation', 'Softmax', 'TernaryTanh']
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hls.constants import HARD_SIGMOID_BITS, SLOPE_BITS, significant
from hls.quantizers import Quantizer, quantizer
from hls.readers import signs, tables
from hls.readers.pieces import affine, between, positive, saturated
from hls.reading import Reader, Reading
from streams.errors import UserError
from trigger.network_spec import Format, Layer, Leaky, Quantize

KNOWN = "relu, tanh, sigmoid, hard_sigmoid, softmax, or QActivation with a quantizer"


def activation(node: Any) -> Quantizer:
    """Return the quantizer of an activation node that only rounds and saturates."""
    config = node.get_attr("activation_quantizer")
    if config is None:
        raise UserError(
            f"layer {node.name}: activation {node.get_attr('activation')} works on real numbers: "
            "use QActivation with quantized_relu or quantized_bits"
        )
    return quantizer(config, f"layer {node.name}")


def _activation(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    config = node.get_attr("activation_quantizer")
    if config is None:
        return _plain(node, sources, graph)
    name, options = config["class_name"], config["config"]
    if name == "binary_tanh":
        return signs.binary(node, sources, graph)
    if name in ("quantized_tanh", "quantized_sigmoid"):
        return tables.quantized(node, sources, graph)
    if name in ("linear", "quantized_bits") and options["bits"] == 1 and options.get("keep_negative", True):
        return signs.one_bit(node, sources, graph)
    found = activation(node)
    return [graph.make(Quantize, node.name, sources, output=found.format, overflow=found.overflow)]


def _plain(node: Any, sources: list[str], graph: Reading) -> list[Layer]:
    """Read an activation without a quantizer."""
    name = str(node.get_attr("activation"))
    if name == "relu":
        return [positive(graph, node.name, sources[0])]
    if name == "ReLU":
        return _relu(node, sources, graph)
    if name in tables.FUNCTIONS:
        return tables.plain(node, sources, graph)
    raise UserError(f"layer {node.name}: activation {name} is not supported: use {KNOWN}")


def _relu(node: Any, sources: list[str], graph: Reading) -> list[Layer]:
    """Read Keras's ReLU layer; hls4ml drops its options, so they come from the layer itself."""
    options = keras_config(node, graph)
    top, slope, threshold = (options.get(key) for key in ("max_value", "negative_slope", "threshold"))
    if threshold or (slope and top is not None):
        raise UserError(
            f"layer {node.name}: ReLU with threshold = {threshold}, negative_slope = {slope}, max_value = {top} is not"
            " supported: use max_value or negative_slope alone"
        )
    if slope:
        return [leaky(graph, node.name, sources, float(np.squeeze(slope)))]
    if top is None:
        return [positive(graph, node.name, sources[0])]
    return between(graph, node.name, sources[0], Fraction(float(top)))


def keras_config(node: Any, graph: Reading) -> dict[str, Any]:
    """Return the configuration of the Keras layer that ``node`` was parsed from."""
    model = graph.model.config.config.get("KerasModel")
    try:
        config: dict[str, Any] = model.get_layer(node.name).get_config()
    except (AttributeError, ValueError) as error:
        raise UserError(
            f"layer {node.name}: its options cannot be read without the Keras model: hand over the model itself"
        ) from error
    return config


def leaky(graph: Reading, name: str, sources: list[str], slope: float) -> Layer:
    """Make a leaky ReLU; a slope of more than 12 significant bits is rounded to them."""
    if not np.isfinite(slope) or slope < 0:
        raise UserError(f"layer {name}: slope = {slope}, want a number of at least 0")
    integer, fraction = significant(Fraction(slope), SLOPE_BITS)
    shift = max(0, -fraction)
    layer: Layer = graph.make(Leaky, name, sources, slope=integer << shift, slope_fraction=fraction + shift)
    return layer


def _parametrized(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    if node.get_attr("activation") not in ("leaky_relu", "LeakyReLU"):
        raise UserError(
            f"layer {node.name}: activation {node.get_attr('activation')} is not supported: use {KNOWN}"
        )
    slope = float(np.squeeze(node.get_attr("activ_param")))
    config = node.get_attr("activation_quantizer")
    if config is None:
        return [leaky(graph, node.name, sources, slope)]
    return _quantized_leaky(node, config["config"], sources, graph)


def _quantized_leaky(node: Any, options: dict[str, Any], sources: list[str], graph: Reading) -> list[Layer]:
    """Read ``quantized_relu(negative_slope=2**-k)``, which saturates at -slope times its positive range."""
    where = f"layer {node.name}"
    slope = Fraction(float(options["negative_slope"]))
    grid = quantizer(
        {"class_name": "quantized_relu", "config": {**options, "negative_slope": 0}}, where
    ).format
    if grid.width < 2 or slope > 1 or slope * 2 ** (grid.width - 1) < 1:
        raise UserError(
            f"{where}: quantized_relu with {grid.width} bits and negative_slope = {float(slope)}: want at least 2 bits,"
            " and a slope from 2**(1-bits) to 1"
        )
    output = Format(signed=True, width=grid.width, fraction=grid.fraction - 1)
    lowest = -(Fraction(2) ** (output.width - 1 - output.fraction))
    layers = saturated(graph, f"{node.name}_range", sources[0], lowest, output.fraction)
    inner = [layers[-1].name] if layers else sources
    layers.append(leaky(graph, f"{node.name}_leaky", inner, float(slope)))
    return [*layers, graph.make(Quantize, node.name, [layers[-1].name], output=output)]


def _hard(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    config = node.get_attr("activation_quantizer")
    if config is None:
        return _hard_sigmoid(node, sources, graph)
    options, bits = config["config"], int(config["config"]["bits"])
    symmetric = bool(options.get("symmetric"))
    if config["class_name"] == "quantized_tanh":
        output = Format(signed=True, width=bits, fraction=bits - 1)
        return [graph.make(Quantize, node.name, sources, output=output, overflow=_mode(symmetric))]
    half = Fraction(1, 2)
    if not symmetric:
        moved = affine(graph, f"{node.name}_half", sources[0], half, half)
        output = Format(signed=False, width=bits, fraction=bits)
        return [moved, graph.make(Quantize, node.name, [moved.name], output=output)]
    if bits < 2:
        raise UserError(
            f"layer {node.name}: quantized_sigmoid(1, symmetric) is a constant: use at least 2 bits"
        )
    # Around 0 the range is symmetric, and rounding half to even commutes with adding an even number of steps.
    moved = affine(graph, f"{node.name}_half", sources[0], half, Fraction(0))
    output = Format(signed=True, width=bits, fraction=bits)
    centred = graph.make(Quantize, f"{node.name}_centred", [moved.name], output=output, overflow="SAT_SYM")
    return [moved, centred, affine(graph, node.name, centred.name, Fraction(1), half)]


def _mode(symmetric: bool) -> str:
    return "SAT_SYM" if symmetric else "SAT"


def _hard_sigmoid(node: Any, sources: list[str], graph: Reading) -> list[Layer]:
    """Read Keras's hard_sigmoid, clip(0.2 x + 0.5, 0, 1); 0.2 has 16 significant bits."""
    integer, fraction = significant(Fraction(float(node.get_attr("slope"))), HARD_SIGMOID_BITS)
    slope = integer * Fraction(2) ** -fraction
    moved = affine(graph, f"{node.name}_slope", sources[0], slope, Fraction(float(node.get_attr("shift"))))
    return [moved, *between(graph, node.name, moved.name, Fraction(1))]


READERS: dict[str, Reader] = {
    "Activation": _activation,
    "ParametrizedActivation": _parametrized,
    "HardActivation": _hard,
    "TernaryTanh": signs.ternary,
    "Softmax": tables.softmax,
}
