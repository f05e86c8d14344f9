"""Level 2 of the ladder of truth: a ``NetworkSpec`` evaluated on integers; a clear version and a fast twin.

>>> from trigger.network_spec import Format, NetworkSpec, Quantize
>>> fine, coarse = Format(signed=True, width=8, fraction=2), Format(signed=False, width=3, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(1, 4, 1), output_shape=(1, 4, 1), output=coarse)
>>> spec = NetworkSpec(name="example", input_shape=(1, 4, 1), input=fine, layers=[relu])
>>> pixels = np.array([-5, 2, 6, 99]).reshape(1, 1, 4, 1)  # -1.25, 0.5, 1.5, 24.75
>>> evaluate(spec, pixels).ravel().tolist()
[0, 0, 2, 7]
>>> bool((evaluate_fast(spec, pixels) == evaluate(spec, pixels)).all())
True
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
    value: Ints = _checked(spec, images).astype(np.int64)
    outputs = {}
    format_in = spec.input
    for layer in spec.layers:
        value = _step(layer, value, format_in)
        outputs[layer.name] = value
        format_in = layer.output
    return outputs


def _checked(spec: NetworkSpec, images: NDArray[Any]) -> NDArray[Any]:
    """Refuse images that the network does not take."""
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
def _(layer: Quantize, value: Ints, format_in: Format) -> Ints:
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
    return _pooled(layer, padded)


@_step.register
def _(layer: Flatten, value: Ints, format_in: Format) -> Ints:
    return value.reshape(len(value), -1)


def saturation(layer: Quantize) -> tuple[int, int]:
    """Return the smallest and the largest integer that ``layer`` lets through."""
    low, high = layer.output.min_int, layer.output.max_int
    return (-high if layer.overflow == "SAT_SYM" and layer.output.signed else low), high


def _pooled(layer: MaxPool2D, padded: NDArray[Any]) -> NDArray[Any]:
    """Return the maxima over the windows of an already padded array."""
    (rows, columns, _), (down, across) = layer.output_shape, layer.stride
    best = None
    for i in range(layer.pool[0]):
        for j in range(layer.pool[1]):
            seen = padded[:, i : i + rows * down : down, j : j + columns * across : across][
                :, :rows, :columns
            ]
            best = seen.copy() if best is None else np.maximum(best, seen, out=best)
    if best is None:
        raise ValueError(layer.pool)
    return best


def evaluate_fast(spec: NetworkSpec, images: NDArray[Any]) -> Ints:
    """Return what ``evaluate`` returns, faster: matrix products on floats that hold every sum exactly.

    float32 where every sum of a layer fits its 24 bits, float64 up to 53 bits, else the clear version's step.
    """
    value: NDArray[Any] = _checked(spec, images)
    format_in = spec.input
    for layer in spec.layers:
        value = _fast_step(layer, value, format_in)
        format_in = layer.output
    return value.astype(np.int64)


def accumulator_bits(layer: Conv2D | Dense, format_in: Format) -> int:
    """Return the bits that hold the magnitude of every partial sum, whatever the input and the order."""
    largest = max(abs(format_in.min_int), format_in.max_int)
    weights = np.abs(np.array(layer.weights, dtype=object).reshape(-1, layer.output_shape[-1]))
    sums = weights.sum(axis=0) * largest + np.abs(np.array(layer.bias, dtype=object))
    return int(max(sums)).bit_length()


def _fast_step(layer: Layer, value: NDArray[Any], format_in: Format) -> NDArray[Any]:
    """Return the layer's output as floats or integers that are exact."""
    if isinstance(layer, Conv2D | Dense):
        bits = accumulator_bits(layer, format_in)
        if bits > 53:
            return _step(layer, value.astype(np.int64), format_in)
        dtype = np.float32 if bits <= 24 else np.float64
        return _fast_product(layer, value.astype(dtype, copy=False))
    if isinstance(layer, Quantize):
        return _fast_quantize(layer, value, format_in)
    if isinstance(layer, MaxPool2D):
        if any(layer.padding):
            return _step(layer, value.astype(np.int64), format_in)
        return _pooled(layer, value)
    return _step(layer, value, format_in)


def _fast_product(layer: Conv2D | Dense, value: NDArray[Any]) -> NDArray[Any]:
    filters = layer.output_shape[-1]
    weights = np.array(layer.weights, value.dtype).reshape(-1, filters)
    bias = np.array(layer.bias, value.dtype)
    if isinstance(layer, Dense):
        return np.asarray(value @ weights + bias)
    top, bottom, left, right = layer.padding
    if any(layer.padding):
        value = np.pad(value, ((0, 0), (top, bottom), (left, right), (0, 0)))
    value = np.ascontiguousarray(value)
    (rows, columns, _), (high, wide), (down, across) = layer.output_shape, layer.kernel, layer.stride
    step_image, step_row, step_column, step_channel = value.strides
    run = wide * value.shape[-1]  # one kernel row is contiguous in memory
    windows = np.lib.stride_tricks.as_strided(
        value,
        (len(value), rows, columns, high, run),
        (step_image, step_row * down, step_column * across, step_row, step_channel),
        writeable=False,
    )
    product = windows.reshape(-1, high * run) @ weights
    product += bias
    return np.asarray(product.reshape(len(value), rows, columns, filters))


def _fast_quantize(layer: Quantize, value: NDArray[Any], format_in: Format) -> NDArray[Any]:
    if not np.issubdtype(value.dtype, np.floating):
        if format_in.width > 53:
            return _step(layer, value, format_in)
        value = value.astype(np.float32 if format_in.width <= 24 else np.float64)
    low, high = saturation(layer)
    if max(abs(low), high).bit_length() > 24:
        value = value.astype(np.float64, copy=False)
    scaled: NDArray[Any] = value * value.dtype.type(2.0 ** (layer.output.fraction - format_in.fraction))
    np.rint(scaled, out=scaled)  # half to even
    scaled.clip(low, high, out=scaled)
    return scaled
