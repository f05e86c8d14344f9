"""Seeded random layers that work on each place by itself, with inputs and what the reference makes of them.

>>> case = random_kernel("merge", 1)
>>> case.inputs.shape[1] == sum(case.channels), len(case.inputs) == len(case.wanted)
(True, True)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hls.kernels.pixelwise import needs_marks
from hls.random_layers import MAKERS, Draw
from trigger.exact_formats import exact, fit
from trigger.integer_layers import step
from trigger.network_spec import AveragePool2D, Format, GlobalPool2D, Layer, Leaky, Merge, Scale

KINDS = (
    "scale", "leaky", "lookup", "softmax", "argmax", "merge", "concatenate", "averagepool2d", "globalpool2d",
)  # fmt: skip
_BIT = Format(signed=False, width=1, fraction=0)


class Case(NamedTuple):
    """A layer, the formats and counts of a kernel's inputs, int64 (n, inputs), and what must come, (n, outputs)."""

    layer: Layer
    numbers: list[Format]
    channels: list[int]
    inputs: NDArray[np.int64]
    wanted: NDArray[np.int64]


def random_kernel(kind: str, seed: int, frames: int = 3) -> Case:
    """Return a random layer of that kind on small images of random and extreme numbers."""
    draw = Draw(np.random.default_rng([78, KINDS.index(kind), seed]))
    while True:
        layer = _layer(draw, kind)
        if layer is not None:
            break
    numbers = [draw.values[name][1] for name in layer.sources]
    values = [_numbers(draw, name, frames) for name in layer.sources]
    wanted = step(layer, values, numbers)
    wanted = wanted.reshape(-1, wanted.shape[-1])
    channels = [value.shape[-1] for value in values]
    inputs = np.concatenate(values, axis=-1).reshape(-1, sum(channels))
    if isinstance(layer, AveragePool2D):
        seen, marks = windows(layer, values[0])
        numbers, channels, inputs = numbers * 1, [seen.shape[1]], seen
        if needs_marks(layer):
            numbers, channels = [*numbers, _BIT], [*channels, marks.shape[1]]
            inputs = np.concatenate([seen, marks], axis=1)
    elif isinstance(layer, GlobalPool2D):
        count = math.prod(layer.input_shape[:2])
        numbers = [fit((numbers[0].min_int * count, numbers[0].max_int * count), 0)]
        inputs = values[0].sum(axis=(1, 2))
    return Case(layer, numbers, channels, inputs, wanted)


def _layer(draw: Draw, kind: str) -> Layer | None:
    shape = (int(draw.rng.integers(2, 6)), int(draw.rng.integers(2, 6)), int(draw.rng.integers(1, 6)))
    others = dict.fromkeys(("b", "c"), (*shape[:2], shape[2] if kind == "merge" else 2))
    most = 8 if kind in ("lookup", "softmax") else int(draw.rng.choice([3, 8, 22]))
    draw.values = {name: (place, draw.format(most)) for name, place in {"a": shape, **others}.items()}
    made = MAKERS[kind](draw, "a")
    if made is None or made[1].get("op") == "max":
        return None
    layer_type, fields = made
    sources = fields.pop("sources", ["a"])
    given = [draw.values[name][1] for name in sources]
    output = fields.pop("output", given[0])
    draft = layer_type(name=kind, sources=sources, input_shape=shape, output=output, **fields)
    output = output if kind in ("lookup", "argmax") else fit(*exact(draft, given))
    return layer_type(name=kind, sources=sources, input_shape=shape, output=output, **fields)  # type: ignore[no-any-return]


def _numbers(draw: Draw, name: str, frames: int) -> NDArray[np.int64]:
    """Return integers of a source, int64 (frames, rows, columns, channels): random, and the ends of the range."""
    shape, number = draw.values[name]
    ends = [number.min_int, number.max_int, 0, min(1, number.max_int), max(-1, number.min_int)]
    size = (frames, *shape)
    whole = draw.rng.integers(number.min_int, number.max_int, size, endpoint=True)
    mixed: NDArray[np.int64] = np.where(draw.rng.random(size) < 0.5, draw.rng.choice(ends, size), whole)
    mixed[0] = ends[int(draw.rng.integers(2))]
    return mixed


def windows(layer: Any, value: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of every window, int64 (n, places * channels), and its marks (1 = inside), (n, places)."""
    (rows, columns), (high, wide), pad = layer.output_shape[:2], layer.pool, layer.padding
    border = ((0, 0), pad[:2], pad[2:], (0, 0))
    padded, inside = np.pad(value, border), np.pad(np.ones_like(value[..., :1]), border)
    numbers, marks = [], []
    for frame in range(len(value)):
        for i in range(rows):
            for j in range(columns):
                top, left = i * layer.stride[0], j * layer.stride[1]
                place = (frame, slice(top, top + high), slice(left, left + wide))
                numbers.append(padded[place].ravel())
                marks.append(inside[place].ravel())
    return np.stack(numbers), np.stack(marks)


def cases(count: int, kinds: Sequence[str] = KINDS) -> list[Case]:
    """Return ``count`` cases of each kind."""
    return [random_kernel(kind, seed) for kind in kinds for seed in range(count)]


def wide_kernels() -> list[Case]:
    """Return layers whose output has 62 bits, the most there are, on extreme and random numbers."""
    weight = Format(signed=True, width=18, fraction=9)
    weights = {"weight": weight, "weights": [-131072, 87381], "bias": [1, -(1 << 60)]}
    kinds: list[tuple[type[Any], int, dict[str, Any]]] = [
        (Scale, 44, weights),
        (Merge, 31, {"op": "multiply"}),
        (Merge, 61, {"op": "subtract"}),
        (Leaky, 58, {"slope": 5, "slope_fraction": 4}),
    ]
    found = []
    for layer_type, width, fields in kinds:
        numbers = [Format(signed=True, width=width, fraction=0)] * (2 if layer_type is Merge else 1)
        head = {
            "name": "wide",
            "sources": ["a", "b"][: len(numbers)],
            "input_shape": (2,),
            "output_shape": (2,),
        }
        draft = layer_type(**head, **fields, output=numbers[0])
        layer = layer_type(**head, **fields, output=fit(*exact(draft, numbers)))
        rng = np.random.default_rng(width)
        low, high = numbers[0].min_int, numbers[0].max_int
        values = []
        for _ in numbers:
            whole = rng.integers(low, high, (48, 2), endpoint=True)
            ends = rng.choice([low, high, -1, 0, 1, high - 1, low + 1], (48, 2))
            values.append(np.where(rng.random((48, 2)) < 0.3, whole, ends))
        wanted = step(layer, values, numbers)
        found.append(Case(layer, numbers, [2] * len(numbers), np.concatenate(values, axis=1), wanted))
    return found
