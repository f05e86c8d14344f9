"""The steps of a block's pipeline: which program a layer becomes. Programs are made once per process.

>>> from trigger.network_spec import Format, Quantize
>>> coarse, fine = Format(signed=False, width=3, fraction=0), Format(signed=True, width=8, fraction=2)
>>> relu = Quantize(name="relu", input_shape=(8, 9, 2), output_shape=(8, 9, 2), output=coarse)
>>> pixelwise(relu, [fine], [2]).stages
2
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import msgspec
import numpy as np

from hls.kernels.program import Node, Program, max_program
from hls.kernels.shift_add import shift_add
from hls.netlist import Step, Window
from trigger.network_spec import Conv2D, Dense, Format, Layer, MaxPool2D, Quantize

#: Registers of net_quantize.
QUANTIZE_STAGES = 2


def matrix(layer: Conv2D | Dense, number: Format) -> Step:
    """Return the unrolled constant matrix of a convolution's window, or of a dense layer on one beat."""
    filters = layer.output_shape[-1]
    program = _matrix(*_matrix_key(layer), number.min_int, number.max_int)
    return Step(layer, (number,), (program.n_inputs,), layer.output, filters, program, program.n_stages)


def largest(layer: MaxPool2D, window: Window) -> Step:
    """Return the maximum over a window, channel by channel."""
    number, channels = window.source.number, window.source.channels
    windows = tuple(tuple(p * channels + c for p in range(window.places)) for c in range(channels))
    program = _largest(windows, number.min_int, number.max_int)
    return Step(layer, (number,), (program.n_inputs,), layer.output, channels, program, program.n_stages)


def pixelwise(layer: Layer, numbers: Sequence[Format], channels: Sequence[int]) -> Step:
    """Return the step of a layer that works on one beat of each source.

    Parameters
    ----------
    numbers, channels : format and count of what enters: of each source of a join; of an average pooling the window's
        numbers, and one mark per place (1 = inside the frame) where it pads.
    """
    formats, counts = tuple(numbers), tuple(channels)
    if isinstance(layer, Quantize):
        return Step(layer, formats, counts, layer.output, counts[0], None, QUANTIZE_STAGES)
    program = _pixelwise(msgspec.json.encode(layer), formats, counts)
    return Step(layer, formats, counts, layer.output, len(program.outputs), program, program.n_stages)


def widened(layer: Layer, number: Format, channels: int) -> Step:
    """Return the step that gives the same numbers in the wider format of ``layer``."""
    nodes = tuple(Node("input", number.min_int, number.max_int, index) for index in range(channels))
    program = Program(channels, nodes, tuple(range(channels)))
    return Step(layer, (number,), (channels,), layer.output, channels, program, program.n_stages)


def weight_width(layer: Conv2D | Dense) -> int:
    """Return the bits of a weight as two's complement."""
    return layer.weight.width + (not layer.weight.signed)


def groups(layer: Conv2D | Dense) -> int:
    """Return the groups of a layer's matrix."""
    return layer.groups if isinstance(layer, Conv2D) else 1


def block_matrix(layer: Conv2D | Dense) -> list[list[int]]:
    """Return the whole matrix, (numbers of a window or vector, filters), with zeros between the groups."""
    shape, weights, _ = _matrix_key(layer)
    places, channels, n_groups, filters = shape
    parts = np.array(weights, np.int64).reshape(shape)
    whole = np.zeros((places, n_groups, channels, n_groups, filters), np.int64)
    for g in range(n_groups):
        whole[:, g, :, g] = parts[:, :, g]
    found: list[list[int]] = whole.reshape(places * n_groups * channels, -1).tolist()
    return found


def _matrix_key(
    layer: Conv2D | Dense,
) -> tuple[tuple[int, int, int, int], tuple[int, ...], tuple[int, ...]]:
    """Return (places, channels of a group, groups, filters of a group), weights in that order, and bias."""
    places = math.prod(layer.kernel) if isinstance(layer, Conv2D) else 1
    parts, filters = groups(layer), len(layer.bias)
    shape = (places, layer.input_shape[-1] // parts, parts, filters // parts)
    return shape, tuple(layer.weights), tuple(layer.bias)


@lru_cache(maxsize=256)
def _matrix(
    shape: tuple[int, int, int, int], weights: tuple[int, ...], bias: tuple[int, ...], low: int, high: int
) -> Program:
    """Return the kernel of a matrix; groups are solved one by one and stand side by side."""
    places, channels, n_groups, filters = shape
    parts = np.array(weights, np.int64).reshape(shape)
    nodes: list[Node] = []
    outputs: list[int] = []
    for g in range(n_groups):
        part = shift_add(
            parts[:, :, g].reshape(places * channels, filters),
            bias[g * filters : (g + 1) * filters],
            low,
            high,
        )
        first = len(nodes)
        for node in part.nodes:
            place, channel = divmod(node.index, channels)
            index = (place * n_groups + g) * channels + channel if node.kind == "input" else node.index
            nodes.append(replace(node, index=index, sources=tuple(s + first for s in node.sources)))
        outputs += [output + first for output in part.outputs]
    return Program(places * n_groups * channels, tuple(nodes), tuple(outputs))


@lru_cache(maxsize=64)
def _largest(windows: tuple[tuple[int, ...], ...], low: int, high: int) -> Program:
    return max_program(windows, low, high)


@lru_cache(maxsize=256)
def _pixelwise(layer: bytes, numbers: tuple[Format, ...], channels: tuple[int, ...]) -> Program:
    from hls.kernels.pixelwise import program

    made: Program = program(msgspec.json.decode(layer, type=Layer), numbers, channels)
    return made
