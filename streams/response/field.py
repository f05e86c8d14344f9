"""Field response: the current that one electron induces on the wires around it, for all planes of a detector.

An electron starts somewhere in the cell of its wire (one pitch wide, the wire in its middle). A cell has ten bins
(*impacts*). The current is given on the wire itself and on ``reach`` neighbours to each side; it is positive where
collection is positive. All planes and impacts of a response have one clock: the start far from the wires.

>>> response = FieldResponse(0.1, {"X": np.zeros((IMPACTS, 21, 1000))})
>>> reach(response.current["X"])
10
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IMPACTS = 10  # bins of one pitch: Wire-Cell's paths are a tenth of a pitch apart


@dataclass(frozen=True, eq=False)  # known by identity: what is made of it is kept
class FieldResponse:
    """Currents [electrons per us] of one electron, sampled every ``period_us`` from one common start."""

    period_us: float
    current: dict[str, NDArray[np.float64]]  # by plane: (IMPACTS, 2 reach + 1, samples)


def reach(current: NDArray[np.float64]) -> int:
    """Return the number of neighbours to each side in a plane's currents."""
    return int(current.shape[1]) // 2


def whole_cell(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the currents in the ten bins of a cell from half a cell.

    Parameters
    ----------
    nodes : float64, (6, 2 reach + 1, samples)
        Currents on wires -reach to reach of an electron that starts 0, 0.1, ... 0.5 pitch *before* wire 0.

    Returns
    -------
    float64, (10, 2 reach + 1, samples): each bin is the mean of its two borders; the second half of the cell is the
    mirror image of the first one.
    """
    first = 0.5 * (nodes[1:] + nodes[:-1])[::-1]  # from the border of the cell to the wire
    return np.concatenate((first, first[::-1, ::-1]))
