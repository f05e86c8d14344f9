"""Read many pieces of a file in one compiled call: one system call for each, and nothing of Python between them.

The system copies faster if bytes keep their place within a page of 4 096 (measured: 10 to 11 against 7 to 9 GB/s for
files in memory). So each piece begins in its row at that place.

>>> import os, tempfile
>>> with tempfile.TemporaryFile() as file:
...     _ = file.write(bytes(range(32))), file.flush()
...     into, places = room(2, 6), np.array([3, 30])
...     whole = read_pieces(file.fileno(), places, 4, into)
>>> whole, into[0, 3:7].tolist(), into[1, 30:32].tolist()
(1, [3, 4, 5, 6], [30, 31])
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from streams.compiled import compiled

#: ssize_t pread(int descriptor, void *into, size_t count, off_t place), POSIX
_pread = types.ExternalFunction("pread", types.int64(types.int32, types.int64, types.int64, types.int64))


PAGE = 4096


def room(pieces: int, count: int) -> NDArray[np.uint8]:
    """Return room for pieces of at most ``count`` bytes: uint8 (pieces, whole pages), at the begin of a page."""
    wide = -(-(count + PAGE - 1) // PAGE) * PAGE
    raw = np.empty((pieces + 1) * wide, np.uint8)
    start = -raw.ctypes.data % PAGE
    return raw[start : start + pieces * wide].reshape(pieces, wide)


@compiled
def read_pieces(descriptor: int, places: NDArray[np.int64], count: int, into: NDArray[np.uint8]) -> int:
    """Read ``count`` bytes from each place of a file; return how many pieces from the start are whole.

    Parameters
    ----------
    descriptor : of the open file.
    places : int64 array, (n,), bytes from the start of the file.
    count : bytes of each piece.
    into : uint8 array, made by ``room``; row k takes piece k, from byte ``places[k] % PAGE`` on.
    """
    if into.shape[0] < len(places) or into.shape[1] < count + PAGE - 1:
        return 0
    start = np.int64(into.ctypes.data)
    for k in range(len(places)):
        to = start + k * into.shape[1] + places[k] % PAGE
        if _pread(np.int32(descriptor), to, count, places[k]) != count:
            return k
    return len(places)
