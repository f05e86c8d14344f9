"""What is refused of a Keras model before anything is written: one sentence, by layer name."""

from __future__ import annotations

from typing import Any

import numpy as np

from hls.keras_activations import check_activation
from hls.keras_alias import legacy_keras
from hls.keras_walk import Step, input_shapes, output_names, safe_name, steps
from streams.errors import UserError

SUPPORTED = (
    "QActivation", "QConv2D", "QConv1D", "QDepthwiseConv2D", "QSeparableConv2D", "QSeparableConv1D", "QDense",
    "QConv2DBatchnorm", "BatchNormalization", "Activation", "ReLU", "LeakyReLU", "Softmax", "MaxPooling2D",
    "MaxPooling1D", "AveragePooling2D", "AveragePooling1D", "QAveragePooling2D", "GlobalMaxPooling2D",
    "GlobalMaxPooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling1D", "QGlobalAveragePooling2D",
    "ZeroPadding2D", "ZeroPadding1D", "UpSampling2D", "UpSampling1D", "Add", "Subtract", "Multiply", "Concatenate",
    "Flatten", "Reshape", "Dropout",
)  # fmt: skip
_QUANTISED = "kernel_quantizer=quantized_bits(bits, integer, alpha=1)"
_HINTS = {
    "Conv2D": f"its weights have no quantizer: use QConv2D with {_QUANTISED}",
    "Conv1D": f"its weights have no quantizer: use QConv1D with {_QUANTISED}",
    "Dense": f"its weights have no quantizer: use QDense with {_QUANTISED}",
    "SeparableConv2D": "its weights have no quantizer: use QSeparableConv2D",
    "SeparableConv1D": "its weights have no quantizer: use QSeparableConv1D",
    "DepthwiseConv2D": "its weights have no quantizer: use QDepthwiseConv2D",
    "DepthwiseConv1D": "its weights have no quantizer: use QDepthwiseConv2D on images of one column",
    "QBatchNormalization": "use BatchNormalization, whose scale and offset are rounded to 18 bits",
    "PReLU": "use LeakyReLU: one slope for all",
    "ELU": "use LeakyReLU",
    "ThresholdedReLU": "use ReLU",
    "Maximum": "use Add, Subtract or Multiply",
    "Minimum": "use Add, Subtract or Multiply",
    "Average": "use Add, then QActivation with one more integer bit",
    "Dot": "use Multiply",
    "Sequential": "a model inside the model: put its layers into the model itself",
    "Functional": "a model inside the model: put its layers into the model itself",
}
_WANTED = (
    ("groups", 1),
    ("data_format", "channels_last"),
)
#: Weights that must not all be 0, by the attribute that a layer has them under.
_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel", "gamma")


def check(model: Any) -> None:
    """Check what hls4ml's parser would ignore, or refuse without a name.

    Raises
    ------
    UserError : a layer, an option or weights that are not supported; the message names the layer.
    """
    with legacy_keras():
        found = steps(model)
        for step in found:
            _check_kind(step.layer)
            _check_options(step.layer)
            check_activation(step.layer)
            _check_weights(step.layer)
        _check_names(model, found)
        _check_ends(model, found)


def _check_kind(layer: Any) -> None:
    kind = type(layer).__name__
    if kind not in SUPPORTED:
        hint = f": {_HINTS[kind]}" if kind in _HINTS else ""
        raise UserError(
            f"layer {layer.name} has type {kind}, which is not supported; supported: {', '.join(SUPPORTED)}{hint}"
        )


def _check_options(layer: Any) -> None:
    config = layer.get_config()
    for key, want in _WANTED:
        if config.get(key, want) not in (want, None):
            raise UserError(f"layer {layer.name}: {key} = {config[key]!r}, only {want!r} is supported")
    dilation = np.ravel(config.get("dilation_rate", 1))
    if np.any(dilation != 1):
        raise UserError(
            f"layer {layer.name}: dilation_rate = {tuple(dilation.tolist())}, only 1 is supported"
        )
    if config.get("padding") == "causal":
        raise UserError(
            f"layer {layer.name}: padding = 'causal' is not supported: put ZeroPadding1D((k - 1, 0)) before it and "
            "use padding='valid'"
        )
    for key in ("filters", "units", "depth_multiplier"):
        if config.get(key, 1) < 1:
            raise UserError(f"layer {layer.name}: {key} = {config[key]}, want at least 1")


def _check_weights(layer: Any) -> None:
    for weights in layer.weights:
        values, name = np.asarray(weights), weights.name.split("/")[-1].split(":")[0]
        bad = int(values.size - np.count_nonzero(np.isfinite(values)))
        if bad:
            raise UserError(
                f"layer {layer.name}: weights: {bad} of {values.size} values of {name} are NaN or infinite: "
                "train the model again"
            )
        if name in _KERNELS and not np.any(values):
            raise UserError(
                f"layer {layer.name}: weights: all {values.size} values of {name} are 0, so the layer gives a "
                "constant: train the model again, or leave the layer out"
            )


def _check_names(model: Any, found: list[Step]) -> None:
    """Refuse two layers of one name; hls4ml names a layer's activation after both."""
    seen: dict[str, str] = {}
    for name in input_shapes(model):
        seen[safe_name(name)] = name
    for step in found:
        inner = activation_name(step.layer)
        for name in [safe_name(step.layer.name), *([inner] if inner else [])]:
            if name in seen:
                raise UserError(
                    f"layers {seen[name]} and {step.layer.name} both get the name {name}: rename one of them"
                )
            seen[name] = step.layer.name


def activation_name(layer: Any) -> str | None:
    """Return the name that hls4ml's parser gives to the activation inside a layer, if there is one."""
    if type(layer).__name__ in ("Activation", "QActivation"):
        return None
    activation = layer.get_config().get("activation")
    if activation is None:
        return None
    if isinstance(activation, dict):
        return f"{safe_name(layer.name)}_{activation['class_name']}"
    return f"{safe_name(layer.name)}_{activation}"


def _check_ends(model: Any, found: list[Step]) -> None:
    used = {source for step in found for source in step.sources}
    for name in input_shapes(model):
        if name not in used:
            raise UserError(f"input {name} is used by no layer: take it out of the model")
    ends = output_names(model)
    for name in ends:
        if ends.count(name) > 1:
            raise UserError(f"layer {name} gives {ends.count(name)} outputs: want each output once")
        if name in input_shapes(model):
            raise UserError(f"input {name} is an output too: put a layer between")
