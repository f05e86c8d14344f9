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

from hls import arithmetic
from hls.kernels.pixelwise import needs_marks
from hls.matrix_kinds import Asked, Body, matrix
from hls.netlist import Front, Global, Resize, Step, Stream, Window
from streams.errors import UserError
from trigger.exact_formats import fit
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

_MARK = Format(signed=False, width=1, fraction=0)


def body(layer: Layer, streams: Sequence[Stream], asked: Asked | None = None) -> Body:
    """Return what carries out ``layer`` on ``streams``.

    Parameters
    ----------
    asked : of a convolution or dense layer: what decides about its kernel.

    Raises
    ------
    UserError : padding of a whole window, or a reuse factor that cannot be.
    """
    source = streams[0]
    if isinstance(layer, Conv2D):
        return matrix(layer, _window(layer, source), source, asked or Asked())
    if isinstance(layer, Dense):
        return matrix(layer, None, source, asked or Asked())
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


def _one(fronts: tuple[Front, ...], step: Step, sink: Stream, kernel: str) -> Body:
    return Body(fronts, (step,), sink, kernel)


def _behind(window: Window, layer: Conv2D | MaxPool2D | AveragePool2D) -> Stream:
    return Stream(window.rows, window.columns, layer.output_shape[-1], layer.output)


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
