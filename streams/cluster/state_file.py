"""Where a stream stands, in a file: arrays, never code; whole or not there.

A file is the SHA-256 of all that follows, the key of the run and its place, and the arrays as numpy's ``npz``. What is
damaged, or belongs to another run, another version or another place, reads as if it were absent: then the stream is
made again from an earlier place.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     save(Path(folder) / "state", "run 1", {"place": np.arange(2)})
...     load(Path(folder) / "state", "run 1"), load(Path(folder) / "state", "run 2")
({'place': array([0, 1])}, None)
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DIGEST = 32


def save(path: Path, key: str, state: Mapping[str, NDArray[Any]]) -> None:
    """Write ``state`` beside, then rename.

    Raises
    ------
    OSError : the disk does not take it; nothing is left of it.
    """
    arrays = io.BytesIO()
    np.savez_compressed(arrays, **dict(state))  # type: ignore[arg-type]
    content = key.encode() + b"\n" + arrays.getvalue()
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(hashlib.sha256(content).digest() + content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(path: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of ``save`` with the same ``key``; None if there are none that are whole."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    content = raw[_DIGEST:]
    found, end, arrays = content.partition(b"\n")
    if hashlib.sha256(content).digest() != raw[:_DIGEST] or found != key.encode() or not end:
        return None
    try:
        with np.load(io.BytesIO(arrays), allow_pickle=False) as opened:
            return {name: opened[name] for name in opened.files}
    except (ValueError, OSError, zipfile.BadZipFile):  # made by somebody else
        return None
