"""Compile a function with numba, keep its type, and keep the machine code for the next run.

numba notices a change of the function's own file, not of the functions and constants that it took in from other
files. So the machine code is kept in a folder named after the contents of all files that can matter.

>>> @compiled
... def double(x: float) -> float:
...     return 2 * x
>>> double(1.5)
3.0
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
State = NDArray[np.uint64]  # (1,), of a random stream


@cache
def _folder() -> Path:
    """Return the folder of the machine code of this state of the sources."""
    package = Path(__file__).parent
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(package.rglob("*.py")):
        text = path.read_bytes()
        if "tests" not in path.parts and (
            path.parent != package or path.name == "block.py" or b"@compiled" in text
        ):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + text)
    base = Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else package / "__pycache__"
    return base / f"compiled-{digest.hexdigest()[:16]}"


def compiled(function: Function) -> Function:
    """Return ``function`` compiled by numba at its first call; the machine code is kept if a folder can be written."""
    before = numba.config.CACHE_DIR
    try:
        numba.config.CACHE_DIR = str(_folder())
        return cast(Function, numba.njit(cache=True)(function))
    except RuntimeError:  # nowhere to keep it, as in an interactive session
        return cast(Function, numba.njit(function))
    finally:
        numba.config.CACHE_DIR = before
