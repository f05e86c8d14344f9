"""The fast twin of ``integer_network``: equal bit for bit, on planes of channels (numba).

Rows of one channel are contiguous, so that a weight multiplies a whole row at once; a zero weight costs
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from trigger import integer_layers, integer_network
from trigger.integer_network import Images
from trigger.network_spec import (
    Conv2D,
    Dense,
    Format,
    Layer,
    MaxPool2D,
    NetworkSpec,
    Quantize,
)


def evaluate_fast(spec: NetworkSpec, images: Images) -> NDArray[np.int64]:
    """Return what ``integer_network.evaluate`` returns, for the same arguments.

    >>> from trigger.network_spec import Input
    >>> coarse = Format(signed=False, width=3, fraction=0)
    >>> relu = Quantize(name="relu", input_shape=(1, 4, 1), output_shape=(1, 4, 1), output=coarse)
    >>> fine = Format(signed=True, width=8, fraction=2)
    >>> spec = NetworkSpec(name="example", inputs=(Input(shape=(1, 4, 1), number=fine),), layers=[relu])
    >>> evaluate_fast(spec, np.array([-5, 2, 6, 99]).reshape(1, 1, 4, 1)).ravel().tolist()
    [0, 0, 2, 7]
    """
    return outputs_fast(spec, images)[spec.outputs[0]]


def outputs_fast(spec: NetworkSpec, images: Images) -> dict[str, NDArray[np.int64]]:
    """Return what ``integer_network.outputs`` returns, for the same arguments."""
    values: dict[str, NDArray[Any]] = {}
    numbers = {node.name: node.number for node in spec.inputs}
    for name, array in integer_network.checked(spec, images).items():
        values[name] = _planes(array).astype(_dtype(_bits(numbers[name])))
    last_use = {source: layer.name for layer in spec.layers for source in layer.sources}
    for layer in spec.layers:
        given = [values[source] for source in layer.sources]
        values[layer.name] = _step(layer, given, [numbers[source] for source in layer.sources])
        numbers[layer.name] = layer.output
        for source in layer.sources:  # memory: what nobody needs any more goes
            if last_use[source] == layer.name and source not in spec.outputs:
                values.pop(source, None)
    return {name: _pixels(values[name]).astype(np.int64) for name in spec.outputs}


def _planes(value: NDArray[Any]) -> NDArray[Any]:
    """Images (n, rows, columns, channels) as (n, channels, rows, columns); vectors as they are."""
    return np.ascontiguousarray(value.transpose(0, 3, 1, 2)) if value.ndim == 4 else value


def _pixels(value: NDArray[Any]) -> NDArray[Any]:
    """Undo ``_planes``."""
    return value.transpose(0, 2, 3, 1) if value.ndim == 4 else value


def accumulator_bits(layer: Conv2D | Dense, format_in: Format) -> int:
    """Return the bits that hold the magnitude of every partial sum, whatever the input and the order."""
    largest = max(abs(format_in.min_int), format_in.max_int)
    weights = np.abs(np.array(layer.weights, dtype=object).reshape(-1, layer.output_shape[-1]))
    sums = weights.sum(axis=0) * largest + np.abs(np.array(layer.bias, dtype=object))
    return int(max(sums)).bit_length()


def _bits(wide: Format) -> int:
    return max(abs(wide.min_int), wide.max_int).bit_length()


def _dtype(bits: int) -> type[np.int32 | np.int64]:
    """Return the narrowest type that leaves two bits of room, for the sign and for rounding."""
    return np.int32 if bits <= 30 else np.int64


def _step(layer: Layer, given: Sequence[NDArray[Any]], numbers: Sequence[Format]) -> NDArray[Any]:
    value, format_in = given[0], numbers[0]
    if isinstance(layer, Conv2D):
        return _conv(layer, value, format_in)
    if isinstance(layer, Dense):
        exact = np.float64 if accumulator_bits(layer, format_in) <= 53 else np.int64
        matrix: NDArray[Any] = np.array(layer.weights, exact).reshape(value.shape[-1], -1)
        return np.asarray((value.astype(exact) @ matrix + np.array(layer.bias, exact)).astype(np.int64))
    if isinstance(layer, Quantize):
        return _quantize(layer, value, format_in)
    if isinstance(layer, MaxPool2D):
        rows, columns, channels = layer.output_shape
        best = np.empty((len(value), channels, rows, columns), value.dtype)
        _pool(_padded(value, layer.padding, np.iinfo(value.dtype).min), layer.pool, layer.stride, best)
        return best
    # The rest is rare, or as fast in the clear version.
    pixels = [_pixels(one).astype(np.int64) for one in given]
    return _planes(integer_layers.step(layer, pixels, numbers)).astype(_dtype(_bits(layer.output)))


def _conv(layer: Conv2D, value: NDArray[Any], format_in: Format) -> NDArray[Any]:
    dtype = _dtype(max(accumulator_bits(layer, format_in), _bits(format_in)))
    rows, columns, filters = layer.output_shape
    shape = (*layer.kernel, value.shape[1] // layer.groups, filters)
    weights = np.ascontiguousarray(np.array(layer.weights, dtype).reshape(shape).transpose(3, 0, 2, 1))
    total = np.empty((len(value), filters, rows, columns), dtype)
    padded = _padded(value, layer.padding, 0).astype(dtype)
    _convolve(padded, weights, np.array(layer.bias, dtype), layer.stride, total)
    return total


def _padded(value: NDArray[Any], padding: tuple[int, int, int, int], fill: int) -> NDArray[Any]:
    if not any(padding):
        return value
    top, bottom, left, right = padding
    return np.pad(value, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)


def _quantize(layer: Quantize, value: NDArray[Any], format_in: Format) -> NDArray[Any]:
    low, high = integer_layers.saturation(layer)
    dropped = format_in.fraction - layer.output.fraction
    plain = layer.rounding == "RND_CONV" and layer.overflow in ("SAT", "SAT_SYM")
    if not plain or dropped < 0 or dropped > 24:  # rare: widening, or nearly everything dropped
        moved = integer_layers.quantize(layer, value.astype(np.int64), format_in.fraction)
    else:
        moved = np.empty(value.shape, value.dtype)
        _round_and_clip(np.ascontiguousarray(value).reshape(-1), dropped, low, high, moved.reshape(-1))
    return moved.astype(_dtype(_bits(layer.output)), copy=False)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _convolve(value: Any, weights: Any, bias: Any, stride: Any, total: Any) -> None:
    """Fill ``total`` (n, filter, row, column); ``weights`` is (filter, kernel row, channel, column)."""
    filters, high, channels, wide = weights.shape
    columns = total.shape[3]
    per_group = filters * channels // value.shape[1]
    for n in range(total.shape[0]):
        for row in range(total.shape[2]):
            for f in range(filters):
                sums = total[n, f, row]
                sums[:] = bias[f]
                for i in range(high):
                    for c in range(channels):
                        seen = value[n, f // per_group * channels + c, row * stride[0] + i]
                        for j in range(wide):
                            weight = weights[f, i, c, j]
                            if weight == 0:
                                continue
                            if stride[1] == 1:
                                for x in range(columns):
                                    sums[x] += weight * seen[x + j]
                            else:
                                for x in range(columns):
                                    sums[x] += weight * seen[x * stride[1] + j]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pool(value: Any, pool: Any, stride: Any, best: Any) -> None:
    for n in range(best.shape[0]):
        for c in range(best.shape[1]):
            for row in range(best.shape[2]):
                for x in range(best.shape[3]):
                    largest = value[n, c, row * stride[0], x * stride[1]]
                    for i in range(pool[0]):
                        for j in range(pool[1]):
                            largest = max(largest, value[n, c, row * stride[0] + i, x * stride[1] + j])
                    best[n, c, row, x] = largest


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _round_and_clip(value: Any, dropped: int, low: int, high: int, moved: Any) -> None:
    one = value.dtype.type(1)
    lowest, highest, shift = value.dtype.type(low), value.dtype.type(high), value.dtype.type(dropped)
    below_half = (one << shift >> one) - one if dropped > 0 else value.dtype.type(0)
    for k in range(value.size):
        x = value[k]
        if dropped > 0:  # adding just under a half, or a half to an odd floor, rounds half to even
            x = (x + below_half + ((x >> shift) & one)) >> shift
        moved[k] = min(max(x, lowest), highest)
