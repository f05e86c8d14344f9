"""Cells over threshold become trigger records: reference of ``hls/rtl/decide.sv``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from trigger.frames import Frame, Geometry
from trigger.frontend import FrontEndConfig

STRIDE = (4, 4)  # rows and columns of a cell: two 2 x 2 poolings


@dataclass(frozen=True)
class TriggerRecord:
    """One cell over threshold.

    Attributes
    ----------
    timestamp : 62.5 MHz timestamp of the first tick of the cell.
    channel : first collection channel of the cell.
    score : integer on the grid of the network's output.
    label : output that gave the score (0 for a network with one output).
    row : row of the cell in its frame's map.
    window : windows before this one.
    filled : the frame was the last of a window and filled up.
    number : frames before this one, over all windows.
    """

    timestamp: int
    channel: int
    score: int
    label: int
    row: int
    window: int
    filled: bool
    number: int = 0

    def bits(self) -> int:
        """Return the record as ``decide.sv`` sends it: 96 bits.

        score [31:0] two's complement, number [63:32], channel [79:64], row [87:80], label [94:88], filled [95];
        timestamp and window follow from the number of the frame.

        >>> hex(TriggerRecord(3048, 480, -1, 1, 2, 0, True, 3).bits())
        '0x810201e000000003ffffffff'
        """
        low = (self.score & 0xFFFFFFFF) | self.number << 32 | self.channel << 64
        return low | self.row << 80 | self.label << 88 | int(self.filled) << 95


def score_map(outputs: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return score and label of each cell.

    One output: it is the score, label 0. Several: output 0 is background; the score is the largest of the others
    minus output 0, and the label is that output (the first of equals).

    Parameters
    ----------
    outputs : integer array, (..., n_outputs), on the grid of the network's output.

    >>> score_map(np.array([[3, 5, 9], [4, 1, 1]]))
    (array([ 6, -3]), array([2, 1]))
    """
    wide = outputs.astype(np.int64)
    if wide.shape[-1] == 1:
        return wide[..., 0], np.zeros(wide.shape[:-1], np.int64)
    label = wide[..., 1:].argmax(axis=-1) + 1
    return wide[..., 1:].max(axis=-1) - wide[..., 0], label


def cell_channel(column: int, width: int, geometry: Geometry | None = None) -> int | None:
    """Return the first real channel of the cells in a column of the map, or None if all are guard.

    >>> cell_channel(119, 4), cell_channel(120, 4), cell_channel(124, 4)
    (476, None, 480)
    """
    g = geometry or Geometry()
    covered = (g.channel_of(c) for c in range(column * width, (column + 1) * width))
    return next((channel for channel in covered if channel is not None), None)


def decide(
    frame: Frame,
    scores: NDArray[np.integer],
    threshold: int,
    stride: tuple[int, int] = STRIDE,
    *,
    geometry: Geometry | None = None,
    ticks_per_pixel: int = FrontEndConfig().ticks_per_pixel,
) -> list[TriggerRecord]:
    """Return the trigger records of a frame, row by row, columns ascending.

    Parameters
    ----------
    frame : the frame that the network saw.
    scores : integer array, (cell rows, cell columns, n_outputs), the network's output.
    threshold : a cell with a score of at least this, over at least one real channel, gives a record.
    stride : rows and columns of pixels per cell.

    >>> frame = Frame(np.zeros((64, 992), np.uint8), 0, 1000, 64, False)
    >>> scores = np.zeros((16, 248, 1), np.int64)
    >>> scores[2, 124], scores[3, 121] = 7, 9  # the second lies on guard columns
    >>> decide(frame, scores, 7)[0]
    TriggerRecord(timestamp=3048, channel=480, score=7, label=0, row=2, window=0, filled=False, number=0)
    """
    score, label = score_map(scores)
    records = []
    for row, column in np.argwhere(score >= threshold).tolist():
        channel = cell_channel(column, stride[1], geometry)
        if channel is None:
            continue
        stamp = frame.timestamp + row * stride[0] * ticks_per_pixel * TIMESTAMP_PER_TICK
        which = (int(score[row, column]), int(label[row, column]), row)
        records.append(TriggerRecord(stamp, channel, *which, frame.window, frame.filled, frame.number))
    return records
