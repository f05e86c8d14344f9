"""Images to verify with: corners first, then seeded random ones of several kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import NetworkSpec


def random_images(spec: NetworkSpec, first: int, count: int, seed: int) -> NDArray[np.int32]:
    """Return images number ``first`` to ``first + count``: the same ones for the same seed, whatever the batches.

    Returns
    -------
    int32 array, (count, *spec.input_shape), on the grid of ``spec.input``.

    >>> from trigger.network_spec import Format, Input
    >>> pixels = Input(shape=(2, 2, 1), number=Format(signed=True, width=3, fraction=0))
    >>> spec = NetworkSpec(name="n", inputs=(pixels,), layers=())
    >>> random_images(spec, 0, 2, seed=1).ravel().tolist()
    [-4, -4, -4, -4, 3, 3, 3, 3]
    """
    return np.stack(
        [
            _image(spec, number, np.random.default_rng([seed, number]))
            for number in range(first, first + count)
        ]
    )


def _image(spec: NetworkSpec, number: int, rng: np.random.Generator) -> NDArray[np.int32]:
    low, high, shape = spec.input.min_int, spec.input.max_int, spec.input_shape
    if number == 0:
        return np.full(shape, low, np.int32)
    if number == 1:
        return np.full(shape, high, np.int32)
    if number == 2:  # a checkerboard of extremes
        return np.where(np.indices(shape).sum(axis=0) % 2, high, low).astype(np.int32)
    kind = number % 4
    if kind == 0:  # extremes only
        return rng.choice(np.array([low, high], np.int32), shape)
    uniform = rng.integers(low, high + 1, shape, dtype=np.int32)
    if kind == 1:  # sparse, as images of tracks are
        return np.where(rng.random(shape) < 0.05, uniform, 0)
    if kind == 2:  # around zero, where rounding decides
        return np.clip(np.rint(rng.normal(0, 2, shape)), low, high).astype(np.int32)
    return uniform
