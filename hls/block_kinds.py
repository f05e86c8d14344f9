"""What stands inside the block of each kind of layer: its fronts, and the first step of its pipeline.

>>> from trigger.network_spec import Format
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> pool = MaxPool2D(name="pool", input_shape=(8, 8, 3), output_shape=(4, 4, 3), output=pixel,
...     pool=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0))
>>> made = body(pool, [Stream(8, 8, 3, pixel)])
>>> made.kernel, made.fronts[0].sink.channels, made.sink.channels, made.steps[0].stages
('max', 12, 3, 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hls import arithmetic
from hls.kernel_choice import mac_clocks
from hls.kernels.pixelwise import needs_marks
from hls.netlist import Front, Global, Mac, Resize, Step, Stream, Window
from streams.errors import UserError
from trigger.network_check import fit
from trigger.network_spec import (
    AveragePool2D,
    Conv2D,
    Dense,
    Format,
    GlobalPool2D,
    Layer,
    MaxPool2D,
    Reshape,
    Shape,
    Upsample2D,
    ZeroPad2D,
)

#: A matrix of at most this many weights becomes shifts and adds, a larger one a sequential multiply-accumulate.
MAX_UNROLLED_WEIGHTS = 2500
#: The same for the non-zero signed digits of its weights, each an addition at most (8-bit weights have 3).
#: The solver's time grows with them: 3 000 digits 2.4 s, 13 000 (2 500 weights of 16 bits) more than 2 minutes.
MAX_UNROLLED_DIGITS = 7500
_MARK = Format(signed=False, width=1, fraction=0)


class Body(NamedTuple):
    """Fronts, steps and sink of a block, and the plan's word for it."""

    fronts: tuple[Front, ...]
    steps: tuple[Step, ...]
    sink: Stream
    kernel: str


class Wanted(NamedTuple):
    """Choices from outside for a matrix: ``shift_add`` or ``mac``, and clocks per window."""

    kernel: str | None = None
    reuse: int | None = None


def body(layer: Layer, streams: Sequence[Stream], wanted: Wanted | None = None) -> Body:
    """Return what carries out ``layer`` on ``streams``.

    Parameters
    ----------
    wanted : of a convolution or dense layer, where the choice by rate and size is not wanted.

    Raises
    ------
    UserError : padding of a whole window.
    """
    source = streams[0]
    if isinstance(layer, Conv2D):
        return _matrix(layer, _window(layer, source), source, wanted or Wanted())
    if isinstance(layer, Dense):
        return _matrix(layer, None, source, wanted or Wanted())
    if isinstance(layer, MaxPool2D):
        window = _window(layer, source, pad_value=source.number.min_int)
        return _one((window,), arithmetic.largest(layer, window), _behind(window, layer), "max")
    if isinstance(layer, AveragePool2D):
        window = _window(layer, source, marks=needs_marks(layer))
        numbers, counts = [source.number], [window.sink.channels]
        if window.marks:
            numbers, counts = [*numbers, _MARK], [*counts, window.places]
        step = arithmetic.pixelwise(layer, numbers, counts)
        return _one((window,), step, _behind(window, layer), "average")
    if isinstance(layer, GlobalPool2D):
        return _global(layer, source)
    if isinstance(layer, ZeroPad2D | Upsample2D):
        return _resize(layer, source)
    if isinstance(layer, Reshape):  # its stream is flat already: all that is left is another format
        step = arithmetic.widened(layer, source.number, source.channels)
        return _one((), step, replace(reshaped(source, layer.output_shape), number=layer.output), "pixelwise")
    step = arithmetic.pixelwise(layer, [s.number for s in streams], [s.channels for s in streams])
    return _one((), step, replace(source, channels=step.count, number=layer.output), "pixelwise")


def reshaped(stream: Stream, shape: Shape) -> Stream:
    """Return the stream seen as ``shape``: the beats stay as they are."""
    if len(shape) == 3 and shape[2] == stream.channels:
        return replace(stream, rows=shape[0], columns=shape[1])
    return stream


