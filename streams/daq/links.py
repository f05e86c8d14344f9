"""The bytes of a window of a file, stream by stream: one of the sources that ``streams.daq.receive`` reads.

Bytes that lie in one piece are read with ``pread``, others (compressed or chunked datasets) through HDF5. A memory map
would not be faster, as its pages are touched once only (measured: 7 against 13 GB/s), and it would end the program
if the file was cut while it is read; here that is a sentence.

>>> import tempfile
>>> from pathlib import Path
>>> from streams.block import Block
>>> from streams.daq import catalogue
>>> from streams.daq.writer import Plan, write_file
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
from contextlib import ExitStack
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_STREAMS
from streams.daq.hdf5 import damaged, opened
from streams.daq.record_reading import HEADER_BYTES
from streams.daq.wibeth import FRAME_BYTES, TIMESTAMP_PER_FRAME
from streams.daq.windows import Window
from streams.errors import UserError

_CHECKS_AT_ONCE = 512  # blocks whose frame checks are read at once: 164 kB for all streams
_CHECK_BYTES = 8
_HEADER_WORDS = 16  # bytes of words 0 and 1 of a frame
_NO_CHECKS = np.zeros(0, np.uint64)
_NO_BYTES = np.zeros(0, np.uint8)


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

    def checks(self, stream: int, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return the frame checks of ``count`` frames of a stream from a timestamp on; (0,) if the file has none."""
        rows = self.window.checks.size // (N_STREAMS * _CHECK_BYTES)
        if not rows:
            return _NO_CHECKS
        row, rest = divmod(timestamp - self.window.checks_begin, TIMESTAMP_PER_FRAME)
        if rest or row < 0 or row + count > rows:
            return self._outside(stream, timestamp, count, rest)
        low = row - self._row
        if self._row < 0 or low < 0 or low + count > self._checks.shape[1]:
            self._row, low = row, 0
            self._checks = self._read_checks(row, min(max(_CHECKS_AT_ONCE, count), rows - row), rows)
        return self._checks[stream, low : low + count]

    def _outside(self, stream: int, timestamp: int, count: int, rest: int) -> NDArray[np.uint64]:
        """Return the checks of frames some of which have no place in the window: 0 for those, which no frame has."""
        found = np.zeros(count, np.uint64)
        rows = self.window.checks.size // (N_STREAMS * _CHECK_BYTES)
        row = (timestamp - self.window.checks_begin) // TIMESTAMP_PER_FRAME
        low, high = max(row, 0), min(row + count, rows)
        if not rest and low < high:
            inside = self.checks(stream, timestamp + (low - row) * TIMESTAMP_PER_FRAME, high - low)
            found[low - row : high - row] = inside
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
        checks = np.empty((N_STREAMS, count), "<u8")
        for stream in range(N_STREAMS):
            low = (stream * rows + row) * _CHECK_BYTES
            checks[stream] = self._pread(name, offset + low, count * _CHECK_BYTES).view("<u8")
        return checks

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
        raw = np.empty(count, np.uint8)
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
