"""Open HDF5 files of a run; whatever is wrong with one, then or later, ends in one sentence for the user.

A file that is being written is refused: its name says so (``.writing`` as DUNE's writer has it, ``.NAME.part123`` as
ours), or another program holds HDF5's lock on it, or HDF5's own mark of a writer is set.

>>> from pathlib import Path
>>> with opened(Path("absent.h5")): pass
Traceback (most recent call last):
streams.errors.UserError: cannot read absent.h5: no such file
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streams.errors import UserError

if TYPE_CHECKING:
    import h5py

SUFFIXES = (".h5", ".hdf5")
WRITING = ".writing"  # appended while a file is open (DUNE-DAQ/dfmodules, inprogress_filename_suffix)
_PART = re.compile(r"\..+\.part\d+")  # streams.output.fresh
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_OTHERS = {
    b"root": "a ROOT file",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
    b"\x93NUMPY": "a NumPy array",
    b"CDF": "a netCDF file",
}
_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)  # what h5py raises on damage


class Extent(NamedTuple):
    """Where the bytes of a dataset are; ``offset`` is -1 if they are not in one piece (then HDF5 reads them)."""

    offset: int
    size: int


def is_being_written(path: Path) -> bool:
    """Say whether the name is one that a file has only while it is written.

    >>> is_being_written(Path("run.hdf5.writing")), is_being_written(Path(".run.h5.part12"))
    (True, True)
    """
    return path.name.endswith(WRITING) or _PART.fullmatch(path.name) is not None


def damaged(path: Path, error: BaseException) -> UserError:
    """Return the sentence for what HDF5 or the system found wrong."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, BlockingIOError):
        return UserError(f"cannot read {path}: {os.strerror(error.errno)}")
    lines = str(error.args[0] if error.args else error).splitlines() or [type(error).__name__]
    if isinstance(error, BlockingIOError) or "unable to lock" in lines[0]:
        return _unfinished(path, "another program has it open for writing")
    if "already open for write" in lines[0]:
        return _unfinished(path, "it was not closed by its writer")
    return UserError(f"{path} is damaged or cut short: HDF5 says: {lines[0]}")


def check(path: Path) -> None:
    """Refuse what is not a whole HDF5 file, as far as its name and first bytes tell.

    Raises
    ------
    UserError : absent, a folder, empty, being written, or of another format.
    """
    if not path.is_file():
        raise UserError(f"cannot read {path}: {'it is a folder' if path.is_dir() else 'no such file'}")
    if is_being_written(path):
        raise _unfinished(path, "its name says so")
    try:
        with path.open("rb") as file:
            head = file.read(16)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise damaged(path, error) from error
    if not size:
        raise UserError(f"{path} is empty: want an HDF5 file that `lartrig simulate` or DUNE-DAQ wrote")
    if not head.startswith(_SIGNATURE) and not _has_user_block(path):
        kind = next((name for magic, name in _OTHERS.items() if head.startswith(magic)), "")
        raise UserError(
            f"{path} is not an HDF5 file{f' ({kind})' if kind else ''}: want a file that `lartrig simulate` or "
            "DUNE-DAQ wrote"
        )


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; whatever HDF5 finds wrong, then or later, becomes a ``UserError``."""
    import h5py

    from streams.files.probe import try_out

    check(path)
    try_out(path)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except _ERRORS as error:
        raise damaged(path, error) from error


def _unfinished(path: Path, why: str) -> UserError:
    return UserError(f"{path} is still being written ({why}): wait until it is closed, or close its writer")


def _has_user_block(path: Path) -> bool:
    import h5py

    try:
        return bool(h5py.is_hdf5(path))
    except _ERRORS:
        return False
