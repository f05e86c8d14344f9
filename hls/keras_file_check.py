"""What is wrong with a model file before Keras reads it: a cycle would keep Keras busy for ever.

>>> entry = {"name": "a", "config": {}, "inbound_nodes": [[["b", 0, 0, {}]]]}
>>> check_config({"class_name": "Functional", "config": {"layers": [entry]}}, "model.keras")
Traceback (most recent call last):
streams.errors.UserError: model.keras: layer a takes 'b', which is no layer: save the model again
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from streams.errors import UserError

_SIZES = ("filters", "units", "depth_multiplier")


def check_file(path: Path) -> None:
    """Check the graph of a ``.keras`` or ``.h5`` file, where there is one to be read.

    Raises
    ------
    UserError : two layers of one name, an unknown source, a cycle, or no filters; the message names the layer.
    """
    config = _config(path)
    if isinstance(config, dict):
        check_config(config, str(path))


def _config(path: Path) -> Any:
    """Return the model's configuration, or None (Keras then says what is wrong with the file)."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        import h5py

        with h5py.File(path, "r") as file:
            return json.loads(file.attrs["model_config"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def check_config(config: dict[str, Any], where: str) -> None:
    """Check a model's configuration; a nested model's too, as it is a layer like any other here."""
    entries = config.get("config", {}).get("layers", [])
    names = [entry.get("name", entry.get("config", {}).get("name")) for entry in entries]
    for entry, name in zip(entries, names, strict=True):
        if names.count(name) > 1:
            raise UserError(f"{where}: two layers have the name {name}: rename one of them")
        for key in _SIZES:
            size = entry.get("config", {}).get(key, 1)
            if isinstance(size, int) and size < 1:
                raise UserError(f"{where}: layer {name}: {key} = {size}, want at least 1")
    sources = {name: _sources(entry) for entry, name in zip(entries, names, strict=True)}
    for name, given in sources.items():
        unknown = [source for source in given if source not in sources]
        if unknown:
            raise UserError(
                f"{where}: layer {name} takes {unknown[0]!r}, which is no layer: save the model again"
            )
    _check_order(sources, where)


def _check_order(sources: dict[str, list[str]], where: str) -> None:
    """Refuse a cycle."""
    done: set[str] = set()
    while len(done) < len(sources):
        able = {name for name, given in sources.items() if name not in done and done.issuperset(given)}
        if not able:
            stuck = next(name for name in sources if name not in done)
            raise UserError(
                f"{where}: layer {stuck} is in a cycle or behind one: want layers without a cycle"
            )
        done |= able


def _sources(entry: dict[str, Any]) -> list[str]:
    """Return the names that a layer takes; a layer that is used several times takes those of all its uses."""
    found = []
    for call in entry.get("inbound_nodes") or []:
        for tensor in call if isinstance(call, list) else []:
            if isinstance(tensor, list) and tensor and isinstance(tensor[0], str):
                found.append(tensor[0])
    return found
