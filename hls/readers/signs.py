"""Readers of activations with two or three values: binary, one bit, ternary.

>>> thresholds(Fraction(33, 100), Format(signed=True, width=20, fraction=4))
(6, Format(signed=True, width=4, fraction=4))
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

from hls.readers.pieces import affine
from hls.reading import Reading
from streams.errors import UserError
from trigger.exact_formats import LOOKUP_BITS
from trigger.network_spec import Format, Layer, Lookup, Quantize

_SIGN = Format(signed=True, width=1, fraction=0)  # -1 or 0
_TERNARY = Format(signed=True, width=2, fraction=0)
_DEFAULT_THRESHOLD = 0.33  # QKeras's own


def one_bit(node: Any, sources: list[str], graph: Reading) -> list[Layer]:
    """Read ``quantized_bits(1)``: 1 where x >= 0, else -1."""
    _alpha(node, node.get_attr("activation_quantizer")["config"])
    return _sign(node.name, sources, graph, Fraction(2))


def binary(node: Any, sources: list[str], graph: Reading) -> list[Layer]:
    """Read ``binary``: 1 where x >= 0, else -1, or 0 with ``use_01``."""
    options = node.get_attr("activation_quantizer")["config"]
    if "alpha" not in options:
        raise UserError(
            f"layer {node.name}: activation binary_tanh is not supported (it is -1 at 0): use binary(alpha=1)"
        )
    _alpha(node, options)
    return _sign(node.name, sources, graph, Fraction(1 if options.get("use_01") else 2))


def _sign(name: str, sources: list[str], graph: Reading, step: Fraction) -> list[Layer]:
    negative = graph.make(Quantize, f"{name}_negative", sources, output=_SIGN, rounding="TRN")
    return [negative, affine(graph, name, negative.name, step, Fraction(1))]


def ternary(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    """Read ``ternary``: the sign of x where |x| reaches the threshold, else 0; a table."""
    options = node.get_attr("activation_quantizer")["config"]
    _alpha(node, options)
    stated = options.get("threshold")
    threshold = Fraction(float(_DEFAULT_THRESHOLD if stated is None else stated))
    least, index = thresholds(threshold, given[0], f"layer {node.name}")
    layers: list[Layer] = []
    if given[0].width <= index.width:
        index = given[0]
    if index.width > LOOKUP_BITS:
        raise UserError(
            f"layer {node.name}: the threshold {float(threshold)} on a grid of {index.fraction} fraction bits needs"
            f" a table of {index.width} bits, at most {LOOKUP_BITS}: put a quantizer before it"
        )
    if index != given[0]:
        layers.append(graph.make(Quantize, f"{node.name}_range", sources, output=index))
    table = [(x >= least) - (x <= -least) for x in range(index.min_int, index.max_int + 1)]
    inner = [layers[-1].name] if layers else sources
    return [*layers, graph.make(Lookup, node.name, inner, table=table, output=_TERNARY)]


def thresholds(threshold: Fraction, given: Format, where: str = "") -> tuple[int, Format]:
    """Return the least integer that reaches ``threshold``, and the narrowest format that tells what reaches it."""
    if threshold <= 0:
        raise UserError(f"{where}: threshold = {float(threshold)}, want more than 0")
    least = max(1, ceil(threshold * Fraction(2) ** given.fraction))
    return least, Format(signed=True, width=least.bit_length() + 1, fraction=given.fraction)


def _alpha(node: Any, options: dict[str, Any]) -> None:
    alpha = options.get("alpha")
    if alpha is not None and (isinstance(alpha, str) or float(alpha) != 1.0):
        raise UserError(
            f"layer {node.name}: alpha = {alpha!r} in an activation is not supported: set alpha=1"
        )
