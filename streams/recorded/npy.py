"""Arrays in numpy's own format, from bytes: sizes are checked before anything is made, nothing is ever unpickled.

>>> import io
>>> file = io.BytesIO()
>>> np.save(file, np.arange(6, dtype=np.int16).reshape(2, 3))
>>> array_of(file.getvalue(), "adc.npy").tolist()
[[0, 1, 2], [3, 4, 5]]
>>> array_of(file.getvalue()[:-1], "adc.npy")
Traceback (most recent call last):
streams.errors.UserError: adc.npy: truncated: got 11 bytes after the header, want 12 for int16 (2, 3): fetch it again
"""

from __future__ import annotations

import io
import math
import warnings
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from streams.errors import UserError

MAGIC = b"\x93NUMPY"
_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def _header(data: bytes, what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, whether the first axis runs fastest, type, and where the values begin."""
    file = io.BytesIO(data)
    if not data.startswith(MAGIC):
        raise UserError(f"{what}: not an array of numpy (.npy): it begins with {data[:6]!r}")
    try:
        version = npy.read_magic(file)
        if version not in _READERS:
            raise UserError(f"{what}: numpy format {version[0]}.{version[1]}, want 1.0 or 2.0: save it again")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a header that numpy can read only with a guess is damaged
            shape, fortran, kind = _READERS[version](file)
    except UserError:
        raise
    except Exception as error:  # the header is a piece of Python: a damaged one fails in any way
        raise UserError(
            f"{what}: damaged header ({str(error).splitlines()[0][:80]}): fetch it again"
        ) from None
    if any(length < 0 for length in shape):
        raise UserError(f"{what}: damaged header: got the shape {shape}")
    return shape, fortran, kind, file.tell()


def array_of(data: bytes, what: str) -> NDArray[Any]:
    """Return the array of numbers in the bytes of an ``.npy`` file; ``what`` is how errors call it.

    Raises
    ------
    UserError : another format or version, a damaged header, objects, or not as many bytes as the header says.
    """
    shape, fortran, kind, begin = _header(data, what)
    if kind.kind not in "iufb" or kind.names is not None:
        raise UserError(f"{what}: got an array of {kind}, want numbers")
    need, got = math.prod(shape) * kind.itemsize, len(data) - begin
    if got != need:
        fault = "truncated" if got < need else "too long"
        raise UserError(
            f"{what}: {fault}: got {got} bytes after the header, want {need} for {kind} {shape}: fetch it again"
        )
    flat = np.frombuffer(data, kind, offset=begin)
    return flat.reshape(shape, order="F" if fortran else "C")
