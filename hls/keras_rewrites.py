"""Layers that hls4ml's Keras parser refuses, as layers that it takes; the values are equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hls.keras_walk import safe_name


def rewritten(layer: Any) -> Callable[[Any], Any] | None:
    """Return what stands for ``layer`` in front of the parser, or None where it takes the layer itself."""
    found = _REWRITES.get(type(layer).__name__)
    return found(layer) if found else None


def _in_twos(layer: Any) -> Callable[[Any], Any]:
    """Merge three or more tensors two at a time; the last of the layers carries the name."""

    def merge(given: Any) -> Any:
        result, *others = given
        for number, other in enumerate(others, 1):
            name = safe_name(layer.name) + ("" if number == len(others) else f"_{number}")
            result = type(layer).from_config({**layer.get_config(), "name": name})([result, other])
        return result

    return merge


def _dropped(layer: Any) -> Callable[[Any], Any]:
    """Leave out a layer that does nothing once the network is trained."""

    def same(given: Any) -> Any:
        from tf_keras.layers import Activation

        return Activation("linear", name=safe_name(layer.name))(given)

    return same


def _stated(layer: Any) -> Callable[[Any], Any]:
    """State the size that a Reshape leaves open with -1, from which hls4ml would derive sizes below 0."""

    def reshape(given: Any) -> Any:
        config = {**layer.get_config(), "name": safe_name(layer.name)}
        open_size = type(layer).from_config(config)(given)
        return type(layer).from_config({**config, "target_shape": tuple(open_size.shape[1:])})(given)

    return reshape


_REWRITES: dict[str, Callable[[Any], Callable[[Any], Any]]] = {
    "Add": _in_twos,
    "Multiply": _in_twos,
    "Concatenate": _in_twos,
    "Dropout": _dropped,
    "Reshape": _stated,
}
