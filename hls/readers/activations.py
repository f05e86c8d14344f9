"""Readers of activations and quantizers.

>>> sorted(READERS)
['Activation', 'ParametrizedActivation']
"""

from __future__ import annotations

from typing import Any

from hls.quantizers import Quantizer, quantizer
from hls.reading import Reader, Reading
from streams.errors import UserError
from trigger.network_spec import Format, Layer, Quantize


def activation(node: Any) -> Quantizer:
    """Return the quantizer of an activation node."""
    config = node.get_attr("activation_quantizer")
    if config is None:
        raise UserError(
            f"layer {node.name}: activation {node.get_attr('activation')} works on real numbers: "
            "use QActivation with quantized_relu or quantized_bits"
        )
    return quantizer(config, f"layer {node.name}")


def _quantize(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    found = activation(node)
    return [graph.make(Quantize, node.name, sources, output=found.format, overflow=found.overflow)]


def _leaky(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    slope = node.get_attr("activ_param")
    raise UserError(
        f"layer {node.name}: negative_slope = {slope} is not supported, want 0: use quantized_relu(bits, integer)"
    )


READERS: dict[str, Reader] = {"Activation": _quantize, "ParametrizedActivation": _leaky}
