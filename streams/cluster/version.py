"""What decides the bytes of a run besides its configuration: the code, its libraries, the files that it reads.

>>> len(code_version()), inputs_of(SimulationConfig())
(64, {})
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import msgspec

from streams import manifest
from streams.config import SimulationConfig
from streams.errors import UserError

_PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "h5py")  # that make the numbers, or the files


@cache
def code_version() -> str:
    """Return the SHA-256 of the sources of ``streams`` (tests left out) and of the versions of its libraries."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in (".py", ".toml") and "tests" not in path.relative_to(_PACKAGE).parts:
            name = path.relative_to(_PACKAGE).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update("".join(f"{name} {manifest.version_of(name)}\n" for name in LIBRARIES).encode())
    digest.update(f"hdf5 {h5py.version.hdf5_version}\n".encode())
    return digest.hexdigest()


def _files(value: Any) -> set[str]:
    """Return the texts in plain data that are paths of files."""
    if isinstance(value, dict):
        return set().union(*map(_files, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(_files, value))
    return {value} if isinstance(value, str) and value and Path(value).is_file() else set()


def inputs_of(config: SimulationConfig) -> dict[str, str]:
    """Return the SHA-256 of every file that ``config`` names, or that its table of backgrounds names, by path.

    Raises
    ------
    UserError : a file that cannot be read.
    """
    from streams.sources.model import load_model

    own = _files(msgspec.to_builtins(config))
    spectra = _files([entry.what for entry in load_model(config.model)])
    try:
        return {path: manifest.sha256(Path(path)) for path in sorted(own | spectra)}
    except OSError as error:
        raise UserError(f"cannot read {error.filename}: {error.strerror}") from error


def located(config: SimulationConfig, paths: dict[str, str]) -> SimulationConfig:
    """Return ``config`` with other paths for its files: those where a process in another folder finds them."""
    return msgspec.convert(_replaced(msgspec.to_builtins(config), paths), SimulationConfig)


def _replaced(value: Any, paths: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, paths) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner, paths) for inner in value]
    return paths.get(value, value) if isinstance(value, str) else value
