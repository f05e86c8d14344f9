"""Level 2 of the ladder of truth: a ``NetworkSpec`` evaluated on integers, written to be read.

>>> from trigger.network_spec import Format, NetworkSpec, Quantize
>>> fine, coarse = Format(signed=True, width=8, fraction=2), Format(signed=False, width=3, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(1, 4, 1), output_shape=(1, 4, 1), output=coarse)
>>> spec = NetworkSpec(name="example", input_shape=(1, 4, 1), input=fine, layers=[relu])
>>> pixels = np.array([-5, 2, 6, 99]).reshape(1, 1, 4, 1)  # -1.25, 0.5, 1.5, 24.75
>>> evaluate(spec, pixels).ravel().tolist()
[0, 0, 2, 7]

``integer_network_fast`` is its fast twin.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError
from trigger.network_spec import Conv2D, Dense, Flatten, Format, Layer, MaxPool2D, NetworkSpec, Quantize

Ints = NDArray[np.int64]


def evaluate(spec: NetworkSpec, images: NDArray[Any]) -> Ints:
    """Return the network's output integers: the clear version.

    Parameters
    ----------
    images : integer array, (n, *spec.input_shape), on the grid of ``spec.input``.

    Returns
    -------
    int64 array, (n, *spec.output_shape), on the grid of ``spec.output``.

    Raises
    ------
    UserError : wrong shape, or a pixel outside the input format.
    """
    return list(trace(spec, images).values())[-1]


def trace(spec: NetworkSpec, images: NDArray[Any]) -> dict[str, Ints]:
    """Return the output integers of every layer, by layer name, in order; arguments as for ``evaluate``."""
    value: Ints = checked(spec, images).astype(np.int64)
    outputs = {}
    format_in = spec.input
    for layer in spec.layers:
        value = _step(layer, value, format_in)
        outputs[layer.name] = value
        format_in = layer.output
    return outputs


def checked(spec: NetworkSpec, images: NDArray[Any]) -> NDArray[Any]:
    """Return ``images`` if the network takes them.

    Raises
    ------
    UserError : wrong shape or type, or a pixel outside the input format.
    """
    if images.shape[1:] != spec.input_shape:
        raise UserError(
            f"network {spec.name}: got images of shape {images.shape[1:]}, want {spec.input_shape}"
        )
    if not np.issubdtype(images.dtype, np.integer):
        raise UserError(f"network {spec.name}: got {images.dtype} images, want integers on the input's grid")
    low, high = spec.input.min_int, spec.input.max_int
    if images.size and (int(images.min()) < low or int(images.max()) > high):
        raise UserError(f"network {spec.name}: got pixels {images.min()}..{images.max()}, want {low}..{high}")
    return images


@singledispatch
def _step(layer: Layer, value: Ints, format_in: Format) -> Ints:
    """Return the layer's output integers."""
    raise TypeError(layer)


@_step.register
def _(layer: Conv2D, value: Ints, format_in: Format) -> Ints:
    top, bottom, left, right = layer.padding
    padded = np.pad(value, ((0, 0), (top, bottom), (left, right), (0, 0)))
    (rows, columns, filters), (down, across) = layer.output_shape, layer.stride
    weights = np.array(layer.weights, np.int64).reshape(*layer.kernel, value.shape[-1], filters)
    total = np.zeros((len(value), rows, columns, filters), np.int64) + np.array(layer.bias, np.int64)
    for i in range(layer.kernel[0]):
        for j in range(layer.kernel[1]):
            seen = padded[:, i : i + rows * down : down, j : j + columns * across : across]
            total += seen[:, :rows, :columns] @ weights[i, j]
    return total


@_step.register
def _(layer: Dense, value: Ints, format_in: Format) -> Ints:
    weights = np.array(layer.weights, np.int64).reshape(value.shape[-1], -1)
    total: Ints = value @ weights + np.array(layer.bias, np.int64)
    return total


@_step.register
def quantize(layer: Quantize, value: Ints, format_in: Format) -> Ints:
    """Round half to even, then saturate."""
    dropped = format_in.fraction - layer.output.fraction
    if dropped > 0:  # RND_CONV: to the nearest, a tie to the even one
        floor, rest = value >> dropped, value & ((1 << dropped) - 1)
        half = 1 << (dropped - 1)
        value = floor + ((rest > half) | ((rest == half) & (floor & 1 == 1)))
        dropped = 0
    # Saturate before the left shift, so that nothing overflows 64 bits.
    low, high = saturation(layer)
    shift = -dropped
    low_in, high_in = -((-low) >> shift), high >> shift
    inside = np.clip(value, low_in, high_in) << shift
    return np.where(value > high_in, high, np.where(value < low_in, low, inside))


@_step.register
def _(layer: MaxPool2D, value: Ints, format_in: Format) -> Ints:
    top, bottom, left, right = layer.padding
    lowest = np.iinfo(np.int64).min
    padded = np.pad(value, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=lowest)
    (rows, columns, _), (down, across) = layer.output_shape, layer.stride
    best = np.full((len(value), *layer.output_shape), lowest)
    for i in range(layer.pool[0]):
        for j in range(layer.pool[1]):
            seen = padded[:, i : i + rows * down : down, j : j + columns * across : across]
            best = np.maximum(best, seen[:, :rows, :columns])
    return best


@_step.register
def _(layer: Flatten, value: Ints, format_in: Format) -> Ints:
    return value.reshape(len(value), -1)


def saturation(layer: Quantize) -> tuple[int, int]:
    """Return the smallest and the largest integer that ``layer`` lets through."""
    low, high = layer.output.min_int, layer.output.max_int
    return (-high if layer.overflow == "SAT_SYM" and layer.output.signed else low), high
