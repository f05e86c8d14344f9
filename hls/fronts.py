"""Streams between hardware blocks, and the units with state that stand in front of a block's arithmetic. Plain data.

>>> from trigger.network_spec import Format
>>> pixels = Stream(rows=8, columns=9, channels=2, number=Format(signed=False, width=4, fraction=0))
>>> window = Window(pixels, kernel=(3, 3), stride=(2, 2), padding=(1, 0), rows=4, columns=4)
>>> window.delay, window.sink.beats, window.sink.width
(11, 16, 72)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from trigger.network_spec import Conv2D, Dense, Format


@dataclass(frozen=True)
class Stream:
    """Frames of rows x columns beats of ``channels`` numbers; number c stands in the c-th bits from below."""

    rows: int
    columns: int
    channels: int
    number: Format

    @property
    def beats(self) -> int:
        """Beats per frame."""
        return self.rows * self.columns

    @property
    def numbers(self) -> int:
        """Numbers per frame."""
        return self.beats * self.channels

    @property
    def width(self) -> int:
        """Bits per beat."""
        return self.channels * self.number.width


@dataclass(frozen=True)
class Window:
    """``net_window``: a window of ``kernel`` places around every place of the output.

    Attributes
    ----------
    padding : (top, left); bottom and right follow from ``rows`` and ``columns``, the output's size.
    pad_value : integer that places outside the frame hold.
    marks : one bit per place (1 = inside the frame) stands above the numbers in each beat.
    endless : ``net_row_window``, for rows without end.
    """

    source: Stream
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    rows: int
    columns: int
    pad_value: int = 0
    marks: bool = False
    endless: bool = False

    @property
    def places(self) -> int:
        """Places of the window."""
        return math.prod(self.kernel)

    @property
    def sink(self) -> Stream:
        """One beat per window; place (i, j), channel c is number (i * kernel columns + j) * channels + c."""
        return Stream(self.rows, self.columns, self.places * self.source.channels, self.source.number)

    @property
    def width(self) -> int:
        """Bits per beat, marks included."""
        return self.sink.width + self.places * self.marks

    @property
    def delay(self) -> int:
        """Beats from a frame's first pixel to the one that completes the window with the anchor on it."""
        (rows, columns), (top, left) = self.kernel, self.padding
        return (rows - 1 - top) * self.source.columns + columns - 1 - left


@dataclass(frozen=True)
class Mac:
    """``net_mac``: sums of weight * number over ``beats`` beats, ``turns`` clocks each.

    Attributes
    ----------
    layer : whose weights and bias it has.
    source, sink : stream of its numbers (of a window, where one stands in front), and of the sums.
    parallel : numbers of a group that are multiplied in one clock.
    dsp : multipliers are DSP blocks, else logic.
    depth : clocks from the last turn of a sum to its place in the buffer.
    places : sums that the buffer holds.
    """

    layer: Conv2D | Dense
    source: Stream
    sink: Stream
    parallel: int = 1
    dsp: bool = True
    depth: int = 3
    places: int = 4

    @property
    def turns(self) -> int:
        """Clocks per beat."""
        return -(-self.source.channels // self.groups // self.parallel)

    @property
    def groups(self) -> int:
        """Groups of numbers that only their own filters see."""
        return self.layer.groups if isinstance(self.layer, Conv2D) else 1

    @property
    def run(self) -> int:
        """Numbers of one group that follow each other in a beat."""
        return (
            self.layer.input_shape[-1] // self.groups
            if isinstance(self.layer, Conv2D)
            else self.source.channels
        )

    @property
    def beats(self) -> int:
        """Beats per sum."""
        return self.source.beats // self.sink.beats


@dataclass(frozen=True)
class Global:
    """``net_global``: maximum or sum over all beats of a frame, number by number; one beat out."""

    op: Literal["max", "sum"]
    source: Stream
    sink: Stream


@dataclass(frozen=True)
class Resize:
    """``net_resize``: each row and column ``size`` times, then rows and columns of zeros around, as beats.

    ``padding`` : top, bottom, left, right. ``by_row`` : every row is a frame of its own.
    """

    source: Stream
    size: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    by_row: bool = False

    @property
    def sink(self) -> Stream:
        """The larger frames."""
        top, bottom, left, right = self.padding
        rows = self.source.rows * self.size[0] + top + bottom
        return replace(self.source, rows=rows, columns=self.source.columns * self.size[1] + left + right)


@dataclass(frozen=True)
class Repack:
    """``net_repack``: the same numbers in the same order, another number of them per beat."""

    source: Stream
    sink: Stream


Front: TypeAlias = Window | Mac | Global | Resize | Repack
