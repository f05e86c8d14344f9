"""Which kernel a layer gets, from the rate at which it is fed, and what that takes.

A layer that is fed every clock is unrolled. Behind pooling or strides it may take several clocks per window: by the
mean rate behind a FIFO that holds the burst of a row, or by the peak rate without. 5 % of the clocks stay free.

>>> Rate(Fraction(1), Fraction(1)).behind((2, 2))  # a pooling of 2 x 2 at one pixel per clock
Rate(mean=Fraction(1, 4), peak=Fraction(1, 2))
>>> work = Work(inputs=72, filters=12, width=6, out_width=18, weights=[5, -3, 9] * 288, weight_width=6,
...     row=496, beat_bits=48)
>>> [choose(work, Rate(Fraction(1, n), Fraction(1, n))).kind for n in (1, 4)]
['shift_add', 'shift_add']
>>> slow = choose(work, Rate(Fraction(1, 64), Fraction(1, 8)))
>>> slow.kind, slow.interval, slow.parallel, slow.multiplier, slow.buffered
('mac', 36, 2, 'logic', True)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hls import kernel_estimate
from hls.synth.resources import Resources
from streams.errors import UserError

#: A matrix of at most this many weights can be unrolled.
MAX_UNROLLED_WEIGHTS = 2500
#: The same for the non-zero signed digits of its weights, each an addition at most (8-bit weights have 3).
#: The solver's time grows with them: 3 000 digits 2.4 s, 13 000 (2 500 weights of 16 bits) more than 2 minutes.
MAX_UNROLLED_DIGITS = 7500
#: Share of the clocks that a kernel of several clocks per window may use.
LOAD = Fraction(95, 100)
#: LUTs that one DSP block and one block RAM of 18 kbit are worth: what UltraScale+ and UltraScale parts have of them
#: (LUT per DSP: VU9P 173, KU115 120, ZU7EV 133; LUT per RAMB18: 274, 154, 369).
DSP_LUTS, BRAM_LUTS = 140, 250


@dataclass(frozen=True)
class Rate:
    """Beats per clock that a layer is fed with: over a frame, and while a row comes."""

    mean: Fraction
    peak: Fraction

    def behind(self, stride: tuple[int, int]) -> Rate:
        """Return the rate behind a window of this stride (rows, columns)."""
        return Rate(self.mean / (stride[0] * stride[1]), self.peak / stride[1])

    def own(self, stride: tuple[int, int]) -> Rate:
        """Return the rate at which a layer with a window of this stride is fed, where this rate feeds its window.

        A FIFO in front of the window holds pixels, and those of rows that give no window still take a clock each:
        at one pixel per clock nothing is won by it.

        >>> Rate(Fraction(1), Fraction(1)).own((2, 2)), Rate(Fraction(1, 4), Fraction(1, 2)).own((2, 2)).mean
        (Rate(mean=Fraction(1, 2), peak=Fraction(1, 2)), Fraction(1, 14))
        """
        rows, columns = stride
        return Rate(1 / (columns * (rows / self.mean - (rows - 1))), self.peak / columns)


@dataclass(frozen=True)
class Work:
    """What a kernel has to do.

    Attributes
    ----------
    inputs, beats : numbers per window (or beat of a dense layer), beats per sum.
    filters, groups : sums, and groups of inputs that do not see each other.
    width : bits of a number, sign included; out_width : of a sum.
    weights : all weights (those that are zero by grouping left out); weight_width : bits of one, two's complement.
    row, beat_bits : beats per row, and bits per beat, of the stream that a FIFO in front would hold.
    """

    inputs: int
    filters: int
    width: int
    out_width: int
    weights: Sequence[int]
    weight_width: int
    row: int
    beat_bits: int
    beats: int = 1
    groups: int = 1


@dataclass(frozen=True)
class Choice:
    """The kernel of a layer.

    Attributes
    ----------
    interval : clocks per window (or beat).
    parallel : numbers of a group per clock.
    multiplier : of a ``mac``.
    buffered : a FIFO of ``words`` beats stands in front, so that the mean rate counts.
    estimate : what the kernel, its weight memory and that FIFO take.
    held_back : the layer is fed faster than it can go: it holds the input back.
    """

    kind: Literal["shift_add", "mac"]
    interval: int
    parallel: int
    multiplier: Literal["dsp", "logic", ""]
    buffered: bool
    words: int
    estimate: Resources
    held_back: bool = False

    @property
    def cost(self) -> Fraction:
        """Return the LUTs that this is worth; two flip-flops come with each LUT and cost nothing by themselves."""
        used = self.estimate
        return max(Fraction(used.lut), Fraction(used.ff, 2)) + DSP_LUTS * used.dsp + BRAM_LUTS * used.bram


@dataclass(frozen=True)
class MacClocks:
    """Clocks of ``net_mac``, for the cycle model.

    Attributes
    ----------
    turns : clocks per beat.
    depth : clocks from the last turn of a sum to its place in the buffer.
    places : sums that the buffer holds.
    """

    turns: int
    depth: int
    places: int


def mac_clocks(
    *, inputs: int, beats: int, parallel: int, dsp: bool, weight_width: int, groups: int = 1
) -> MacClocks:
    """Return the clocks of ``net_mac`` with these parameters (the formulas stand in its header too).

    Parameters
    ----------
    inputs, beats : numbers per beat, beats per sum.
    parallel : numbers of a group that are multiplied in one clock.
    weight_width : bits of a weight, two's complement.

    >>> mac_clocks(inputs=144, beats=1, parallel=40, dsp=True, weight_width=6)
    MacClocks(turns=4, depth=6, places=4)
    """
    turns = -(-inputs // groups // parallel)
    terms = parallel if dsp else parallel * -(-weight_width // 2)
    stages = (terms - 1).bit_length() // 2
    return MacClocks(turns, 3 + stages, max(4, 2 + (4 + stages) // (turns * beats)))


def choose(work: Work, rate: Rate, override: int | None = None) -> Choice:
    """Return the cheapest kernel that keeps up with ``rate``.

    Parameters
    ----------
    override : hls4ml's reuse factor: clocks per window (1: unrolled), whatever the rate is.

    Raises
    ------
    UserError : a rate or reuse factor that cannot be, or one of 1 where the matrix is too large to be unrolled.
    """
    if not 0 < rate.mean <= rate.peak <= 1:
        raise UserError(f"got mean rate {rate.mean} and peak rate {rate.peak}, want 0 < mean <= peak <= 1")
    small = unrolls(work)
    if override is not None:
        return _forced(work, rate, override, small)
    found = [_unrolled(work)] if small else []
    for buffered, each in ((False, rate.peak), (True, rate.mean)):
        interval = int(LOAD / each)
        if interval > 1 and (not buffered or rate.mean < rate.peak):
            found += [_mac(work, interval, dsp, rate if buffered else None) for dsp in (False, True)]
    if found:
        return min(found, key=lambda choice: (choice.cost, choice.interval))
    return _mac(work, work.inputs // work.groups, True, None, held_back=True)


def unrolls(work: Work) -> bool:
    """Return whether the kernel can be unrolled: a bound of the solver's time, for one beat per sum."""
    few = len(work.weights) <= MAX_UNROLLED_WEIGHTS
    return few and work.beats == 1 and kernel_estimate.digits(work.weights) <= MAX_UNROLLED_DIGITS


