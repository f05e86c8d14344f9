"""Precisions that a user writes into ``hls_config``, as formats with hls4ml's rounding and saturation modes.

>>> parsed("ap_fixed<8,3,AP_RND,AP_SAT>", "layer relu").format
Format(signed=True, width=8, fraction=5)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast, get_args

from streams.errors import UserError
from trigger.exact_formats import MAX_BITS
from trigger.network_spec import Format, Overflow, Rounding

_FORM = re.compile(r"(?:ap_)?(u?)(fixed|int)<([^<>]+)>")
_WANT = "want for example 'fixed<16,6,RND_CONV,SAT>' or 'auto'"


@dataclass(frozen=True)
class Precision:
    """A fixed-point type: where it truncates and wraps by default, ``ap_fixed`` does so too."""

    format: Format
    rounding: Rounding = "TRN"
    overflow: Overflow = "WRAP"


def explicit_result(model: Any, node: Any) -> Precision | None:
    """Return the ``Precision: result`` that ``hls_config`` states for the layer of ``node`` by name, if any.

    'auto' states nothing, and neither does the precision that hls4ml's ``config_from_keras_model`` makes of the
    layer's own quantizer: that is not always right, and the quantizer is read instead.

    Raises
    ------
    UserError : a precision that is not fixed point, or is wider than 62 bits.
    """
    named = model.config.config.get("HLSConfig", {}).get("LayerName", {}) or {}
    options = named.get(node.name)
    precisions = options.get("Precision") if isinstance(options, dict) else None
    stated = precisions.get("result") if isinstance(precisions, dict) else None
    if stated is None or str(stated).strip().lower() == "auto":
        return None
    found = parsed(str(stated), f"layer {node.name}")
    return None if found == _generated(node) else found


def parsed(text: str, where: str) -> Precision:
    """Return the fixed-point type that ``text`` names, in AP notation with or without ``ap_``.

    Raises
    ------
    UserError : something else, or more than 62 bits.
    """
    match = _FORM.fullmatch(re.sub(r"\s", "", text))
    parts = match[3].replace("AP_", "").split(",") if match else []
    fixed = bool(match) and match is not None and match[2] == "fixed"
    modes = parts[2:] if fixed else parts[1:]
    numbers = parts[: 2 if fixed else 1]
    good = match is not None and all(re.fullmatch(r"-?\d+", n) for n in numbers) and len(numbers) == 1 + fixed
    modes = [*modes, *["TRN", "WRAP", "0"][len(modes) :]]
    if (
        not good
        or modes[0] not in get_args(Rounding)
        or modes[1] not in get_args(Overflow)
        or modes[2:] != ["0"]
    ):
        raise UserError(f"{where}: Precision result = {text!r} in hls_config: {_WANT}")
    width, whole = int(numbers[0]), int(numbers[-1])
    if not 1 <= width <= MAX_BITS:
        raise UserError(f"{where}: Precision result = {text!r} has {width} bits, want 1 to {MAX_BITS}")
    assert match is not None
    number = Format(signed=match[1] != "u", width=width, fraction=width - whole)
    return Precision(number, cast(Rounding, modes[0]), cast(Overflow, modes[1]))


def _generated(node: Any) -> Precision | None:
    """Return what ``config_from_keras_model`` states for a node with an activation quantizer."""
    config = node.get_attr("activation_quantizer")
    if not isinstance(config, dict):
        return None
    from hls4ml.utils.config import _get_precision_from_quantizer

    try:
        return parsed(str(_get_precision_from_quantizer(config)), f"layer {node.name}")
    except Exception:  # hls4ml has none for this quantizer, so it cannot have written one
        return None
