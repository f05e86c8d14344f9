"""Readers of layers with several sources.

>>> sorted(READERS)
['Concatenate', 'Merge']
"""

from __future__ import annotations

from typing import Any

from hls.reading import Reader, Reading
from streams.errors import UserError
from trigger.network_spec import Concatenate, Format, Layer, Merge

_OPERATIONS = ("add", "subtract", "multiply")


def _merge(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    operation = str(node.get_attr("op"))
    if operation not in _OPERATIONS:
        raise UserError(
            f"layer {node.name}: merging by {operation} is not supported: use Add, Subtract or Multiply"
        )
    shapes = [graph.shape(source) for source in sources]
    if len(shapes) != 2 or shapes[0] != shapes[1]:
        raise UserError(
            f"layer {node.name}: {operation} of shapes {shapes}, want two of the same shape (nothing is broadcast)"
        )
    return [graph.make(Merge, node.name, sources, op=operation)]


def _concatenate(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    axis, last = int(node.get_attr("axis")), len(node.get_output_variable().shape)
    if axis not in (-1, last):
        raise UserError(f"layer {node.name}: axis = {axis} is not supported, want -1: join the channels")
    return [graph.make(Concatenate, node.name, sources)]


READERS: dict[str, Reader] = {"Merge": _merge, "Concatenate": _concatenate}
