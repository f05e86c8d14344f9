"""A Keras model as a list of steps, and the same steps again: at another image size, in float64, rewritten.

Every model becomes a functional one, with names that hls4ml takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from hls.keras_alias import legacy_keras
from streams.errors import UserError

#: What stands for a layer: something that takes its input tensors (one, or a list) and gives its output.
Rewrite: TypeAlias = Callable[[Any], Callable[[Any], Any] | None]
Sizes: TypeAlias = Mapping[str, tuple[int | None, ...]]


@dataclass(frozen=True)
class Step:
    """A layer and the names of the layers or inputs that it takes."""

    layer: Any
    sources: tuple[str, ...]


def steps(model: Any) -> list[Step]:
    """Return the layers of a model, sources first, without its inputs.

    Raises
    ------
    UserError : a layer that is used more than once.
    """
    if not hasattr(model, "layers"):
        raise UserError(f"got a {type(model).__name__}, want a Keras model, its file, or the folder of train")
    if type(model).__name__ == "Sequential":
        names = [*input_shapes(model), *(layer.name for layer in _work(model))]
        return [Step(layer, (before,)) for before, layer in zip(names, _work(model), strict=False)]
    found = []
    for entry in _config(model)["layers"]:
        calls = entry["inbound_nodes"]
        if len(calls) > 1:
            raise UserError(
                f"layer {entry['name']} is used more than once: give each use a layer of its own, with equal weights"
            )
        if calls:
            first = calls[0] if isinstance(calls[0][0], list | tuple) else calls
            found.append(Step(model.get_layer(entry["name"]), tuple(call[0] for call in first)))
    return found


def _work(model: Any) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]


def input_shapes(model: Any) -> dict[str, tuple[int | None, ...]]:
    """Return the shape of each input by name, without the batch; None where the model leaves a size open.

    Raises
    ------
    UserError : a model that has not been built.
    """
    if not model.inputs:
        raise UserError(f"model {model.name} has no input shape: start it with keras.layers.Input(shape)")
    if type(model).__name__ == "Sequential":
        return {"pixels": tuple(model.inputs[0].shape[1:])}
    names = [entry[0] for entry in _listed(_config(model)["input_layers"])]
    return {name: tuple(model.get_layer(name).output_shape[0][1:]) for name in names}


def output_names(model: Any) -> list[str]:
    """Return the name of the layer that gives each output."""
    if type(model).__name__ == "Sequential":
        return [model.layers[-1].name]
    return [str(entry[0]) for entry in _listed(_config(model)["output_layers"])]


def _config(model: Any) -> dict[str, Any]:
    with legacy_keras():  # without its warnings on quantizers
        config: dict[str, Any] = model.get_config()
    return config


def _listed(entries: Any) -> Any:
    return entries if isinstance(entries[0], list | tuple) else [entries]


def rebuilt(
    model: Any,
    shape: tuple[int | None, ...] | Sizes | None = None,
    dtype: str = "float32",
    *,
    rewrite: Rewrite | None = None,
) -> Any:
    """Return a functional model of the same layers and weights.

    Parameters
    ----------
    shape : of the only input, or of each input by name; the model's own where it is not given.
    dtype : of all layers.
    rewrite : gives what stands for a layer, or None for the layer itself.

    Raises
    ------
    UserError : the layers do not fit that size; the message names the layer.
    """
    from hls.keras_model import custom_objects

    with legacy_keras() as keras, keras.utils.custom_object_scope(custom_objects()):
        tensors = {
            name: keras.layers.Input(size, name=safe_name(name), dtype=dtype)
            for name, size in _sizes(model, shape).items()
        }
        inputs = list(tensors.values())
        for step in steps(model):
            given = [tensors[source] for source in step.sources]
            tensors[step.layer.name] = _again(step.layer, given, dtype, rewrite)
        try:
            return keras.Model(inputs, [tensors[name] for name in output_names(model)], name="network")
        except ValueError as error:  # a name that a rewritten layer has taken
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"model {model.name}: {reason}: rename the layer") from error


def _sizes(model: Any, shape: tuple[int | None, ...] | Sizes | None) -> Sizes:
    own = input_shapes(model)
    if shape is None:
        return own
    if isinstance(shape, Mapping):
        given = {safe_name(name): size for name, size in shape.items()}
        return {name: given.get(safe_name(name), size) for name, size in own.items()}
    if len(own) != 1:
        raise UserError(f"the model has inputs {list(own)}: give the shape of each by name, got {shape}")
    return dict.fromkeys(own, shape)


def _again(layer: Any, given: list[Any], dtype: str, rewrite: Rewrite | None) -> Any:
    _check_window(layer, given)
    other = rewrite(layer) if rewrite else None
    value = given if len(given) > 1 else given[0]
    try:
        if other is not None:
            return other(value)
        config = {**layer.get_config(), "dtype": dtype, "name": safe_name(layer.name)}
        fresh = type(layer).from_config(config)
        result = fresh(value)
        fresh.set_weights(layer.get_weights())
    except ValueError as error:
        sizes = ", ".join(str(tuple(tensor.shape[1:])) for tensor in given)
        reason = str(error).strip().splitlines()[-1 if "Exception encountered" in str(error) else 0]
        raise UserError(f"layer {layer.name}: does not fit an input of {sizes}: {reason[:200]}") from error
    return result


def twin(layer: Any) -> Any:
    """Return a layer of equal configuration and weights that computes in float64."""
    from hls.double_precision import double_precision
    from hls.keras_model import custom_objects

    with double_precision() as keras, keras.utils.custom_object_scope(custom_objects()):
        fresh = type(layer).from_config({**layer.get_config(), "dtype": "float64"})
        fresh.build(layer.input_shape)
        if hasattr(fresh, "batchnorm"):  # of QConv2DBatchnorm, which Keras would build in its first call
            fresh.batchnorm.build(layer.output_shape)
        fresh.set_weights(layer.get_weights())
    return fresh


def _check_window(layer: Any, given: list[Any]) -> None:
    """Refuse a kernel or pool that is larger than its input, where nothing is padded."""
    kind = next((key for key in ("kernel_size", "pool_size") if hasattr(layer, key)), None)
    if kind is None or getattr(layer, "padding", "") != "valid":
        return
    window, image = getattr(layer, kind), tuple(given[0].shape[1:-1])
    window = tuple(window) if isinstance(window, list | tuple) else (window,)
    if len(window) == len(image) and any(n and n < w for w, n in zip(window, image, strict=True)):
        raise UserError(
            f"layer {layer.name}: {kind} {window} is larger than its input of {image}: "
            "use larger images, a smaller window or padding='same'"
        )


def safe_name(name: str) -> str:
    """Return a layer name that hls4ml takes.

    >>> safe_name("input"), safe_name("conv/1")
    ('input_', 'conv_1')
    """
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    return f"{cleaned}_" if cleaned == "input" or cleaned[:1].isdigit() else cleaned
