"""Built-in field response of strips on perforated boards (vertical drift): an assumption, to have one without a file.

Electrons pass a shield, cross a board to U, a gap to V, and another board to X, where they end. The weighting
potential of a plane rises while they come from the plane before and falls while they go on to the next one:
linearly in a board's holes, as a power of time in the gap, which is wide compared with the holes. Across, it is that
of a strip in a plane, blurred by ``blur`` pitches; on X the blur shrinks to nothing, for there the charge is
collected. Times, power and blur were read off ``dunevd-resp-isoc3views`` (Wire-Cell).

>>> response = field_response(Strips(board_us=1.7, gap_us=5.4, gap_power=1.4, blur=0.13))
>>> round(float(response.current["X"][4, REACH].sum()) * response.period_us, 3)
1.0
>>> abs(float(response.current["U"].sum())) < 1e-9
True
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from streams.errors import ConfigError
from streams.response.field import IMPACTS, FieldResponse
from streams.response.models import Strips

REACH = 5  # neighbours to each side
_PERIOD_US = 0.1

Array = NDArray[np.float64]


def _strip(across: Array, blur: Array) -> Array:
    """Return the potential above a strip of width 1 at 1 in a plane at 0, at the height ``blur`` [pitch]."""
    return np.asarray((np.arctan2(across + 0.5, blur) - np.arctan2(across - 0.5, blur)) / np.pi)


@cache
def field_response(model: Strips) -> FieldResponse:
    """Return the response of U, V and X.

    Raises
    ------
    ConfigError : a time, power or blur that is not above 0.
    """
    for name in ("board_us", "gap_us", "gap_power", "blur"):
        if not getattr(model, name) > 0:
            raise ConfigError(f"preset: response.{name}: got {getattr(model, name):g}, want more than 0")
    at_u, at_v = model.board_us, model.board_us + model.gap_us
    clock = np.arange(0, at_v + model.board_us + 2 * _PERIOD_US, _PERIOD_US)
    board_1 = np.clip(clock / model.board_us, 0, 1)
    gap = np.clip((clock - at_u) / model.gap_us, 0, 1)
    board_2 = np.clip((clock - at_v) / model.board_us, 0, 1)
    power = model.gap_power
    height = {
        "U": board_1 * (1 - gap) ** power,
        "V": gap**power * (1 - board_2),
        "X": board_2,
    }
    bins = (np.arange(IMPACTS) + 0.5) / IMPACTS - 0.5
    across = (bins[:, None] - np.arange(-REACH, REACH + 1))[..., None]
    current = {}
    for name, rise in height.items():
        blur = model.blur * (1 - board_2 if name == "X" else np.ones_like(clock))
        current[name] = np.diff(_strip(across, blur) * rise) / _PERIOD_US
    return FieldResponse(_PERIOD_US, current)
