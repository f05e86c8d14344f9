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
from trigger.network_spec import Conv2D, NetworkSpec


def detector_of_rows(rows: int, columns: int) -> NetworkSpec:
    """Return the detector network with convolutions that are valid in time; zeros stand beside the rows alone."""
    spec = detector(rows, columns)
    layers = [
        msgspec.structs.replace(layer, padding=(0, 0, *layer.padding[2:]))
        if isinstance(layer, Conv2D)
        else layer
        for layer in spec.layers
    ]
    return with_rows(msgspec.structs.replace(spec, layers=layers), rows)