def _forced(work: Work, rate: Rate, reuse: int, small: bool) -> Choice:
    if reuse < 1:
        raise UserError(f"got reuse factor {reuse}, want at least 1")
    if reuse == 1 and small:
        return _unrolled(work)
    if reuse == 1 and work.beats == 1:
        raise UserError(
            f"got reuse factor 1 for {len(work.weights)} weights with {kernel_estimate.digits(work.weights)}"
            f" non-zero digits, want at most {MAX_UNROLLED_WEIGHTS} and {MAX_UNROLLED_DIGITS}: leave it out,"
            " or choose a larger one"
        )
    held_back = reuse * rate.mean > LOAD
    buffered = not held_back and reuse * rate.peak > LOAD
    found = [_mac(work, reuse, dsp, rate if buffered else None, held_back=held_back) for dsp in (False, True)]
    return min(found, key=lambda choice: choice.cost)


def _unrolled(work: Work) -> Choice:
    bits = kernel_estimate.adder_bits(work.weights, work.width, work.weight_width)
    return Choice("shift_add", 1, work.inputs, "", False, 0, kernel_estimate.shift_add(bits))


def _mac(work: Work, interval: int, dsp: bool, rate: Rate | None, *, held_back: bool = False) -> Choice:
    """Return a sequential kernel of at most ``interval`` clocks; ``rate``: behind a FIFO, where given."""
    in_group = work.inputs // work.groups
    parallel = -(-in_group // min(interval, in_group))
    clocks = mac_clocks(
        inputs=work.inputs,
        beats=work.beats,
        parallel=parallel,
        dsp=dsp,
        weight_width=work.weight_width,
        groups=work.groups,
    )
    used = kernel_estimate.mac(
        inputs=work.inputs,
        beats=work.beats,
        filters=work.filters,
        width=work.width,
        weight_width=work.weight_width,
        out_width=work.out_width,
        parallel=parallel,
        groups=work.groups,
        dsp=dsp,
        places=clocks.places,
    )
    words = 0
    if rate is not None:
        # While a row comes, `row / peak` clocks, the kernel takes one beat per `turns` clocks; the rest waits.
        words = max(2, -(-work.row * (1 - 1 / (rate.peak * clocks.turns)) // 1) + 2)
        used += kernel_estimate.fifo(work.beat_bits, int(words))
    multiplier: Literal["dsp", "logic"] = "dsp" if dsp else "logic"
    return Choice("mac", clocks.turns, parallel, multiplier, words > 0, int(words), used, held_back)
