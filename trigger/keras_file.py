"""Save a model as a ``.keras`` file whose bytes depend on the model alone."""

from __future__ import annotations

import json
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
_SHARED = re.compile(r'("shared_object_id": )(\d+)')


def save(model: Any, path: Path) -> None:
    """Save ``model``, a tf_keras model, as ``path``.

    Keras writes the date and addresses in memory into the file; here the same model gives the same bytes.
    """
    with warnings.catch_warnings():  # QKeras serialises its quantizers through keras.constraints
        warnings.simplefilter("ignore", UserWarning)
        model.save(str(path))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["metadata.json"] = _undated(parts["metadata.json"])
    parts["config.json"] = _renumbered(parts["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)


def _undated(metadata: bytes) -> bytes:
    return json.dumps({**json.loads(metadata), "date_saved": "1980-01-01@00:00:00"}).encode()


def _renumbered(config: str) -> str:
    """Replace addresses that say which objects are one and the same by small numbers.

    >>> _renumbered('{"shared_object_id": 14002}, {"shared_object_id": 14001}, {"shared_object_id": 14002}')
    '{"shared_object_id": 1}, {"shared_object_id": 2}, {"shared_object_id": 1}'
    """
    numbers: dict[str, int] = {}
    return _SHARED.sub(lambda found: found[1] + str(numbers.setdefault(found[2], len(numbers) + 1)), config)
