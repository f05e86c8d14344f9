"""Images to verify with: corners first, then seeded random ones of several kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import Input, NetworkSpec


def random_inputs(spec: NetworkSpec, first: int, count: int, seed: int) -> dict[str, NDArray[np.int64]]:
    """Return images number ``first`` to ``first + count`` of every input, by name.

    They are the same ones for the same seed, whatever the batches. With several inputs, images 3 and 4 are opposite
    corners: all lowest at the first input, all highest at the second, and the other way round.

    Returns
    -------
    int64 arrays, (count, *shape of the input), on the grid of the input.

    >>> from trigger.network_spec import Format, Input
    >>> pixels = Input(shape=(2, 1, 1), number=Format(signed=True, width=3, fraction=0))
    >>> {name: x.ravel().tolist() for name, x in random_inputs(_example(pixels), 0, 2, seed=1).items()}
    {'pixels': [-4, -4, 3, 3]}
    """
    return {
        node.name: np.array(
            [_image(spec, place, number, seed) for number in range(first, first + count)], np.int64
        ).reshape(count, *node.shape)
        for place, node in enumerate(spec.inputs)
    }


def random_images(spec: NetworkSpec, first: int, count: int, seed: int) -> NDArray[np.int64]:
    """Return ``random_inputs`` of a network with one input: int64 array, (count, *spec.input_shape)."""
    assert spec.input  # one input
    return random_inputs(spec, first, count, seed)[spec.inputs[0].name]


def _example(pixels: Input) -> NetworkSpec:
    return NetworkSpec(name="example", inputs=(pixels,), layers=())


def _image(spec: NetworkSpec, place: int, number: int, seed: int) -> NDArray[np.int64]:
    """Return image ``number`` of the input that is number ``place``."""
    node = spec.inputs[place]
    rng = np.random.default_rng([seed, number, place] if place else [seed, number])
    low, high, shape = node.number.min_int, node.number.max_int, node.shape
    if number < 2:
        return np.full(shape, high if number else low, np.int64)
    if number == 2:  # a checkerboard of extremes
        return np.where(np.indices(shape).sum(axis=0) % 2, high, low).astype(np.int64)
    if number in (3, 4) and len(spec.inputs) > 1:  # inputs at opposite ends
        return np.full(shape, high if place % 2 == number % 2 else low, np.int64)
    kind = number % 4
    if kind == 0:  # extremes only
        return rng.choice(np.array([low, high], np.int64), shape)
    uniform = rng.integers(low, high + 1, shape, dtype=np.int64)
    if kind == 1:  # sparse, as images of tracks are
        return np.where(rng.random(shape) < 0.05, uniform, 0)
    if kind == 2:  # around zero, where rounding decides
        return np.clip(np.rint(rng.normal(0, 2, shape)), low, high).astype(np.int64)
    return uniform
