"""Readers of pooling, padding and up-sampling layers.

>>> sorted(READERS)
['Pooling2D']
"""

from __future__ import annotations

from typing import Any

from hls.reading import Reader, Reading
from streams.errors import UserError
from trigger.network_spec import Format, Layer, MaxPool2D


def _pool2d(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    if node.get_attr("pool_op") != "Max" or node.get_attr("data_format") != "channels_last":
        raise UserError(f"layer {node.name}: only MaxPooling2D is supported")
    pool = node.get_attr("pool_height"), node.get_attr("pool_width")
    stride = node.get_attr("stride_height"), node.get_attr("stride_width")
    padding = tuple(int(node.get_attr(f"pad_{side}")) for side in ("top", "bottom", "left", "right"))
    return [graph.make(MaxPool2D, node.name, sources, pool=pool, stride=stride, padding=padding)]


READERS: dict[str, Reader] = {"Pooling2D": _pool2d}
