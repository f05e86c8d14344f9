"""Models as Keras sees them: loading, checking, and giving them an image size."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hls.keras_alias import legacy_keras
from streams.errors import UserError
from trigger import keras_file

SUPPORTED = ("InputLayer", "QActivation", "QConv2D", "MaxPooling2D", "Flatten", "QDense")
_HINTS = {
    "Conv2D": "use QConv2D with kernel_quantizer=quantized_bits(bits, integer, alpha=1)",
    "Dense": "use QDense with kernel_quantizer=quantized_bits(bits, integer, alpha=1)",
    "Activation": "use QActivation with quantized_relu or quantized_bits",
    "ReLU": "use QActivation with quantized_relu",
    "BatchNormalization": "fold it into the weights before the conversion",
}


def load(path: Path) -> Any:
    """Return the model of a ``.keras`` or ``.h5`` file.

    Raises
    ------
    UserError : no such file, or not a model.
    """
    if not path.is_file():
        raise UserError(f"cannot read model {path}: no such file")
    with legacy_keras() as keras:
        try:
            return keras.models.load_model(str(path), custom_objects=_objects(), compile=False)
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise UserError(
                f"cannot read model {path}: {reason}: want a .keras or .h5 file of a QKeras model"
            ) from error


def _objects() -> dict[str, Any]:
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
    """Return the layers of a chain in order, without the input."""
    return [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]


def check(model: Any) -> None:
    """Check what hls4ml's parser would ignore or only refuse without a name.

    Raises
    ------
    UserError : a layer or an option that is not supported; the message names the layer.
    """
    with legacy_keras():
        _check_layers(model)


def _check_kind(model: Any) -> None:
    if not hasattr(model, "layers"):
        raise UserError(f"got a {type(model).__name__}, want a Keras model, its file, or the folder of train")


def _check_layers(model: Any) -> None:
    _check_kind(model)
    for layer in layers(model):
        kind, config = type(layer).__name__, layer.get_config()
        if kind not in SUPPORTED:
            hint = f": {_HINTS[kind]}" if kind in _HINTS else ""
            raise UserError(
                f"layer {layer.name} has type {kind}, which is not supported; "
                f"supported: {', '.join(SUPPORTED[1:])}{hint}"
            )
        for key, want in (("dilation_rate", (1, 1)), ("groups", 1), ("data_format", "channels_last")):
            got = config.get(key, want)
            if (tuple(got) if isinstance(got, list) else got) != want:
                raise UserError(f"layer {layer.name}: {key} = {got}, only {want} is supported")
    if len(model.outputs or [None]) != 1:
        raise UserError(f"the model has {len(model.outputs)} outputs, want one: only chains are supported")
    if type(model).__name__ == "Functional":
        for entry in model.get_config()["layers"]:
            if len(entry["inbound_nodes"]) > 1:
                raise UserError(f"layer {entry['name']} is used more than once: only chains are supported")


def image_shape(model: Any) -> tuple[int | None, ...]:
    """Return (rows, columns, channels) of the input; None where the model leaves it open."""
    shape = model.input_shape
    if isinstance(shape, list):
        if len(shape) != 1:
            raise UserError(f"the model has {len(shape)} inputs, want one")
        shape = shape[0]
    return tuple(shape[1:])


def rebuilt(model: Any, shape: tuple[int, ...], dtype: str = "float32") -> Any:
    """Return the same layers and weights as a Sequential model on images of ``shape``, computed in ``dtype``.

    Raises
    ------
    UserError : the layers do not fit that size.
    """
    with legacy_keras() as keras, keras.utils.custom_object_scope(_objects()):
        try:
            fresh = keras.Sequential([keras.layers.Input(shape, name="pixels", dtype=dtype)], name="network")
            for layer in layers(model):
                fresh.add(
                    type(layer).from_config({**layer.get_config(), "dtype": dtype, "name": _safe(layer.name)})
                )
            fresh.set_weights(model.get_weights())
        except ValueError as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"the model's layers do not fit images of {shape}: {reason}") from error
    return fresh


def _safe(name: str) -> str:
    """Return a layer name that hls4ml takes.

    >>> _safe("input"), _safe("conv/1")
    ('input_', 'conv_1')
    """
    cleaned = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
    return f"{cleaned}_" if cleaned == "input" or cleaned[:1].isdigit() else cleaned


def through_file(model: Any) -> Any:
    """Return ``model`` as its file would give it back (some options of QKeras are not saved)."""
    _check_kind(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        save(model, path)
        return load(path)
