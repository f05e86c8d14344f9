"""Weights as integers: the layer's own quantizer is evaluated in float64, and its values must lie on one grid.

So ``alpha=1``, powers of two (``alpha='auto_po2'``, ``quantized_po2``), ``binary`` and ``ternary`` are all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from hls.double_precision import double_precision
from hls.quantizers import MAX_BITS, MAX_WEIGHT_BITS, quantizer
from hls.reading import Reading
from streams.errors import UserError
from trigger.exact_formats import fit
from trigger.network_spec import Format

#: Role in hls4ml's node -> role in the Keras layer.
_KERAS_ROLES = {"weight": "kernel"}


@dataclass(frozen=True)
class Integers:
    """``values`` * 2**-format.fraction are the weights."""

    values: NDArray[np.int64]
    format: Format


def integers(node: Any, role: str, graph: Reading) -> Integers:
    """Return the quantised weights of a node, in the shape that Keras has them in.

    Parameters
    ----------
    role : 'weight', 'depthwise', 'pointwise' or 'bias'.

    Raises
    ------
    UserError : no quantizer, a random one, values on no common grid, or all of them 0.
    """
    where = f"layer {node.name}: {'bias' if role == 'bias' else 'weights'}"
    layer = graph.keras_layer(node.name)
    name = _KERAS_ROLES.get(role, role)
    with double_precision() as keras:
        if layer is not None:
            function = getattr(layer, f"{name}_quantizer_internal", None)
            config = keras.utils.serialize_keras_object(function) if function is not None else None
            real = getattr(layer, "bias" if role == "bias" else _variable(layer, name))
        else:
            config = getattr(node.get_attr(f"{role}_quantizer"), "qkeras_config", None)
            function, real = _from_config(config, role), node.get_attr(f"{role}_data")
        return quantised(np.asarray(real, np.float64), function, config, where)


def _variable(layer: Any, name: str) -> str:
    """Return the attribute that holds a kernel: Keras's own depthwise layers call it ``depthwise_kernel``."""
    return name if name == "kernel" else f"{name}_kernel"


def _from_config(config: dict[str, Any] | None, role: str) -> Any:
    if config is None:
        return None
    from qkeras.quantizers import get_quantizer

    function = get_quantizer(config)
    if role != "bias" and hasattr(function, "_set_trainable_parameter"):
        function._set_trainable_parameter()  # as QKeras's layers do
    return function


def quantised(real: NDArray[np.float64], function: Any, config: Any, where: str) -> Integers:
    """Return ``function(real)`` on its grid; to be called inside ``double_precision``."""
    if not np.all(np.isfinite(real)):
        bad = int(real.size - np.count_nonzero(np.isfinite(real)))
        raise UserError(f"{where}: {bad} of {real.size} values are NaN or infinite: train the model again")
    if function is None:
        raise UserError(f"{where}: no quantizer, got None: set quantized_bits(...) with alpha=1")
    name, options = config["class_name"], config["config"]
    if "stochastic" in name or "bernoulli" in name:
        raise UserError(f"{where}: quantizer {name} is random: use quantized_bits, binary or ternary")
    import tensorflow as tf

    values = np.asarray(function(tf.constant(real, tf.float64)), np.float64)
    bias = where.endswith("bias")
    if not bias and not np.any(values):
        raise UserError(
            f"{where}: all {real.size} values are quantized to 0 by {name}, so the layer gives a constant: "
            "use a finer quantizer or train the model again"
        )
    declared = _declared(name, options, where, MAX_BITS if bias else MAX_WEIGHT_BITS)
    return on_grid(values, where, declared, options.get("alpha"))


def _declared(name: str, options: dict[str, Any], where: str, most: int) -> Format | None:
    """Return the format that ``quantized_bits`` with ``alpha=1`` states, None for any other quantizer."""
    alpha = options.get("alpha")
    plain = alpha is None or (
        not isinstance(alpha, str) and np.size(alpha) == 1 and float(np.squeeze(alpha)) == 1
    )
    if name != "quantized_bits" or not plain or int(options["bits"]) == 1:
        return None
    return quantizer({"class_name": name, "config": options}, where, least=2, most=most).format


def on_grid(values: NDArray[np.float64], where: str, declared: Format | None, alpha: Any = None) -> Integers:
    """Return float64 ``values`` as integers of the format ``declared``, else of the coarsest that holds them all.

    >>> on_grid(np.array([0.5, -1.0, 0.0]), "weights", None)
    Integers(values=array([ 1, -2,  0]), format=Format(signed=True, width=2, fraction=1))
    """
    fraction = declared.fraction if declared else _fraction(values)
    scaled = values * 2.0**fraction
    most = max(MAX_WEIGHT_BITS, declared.width) if declared else MAX_WEIGHT_BITS
    whole = np.rint(np.clip(scaled, -(2.0**62), 2.0**62)).astype(np.int64)
    own = fit((int(whole.min()), int(whole.max())), fraction)
    if np.any(scaled != whole) or own.width > most:
        _refuse(values, where, most, alpha)
    fits = declared is not None and declared.min_int <= whole.min() and whole.max() <= declared.max_int
    return Integers(whole, declared if declared is not None and fits else own)


def _refuse(values: NDArray[np.float64], where: str, most: int, alpha: Any) -> NoReturn:
    if (isinstance(alpha, str) and "po2" not in alpha) or np.size(alpha) > 1:
        raise UserError(
            f"{where}: alpha = {alpha!r} scales by a number that is not in the format: "
            "set alpha=1 or alpha='auto_po2' in the quantizer and train again"
        )
    raise UserError(
        f"{where}: the quantized values lie on no common grid of {most} bits (largest {np.abs(values).max():g}, "
        f"finest step 2**{-_fraction(values)}): use quantized_bits with alpha=1"
    )


def _fraction(values: NDArray[np.float64]) -> int:
    """Return the fraction bits of the coarsest grid that holds all values."""
    mantissa, exponent = np.frexp(values[values != 0])
    whole = np.abs(mantissa * 2.0**53).astype(np.int64)
    lowest = whole & -whole
    steps = exponent - 53 + np.log2(lowest.astype(np.float64)).astype(np.int64)
    return int(-steps.min()) if steps.size else 0
