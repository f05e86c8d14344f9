"""Networks for rows without end.

>>> from trigger.continuous import fields
>>> spec = detector_of_rows(64, 40)
>>> fields(spec)[spec.outputs[0]], spec.output_shape
(Field(rows=18, stride=4), (12, 10, 1))
"""

from __future__ import annotations

import msgspec

from firmware_tests.network_examples import detector
from trigger.continuous import with_rows
from trigger.network_spec import Conv2D, MaxPool2D, NetworkSpec


def detector_of_rows(rows: int, columns: int) -> NetworkSpec:
    """Return the detector network for rows without end, here ``rows`` of them."""
    return without_frames(detector(rows, columns))


def without_frames(spec: NetworkSpec) -> NetworkSpec:
    """Return the network with windows that are valid in time; their zeros stand beside the rows alone."""
    layers = [
        msgspec.structs.replace(layer, padding=(0, 0, *layer.padding[2:]))
        if isinstance(layer, Conv2D | MaxPool2D)
        else layer
        for layer in spec.layers
    ]
    return with_rows(msgspec.structs.replace(spec, layers=layers), spec.input_shape[0])
