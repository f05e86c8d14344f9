"""Write beside, then rename: an output is whole or absent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import ConfigError


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def check_free(target: Path) -> None:
    """Refuse an output that could not be written, before the work that it would be lost after.

    Raises
    ------
    ConfigError : ``target`` exists, or its parent folder does not.

    >>> check_free(Path("none/r.json"))
    Traceback (most recent call last):
    streams.errors.ConfigError: output none/r.json: the folder none does not exist: create it first
    """
    if target.exists():
        raise ConfigError(f"output {target} exists already: remove it or choose another name")
    if not target.parent.is_dir():
        raise ConfigError(f"output {target}: the folder {target.parent} does not exist: create it first")


@contextmanager
def fresh(target: Path, *, folder: bool) -> Iterator[Path]:
    """Yield a temporary path beside ``target`` that becomes ``target`` if the body succeeds.

    Parameters
    ----------
    target : final path; it must not exist yet.
    folder : whether the temporary path is made as an empty folder (else nothing is made).

    Raises
    ------
    ConfigError : ``target`` exists, or its parent folder does not.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as d:
    ...     with fresh(Path(d) / "model", folder=True) as part:
    ...         _ = (part / "x").write_text("1")
    ...     (Path(d) / "model" / "x").read_text()
    '1'
    """
    check_free(target)
    part = target.with_name(f".{target.name}.part{os.getpid()}")
    _remove(part)
    try:
        if folder:
            part.mkdir()
        yield part
        part.rename(target)
    finally:
        _remove(part)
