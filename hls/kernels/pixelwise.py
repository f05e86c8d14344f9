"""Kernel programs of the layers that work on each place by itself: scale, tables, joins, choices, averages.

>>> from trigger.network_spec import Merge
>>> coarse, fine = Format(signed=True, width=4, fraction=0), Format(signed=False, width=4, fraction=2)
>>> shape, out = (1, 1, 1), Format(signed=True, width=8, fraction=2)
>>> layer = Merge(name="sum", sources=["a", "b"], input_shape=shape, output_shape=shape, output=out, op="add")
>>> program(layer, [coarse, fine], [1, 1]).run(np.array([[-3, 5]])).tolist()  # -3 + 5/4 = -7/4
[[-7]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hls.kernels.builder import Builder
from hls.kernels.multiple import multiple
from hls.kernels.program import Program
from streams.errors import UserError
from trigger.network_spec import (
    Argmax,
    AveragePool2D,
    Concatenate,
    Format,
    GlobalPool2D,
    Layer,
    Leaky,
    Lookup,
    Merge,
    Scale,
    Softmax,
)


def program(layer: Layer, numbers: Sequence[Format], channels: Sequence[int]) -> Program:
    """Return the arithmetic of ``layer``; its inputs are those of source 0, channel 0 first, then of source 1, ...

    ``AveragePool2D`` takes the numbers of a window, in the order of ``net_window``; where its factor depends on the
    place also one bit for each place of the window, 1 inside the frame. ``GlobalPool2D`` takes the sums.

    Parameters
    ----------
    numbers, channels : format and count of the numbers of each source (as in ``hls.netlist.Step``).

    Raises
    ------
    UserError : a layer that has no such arithmetic.
    """
    make = _MAKERS.get(type(layer))
    if make is None:
        raise UserError(f"layer {layer.name}: a {type(layer).__name__} has no arithmetic of single places")
    spans = zip(numbers, channels, strict=True)
    build = Builder([(number.min_int, number.max_int) for number, count in spans for _ in range(count)])
    outputs = make(layer, build, numbers, channels)
    for index in outputs:
        if build.nodes[index].sources:  # what can come fits there, if the spec was checked
            build.narrow(index, layer.output.min_int, layer.output.max_int)
    return build.program(outputs)


def widths(numbers: Sequence[Format], channels: Sequence[int]) -> list[int]:
    """Return the width of every input number, for ``emit``."""
    return [number.width for number, count in zip(numbers, channels, strict=True) for _ in range(count)]


def needs_marks(layer: AveragePool2D) -> bool:
    """Whether the factor of a pool depends on how many places of its window are real.

    >>> half = Format(signed=False, width=4, fraction=0)
    >>> pool = {"pool": (1, 2), "stride": (1, 2), "factor_fraction": 1, "output": half, "name": "pool"}
    >>> grid = {"input_shape": (1, 2, 1), "output_shape": (1, 1, 1), "padding": (0, 0, 0, 0)}
    >>> needs_marks(AveragePool2D(**pool, **grid, factors=[2, 1]))
    False
    """
    return any(layer.padding) and len(set(layer.factors)) > 1


def _times(build: Builder, source: int, factor: int, offset: int = 0) -> int:
    given = build.nodes[source]
    return build.splice(multiple(given.low, given.high, factor, offset), [source])[0]


def _scale(layer: Scale, build: Builder, *_: Any) -> list[int]:
    terms = zip(layer.weights, layer.bias, strict=True)
    return [_times(build, channel, weight, bias) for channel, (weight, bias) in enumerate(terms)]


def _leaky(layer: Leaky, build: Builder, numbers: Sequence[Format], channels: Sequence[int]) -> list[int]:
    outputs = []
    low, high = numbers[0].min_int, numbers[0].max_int
    ends = (0, low * layer.slope, high << layer.slope_fraction)
    for channel in range(channels[0]):
        up = build.shift(channel, layer.slope_fraction)
        chosen = build.choose(channel, up, _times(build, channel, layer.slope)) if low < 0 else up
        outputs.append(build.narrow(chosen, min(ends), max(ends)))
    return outputs


def _lookup(layer: Lookup, build: Builder, numbers: Sequence[Format], channels: Sequence[int]) -> list[int]:
    return [build.lookup(channel, layer.table, numbers[0].min_int) for channel in range(channels[0])]


def _softmax(layer: Softmax, build: Builder, _: Any, channels: Sequence[int]) -> list[int]:
    sources = range(channels[0])
    top = build.largest(sources)
    span = build.nodes[0].high - build.nodes[0].low
    below = [build.narrow(build.add(top, k, subtract=True), 0, span) for k in sources]
    powers = [build.lookup(place, layer.exp_table, 0, layer.exp_shift) for place in below]
    inverse = build.lookup(build.sum(powers), layer.inverse_table, layer.exp_table[0], layer.inverse_shift)
    return [build.multiply(power, inverse) for power in powers]


def _argmax(layer: Argmax, build: Builder, _: Any, channels: Sequence[int]) -> list[int]:
    """A tournament that carries the number of the channel with its value; of equals the first one wins."""
    if channels[0] == 1:
        return [build.constant(1)]
    left = [(k, build.constant(k)) for k in range(channels[0])]
    while len(left) > 1:
        winners = []
        for (a, a_number), (b, b_number) in zip(left[::2], left[1::2], strict=False):
            ahead = build.add(a, b, subtract=True)
            winners.append((build.largest([a, b]), build.choose(ahead, a_number, b_number)))
        left = winners + left[len(left) // 2 * 2 :]
    winner = left[0][1]
    return [build.lookup(winner, np.eye(channels[0], dtype=int)[k].tolist()) for k in range(channels[0])]


def _merge(layer: Merge, build: Builder, numbers: Sequence[Format], channels: Sequence[int]) -> list[int]:
    count = channels[0]
    if layer.op == "multiply":
        return [build.multiply(k, count + k) for k in range(count)]
    up = _up(numbers)
    return [build.add(k, count + k, (up[0], up[1]), subtract=layer.op == "subtract") for k in range(count)]


def _concatenate(
    layer: Concatenate, build: Builder, numbers: Sequence[Format], channels: Sequence[int]
) -> list[int]:
    each = [up for up, count in zip(_up(numbers), channels, strict=True) for _ in range(count)]
    return [build.shift(index, up) for index, up in enumerate(each)]


def _up(numbers: Sequence[Format]) -> list[int]:
    """Return the left shifts that bring all sources to the finest of their grids."""
    finest = max(number.fraction for number in numbers)
    return [finest - number.fraction for number in numbers]


def _average(
    layer: AveragePool2D, build: Builder, numbers: Sequence[Format], channels: Sequence[int]
) -> list[int]:
    places = layer.pool[0] * layer.pool[1]
    count = channels[0] // places
    sums = [build.sum([p * count + c for p in range(places)]) for c in range(count)]
    if needs_marks(layer) and len(channels) < 2:
        raise UserError(f"layer {layer.name}: the factor depends on the place, but no marks are given")
    if not needs_marks(layer):
        return [_times(build, total, layer.factors[-1]) for total in sums]
    real = build.narrow(build.sum(range(channels[0], channels[0] + places)), 1, places)
    factor = build.lookup(real, layer.factors, 1)
    limits = (numbers[0].min_int, numbers[0].max_int)
    most = max((n + 1) * value for n, value in enumerate(layer.factors))
    return [build.narrow(build.multiply(total, factor), limits[0] * most, limits[1] * most) for total in sums]


def _global(layer: GlobalPool2D, build: Builder, _: Any, channels: Sequence[int]) -> list[int]:
    return [_times(build, channel, layer.factor) for channel in range(channels[0])]


_MAKERS: dict[type[Any], Callable[..., list[int]]] = {
    Scale: _scale,
    Leaky: _leaky,
    Lookup: _lookup,
    Softmax: _softmax,
    Argmax: _argmax,
    Merge: _merge,
    Concatenate: _concatenate,
    AveragePool2D: _average,
    GlobalPool2D: _global,
}
