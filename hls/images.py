"""Images to verify with: corners first, then seeded random ones of several kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import Input, NetworkSpec


def random_images(spec: NetworkSpec, first: int, count: int, seed: int) -> NDArray[Any]:
    """Return images number ``first`` to ``first + count``: the same ones for the same seed, whatever the batches.

    Returns
    -------
    int32 array (int64 for formats of more than 31 bits), (count, *spec.input_shape), on the grid of ``spec.input``.

    >>> from trigger.network_spec import Format, Input
    >>> pixels = Input(shape=(2, 2, 1), number=Format(signed=True, width=3, fraction=0))
    >>> spec = NetworkSpec(name="n", inputs=(pixels,), layers=())
    >>> random_images(spec, 0, 2, seed=1).ravel().tolist()
    [-4, -4, -4, -4, 3, 3, 3, 3]
    """
    spec.input  # noqa: B018 (raises where there are several inputs)
    return random_inputs(spec, first, count, seed)[spec.inputs[0].name]


def random_inputs(spec: NetworkSpec, first: int, count: int, seed: int) -> dict[str, NDArray[Any]]:
    """Return the images of every input by name, as ``random_images`` does; the inputs get images of unlike kinds."""
    found = {}
    for place, node in enumerate(spec.inputs):
        images = []
        for number in range(first, first + count):
            rng = np.random.default_rng([seed, number, place] if place else [seed, number])
            images.append(_image(node, number if number < 3 else number + place, rng))
        found[node.name] = np.stack(images)
    return found


def _image(node: Input, number: int, rng: np.random.Generator) -> NDArray[Any]:
    low, high, shape = node.number.min_int, node.number.max_int, node.shape
    kind: Any = np.int32 if high < 1 << 31 else np.int64
    if number == 0:
        return np.full(shape, low, kind)
    if number == 1:
        return np.full(shape, high, kind)
    if number == 2:  # a checkerboard of extremes
        return np.where(np.indices(shape).sum(axis=0) % 2, high, low).astype(kind)
    if number % 4 == 0:  # extremes only
        return rng.choice(np.array([low, high], kind), shape)
    uniform = rng.integers(low, high + 1, shape, dtype=kind)
    if number % 4 == 1:  # sparse, as images of tracks are
        return np.where(rng.random(shape) < 0.05, uniform, 0)
    if number % 4 == 2:  # around zero, where rounding decides
        return np.clip(np.rint(rng.normal(0, 2, shape)), low, high).astype(kind)
    return uniform
