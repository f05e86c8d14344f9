"""Truth labels of cells, and training crops of images.

A cell is one position of the network's output map: 4 rows x 4 columns of pixels, that is 32 ticks x 4 channels.
It is positive with at least 20 ke- of one neutrino, left out of the loss with less than that of any neutrino, and
negative without neutrino charge. Background charge beside it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import CHANNELS_PER_FACE
from trigger.decide import STRIDE
from trigger.frames import COLUMNS, GUARD, ROWS

CELL_ROWS, CELL_COLUMNS = STRIDE
TICKS_PER_ROW = 8  # docs/architecture.md, "The image"
CELL_TICKS = CELL_ROWS * TICKS_PER_ROW
MAP_ROWS, MAP_COLUMNS = ROWS // CELL_ROWS, COLUMNS // CELL_COLUMNS  # 16 x 248 cells
POSITIVE_ELECTRONS = 20_000.0  # of one neutrino in one cell

POSITIVE, NEGATIVE, IGNORED = 1, 0, -1


class Crop(NamedTuple):
    """A piece of an image that keeps all 64 rows, with its labels.

    Attributes
    ----------
    pixels : uint8 array, (64, width).
    labels : int8 array, (16, width / 4): POSITIVE, NEGATIVE or IGNORED.
    judged : the image's columns of cells that this crop is judged on.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int8]
    judged: slice


def cell_of(charge: NDArray[np.void], first_tick: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the (row, column) of the cell that each charge falls into, in the frame that starts at ``first_tick``.

    >>> from streams.block import CHARGE_DTYPE
    >>> charge = np.array([(1, 512 + 33, 480, 1.0)], CHARGE_DTYPE)
    >>> [int(x[0]) for x in cell_of(charge, first_tick=512)]
    [1, 124]
    """
    channel = charge["channel"].astype(np.int64)
    column = channel + GUARD * (channel >= CHANNELS_PER_FACE)
    return (charge["tick"] - first_tick) // CELL_TICKS, column // CELL_COLUMNS


def charge_by_event(
    charge: NDArray[np.void], events: NDArray[np.uint64], first_tick: int
) -> NDArray[np.float64]:
    """Return the electrons of each event in each cell of a frame.

    Parameters
    ----------
    charge : CHARGE_DTYPE array; charge outside of the frame or of other events is left out.
    events : uint64 array, (n,), ascending event ids.
    first_tick : first tick of the frame.

    Returns
    -------
    float64 array, (n, 16, 248), electrons.
    """
    mine = charge[np.isin(charge["event"], events)]
    row, column = cell_of(mine, first_tick)
    inside = (row >= 0) & (row < MAP_ROWS)
    index = np.searchsorted(events, mine["event"])
    flat = ((index * MAP_ROWS + row) * MAP_COLUMNS + column)[inside]
    size = len(events) * MAP_ROWS * MAP_COLUMNS
    total = np.bincount(flat, weights=mine["electrons"][inside].astype(np.float64), minlength=size)
    return total.astype(np.float64).reshape(len(events), MAP_ROWS, MAP_COLUMNS)


def labels(charge: NDArray[np.void], neutrinos: NDArray[np.uint64], first_tick: int) -> NDArray[np.int8]:
    """Return the labels of a frame's cells.

    Parameters
    ----------
    charge : CHARGE_DTYPE array, the charge of the frame, of any origin.
    neutrinos : uint64 array, ascending ids of the neutrino interactions.
    first_tick : first tick of the frame.

    Returns
    -------
    int8 array, (16, 248): POSITIVE, NEGATIVE or IGNORED.

    >>> from streams.block import CHARGE_DTYPE
    >>> charge = np.array([(1, 0, 0, 20e3), (1, 0, 4, 19e3), (2, 0, 4, 6e3)], CHARGE_DTYPE)
    >>> labels(charge, np.array([1], np.uint64), first_tick=0)[0, :3].tolist()  # event 2 is 39Ar
    [1, -1, 0]
    """
    if not len(neutrinos):
        return np.zeros((MAP_ROWS, MAP_COLUMNS), np.int8)
    largest = charge_by_event(charge, neutrinos, first_tick).max(axis=0)
    return np.select(
        [largest >= POSITIVE_ELECTRONS, largest > 0], [np.int8(POSITIVE), np.int8(IGNORED)], np.int8(NEGATIVE)
    )


def crops(pixels: NDArray[np.uint8], cells: NDArray[np.int8], width: int, margin: int) -> Iterator[Crop]:
    """Cut an image into crops that together cover each of its cells once.

    A crop shows ``margin`` more columns on a cut side than it is judged on (there the labels are IGNORED), because the
    network pads a cut with zeros where the whole image has pixels. The image's own edges stay as they are.

    Parameters
    ----------
    pixels : uint8 array, (64, columns).
    cells : int8 array, (16, columns / 4).
    width : columns of a crop, a multiple of 4, more than ``2 * margin``.
    margin : columns, a multiple of 4, at least the network's reach.
    """
    columns = pixels.shape[1]
    first = 0  # first column that no crop has been judged on yet
    while first < columns:
        start = min(max(first - margin, 0), columns - width)
        end = start + width
        judged_end = end if end == columns else end - margin
        chosen = np.full((MAP_ROWS, width // CELL_COLUMNS), IGNORED, np.int8)
        judged = slice(first // CELL_COLUMNS, judged_end // CELL_COLUMNS)
        offset = start // CELL_COLUMNS
        chosen[:, judged.start - offset : judged.stop - offset] = cells[:, judged]
        yield Crop(pixels[:, start:end], chosen, judged)
        first = judged_end


def end_early(
    pixels: NDArray[np.uint8], cells: NDArray[np.int8], rows: int
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Return the image as the last frame of a window that ends after ``rows`` rows (a multiple of 8: whole blocks).

    Filled rows are 0, as in deployment; their cells are negative: nothing may be found there.
    """
    pixels, cells = pixels.copy(), cells.copy()
    pixels[rows:] = 0
    cells[rows // CELL_ROWS :] = NEGATIVE
    return pixels, cells
