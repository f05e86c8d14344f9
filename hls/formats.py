"""Bits that numbers need: low zeros of weights, and what float64 must hold to evaluate a network exactly."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import Conv2D, Dense, Format, Layer, NetworkSpec, Quantize, Scale


def trailing_zeros(values: NDArray[np.int64]) -> int:
    """Return how many low bits are zero in every value (63 if all values are 0).

    >>> trailing_zeros(np.array([12, -8, 0]))
    2
    """
    joined = int(np.bitwise_or.reduce(np.abs(values.ravel()))) if values.size else 0
    return (joined & -joined).bit_length() - 1 if joined else 63


def double_bits(spec: NetworkSpec, layers: Container[str] | None = None) -> int:
    """Return the bits that float64 needs to evaluate ``spec`` exactly with QKeras, in any order of summation.

    A sum of products needs the sum of their magnitudes. A quantizer is evaluated as ``x + (q - x)``, which needs the
    finer grid and the larger range of both, and a bit for the difference. Every other layer needs its own width.

    Parameters
    ----------
    layers : names of the layers that count; all of them by default.
    """
    counted = [layer for layer in spec.layers if layers is None or layer.name in layers]
    return max([1, *(_layer_bits(layer, spec.number(layer.sources[0])) for layer in counted)])


def _layer_bits(layer: Layer, given: Format) -> int:
    if isinstance(layer, Conv2D | Dense | Scale):
        flat = np.abs(np.array(layer.weights, dtype=object).reshape(-1, layer.output_shape[-1])).sum(axis=0)
        largest = max(given.max_int, -given.min_int)
        total = int(max(flat * largest + np.abs(np.array(layer.bias, dtype=object)))).bit_length()
        return max(total, layer.output.width)
    if isinstance(layer, Quantize):
        fraction = max(given.fraction, layer.output.fraction)
        whole = max(f.width - f.fraction for f in (given, layer.output))
        return whole + fraction + 1
    return layer.output.width
