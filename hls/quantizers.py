"""QKeras quantizers as integer formats, from their configuration alone.

>>> quantizer({"class_name": "quantized_relu", "config": {"bits": 6, "integer": 2}}, "relu").format
Format(signed=False, width=6, fraction=4)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError
from trigger.network_spec import Format

MAX_WEIGHT_BITS = 24
MAX_BITS = 32  # of a bias or an activation


@dataclass(frozen=True)
class Quantizer:
    """What a QKeras quantizer does to a number: round half to even to ``format``, then saturate."""

    format: Format
    overflow: Literal["SAT", "SAT_SYM"] = "SAT"

    def to_int(self, values: NDArray[Any], where: str) -> NDArray[np.int64]:
        """Return the integers of real ``values``.

        Raises
        ------
        UserError : a value is not finite.
        """
        if not np.all(np.isfinite(values)):
            bad = int(np.size(values) - np.count_nonzero(np.isfinite(values)))
            raise UserError(
                f"{where}: {bad} of {np.size(values)} values are NaN or infinite: train the model again"
            )
        low = -self.format.max_int if self.overflow == "SAT_SYM" else self.format.min_int
        scaled = np.rint(np.asarray(values, np.float64) * 2.0**self.format.fraction)
        return np.clip(scaled, low, self.format.max_int).astype(np.int64)


def quantizer(
    config: dict[str, Any] | None, where: str, *, least: int = 1, most: int = MAX_BITS
) -> Quantizer:
    """Read the configuration of ``quantized_bits`` or ``quantized_relu``.

    Parameters
    ----------
    config : ``class_name`` and ``config``, as Keras serialises it; None where a model has no quantizer.
    where : layer and role, for messages.
    least, most : number of bits that are allowed.

    Raises
    ------
    UserError : no quantizer, another type, or an option that has no exact integer form.
    """
    if not isinstance(config, dict):
        raise UserError(f"{where}: no quantizer, got {config!r}: set quantized_bits(...) with alpha=1")
    name, options = config["class_name"], config["config"]
    if name == "linear":  # what hls4ml makes of quantized_bits in an activation
        name = "quantized_bits"
    if name not in ("quantized_bits", "quantized_relu"):
        raise UserError(f"{where}: quantizer {name} is not supported: use quantized_bits or quantized_relu")
    bits, integer = _whole(options, "bits", where), _whole(options, "integer", where)
    if not least <= bits <= most:
        raise UserError(f"{where}: {name} has {bits} bits, want {least} to {most}: choose another width")
    _check_options(options, where)
    if name == "quantized_relu":
        return Quantizer(Format(signed=False, width=bits, fraction=bits - integer))
    signed = bool(options.get("keep_negative", True))
    if signed and bits == 1:
        raise UserError(
            f"{where}: quantized_bits(1) is a sign function: use at least 2 bits, or keep_negative=0"
        )
    overflow: Literal["SAT", "SAT_SYM"] = "SAT_SYM" if signed and options.get("symmetric") else "SAT"
    return Quantizer(Format(signed=signed, width=bits, fraction=bits - int(signed) - integer), overflow)


def _whole(options: dict[str, Any], key: str, where: str) -> int:
    value = options.get(key, 8 if key == "bits" else 0)
    if isinstance(value, bool) or int(value) != value:
        raise UserError(f"{where}: {key} = {value!r}, want a whole number")
    return int(value)


def _check_options(options: dict[str, Any], where: str) -> None:
    alpha = options.get("alpha")
    if isinstance(alpha, str) or (
        alpha is not None and (np.size(alpha) != 1 or float(np.squeeze(alpha)) != 1.0)
    ):
        raise UserError(
            f"{where}: alpha = {alpha!r} scales by a number that is not in the format, want 1: "
            "set alpha=1 in the quantizer (its default in a layer's weights is 'auto_po2') and train again"
        )
    for key, want in (("qnoise_factor", 1), ("negative_slope", 0), ("use_sigmoid", 0)):
        if float(options.get(key, want)) != want:
            raise UserError(f"{where}: {key} = {options[key]!r} is not supported, want {want}")
