"""The bytes of a window of a file, stream by stream: one of the sources that ``streams.receiver.receive`` reads.

Bytes that lie in one piece are read with ``pread``, others (compressed or chunked datasets) through HDF5. A memory map
would not be faster, as its pages are touched once only (measured: 7 against 13 GB/s), and it would end the program
if the file was cut while it is read; here that is a sentence.

>>> import tempfile
>>> from pathlib import Path
>>> from streams.block import Block
>>> from streams.files import catalogue
>>> from streams.files.writer import Plan, write_file
>>> x, uv = np.zeros((64, 960), np.uint16), np.zeros((64, 800), np.uint16)
>>> with tempfile.TemporaryDirectory() as folder:
...     _ = write_file(Path(folder) / "run.h5", [Block(0, 4096, x, induction={"U": uv, "V": uv})], Plan(1, 1))
...     window = catalogue.read(Path(folder) / "run.h5").windows[0]
...     with FileLinks(window) as links:
...         links.begin, links.take(stream=3, frames=2).nbytes, links.take(stream=3, frames=2).nbytes
(4096, 7200, 0)
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_STREAMS
from streams.daq.wibeth import FRAME_BYTES, TIMESTAMP_PER_FRAME
from streams.errors import UserError
from streams.files.hdf5 import damaged, opened
from streams.files.pieces import PAGE, read_pieces, room
from streams.files.record_reading import HEADER_BYTES
from streams.files.windows import Window
from streams.receiver.together import Bundle

_CHECKS_AT_ONCE = 512  # blocks whose frame checks are read at once: 164 kB for all streams
_CHECK_BYTES = 8
_HEADER_WORDS = 16  # bytes of words 0 and 1 of a frame
_NO_BYTES = np.zeros(0, np.uint8)
_NO_ROOM = np.zeros((0, 0), np.uint8)


class FileLinks:
    """The streams of one window; to be used in a ``with`` statement.

    Parameters
    ----------
    window : what to read.
    begin : frames before this timestamp are left out, as the window before had them; without it none are.
    """

    def __init__(self, window: Window, begin: int = 0) -> None:
        self.window = window
        self.name = window.where
        self.begin = max(window.timestamp, begin)
        self._at = [HEADER_BYTES] * N_STREAMS
        self._offset, self._size = window.offsets.tolist(), window.sizes.tolist()
        self._row = -1  # first block of the checks in memory
        self._checks = np.zeros((N_STREAMS, 0), np.uint64)
        self._in_pieces = bool((window.offsets < 0).any())  # or compressed
        self._room = _NO_ROOM  # where the frames of all streams go
        self._stack = ExitStack()
        self._descriptor = -1

    def __enter__(self) -> FileLinks:
        path = self.window.file.path
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise damaged(path, error) from error
        self._stack.callback(os.close, self._descriptor)
        pieces = [*zip(self._offset, self._size, strict=True), self.window.checks]
        scattered = any(size and offset < 0 for offset, size in pieces)
        self._file = self._stack.enter_context(opened(path)) if scattered else None
        self._leave_out()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def until(self, timestamp: int) -> bool:
        """Do nothing: a file has all it will ever have."""
        return False

    def take(self, stream: int, frames: int) -> NDArray[np.uint8]:
        """Return the next bytes of a stream, at most those of ``frames`` frames; at its end none.

        Raises
        ------
        UserError : the file cannot be read, or became shorter since it was opened.
        """
        at = self._at[stream]
        count = min(frames * FRAME_BYTES, self._size[stream] - at)
        if count <= 0:
            return _NO_BYTES
        self._at[stream] = at + count
        return self._read(stream, at, count)

    def take_all(self, frames: int) -> Bundle | None:
        """Return the next frames of all streams, see ``together.Bundled``; their memory is used again."""
        at = np.array(self._at)
        left = self.window.sizes - at
        count = min(frames, int(left.min()) // FRAME_BYTES) * FRAME_BYTES
        least, most = int(left.min()) - count, int(left.max()) - count
        if self._in_pieces or count <= 0 or (most and least < _HEADER_WORDS):
            return None
        ahead = _HEADER_WORDS if most else 0
        if self._room.shape[1] < count + ahead + PAGE:
            self._room = room(N_STREAMS, frames * FRAME_BYTES + _HEADER_WORDS)
        places = self.window.offsets + at
        self._read_all(self.window.names, places, count + ahead, self._room)
        self._at = (at + count).tolist()
        return Bundle(self._room, places % PAGE, count, bool(ahead))

    def give_back(self, stream: int, count: int) -> None:
        """Let the last bytes that were taken of a stream come again."""
        self._at[stream] -= count

    def checks(self, stream: int, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return the frame checks of ``count`` frames of a stream from a timestamp on; (0,) if the file has none."""
        checks: NDArray[np.uint64] = self.checks_all(timestamp, count)[stream]
        return checks

    def checks_all(self, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return the frame checks of all streams, (40, count), or (40, 0) if the file has none."""
        rows = self.window.checks.size // (N_STREAMS * _CHECK_BYTES)
        if not rows:
            return self._checks
        row, rest = divmod(timestamp - self.window.checks_begin, TIMESTAMP_PER_FRAME)
        if rest or row < 0 or row + count > rows:
            return self._outside(row, count, rest)
        low = row - self._row
        if self._row < 0 or low < 0 or low + count > self._checks.shape[1]:
            self._row, low = row, 0
            self._checks = self._read_checks(row, min(max(_CHECKS_AT_ONCE, count), rows - row), rows)
        return self._checks[:, low : low + count]

    def _outside(self, row: int, count: int, rest: int) -> NDArray[np.uint64]:
        """Return the checks of frames some of which have no place in the window: 0 for those, which no frame has."""
        found = np.zeros((N_STREAMS, count), np.uint64)
        rows = self.window.checks.size // (N_STREAMS * _CHECK_BYTES)
        low, high = max(row, 0), min(row + count, rows)
        if not rest and low < high:
            timestamp = self.window.checks_begin + low * TIMESTAMP_PER_FRAME
            found[:, low - row : high - row] = self.checks_all(timestamp, high - low)
        return found

    def _leave_out(self) -> None:
        """Go on to the first frame of each stream that is not before the begin."""
        count = (self.begin - self.window.timestamp) // TIMESTAMP_PER_FRAME
        for stream in range(N_STREAMS):
            for _ in range(count):
                at = self._at[stream]
                if at + _HEADER_WORDS > self._size[stream]:
                    break
                words = self._read(stream, at, _HEADER_WORDS).view("<u8")
                if int(words[1]) >= self.begin:
                    break
                self._at[stream] = at + FRAME_BYTES

    def _read_checks(self, row: int, count: int, rows: int) -> NDArray[np.uint64]:
        offset, name = self.window.checks.offset, f"FrameChecks/{self.window.name}"
        if offset < 0:
            assert self._file is not None
            found: NDArray[np.uint64] = self._file[name][:, row : row + count].astype(np.uint64)
            return found
        places = offset + (np.arange(N_STREAMS) * rows + row) * _CHECK_BYTES
        checks = room(N_STREAMS, count * _CHECK_BYTES)
        self._read_all((name,) * N_STREAMS, places, count * _CHECK_BYTES, checks)
        parts = [
            part[low : low + count * _CHECK_BYTES] for part, low in zip(checks, places % PAGE, strict=True)
        ]
        return np.array(parts).view("<u8")

    def _read_all(
        self, names: Sequence[str], places: NDArray[np.int64], count: int, into: NDArray[np.uint8]
    ) -> None:
        """Read ``count`` bytes from each place of the file, one row each."""
        whole = read_pieces(self._descriptor, places, count, into)
        for stream in range(whole, N_STREAMS):  # once more, to say what is wrong
            place = int(places[stream])
            into[stream, place % PAGE :][:count] = self._pread(names[stream], place, count)

    def _read(self, stream: int, low: int, count: int) -> NDArray[np.uint8]:
        """Return ``count`` bytes of a stream's dataset from byte ``low`` on."""
        offset = self._offset[stream]
        if offset >= 0:
            return self._pread(self.window.names[stream], offset + low, count)
        assert self._file is not None
        try:
            part: NDArray[np.uint8] = self._file[self.window.path(stream)][low : low + count]
        except (OSError, RuntimeError, ValueError) as error:
            raise damaged(self.window.file.path, error) from error
        return part.reshape(-1).view(np.uint8)

    def _pread(self, name: str, place: int, count: int) -> NDArray[np.uint8]:
        raw = np.empty(count + PAGE, np.uint8)
        low = (place - raw.ctypes.data) % PAGE  # see ``pieces``
        raw = raw[low : low + count]
        try:
            got = os.preadv(self._descriptor, [raw.data], place)
        except OSError as error:
            raise damaged(self.window.file.path, error) from error
        if got != count:
            raise UserError(
                f"{self.window.file.path} became shorter while it was read: got {got} of {count} bytes of {name} at "
                f"byte {place}: do not change a file that is in use"
            )
        return raw
