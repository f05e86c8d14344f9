"""Readers of layers that only change the shape.

>>> sorted(READERS)
['Reshape']
"""

from __future__ import annotations

from typing import Any

from hls.reading import Reader, Reading, spec_shape
from streams.errors import UserError
from trigger.network_spec import Format, Layer, Reshape


def _reshape(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    shape = spec_shape(node.get_output_variable().shape)
    if len(shape) not in (1, 3):
        raise UserError(
            f"layer {node.name}: shape {shape} is not supported: want (rows, columns, channels), (steps, channels)"
            " or (features,)"
        )
    return [graph.make(Reshape, node.name, sources, output_shape=shape)]


READERS: dict[str, Reader] = {"Reshape": _reshape}
