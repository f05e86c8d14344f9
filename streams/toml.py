"""Read a TOML file into typed, frozen structs; unknown keys and wrong types are refused."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from streams.errors import ConfigError

T = TypeVar("T")


def load(path: Path, kind: type[T]) -> T:
    """Decode ``path`` as ``kind``.

    Raises
    ------
    ConfigError : no such file, not TOML, an unknown key, a wrong type or a value out of range.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigError(f"cannot read configuration {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"configuration {path} is not UTF-8 text: {error}") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"configuration {path}: {error}") from error
