"""Continuous mode: rows of pixels without end instead of frames; which networks can, and what they then compute.

Output row r is what the network gives on a frame that starts at row ``r * stride`` and is ``rows`` high (the receptive
field in time). So the endless result equals the results on frames that start at multiples of the stride and overlap by
``rows - stride`` rows, put behind each other.

>>> from trigger.network_spec import Conv2D, Format, Input
>>> pixel, weight = Format(signed=False, width=2, fraction=0), Format(signed=True, width=2, fraction=0)
>>> total = Format(signed=False, width=5, fraction=0)
>>> conv = Conv2D(name="conv", input_shape=(9, 4, 1), output_shape=(4, 4, 1), kernel=(3, 3), stride=(2, 1),
...     padding=(0, 0, 1, 1), weight=weight, weights=[1] * 9, bias=[0], output=total)
>>> spec = NetworkSpec(name="rows", inputs=[Input(shape=(9, 4, 1), number=pixel)], layers=[conv])
>>> fields(spec)["conv"], with_rows(spec, 101).output_shape
(Field(rows=3, stride=2), (50, 4, 1))
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from streams.errors import UserError
from trigger.network_check import output_shape
from trigger.network_spec import (
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    GlobalPool2D,
    Layer,
    MaxPool2D,
    Merge,
    NetworkSpec,
    Reshape,
    Shape,
    Upsample2D,
    ZeroPad2D,
)


class Field(NamedTuple):
    """Rows of input that an output row depends on, and rows of input from one output row to the next."""

    rows: int
    stride: int


def fields(spec: NetworkSpec) -> dict[str, Field]:
    """Return the field in time of every input and layer, by name.

    Raises
    ------
    UserError : a layer that has no meaning without frames; the message names it.
    """
    found = {node.name: Field(1, 1) for node in spec.inputs}
    columns = {node.shape[1] for node in spec.inputs if len(node.shape) == 3}
    if len(columns) != 1 or any(len(node.shape) != 3 for node in spec.inputs):
        raise UserError("continuous mode: want images of one width on every input")
    for layer in spec.layers:
        given = [found[source] for source in layer.sources]
        _refuse(layer)
        if isinstance(layer, Merge | Concatenate) and len(set(given)) > 1:
            raise UserError(
                f"layer {layer.name}: continuous mode: its sources see {[field.rows for field in given]} rows in steps"
                f" of {[field.stride for field in given]}: want the same on each"
            )
        found[layer.name] = _grown(layer, given[0])
    return found


def _refuse(layer: Layer) -> None:
    why = ""
    if isinstance(layer, Dense | Reshape):
        why = "flattens a frame: use convolutions alone"
    elif isinstance(layer, GlobalPool2D):
        why = "pools over a whole frame: use a pooling of a stated height"
    elif isinstance(layer, Upsample2D) and layer.size[0] > 1:
        why = "makes rows: use size (1, n)"
    elif isinstance(layer, Conv2D | MaxPool2D | AveragePool2D | ZeroPad2D) and any(layer.padding[:2]):
        rows = sum(layer.padding[:2])
        why = f"pads {rows} rows in time, which has no end: use padding='valid', and zeros on columns alone"
    if why:
        raise UserError(f"layer {layer.name}: continuous mode: it {why}")


def _grown(layer: Layer, field: Field) -> Field:
    if isinstance(layer, Conv2D | MaxPool2D | AveragePool2D):
        high = layer.kernel[0] if isinstance(layer, Conv2D) else layer.pool[0]
        return Field(field.rows + (high - 1) * field.stride, field.stride * layer.stride[0])
    return field


def with_rows(spec: NetworkSpec, rows: int) -> NetworkSpec:
    """Return the same network on images of ``rows`` rows: what continuous mode computes on that many.

    Raises
    ------
    UserError : as ``fields``; or fewer rows than an output depends on.
    """
    least = max(field.rows for field in fields(spec).values())
    if rows < least:
        raise UserError(
            f"network {spec.name}: got {rows} rows, want at least {least}: an output depends on that many"
        )
    shapes: dict[str, Shape] = {}
    inputs = []
    for node in spec.inputs:
        shapes[node.name] = (rows, *node.shape[1:])
        inputs.append(msgspec.structs.replace(node, shape=shapes[node.name]))
    layers = []
    for layer in spec.layers:
        given = [shapes[source] for source in layer.sources]
        shapes[layer.name] = output_shape(layer, given)
        layers.append(msgspec.structs.replace(layer, input_shape=given[0], output_shape=shapes[layer.name]))
    return msgspec.structs.replace(spec, inputs=inputs, layers=layers)
