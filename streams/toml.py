"""Typed, frozen structs of a TOML file or of names and values; unknown keys and wrong types are refused.

>>> class Window(msgspec.Struct, frozen=True):
...     length: Annotated[int, msgspec.Meta(ge=1)] = 100
>>> convert({"length": "0"}, Window, "adjacency", strict=False)
Traceback (most recent call last):
streams.errors.ConfigError: adjacency: length: got 0, want int >= 1
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar  # noqa: F401 (the doctest)

import msgspec

from streams.errors import ConfigError

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


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


def convert(values: Mapping[str, object], kind: type[S], where: str, strict: bool = True) -> S:
    """Return names and values as a struct; without ``strict`` values may be text.

    Raises
    ------
    ConfigError : an unknown name, a wrong type or a value out of range; ``where`` is what the names belong to.
    """
    known = [field.name for field in msgspec.structs.fields(kind)]
    for name in values:
        if name not in known:
            raise ConfigError(f"{where}: got the parameter {name}, want one of {', '.join(known)}")
    try:
        return msgspec.convert(dict(values), kind, strict=strict)
    except msgspec.ValidationError as error:
        wrong, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`").partition("[")[0]
        want = wrong.removeprefix("Expected ").partition(", got")[0].replace("`", "")
        raise ConfigError(f"{where}: {name}: got {values.get(name)}, want {want}") from error
