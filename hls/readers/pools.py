"""Readers of pooling, padding and up-sampling layers, in one and two dimensions.

>>> sorted(READERS)
['GlobalPooling1D', 'GlobalPooling2D', 'Pooling1D', 'Pooling2D', 'Resize', 'ZeroPadding1D', 'ZeroPadding2D']
>>> real_places(5, 3, 2, (1, 1), 3)  # 5 rows, windows of 3 every 2, one row of padding above and below
{2, 3}
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from hls.constants import mean_factors
from hls.quantizers import quantizer
from hls.reading import Reader, Reading
from streams.errors import UserError
from trigger.network_spec import (
    AveragePool2D,
    Format,
    GlobalPool2D,
    Layer,
    MaxPool2D,
    Padding,
    Upsample2D,
    ZeroPad2D,
)

_Pair = tuple[int, int]


def _pool(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    _channels_last(node)
    pool, stride, padding = _pair(node, "pool"), _pair(node, "stride"), _padding(node)
    shapes = {"pool": pool, "stride": stride, "padding": padding}
    if node.get_attr("pool_op") == "Max":
        return [graph.make(MaxPool2D, node.name, sources, **shapes)]
    rows, columns = graph.shape(sources[0])[:2]
    out = _sizes((rows, columns), pool, stride, padding)
    tall = real_places(rows, pool[0], stride[0], padding[:2], out[0])
    wide = real_places(columns, pool[1], stride[1], padding[2:], out[1])
    area = math.prod(pool)
    factors, fraction = mean_factors(area, {i * j for i in tall for j in wide}, _mean(node, area))
    return [
        graph.make(AveragePool2D, node.name, sources, factors=factors, factor_fraction=fraction, **shapes)
    ]


def real_places(size: int, window: int, stride: int, padding: _Pair, windows: int) -> set[int]:
    """Return how many places of a window can be inside an image of ``size`` rows (or columns)."""
    starts = (i * stride - padding[0] for i in range(windows))
    return {min(start + window, size) - max(start, 0) for start in starts}


def _mean(node: Any, area: int) -> Fraction:
    """Return what a full window's sum is multiplied by: 1/area, or what QAveragePooling2D makes of it."""
    config = node.get_attr("average_quantizer")
    if config is None:
        return Fraction(1, area)
    where = f"layer {node.name}: average_quantizer"
    grid = quantizer(config, where)
    integer = int(grid.to_int(np.array(1.0 / area), where))
    if integer <= 0:
        raise UserError(f"{where} makes {integer} of 1/{area}: give it more fraction bits")
    return integer * Fraction(2) ** -grid.format.fraction


def _global(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    _channels_last(node)
    rows, columns, channels = graph.shape(sources[0])
    shape = (1, 1, channels) if node.get_attr("keepdims") else (channels,)
    if node.get_attr("pool_op") == "Max":
        return [graph.make(GlobalPool2D, node.name, sources, op="max", output_shape=shape)]
    area = rows * columns
    factors, fraction = mean_factors(area, {area}, _mean(node, area))
    return [
        graph.make(
            GlobalPool2D, node.name, sources, op="average", factor=factors[-1], factor_fraction=fraction,
            output_shape=shape,
        )
    ]  # fmt: skip


def _zero_pad(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    _channels_last(node)
    return [graph.make(ZeroPad2D, node.name, sources, padding=_padding(node))]


def _resize(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    _channels_last(node)
    if node.get_attr("algorithm") != "nearest":
        raise UserError(
            f"layer {node.name}: interpolation {node.get_attr('algorithm')!r} is not supported: use 'nearest'"
        )
    columns = int(node.get_attr("width_factor"))
    size = (columns, 1) if _is_1d(node) else (int(node.get_attr("height_factor")), columns)
    return [graph.make(Upsample2D, node.name, sources, size=size)]


def _is_1d(node: Any) -> bool:
    return str(node.get_attr("class_name")).endswith("1D")


def _pair(node: Any, name: str) -> _Pair:
    """Return (rows, columns); of a sequence, time is the rows."""
    if _is_1d(node):
        return int(node.get_attr(f"{name}_width")), 1
    return int(node.get_attr(f"{name}_height")), int(node.get_attr(f"{name}_width"))


def _padding(node: Any) -> Padding:
    def side(name: str) -> int:
        return int(node.get_attr(f"pad_{name}"))

    if _is_1d(node):
        return side("left"), side("right"), 0, 0
    return side("top"), side("bottom"), side("left"), side("right")


def _sizes(image: _Pair, window: _Pair, stride: _Pair, padding: Padding) -> _Pair:
    return (
        (image[0] + padding[0] + padding[1] - window[0]) // stride[0] + 1,
        (image[1] + padding[2] + padding[3] - window[1]) // stride[1] + 1,
    )


def _channels_last(node: Any) -> None:
    found = node.get_attr("data_format")
    if found != "channels_last":
        raise UserError(f"layer {node.name}: data_format = {found}, only channels_last is supported")


READERS: dict[str, Reader] = {
    "Pooling1D": _pool,
    "Pooling2D": _pool,
    "GlobalPooling1D": _global,
    "GlobalPooling2D": _global,
    "ZeroPadding1D": _zero_pad,
    "ZeroPadding2D": _zero_pad,
    "Resize": _resize,
}
