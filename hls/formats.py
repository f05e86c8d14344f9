"""Exact formats of accumulators, by interval arithmetic on the integer weights.

They depend on the weights and on the input's format alone, never on the size of the image: the widest case is a window
that sees no padding, and padding (zeros) only takes terms away.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import Conv2D, Dense, Format, Layer, NetworkSpec, Quantize, Scale


def smallest(low: int, high: int, fraction: int) -> Format:
    """Return the narrowest format that holds every integer in ``low..high``.

    >>> smallest(-5, 3, 0).width, smallest(0, 8, 0).width, smallest(0, 0, 0).width
    (4, 4, 1)
    """
    if low >= 0:
        return Format(signed=False, width=max(1, high.bit_length()), fraction=fraction)
    return Format(
        signed=True, width=1 + max((-low - 1).bit_length(), max(high, 0).bit_length()), fraction=fraction
    )


def accumulator(weights: NDArray[np.int64], bias: NDArray[np.int64], given: Format, fraction: int) -> Format:
    """Return the format of ``sum(weight * x) + bias`` for every x of format ``given``.

    Parameters
    ----------
    weights : int64 array, (..., outputs)
    bias : int64 array, (outputs,), with ``fraction`` fraction bits.
    """
    flat: NDArray[Any] = weights.reshape(-1, weights.shape[-1]).astype(object)
    positive, negative = np.maximum(flat, 0).sum(axis=0), np.minimum(flat, 0).sum(axis=0)
    high = positive * given.max_int + negative * given.min_int + bias.astype(object)
    low = positive * given.min_int + negative * given.max_int + bias.astype(object)
    return smallest(int(min(low)), int(max(high)), fraction)


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
