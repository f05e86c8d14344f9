"""Readers of activations by table: tanh, sigmoid and softmax.

Real-valued functions become a table on a stated index format, and level 0 carries the same table.

>>> sorted(FUNCTIONS)
['sigmoid', 'tanh']
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls import constants
from hls.reading import Reading
from streams.errors import UserError
from trigger.exact_formats import fit
from trigger.network_spec import Argmax, Format, Layer, Lookup, Quantize, Softmax

_BIT = Format(signed=False, width=1, fraction=0)
SOFTMAX_OUTPUT = Format(signed=False, width=16, fraction=16)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5)


FUNCTIONS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
}


def quantized(node: Any, sources: list[str], graph: Reading) -> list[Layer]:
    """Read ``quantized_tanh(use_real_tanh)`` and ``quantized_sigmoid(use_real_sigmoid)``."""
    config = node.get_attr("activation_quantizer")
    name, options = config["class_name"].replace("quantized_", ""), config["config"]
    bits = int(options["bits"])
    if not 1 <= bits <= constants.EXACT_BITS:
        raise UserError(
            f"layer {node.name}: quantized_{name} has {bits} bits, want 1 to {constants.EXACT_BITS}"
        )
    signed = name == "tanh"
    output = Format(signed=signed, width=bits, fraction=bits - signed)
    low = output.min_int + bool(options.get("symmetric"))
    return _lookup(node.name, sources, graph, name, lambda values: (output, low))


def plain(node: Any, sources: list[str], graph: Reading) -> list[Layer]:
    """Read ``Activation("tanh")`` and ``Activation("sigmoid")``: the table has 16 fraction bits."""
    name = str(node.get_attr("activation"))

    def output(values: NDArray[np.float64]) -> tuple[Format, int]:
        integers = np.rint(values * 2.0**constants.TABLE_FRACTION)
        span = int(integers.min()), int(integers.max())
        return fit(span, constants.TABLE_FRACTION), span[0]

    return _lookup(node.name, sources, graph, name, output)


def _lookup(
    name: str,
    sources: list[str],
    graph: Reading,
    function: str,
    output: Callable[[NDArray[np.float64]], tuple[Format, int]],
) -> list[Layer]:
    given = graph.number(sources[0])
    index = constants.index_format(given)
    layers: list[Layer] = []
    if index != given:
        layers.append(graph.make(Quantize, f"{name}_index", sources, output=index))
    values = constants.table(FUNCTIONS[function], index)
    stated, low = output(values)
    table = constants.rounded_table(values, stated, low)
    inner = [layers[-1].name] if layers else sources
    return [*layers, graph.make(Lookup, name, inner, table=table, output=stated)]


def softmax(node: Any, given: list[Format], sources: list[str], graph: Reading) -> list[Layer]:
    """Read softmax over the last axis; hls4ml's implementation 'argmax' becomes ``Argmax``."""
    axis, last = node.get_attr("axis", -1), len(node.get_output_variable().shape)
    if axis not in (-1, last):
        raise UserError(
            f"layer {node.name}: softmax over axis {axis} is not supported, want the last one, -1"
        )
    if str(node.get_attr("implementation")).lower().endswith("argmax"):
        return [graph.make(Argmax, node.name, sources, output=_BIT)]
    tables = constants.softmax_tables(given[0].fraction, graph.shape(sources[0])[-1])
    real = graph.make(Softmax, f"{node.name}_table", sources, **tables)
    return [real, graph.make(Quantize, node.name, [real.name], output=SOFTMAX_OUTPUT)]
