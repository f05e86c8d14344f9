"""Rows with guard columns and frames of 64 rows: reference of ``hls/rtl/frame_rows.sv`` and ``front_end.sv``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.block import CHANNELS_PER_FACE, TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from trigger.beats import unpack_block
from trigger.frontend import FastFrontEnd, FrontEnd, FrontEndConfig
from trigger.missing import filled

ROWS = 64  # rows of a frame
GUARD = 16  # zero columns behind each face: at least half the receptive field, a multiple of the cell width
COLUMNS = 2 * (CHANNELS_PER_FACE + GUARD)


@dataclass(frozen=True)
class Geometry:
    """Shape of a frame; other than the default only in tests.

    >>> Geometry().columns
    992
    """

    face: int = CHANNELS_PER_FACE
    guard: int = GUARD
    rows: int = ROWS

    @property
    def columns(self) -> int:
        """Columns of a row, guards included."""
        return 2 * (self.face + self.guard)

    def column_of(self, channel: int) -> int:
        """Return the column of a collection channel."""
        return channel + self.guard * (channel // self.face)

    def channel_of(self, column: int) -> int | None:
        """Return the channel of a column, or None for a guard column."""
        side, inside = divmod(column, self.face + self.guard)
        return side * self.face + inside if inside < self.face else None


def column_of(channel: int) -> int:
    """Return the column (0 to 991) of a collection channel (0 to 959).

    >>> column_of(479), column_of(480)
    (479, 496)
    """
    return Geometry().column_of(channel)


def channel_of(column: int) -> int | None:
    """Return the channel of a column, or None for a guard column.

    >>> channel_of(496), channel_of(480), channel_of(991)
    (480, None, None)
    """
    return Geometry().channel_of(column)


@dataclass(frozen=True)
class Frame:
    """What the network sees at a time.

    Attributes
    ----------
    image : uint8 array, (64, 992), pixels; guard columns and filled rows are 0.
    first_tick : tick of row 0, from the start of the run.
    timestamp : 62.5 MHz timestamp of row 0.
    rows : rows with data, 1 to 64.
    filled : the window ended in this frame, and its last rows are filled up with 0.
    window : windows before this one.
    number : frames before this one, over all windows.
    missing : samples of its rows that never came (0 to 64 * 8 * 960), and count as no signal.
    """

    image: NDArray[np.uint8]
    first_tick: int
    timestamp: int
    rows: int
    filled: bool
    window: int = 0
    number: int = 0
    missing: int = 0


class Assembler:
    """Packets of the ``front_end`` input in, frames out: what ``front_end.sv`` does, fault by fault.

    A packet is what lies between two ``tlast``. If it has not exactly the beats of a block it is bad: nothing of
    it comes out, it is counted (``blocks_short``, ``blocks_long``), and the window ends before it: a frame in
    progress is filled up with rows of 0 and marked. A good packet with ``last`` ends the window behind it. The
    packet after the end of a window starts a new one: its pedestals start at its first samples, in a new frame.
    A window that ends with a whole frame (or before its first block) adds nothing.
    """

    def __init__(self, front_end: FrontEnd | FastFrontEnd, geometry: Geometry | None = None) -> None:
        self.front_end = front_end
        self.geometry = geometry or Geometry()
        self.blocks_short = self.blocks_long = self.window = self.number = 0
        self._open = False
        self._rows: list[NDArray[np.uint8]] = []
        self._missing = 0
        self._start = (0, 0)

    def packet(self, beats: Sequence[int], last: bool) -> list[Frame]:
        """Take a packet of beats (8 samples of 14 bits each); return the frames that it completes."""
        want = TICKS_PER_BLOCK * 2 * self.geometry.face // 8
        if len(beats) == want:
            return self.block(unpack_block(beats), last)
        self.blocks_short += len(beats) < want
        self.blocks_long += len(beats) > want
        return self.end()

    def block(
        self, adc: NDArray[np.uint16], last: bool, first_tick: int = 0, stamp: int = 0, missing: int = 0
    ) -> list[Frame]:
        """Take a whole block, ``missing`` of whose channels never came; return the frames that it completes."""
        frames = []
        self._open = True
        ticks = self.front_end.config.ticks_per_pixel
        for index, pixels in enumerate(self.front_end.pixels(adc)):
            if not self._rows:
                offset = index * ticks
                self._start = (first_tick + offset, stamp + offset * TIMESTAMP_PER_TICK)
            self._rows.append(self._row(pixels))
            self._missing += missing * ticks
            if len(self._rows) == self.geometry.rows:
                frames.append(self._frame())
        return frames + (self.end() if last else [])

    def end(self) -> list[Frame]:
        """End the window; return the frame that was filled up, if one was in progress."""
        frames = [self._frame()] if self._rows else []
        self.window += self._open
        self._open = False
        self.front_end.restart()
        return frames

    def _row(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        g = self.geometry
        row = np.zeros((2, g.face + g.guard), np.uint8)
        row[:, : g.face] = pixels.reshape(2, g.face)
        return row.reshape(-1)

    def _frame(self) -> Frame:
        rows = len(self._rows)
        image = np.zeros((self.geometry.rows, self.geometry.columns), np.uint8)
        image[:rows] = self._rows
        missing, self._missing, self._rows = self._missing, 0, []
        self.number += 1
        short = rows < self.geometry.rows
        return Frame(image, *self._start, rows, short, self.window, self.number - 1, missing)


def frames(blocks: Iterable[Block], config: FrontEndConfig | None = None) -> Iterator[Frame]:
    """Turn a stream of blocks into frames, in constant memory.

    A gap in ``first_tick`` and the end of the stream end a window: the last frame is filled up and marked, and
    the pedestals start anew. A sample that never came is no signal (see ``trigger.missing``).

    >>> blocks = [Block(64 * n, 2048 * n, np.full((64, 960), 900, np.uint16)) for n in range(9)]
    >>> [(f.rows, f.filled, f.first_tick) for f in frames(blocks)]
    [(64, False, 0), (8, True, 512)]
    """
    return stream_frames(blocks, FastFrontEnd(config))


def stream_frames(blocks: Iterable[Block], front_end: FrontEnd | FastFrontEnd) -> Iterator[Frame]:
    """Do as ``frames`` with a front end of the caller, whose counters can be read afterwards."""
    assembler = Assembler(front_end)
    for one in filled(blocks, front_end):
        if one.begins:
            yield from assembler.end()
        yield from assembler.block(one.adc, False, one.block.first_tick, one.block.timestamp, one.missing)
    yield from assembler.end()
