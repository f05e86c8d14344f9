"""Compile a function with numba and keep its type.

>>> @compiled
... def double(x: float) -> float:
...     return 2 * x
>>> double(1.5)
3.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
State = NDArray[np.uint64]  # (1,), of a random stream


def compiled(function: Function) -> Function:
    """Return ``function`` compiled by numba at its first call; the machine code is kept beside the source."""
    try:
        return cast(Function, njit(cache=True)(function))
    except RuntimeError:  # no file to keep it beside, as in an interactive session
        return cast(Function, njit(function))
