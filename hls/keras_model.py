"""Models as Keras sees them: loading and saving, and giving hls4ml's parser layers that it takes."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hls.keras_alias import legacy_keras
from hls.keras_check import check
from hls.keras_file_check import check_file
from hls.keras_rewrites import rewritten
from hls.keras_walk import Sizes, input_shapes, rebuilt, steps
from streams.errors import UserError
from trigger import keras_file

__all__ = [
    "check", "custom_objects", "image_shape", "input_shapes", "layers", "load", "prepared", "rebuilt", "save",
    "through_file",
]  # fmt: skip


def load(path: Path) -> Any:
    """Return the model of a ``.keras`` or ``.h5`` file.

    Raises
    ------
    UserError : no such file, or not a model.
    """
    if not path.is_file():
        raise UserError(f"cannot read model {path}: no such file")
    check_file(path)
    with legacy_keras() as keras:
        try:
            return keras.models.load_model(str(path), custom_objects=custom_objects(), compile=False)
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            reason = " ".join(lines[: 2 if "Exception encountered" in str(error) else 1])[:300]
            reason = reason or type(error).__name__
            raise UserError(
                f"cannot read model {path}: {reason}: want a .keras or .h5 file of a QKeras model"
            ) from error


def custom_objects() -> dict[str, Any]:
    """Return QKeras's classes by name.

    QKeras 0.9 cannot read back a ``QActivation`` that was made with a quantizer object (only with a string) from a
    ``.keras`` file: its configuration comes back as a dictionary, which this subclass turns into the quantizer.
    """
    import qkeras
    from qkeras.utils import _add_supported_quantized_objects

    def from_config(cls: Any, config: dict[str, Any]) -> Any:
        config = dict(config)
        if isinstance(config["activation"], dict):
            config["activation"] = qkeras.quantizers.get_quantizer(config["activation"])
        return cls(**config)

    objects: dict[str, Any] = {}
    _add_supported_quantized_objects(objects)
    objects["QActivation"] = type(
        "QActivation", (qkeras.QActivation,), {"from_config": classmethod(from_config)}
    )
    return objects


def save(model: Any, path: Path) -> None:
    """Save ``model`` as ``.keras``."""
    with legacy_keras():
        keras_file.save(model, path)


def layers(model: Any) -> list[Any]:
    """Return the layers in order, without the inputs."""
    return [step.layer for step in steps(model)]


def image_shape(model: Any) -> tuple[int | None, ...]:
    """Return the shape of the only input without the batch; None where the model leaves a size open."""
    shapes = input_shapes(model)
    if len(shapes) != 1:
        raise UserError(f"the model has {len(shapes)} inputs, want one here")
    return next(iter(shapes.values()))


def prepared(model: Any, shape: tuple[int | None, ...] | Sizes | None = None) -> Any:
    """Return an equal functional model of layers that hls4ml's parser takes, under names that it takes.

    Parameters
    ----------
    shape : of the only input, or of each input by name; the model's own where it is not given.

    Raises
    ------
    UserError : the layers do not fit that size.
    """
    return rebuilt(model, shape, rewrite=rewritten)


def through_file(model: Any) -> Any:
    """Return ``model`` as its file would give it back (some options of QKeras are not saved)."""
    steps(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        save(model, path)
        return load(path)
