"""The block of a convolution or dense layer: unrolled, or multipliers in turns, as the rate at which it is fed asks.

>>> from trigger.network_spec import Format
>>> pixel, total = Format(signed=False, width=8, fraction=0), Format(signed=False, width=12, fraction=0)
>>> dense = Dense(name="dense", input_shape=(4,), output_shape=(1,), output=total, weight=pixel, weights=[1, 2, 3, 4],
...     bias=[0])
>>> made = matrix(dense, None, Stream(1, 1, 4, pixel), Asked(reuse=2, mean=Fraction(1, 2)))
>>> made.kernel, made.fronts[0].turns, made.fronts[0].parallel
('mac', 2, 2)
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from hls import arithmetic
from hls.kernel_choice import Choice, Rate, Work, choose, mac_clocks
from hls.netlist import Front, Mac, Step, Stream, Window
from streams.errors import UserError
from trigger.network_spec import Conv2D, Dense

#: Bits of a weight that is unrolled: the solver counts in float64.
MAX_UNROLLED_BITS = 32


class Body(NamedTuple):
    """Fronts, steps and sink of a block, and the plan's word for it.

    ``buffered`` : a FIFO in front holds the bursts, so that it need not keep up with them.
    """

    fronts: tuple[Front, ...]
    steps: tuple[Step, ...]
    sink: Stream
    kernel: str
    buffered: bool = False


class Asked(NamedTuple):
    """What decides about a matrix.

    Attributes
    ----------
    kernel, reuse : from outside: ``shift_add`` or ``mac``; clocks per window. None: by rate and size.
    mean, peak : beats per clock that its source sends: on average, and while a row comes.
    dry : the unrolled arithmetic is left out (its solver takes seconds).
    """

    kernel: str | None = None
    reuse: int | None = None
    mean: Fraction = Fraction(1)
    peak: Fraction = Fraction(1)
    dry: bool = False


def matrix(layer: Conv2D | Dense, window: Window | None, source: Stream, asked: Asked) -> Body:
    """Return the block of ``layer`` on ``source``.

    Raises
    ------
    UserError : a matrix that has to be unrolled, but is too large, or has too wide weights.
    """
    given = window.sink if window else source
    sink = replace(given, channels=layer.output_shape[-1], number=layer.output)
    fronts: tuple[Front, ...] = (window,) if window else ()
    if not window and asked.kernel != "shift_add":
        sink = replace(sink, rows=1, columns=1)
    work = _work(layer, given, source, given.beats // sink.beats)
    choice = None if asked.kernel == "shift_add" else _chosen(layer, work, _rate(window, asked), asked)
    if choice is None or choice.kind == "shift_add":
        if work.weight_width > MAX_UNROLLED_BITS:
            raise UserError(
                f"layer {layer.name}: weights of {work.weight_width} bits cannot be unrolled, want at most"
                f" {MAX_UNROLLED_BITS}: use kernel mac, or a larger reuse factor"
            )
        steps = () if asked.dry else (arithmetic.matrix(layer, given.number),)
        return Body(fronts, steps, sink, "shift_add")
    mac = _mac(layer, given, sink, work, choice)
    return Body((*fronts, mac), (), sink, "mac", choice.buffered)


def _work(layer: Conv2D | Dense, given: Stream, source: Stream, beats: int) -> Work:
    return Work(
        inputs=given.channels,
        filters=layer.output_shape[-1],
        width=given.number.width,
        out_width=layer.output.width,
        weights=layer.weights,
        weight_width=arithmetic.weight_width(layer),
        row=source.columns,
        beat_bits=source.width,
        beats=beats,
        groups=arithmetic.groups(layer),
    )


def _rate(window: Window | None, asked: Asked) -> Rate:
    rate = Rate(asked.mean, max(asked.mean, asked.peak))
    return rate.own(window.stride) if window else rate


def _chosen(layer: Conv2D | Dense, work: Work, rate: Rate, asked: Asked) -> Choice:
    reuse = asked.reuse
    sequential = asked.kernel == "mac" or work.weight_width > MAX_UNROLLED_BITS
    if reuse is None and sequential:
        reuse = max(2, work.inputs // work.groups)  # a number per clock
    elif reuse is not None:
        reuse = -(-reuse // work.beats)
    elif work.beats > 1 and 2 * rate.mean > 1:
        reuse = 1  # a whole beat per clock: a vector of several beats cannot be unrolled otherwise
    try:
        return choose(work, rate, reuse)
    except UserError as error:
        raise UserError(f"layer {layer.name}: {error}") from error


def _mac(layer: Conv2D | Dense, given: Stream, sink: Stream, work: Work, choice: Choice) -> Mac:
    clocks = mac_clocks(
        inputs=work.inputs,
        beats=work.beats,
        parallel=choice.parallel,
        dsp=choice.multiplier == "dsp",
        weight_width=work.weight_width,
        groups=work.groups,
    )
    dsp = choice.multiplier == "dsp"
    return Mac(layer, given, sink, choice.parallel, dsp, clocks.depth, clocks.places)
