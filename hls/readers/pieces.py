"""Pieces that several readers build activations from: the same scale for all channels, and limits.

>>> from hls.reading import Reading
>>> from trigger.network_spec import Input
>>> graph = Reading(model=None)
>>> graph.known["x"] = Input(name="x", shape=(3,), number=Format(signed=True, width=8, fraction=1))
>>> affine(graph, "half", "x", Fraction(1, 2), Fraction(1, 2)).bias
[2, 2, 2]
>>> [layer.name for layer in between(graph, "relu6", "half", Fraction(6))]
['relu6_below', 'relu6_spare', 'relu6_top', 'relu6']
"""

from __future__ import annotations

from fractions import Fraction

from hls.constants import EXACT_BITS, dyadic
from hls.reading import Reading
from streams.errors import UserError
from trigger.exact_formats import fit
from trigger.network_spec import Format, Layer, Quantize, Scale


def affine(graph: Reading, name: str, source: str, factor: Fraction, offset: Fraction) -> Scale:
    """Make ``x * factor + offset``; both must be whole numbers over powers of two."""
    given, channels = graph.number(source), graph.shape(source)[-1]
    bits = dyadic(factor), dyadic(offset)
    if bits[0] is None or bits[1] is None or max(bits[0], bits[1]) > EXACT_BITS:
        raise UserError(
            f"layer {name}: {float(factor)} and {float(offset)} want at most {EXACT_BITS} fraction bits: choose others"
        )
    fraction = max(bits[0], bits[1] - given.fraction)
    weight = int(factor * Fraction(2) ** fraction)
    bias = int(offset * Fraction(2) ** (fraction + given.fraction))
    number = fit((min(weight, 0), max(weight, 0)), fraction)
    layer: Scale = graph.make(
        Scale, name, [source], weight=number, weights=[weight] * channels, bias=[bias] * channels
    )
    return layer


def positive(graph: Reading, name: str, source: str) -> Quantize:
    """Make max(x, 0): a quantizer to the unsigned format of the same grid, which holds every positive number."""
    given = graph.number(source)
    layer: Quantize = graph.make(Quantize, name, [source], output=fit((0, given.max_int), given.fraction))
    return layer


def between(graph: Reading, name: str, source: str, top: Fraction) -> list[Layer]:
    """Make min(max(x, 0), top), as max(top - max(top - x, 0), 0)."""
    given = graph.number(source)
    whole = top * Fraction(2) ** given.fraction
    if whole >= given.max_int:
        return [positive(graph, name, source)]
    if whole.denominator == 1 and whole.numerator & (whole.numerator + 1) == 0 and whole > 0:
        return [graph.make(Quantize, name, [source], output=fit((0, int(whole)), given.fraction))]
    below = affine(graph, f"{name}_below", source, Fraction(-1), top)
    spare = positive(graph, f"{name}_spare", below.name)
    kept = affine(graph, f"{name}_top", spare.name, Fraction(-1), top)
    return [below, spare, kept, positive(graph, name, kept.name)]


def saturated(graph: Reading, name: str, source: str, lowest: Fraction, least: int) -> list[Layer]:
    """Make max(x, lowest) for ``lowest`` = -2**n, where x can be lower.

    The largest value becomes -lowest less one step of a grid of at least ``least`` fraction bits.
    """
    given = graph.number(source)
    whole = lowest.numerator.bit_length() - lowest.denominator.bit_length()
    if given.min_int * Fraction(2) ** -given.fraction >= lowest:
        return []
    fraction = max(given.fraction, -whole, least)
    output = Format(signed=True, width=1 + whole + fraction, fraction=fraction)
    return [graph.make(Quantize, name, [source], output=output)]
