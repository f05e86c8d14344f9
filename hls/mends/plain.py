"""Layers without weights as nodes of hls4ml's graph; those marked ``EXACT`` are C++ of ours.

hls4ml's stream code for pooling with padding, average pooling, tables, softmax and repacking is absent or not exact:
see ``docs/upstream.md``.

>>> byte = Format(signed=False, width=8, fraction=0)
>>> layer = Argmax(name="top", input_shape=(4,), output_shape=(4,), output=byte)
>>> argmax(layer, "scores", byte, (4,))[0].attributes["call"]
'exact_argmax'
"""

from __future__ import annotations

import math
from typing import Any

from hls.mends.node import EXACT, Node
from hls.mends.weighted import pad, sizes
from trigger.network_spec import (
    Argmax,
    AveragePool2D,
    Format,
    GlobalPool2D,
    Layer,
    Leaky,
    Lookup,
    MaxPool2D,
    Quantize,
    Shape,
    Softmax,
    Upsample2D,
    ZeroPad2D,
)


def exact(layer: Layer, source: str, call: str, shape: Shape, **attributes: Any) -> Node:
    """Return a node of ours that calls ``nnet::<call>``.

    Parameters
    ----------
    attributes : ``constants`` (name -> integer), ``numbers`` (name -> Format: typedefs), ``tables`` (name -> integers).
    """
    attributes |= {"call": call, "out_shape": list(shape)}
    return Node(EXACT, layer.name, shape, layer.output, (source,), attributes, traced=True)


def quantize(layer: Quantize, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return a cast; before it a cast to more bits where it drops more bits than its input has.

    The rounding of ``ap_fixed`` reads the first dropped bit, and aborts where that lies beyond the input's sign bit.
    """
    nodes = []
    dropped = number.fraction - layer.output.fraction
    if dropped >= number.width:
        wide = Format(signed=number.signed, width=dropped + 1, fraction=number.fraction)
        nodes.append(_cast(f"{layer.name}_wide", source, wide, shape))
        source = nodes[0].name
    cast = _cast(layer.name, source, layer.output, shape)
    modes = {"rounding": layer.rounding, "overflow": layer.overflow, "traced": True}
    return [*nodes, Node(**{**cast.__dict__, **modes})]


def _cast(name: str, source: str, number: Format, shape: Shape) -> Node:
    attributes = {"activation": "linear", "n_in": math.prod(shape)}
    return Node("Activation", name, shape, number, (source,), attributes)


def leaky(layer: Leaky, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return hls4ml's leaky ReLU with an exact slope."""
    width = 1 + abs(layer.slope).bit_length()
    attributes = {
        "activation": "leaky_relu", "n_in": math.prod(shape), "activ_param": layer.slope * 2.0**-layer.slope_fraction,
    }  # fmt: skip
    types = {"param": Format(signed=True, width=width, fraction=layer.slope_fraction)}
    return [
        Node("LeakyReLU", layer.name, shape, layer.output, (source,), attributes, types=types, traced=True)
    ]  # fmt: skip


def lookup(layer: Lookup, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return a table."""
    constants = {"n_in": math.prod(shape)}
    tables = {"table": list(layer.table)}
    return [exact(layer, source, "exact_lookup", shape, constants=constants, tables=tables)]


def pool(layer: MaxPool2D | AveragePool2D, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return a pooling with any padding and stride."""
    top, bottom, left, right = layer.padding
    constants = {
        "in_height": shape[0] + top + bottom, "in_width": shape[1] + left + right,
        "n_filt": shape[2], "n_chan": shape[2],
        "pool_height": layer.pool[0], "pool_width": layer.pool[1], "filt_height": layer.pool[0],
        "filt_width": layer.pool[1], "stride_height": layer.stride[0], "stride_width": layer.stride[1],
        "pad_top": top, "pad_bottom": bottom, "pad_left": left, "pad_right": right,
    }  # fmt: skip
    if isinstance(layer, MaxPool2D):
        return [exact(layer, source, "exact_max_pool2d", layer.output_shape, constants=constants)]
    numbers = {
        "accum_t": _sum(number, math.prod(layer.pool)),
        "factor_t": _factor(layer.factors, layer.factor_fraction),
    }
    tables = {"factors": list(layer.factors)}
    return [exact(layer, source, "exact_average_pool2d", layer.output_shape, constants=constants, numbers=numbers,
                  tables=tables)]  # fmt: skip


def _sum(number: Format, count: int) -> Format:
    return Format(signed=number.signed, width=number.width + count.bit_length(), fraction=number.fraction)


def _factor(factors: Any, fraction: int) -> Format:
    return Format(signed=False, width=max(1, max(factors).bit_length()), fraction=fraction)


def global_pool(layer: GlobalPool2D, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return a global pooling: one beat per image."""
    constants = {"n_pixels": shape[0] * shape[1], "n_chan": shape[2]}
    if layer.op == "max":
        return [exact(layer, source, "exact_global_max", layer.output_shape, constants=constants)]
    numbers = {
        "accum_t": _sum(number, shape[0] * shape[1]),
        "factor_t": _factor([layer.factor], layer.factor_fraction),
    }
    tables = {"factors": [layer.factor]}
    return [exact(layer, source, "exact_global_average", layer.output_shape, constants=constants, numbers=numbers,
                  tables=tables)]  # fmt: skip


def zero_pad(layer: ZeroPad2D, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return hls4ml's zero padding."""
    made = pad(layer.name, shape, layer.padding, source, layer.output)
    return [Node(**{**made.__dict__, "traced": True})]


def upsample(layer: Upsample2D, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return hls4ml's nearest-neighbour resizing."""
    attributes = {**sizes(shape, layer.output_shape), "n_chan": shape[2], "algorithm": "nearest"}
    return [Node("Resize", layer.name, layer.output_shape, layer.output, (source,), attributes, traced=True)]


def softmax(layer: Softmax, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return a softmax over each beat, by the two tables of the layer."""
    most = max(layer.exp_table) * shape[-1]
    constants = {
        "n_in": math.prod(shape), "exp_shift": layer.exp_shift, "exp_size": len(layer.exp_table),
        "inverse_shift": layer.inverse_shift, "inverse_size": len(layer.inverse_table),
        "exp_width": max(1, max(layer.exp_table).bit_length()), "sum_width": max(1, most.bit_length()),
        "inverse_width": max(1, max(layer.inverse_table).bit_length()),
    }  # fmt: skip
    tables = {"exp_table": list(layer.exp_table), "inverse_table": list(layer.inverse_table)}
    return [exact(layer, source, "exact_softmax", shape, constants=constants, tables=tables)]


def argmax(layer: Argmax, source: str, number: Format, shape: Shape) -> list[Node]:
    """Return one-hot of the first of the largest numbers of each beat."""
    return [exact(layer, source, "exact_argmax", shape, constants={"n_in": math.prod(shape)})]