def digits(layer: Conv2D | Dense) -> int:
    """Return the number of non-zero signed digits (non-adjacent form) of all weights."""
    return sum((3 * abs(weight) ^ abs(weight)).bit_count() for weight in layer.weights)


def _one(fronts: tuple[Front, ...], step: Step, sink: Stream, kernel: str) -> Body:
    return Body(fronts, (step,), sink, kernel)


def _behind(window: Window, layer: Conv2D | MaxPool2D | AveragePool2D) -> Stream:
    return Stream(window.rows, window.columns, layer.output_shape[-1], layer.output)


def _matrix(layer: Conv2D | Dense, window: Window | None, source: Stream, wanted: Wanted) -> Body:
    given = window.sink if window else source
    sink = replace(given, channels=layer.output_shape[-1], number=layer.output)
    fronts: tuple[Front, ...] = (window,) if window else ()
    small = len(layer.weights) <= MAX_UNROLLED_WEIGHTS and digits(layer) <= MAX_UNROLLED_DIGITS
    kernel = wanted.kernel or ("shift_add" if small and window else "mac")
    if kernel == "shift_add":
        return _one(fronts, arithmetic.matrix(layer, given.number), sink, kernel)
    if not window:
        sink = replace(sink, rows=1, columns=1)
    in_group = given.channels // arithmetic.groups(layer)
    parallel = -(-in_group // min(wanted.reuse, in_group)) if wanted.reuse else 1
    clocks = mac_clocks(
        inputs=given.channels,
        beats=given.beats // sink.beats,
        parallel=parallel,
        dsp=True,
        weight_width=arithmetic.weight_width(layer),
        groups=arithmetic.groups(layer),
    )
    mac = Mac(layer, given, sink, parallel, True, clocks.depth, clocks.places)
    return Body((*fronts, mac), (), sink, kernel)


def _window(
    layer: Conv2D | MaxPool2D | AveragePool2D, source: Stream, *, pad_value: int = 0, marks: bool = False
) -> Window:
    kernel = layer.kernel if isinstance(layer, Conv2D) else layer.pool
    top, bottom, left, right = layer.padding
    if top + bottom >= kernel[0] or left + right >= kernel[1]:
        raise UserError(
            f"layer {layer.name}: padding {tuple(layer.padding)} (top, bottom, left, right) for a window of"
            f" {kernel[0]} x {kernel[1]}: want less than the window in each direction"
        )
    rows, columns = layer.output_shape[:2]
    stride = (layer.stride[0], layer.stride[1])
    return Window(source, (kernel[0], kernel[1]), stride, (top, left), rows, columns, pad_value, marks)


def _global(layer: GlobalPool2D, source: Stream) -> Body:
    if layer.op == "max":
        sink = replace(source, rows=1, columns=1)
        return _widened(layer, Global("max", source, sink), "max")
    number, beats = source.number, source.beats
    total = fit((number.min_int * beats, number.max_int * beats), number.fraction)
    middle = Stream(1, 1, source.channels, total)
    step = arithmetic.pixelwise(layer, [total], [source.channels])
    return _one((Global("sum", source, middle),), step, replace(middle, number=layer.output), "average")


def _resize(layer: ZeroPad2D | Upsample2D, source: Stream) -> Body:
    if isinstance(layer, ZeroPad2D):
        front = Resize(source, padding=layer.padding)
    else:
        front = Resize(source, size=layer.size)
    return _widened(layer, front, "resize")


def _widened(layer: Layer, front: Global | Resize, kernel: str) -> Body:
    """Return the front, and behind it a step to the layer's format where that is another one."""
    sink = replace(front.sink, number=layer.output)
    if layer.output == front.sink.number:
        return Body((front,), (), sink, kernel)
    return _one((front,), arithmetic.widened(layer, front.sink.number, sink.channels), sink, kernel)
