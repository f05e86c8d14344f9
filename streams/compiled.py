"""Compile a function with numba, keep its type, and keep the machine code for the next run.

numba notices a change of the function's own file, not of the functions and constants that it took in from other
files. So the machine code is kept in a folder named after the contents of the file and of all that it imports here.

>>> @compiled
... def double(x: float) -> float:
...     return 2 * x
>>> double(1.5)
3.0
"""

from __future__ import annotations

import hashlib
import re
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

_PACKAGE = Path(__file__).parent
_IMPORT = re.compile(
    rb"^\s*(?:from|import) ((?:streams|trigger|hls)(?:\.\w+)*)(?: import ([^\n]+))?", re.MULTILINE
)


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Return the files of this package that the file ``path`` imports."""
    found = set()
    for module, names in _IMPORT.findall(path.read_bytes()):
        base = _PACKAGE.parent.joinpath(*module.decode().split("."))
        asked = [base / name.strip(b" ()\r").decode() for name in names.split(b",")] if names else []
        found |= {p for p in (place.with_suffix(".py") for place in (base, *asked)) if p.is_file()}
    return frozenset(found)


@cache
def _folder(path: Path) -> Path:
    """Return the folder of the machine code of ``path`` in this state of the sources."""
    seen, left = {path}, [path]
    while left:
        new = _imports(left.pop()) - seen
        seen |= new
        left += new
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(seen):
        digest.update(file.as_posix().encode() + b"\0" + file.read_bytes())
    base = Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else _PACKAGE / "__pycache__"
    return base / f"compiled-{path.stem}-{digest.hexdigest()[:16]}"


def compiled(function: Function) -> Function:
    """Return ``function`` compiled by numba at its first call; the machine code is kept if a folder can be written."""
    before = numba.config.CACHE_DIR
    try:
        numba.config.CACHE_DIR = str(_folder(Path(function.__code__.co_filename).resolve()))
        return cast(Function, numba.njit(cache=True)(function))
    except (RuntimeError, OSError):  # nowhere to keep it, as in an interactive session
        return cast(Function, numba.njit(function))
    finally:
        numba.config.CACHE_DIR = before
