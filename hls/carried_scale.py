"""Batch normalisation that carries the rounded scale and offset of the NetworkSpec, for level 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from hls.keras_walk import safe_name
from trigger.network_spec import NetworkSpec, Scale


def scaled(layer: Any, spec: NetworkSpec) -> Any:
    """Return a Keras layer ``x * scale + offset`` in place of a ``BatchNormalization``, or None."""
    if type(layer).__name__ != "BatchNormalization":
        return None
    names = (safe_name(layer.name), layer.name)
    found = next(x for x in spec.layers if x.name in names and isinstance(x, Scale))
    scale = np.array(found.weights, np.float64) * 2.0**-found.weight.fraction
    offset = np.array(found.bias, np.float64) * 2.0**-found.output.fraction
    from tf_keras.layers import Lambda

    return Lambda(lambda x: x * scale + offset, name=safe_name(layer.name), dtype="float64")
