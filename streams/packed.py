"""Read a text file that may be packed with bzip2, as Wire-Cell's data files are.

>>> read_packed(Path("absent.json"), "noise spectra")
Traceback (most recent call last):
streams.errors.UserError: absent.json: noise spectra cannot be read: No such file or directory
"""

from __future__ import annotations

import bz2
from pathlib import Path

from streams.errors import UserError


def read_packed(path: Path, what: str) -> bytes:
    """Return the text of a file, unpacked if its name ends in ``.bz2``.

    Raises
    ------
    UserError : the file cannot be read, or is not a whole bzip2 file; ``what`` says what it should hold.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {what} cannot be read: {error.strerror}") from None
    if path.suffix != ".bz2":
        return data
    unpacker = bz2.BZ2Decompressor()
    try:
        text = unpacker.decompress(data)
    except OSError:
        raise UserError(f"{path}: {what}: no bz2 file: fetch it again") from None
    if not unpacker.eof:
        raise UserError(f"{path}: {what}: truncated after {len(data)} bytes: fetch the file again")
    return text
