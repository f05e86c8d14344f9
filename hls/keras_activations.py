"""Activations that hls4ml's Keras parser would refuse without a layer's name: refused here, with what to use instead.

>>> HINTS["hard_tanh"]
'use quantized_tanh(bits)'
"""

from __future__ import annotations

from typing import Any

from streams.errors import UserError

QUANTIZERS = (
    "quantized_relu", "quantized_bits", "quantized_tanh", "quantized_sigmoid", "binary", "ternary",
)  # fmt: skip
_RANDOM = "its results are random: use binary(alpha=1) or ternary(alpha=1)"
_ROUNDS = "use quantized_relu or quantized_bits"
HINTS = {
    "bernoulli": _RANDOM,
    "stochastic_binary": _RANDOM,
    "stochastic_ternary": _RANDOM,
    "quantized_po2": _ROUNDS,
    "quantized_relu_po2": _ROUNDS,
    "quantized_ulaw": _ROUNDS,
    "quantized_hswish": _ROUNDS,
    "hard_tanh": "use quantized_tanh(bits)",
    "smooth_tanh": "use quantized_tanh(bits)",
    "hard_sigmoid": "use quantized_sigmoid(bits)",
    "smooth_sigmoid": "use quantized_sigmoid(bits)",
    "binary_sigmoid": "use binary(use_01=1, alpha=1)",
    "binary_tanh": "it is -1 at 0: use binary(alpha=1)",
}


def check_activation(layer: Any) -> None:
    """Refuse an activation, of its own or inside a layer, that has no exact integer form here.

    Raises
    ------
    UserError : the message names the layer, the activation and what to use.
    """
    stated = layer.get_config().get("activation")
    kind = type(layer).__name__
    if kind == "Activation":
        if not isinstance(stated, str):
            raise UserError(
                f"layer {layer.name}: a quantizer in Activation is not supported: use QActivation"
            )
        return
    if kind == "QActivation":
        found = layer.quantizer
        name = (
            type(found).__name__ if hasattr(found, "get_config") else getattr(found, "__name__", str(found))
        )
    elif isinstance(stated, dict):
        name = str(stated["class_name"])
    else:
        return
    if name not in QUANTIZERS:
        hint = HINTS.get(name, f"use Activation({name!r}), or a quantizer")
        raise UserError(
            f"layer {layer.name}: activation {name} is not supported; supported: {', '.join(QUANTIZERS)}: {hint}"
        )
