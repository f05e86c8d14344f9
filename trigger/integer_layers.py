"""What each kind of layer does to integers, one function each, written to be read.

>>> from trigger.network_spec import Argmax
>>> bit = Format(signed=False, width=1, fraction=0)
>>> layer = Argmax(name="top", input_shape=(3,), output_shape=(3,), output=bit)
>>> step(layer, [np.array([[4, 9, 9]])], [Format(signed=True, width=8, fraction=0)]).tolist()
[[0, 1, 0]]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import (
    Argmax,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    Format,
    GlobalPool2D,
    Layer,
    Leaky,
    Lookup,
    MaxPool2D,
    Merge,
    Quantize,
    Reshape,
    Rounding,
    Scale,
    Softmax,
    Upsample2D,
    ZeroPad2D,
)

Ints: TypeAlias = NDArray[np.int64]
_LOWEST = np.iinfo(np.int64).min


def step(layer: Layer, values: Sequence[Ints], numbers: Sequence[Format]) -> Ints:
    """Return the output integers of one layer, int64 (n, *layer.output_shape).

    Parameters
    ----------
    values : int64 array of each source, (n, *its shape).
    numbers : format of each source.
    """
    if isinstance(layer, Quantize):
        return quantize(layer, values[0], numbers[0].fraction)
    if isinstance(layer, Merge):
        return merge(layer, values, numbers)
    if isinstance(layer, Concatenate):
        return np.concatenate(_on_one_grid(values, numbers), axis=-1)
    if isinstance(layer, Lookup):
        return np.array(layer.table, np.int64)[values[0] - numbers[0].min_int]
    return _STEPS[type(layer)](layer, values[0])


def _windows(layer: Any, value: Ints, window: tuple[int, int], fill: int) -> Iterator[tuple[int, int, Ints]]:
    """Yield (row, column) of each place of the window, and what it sees: int64 (n, rows, columns, channels)."""
    top, bottom, left, right = layer.padding
    padded = np.pad(value, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    (rows, columns), (down, across) = layer.output_shape[:2], layer.stride
    for i in range(window[0]):
        for j in range(window[1]):
            yield (
                i,
                j,
                padded[:, i : i + rows * down : down, j : j + columns * across : across][:, :rows, :columns],
            )


def _conv(layer: Conv2D, value: Ints) -> Ints:
    channels, filters = value.shape[-1] // layer.groups, len(layer.bias) // layer.groups
    weights = np.array(layer.weights, np.int64).reshape(*layer.kernel, channels, layer.groups, filters)
    total = np.zeros((len(value), *layer.output_shape), np.int64) + np.array(layer.bias, np.int64)
    for i, j, seen in _windows(layer, value, layer.kernel, 0):
        for g in range(layer.groups):
            part = seen[..., g * channels : (g + 1) * channels] @ weights[i, j, :, g]
            total[..., g * filters : (g + 1) * filters] += part
    return total


def _dense(layer: Dense, value: Ints) -> Ints:
    weights = np.array(layer.weights, np.int64).reshape(value.shape[-1], -1)
    total: Ints = value @ weights + np.array(layer.bias, np.int64)
    return total


def _scale(layer: Scale, value: Ints) -> Ints:
    return np.asarray(value * np.array(layer.weights, np.int64) + np.array(layer.bias, np.int64))


def _max_pool(layer: MaxPool2D, value: Ints) -> Ints:
    best = np.full((len(value), *layer.output_shape), _LOWEST)
    for _, _, seen in _windows(layer, value, layer.pool, _LOWEST):
        best = np.maximum(best, seen)
    return best


def _average_pool(layer: AveragePool2D, value: Ints) -> Ints:
    total, places = (
        np.zeros((len(value), *layer.output_shape), np.int64),
        np.zeros(layer.output_shape, np.int64),
    )
    real = np.ones_like(value[:1])
    for _, _, seen in _windows(layer, value, layer.pool, 0):
        total += seen
    for _, _, seen in _windows(layer, real, layer.pool, 0):
        places += seen[0]
    return total * np.array(layer.factors, np.int64)[places - 1]


def _global_pool(layer: GlobalPool2D, value: Ints) -> Ints:
    found: Ints = value.max(axis=(1, 2)) if layer.op == "max" else value.sum(axis=(1, 2)) * layer.factor
    return found.reshape(len(value), *layer.output_shape)


def _zero_pad(layer: ZeroPad2D, value: Ints) -> Ints:
    top, bottom, left, right = layer.padding
    return np.pad(value, ((0, 0), (top, bottom), (left, right), (0, 0)))


def _upsample(layer: Upsample2D, value: Ints) -> Ints:
    return value.repeat(layer.size[0], axis=1).repeat(layer.size[1], axis=2)


def _on_one_grid(values: Sequence[Ints], numbers: Sequence[Format]) -> list[Ints]:
    finest = max(number.fraction for number in numbers)
    return [value << (finest - number.fraction) for value, number in zip(values, numbers, strict=True)]


def merge(layer: Merge, values: Sequence[Ints], numbers: Sequence[Format]) -> Ints:
    """Add, subtract or multiply two arrays, element by element."""
    if layer.op == "multiply":
        return values[0] * values[1]
    first, second = _on_one_grid(values, numbers)
    return first + second if layer.op == "add" else first - second


def _leaky(layer: Leaky, value: Ints) -> Ints:
    return np.where(value >= 0, np.maximum(value, 0) << layer.slope_fraction, value * layer.slope)


def _softmax(layer: Softmax, value: Ints) -> Ints:
    below = (value.max(axis=-1, keepdims=True) - value) >> layer.exp_shift
    powers: Ints = np.array(layer.exp_table, np.int64)[np.minimum(below, len(layer.exp_table) - 1)]
    above = (powers.sum(axis=-1, keepdims=True) - layer.exp_table[0]) >> layer.inverse_shift
    inverse: Ints = np.array(layer.inverse_table, np.int64)
    result: Ints = powers * inverse[np.clip(above, 0, len(inverse) - 1)]
    return result


def _argmax(layer: Argmax, value: Ints) -> Ints:
    return np.asarray(np.arange(value.shape[-1]) == value.argmax(axis=-1)[..., None], np.int64)


def _reshape(layer: Reshape, value: Ints) -> Ints:
    return value.reshape(len(value), *layer.output_shape)


_STEPS: dict[type[Any], Callable[[Any, Ints], Ints]] = {
    Conv2D: _conv,
    Dense: _dense,
    Scale: _scale,
    MaxPool2D: _max_pool,
    AveragePool2D: _average_pool,
    GlobalPool2D: _global_pool,
    ZeroPad2D: _zero_pad,
    Upsample2D: _upsample,
    Leaky: _leaky,
    Softmax: _softmax,
    Argmax: _argmax,
    Reshape: _reshape,
}


def quantize(layer: Quantize, value: Ints, fraction: int) -> Ints:
    """Round integers with ``fraction`` fraction bits to the layer's grid, then bring them into its range."""
    dropped = fraction - layer.output.fraction
    if dropped > 0:
        value, dropped = rounded(value, dropped, layer.rounding), 0
    shift = -dropped
    if layer.overflow == "WRAP":
        return _wrapped(value, shift, layer.output)
    # Saturate before the left shift, so that nothing overflows 64 bits.
    low, high = saturation(layer)
    low_in, high_in = -((-low) >> shift), high >> shift
    inside = np.clip(value, low_in, high_in) << shift
    below, above = (0, 0) if layer.overflow == "SAT_ZERO" else (low, high)
    return np.where(value > high_in, above, np.where(value < low_in, below, inside))


