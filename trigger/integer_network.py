"""Level 2 of the ladder of truth: a ``NetworkSpec`` evaluated on integers, written to be read.

>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> fine, coarse = Format(signed=True, width=8, fraction=2), Format(signed=False, width=3, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(1, 4, 1), output_shape=(1, 4, 1), output=coarse)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(1, 4, 1), number=fine),), layers=(relu,))
>>> pixels = np.array([-5, 2, 6, 99]).reshape(1, 1, 4, 1)  # -1.25, 0.5, 1.5, 24.75
>>> evaluate(spec, pixels).ravel().tolist()
[0, 0, 2, 7]

``integer_network_fast`` is its fast twin. The arithmetic of each kind of layer is in ``integer_layers``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError
from trigger.integer_layers import Ints, step
from trigger.network_spec import Input, NetworkSpec

#: Images of a network with one input, or of each input by name.
Images: TypeAlias = NDArray[Any] | Mapping[str, NDArray[Any]]


def evaluate(spec: NetworkSpec, images: Images) -> Ints:
    """Return the integers of the network's (first) output: the clear version.

    Parameters
    ----------
    images : integer array, (n, *spec.input_shape), on the grid of ``spec.input``; with several inputs: a mapping from
        each input's name to such an array.

    Returns
    -------
    int64 array, (n, *spec.output_shape), on the grid of ``spec.output``.

    Raises
    ------
    UserError : wrong shape, or a pixel outside the input format.
    """
    return trace(spec, images)[spec.outputs[0]]


def outputs(spec: NetworkSpec, images: Images) -> dict[str, Ints]:
    """Return the integers of every output of the network, by name; arguments as for ``evaluate``."""
    found = trace(spec, images)
    return {name: found[name] for name in spec.outputs}


def trace(spec: NetworkSpec, images: Images) -> dict[str, Ints]:
    """Return the output integers of every layer, by layer name, in order; arguments as for ``evaluate``."""
    values: dict[str, Ints] = {name: array.astype(np.int64) for name, array in checked(spec, images).items()}
    for layer in spec.layers:
        given = [values[source] for source in layer.sources]
        values[layer.name] = step(layer, given, [spec.number(source) for source in layer.sources])
    return {layer.name: values[layer.name] for layer in spec.layers}


def checked(spec: NetworkSpec, images: Images) -> dict[str, NDArray[Any]]:
    """Return the images of each input by name, if the network takes them.

    Raises
    ------
    UserError : wrong names, shape or type, or a pixel outside the input format.
    """
    if not isinstance(images, Mapping):
        spec.input  # noqa: B018 (raises where there are several inputs)
        images = {spec.inputs[0].name: images}
    if set(images) != {node.name for node in spec.inputs}:
        wanted = [node.name for node in spec.inputs]
        raise UserError(f"network {spec.name}: got images for {list(images)}, want them for {wanted}")
    if len({len(array) for array in images.values()}) != 1:
        raise UserError(f"network {spec.name}: got different numbers of images for its inputs")
    return {node.name: _checked(spec, node, images[node.name]) for node in spec.inputs}


def _checked(spec: NetworkSpec, node: Input, images: NDArray[Any]) -> NDArray[Any]:
    if images.shape[1:] != node.shape:
        raise UserError(f"network {spec.name}: got images of shape {images.shape[1:]}, want {node.shape}")
    if not np.issubdtype(images.dtype, np.integer):
        raise UserError(f"network {spec.name}: got {images.dtype} images, want integers on the input's grid")
    low, high = node.number.min_int, node.number.max_int
    if images.size and (int(images.min()) < low or int(images.max()) > high):
        raise UserError(f"network {spec.name}: got pixels {images.min()}..{images.max()}, want {low}..{high}")
    return images
