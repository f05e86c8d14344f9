"""An HDF5 file whose disk may fill up while it is written: that ends in one sentence, and no part is left.

HDF5 cannot go on after a write that failed: what it has not written stays in its caches, it tries again when the file
is closed and when the process ends, and can crash there. So HDF5 writes through ``Part`` here, which never fails: from
the first byte that the disk refuses on, everything is kept in memory (what is left in HDF5's caches, since the writer
stops at once: some MB), HDF5 closes in good order, and then the error is raised.

>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as folder:
...     with hdf5_file(Path(folder) / "run.h5") as file:
...         file.attrs["run_number"] = 1
...     h5py.is_hdf5(Path(folder) / "run.h5")
True
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from streams import manifest
from streams.errors import UserError
from streams.output import fresh


class Part:
    """What HDF5 takes for a file: bytes that the disk refuses are kept in memory.

    Attributes
    ----------
    error : the first error of the disk, or None.
    """

    def __init__(self, path: Path) -> None:
        self.error: OSError | None = None
        self._file = io.FileIO(path, "w+")
        self._place = 0
        self._size = 0
        self._refused: list[tuple[int, bytes]] = []  # where and what, in the order of the writing

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; HDF5 asks for the size with ``SEEK_END``."""
        self._place = offset + (self._size if whence == os.SEEK_END else 0)
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def write(self, data: Any) -> int:
        """Write all bytes of a buffer at the place."""
        size = self.put(self._place, data)
        self._place += size
        return size

    def put(self, at: int, data: Any) -> int:
        """Write all bytes of a buffer from byte ``at`` of the file on; return how many."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while self.error is None and done < len(view):
                done += os.pwrite(self._file.fileno(), view[done:], at + done)
        except OSError as error:
            self.error = error
        if done < len(view):
            self._refused.append((at + done, bytes(view[done:])))
        self._size = max(self._size, at + len(view))
        return len(view)

    def readinto(self, data: Any) -> int:
        """Fill a buffer from the place on; beyond the end are zeros."""
        view = memoryview(data).cast("B")
        got = os.pread(self._file.fileno(), len(view), self._place)
        view[:] = got + bytes(len(view) - len(got))
        for at, kept in self._refused:
            low, high = max(at, self._place), min(at + len(kept), self._place + len(view))
            if low < high:
                view[low - self._place : high - self._place] = kept[low - at : high - at]
        self._place += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file."""
        self._size = self._place if size is None else size
        if self.error is None:
            try:
                self._file.truncate(self._size)
            except OSError as error:
                self.error = error
        return self._size

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def check(self) -> None:
        """Raise the error of the disk, if there was one."""
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Close the file; what the disk reports then (network disks do) is raised by ``check``."""
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error


class OutputFile(h5py.File):  # type: ignore[misc]
    """An HDF5 file for writing.

    Attributes
    ----------
    put : write bytes past HDF5, into a place that ``new_bytes`` gave.
    check : raise the error of the disk, if there was one.
    """

    def __init__(self, part: Part) -> None:
        self.put, self.check = part.put, part.check
        super().__init__(_created(part))


def _created(part: Part) -> Any:
    """Return HDF5's handle of a new file.

    The file format is that of HDF5 1.10: all its own structures carry checksums, so that flipped bits in them are seen.
    No time is stored, so that the same content gives the same bytes.
    """
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, part)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    create = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    create.set_obj_track_times(False)
    return h5py.h5f.create(b"part", h5py.h5f.ACC_TRUNC, fcpl=create, fapl=access)


@contextmanager
def hdf5_file(path: Path) -> Iterator[OutputFile]:
    """Open a new HDF5 file for writing.

    Raises
    ------
    OSError : the disk refused some bytes; the file is not whole then.
    """
    part = Part(path)
    try:
        with OutputFile(part) as file:
            yield file
    finally:
        part.close()
        part.check()


def new_group(parent: h5py.Group, name: str) -> h5py.Group:
    """Return a new group without times."""
    create = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    create.set_obj_track_times(False)
    return h5py.Group(h5py.h5g.create(parent.id, name.encode(), gcpl=create))


class Bytes(NamedTuple):
    """A dataset of bytes: its path in the file, and where its bytes are on the disk."""

    name: str
    offset: int
    size: int


def new_bytes(parent: h5py.Group, name: str, size: int) -> Bytes:
    """Make a dataset of ``size`` bytes in one piece, whose bytes are then written by ``OutputFile.put`` (faster).

    It has two dimensions, (size, 1), as DUNE's writer makes them (DUNE-DAQ/hdf5libs HDF5RawDataFile.cpp ``do_write``).
    """
    create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    create.set_obj_track_times(False)
    create.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    create.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space = h5py.h5s.create_simple((size, 1))
    dataset = h5py.h5d.create(parent.id, name.encode(), h5py.h5t.STD_I8LE, space, create)
    return Bytes(f"{parent.name}/{name}", dataset.get_offset(), size)


@contextmanager
def whole_file(path: Path, facts: dict[str, Any]) -> Iterator[OutputFile]:
    """Open an output for writing; it appears, with its manifest, when the body has ended well.

    Raises
    ------
    ConfigError : the file or its manifest exists already, or the folder does not.
    UserError : the disk does not take it.
    """
    beside = path.with_name(path.name + ".manifest.json")
    try:
        with fresh(path, folder=False) as part, fresh(beside, folder=False) as manifest_part:
            with hdf5_file(part) as file:
                yield file
            output = {path.name: manifest.sha256(part)}
            manifest.write(manifest_part, **facts, output=output, hdf5=h5py.version.hdf5_version)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise UserError(f"cannot write {path}: {reason}: nothing is left of it") from error