def rounded(value: Ints, dropped: int, mode: Rounding) -> Ints:
    """Return ``value * 2**-dropped`` rounded to an integer; ``dropped`` is at least 1."""
    if dropped > 62:  # everything is dropped: only the sign is left, and no half
        value, dropped = np.sign(value), 62
    floor, rest = value >> dropped, value & ((1 << dropped) - 1)
    half = 1 << (dropped - 1)
    if mode in ("TRN", "TRN_ZERO"):
        return floor + ((rest != 0) & (value < 0)) if mode == "TRN_ZERO" else floor
    tie_up = {
        "RND": np.True_,
        "RND_MIN_INF": np.False_,
        "RND_ZERO": value < 0,
        "RND_INF": value >= 0,
        "RND_CONV": floor & 1 == 1,
    }[mode]
    result: Ints = floor + ((rest > half) | ((rest == half) & tie_up))
    return result


def _wrapped(value: Ints, shift: int, output: Format) -> Ints:
    """Return the low bits of ``value << shift``."""
    if shift >= output.width:
        return np.zeros_like(value)
    width = output.width - shift  # bits of value that matter
    low = value & ((1 << width) - 1)
    low = low - ((low >> (width - 1)) << width) if output.signed else low
    return low << shift


def saturation(layer: Quantize) -> tuple[int, int]:
    """Return the smallest and the largest integer that ``layer`` lets through."""
    low, high = layer.output.min_int, layer.output.max_int
    return (-high if layer.overflow == "SAT_SYM" and layer.output.signed else low), high
