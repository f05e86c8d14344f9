"""Level 0 with real-valued constants: Keras layers that carry the constants which the spec states.

The mean of nine numbers, a slope of 0.3 or a tanh has no exact integer form. The spec states integers for them; the
Keras layer is then replaced by one that computes with just these constants, in float64, where all of it is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hls.keras_alias import legacy_keras
from hls.keras_walk import safe_name
from trigger.network_spec import (
    AveragePool2D,
    GlobalPool2D,
    Layer,
    Leaky,
    Lookup,
    NetworkSpec,
    Quantize,
    Scale,
)

Function = Callable[[Any], Any]  # float64 tensor -> float64 tensor


def carried(keras_layer: Any, spec: NetworkSpec) -> Any | None:
    """Return what computes what ``spec`` says of ``keras_layer``; None where the layer does so itself.

    Returns
    -------
    A Keras layer of the same name on float64 tensors. Where only the activation inside a layer needs it: a function of
    a tensor that calls such a layer behind the same layer without its activation.
    """
    from hls.keras_check import activation_name

    inside = activation_name(keras_layer)
    function = _function(safe_name(keras_layer.name), keras_layer, spec)
    if function is not None:
        return _layer(inside or safe_name(keras_layer.name), function, keras_layer)
    if inside is None or _averages(keras_layer):
        return None
    function = _function(inside, keras_layer, spec)
    return _split(keras_layer, _layer(inside, function)) if function is not None else None


def _function(name: str, keras_layer: Any, spec: NetworkSpec) -> Function | None:
    layers = [layer for layer in spec.layers if layer.name in (name, f"{name}_slope")]
    for kind, make in _MAKERS.items():
        found = next((layer for layer in layers if isinstance(layer, kind)), None)
        function = make(found, keras_layer, spec) if found is not None else None
        if function is not None:
            return function
    return None


def _layer(name: str, function: Function, keras_layer: Any = None) -> Any:
    with legacy_keras() as keras:
        activation = (
            keras_layer.activation if _averages(keras_layer) and hasattr(keras_layer, "activation") else None
        )

        class Carried(keras.layers.Layer):  # type: ignore[misc,name-defined]
            """Computes with stated constants."""

            def call(self, inputs: Any) -> Any:
                result = function(inputs)
                return activation(result) if activation is not None else result

        return Carried(name=name, dtype="float64")


def _split(keras_layer: Any, behind: Any) -> Function:
    """Return ``keras_layer`` without its activation, then ``behind``."""
    config = {
        **keras_layer.get_config(),
        "activation": None,
        "dtype": "float64",
        "name": safe_name(keras_layer.name),
    }

    def call(given: Any) -> Any:
        bare = type(keras_layer).from_config(config)
        result = bare(given)
        bare.set_weights(keras_layer.get_weights())
        return behind(result)

    return call


def _averages(keras_layer: Any) -> bool:
    return "AveragePooling" in type(keras_layer).__name__


def _real(integer: int, fraction: int) -> float:
    """Return ``integer * 2**-fraction``, which float64 holds exactly."""
    return float(integer) * 2.0**-fraction


def _clipped(layer: Scale, keras_layer: Any, spec: NetworkSpec) -> Function | None:
    """Keras's hard_sigmoid; ``BatchNormalization`` is in ``carried_scale``."""
    import tensorflow as tf

    if not layer.name.endswith("_slope"):
        return None
    weight, bias = _real(layer.weights[0], layer.weight.fraction), _real(layer.bias[0], layer.output.fraction)
    return lambda x: tf.clip_by_value(x * weight + bias, 0.0, 1.0)


def _average(layer: AveragePool2D, keras_layer: Any, spec: NetworkSpec) -> Function | None:
    import tensorflow as tf

    if not _averages(keras_layer):
        return None
    one = 1 << layer.factor_fraction
    plain = getattr(keras_layer, "average_quantizer", None) is None
    if plain and all(factor * (n + 1) == one for n, factor in enumerate(layer.factors) if factor):
        return None
    channels = layer.input_shape[-1]
    padded = [[0, 0], list(layer.padding[:2]), list(layer.padding[2:]), [0, 0]]
    factors = tf.constant([_real(factor, layer.factor_fraction) for factor in layer.factors], tf.float64)
    ones = tf.ones((*layer.pool, channels, 1), tf.float64)

    def sums(x: Any) -> Any:
        strides = [1, *layer.stride, 1]  # TensorFlow wants equal ones: take the others out afterwards
        full = tf.nn.depthwise_conv2d(tf.pad(x, padded), ones, [1, 1, 1, 1], "VALID")
        return full[:, :: strides[1], :: strides[2]]

    def call(x: Any) -> Any:
        image = tf.reshape(x, (-1, *layer.input_shape))
        places = tf.cast(sums(tf.ones_like(image[:1])), tf.int32)
        result = sums(image) * tf.gather(factors, places - 1)
        shape = keras_layer.compute_output_shape((None, *x.shape[1:]))
        return tf.reshape(result, (-1, *shape[1:]))

    return call


def _global(layer: GlobalPool2D, keras_layer: Any, spec: NetworkSpec) -> Function | None:
    import tensorflow as tf

    if not _averages(keras_layer):
        return None
    area = layer.input_shape[0] * layer.input_shape[1]
    plain = getattr(keras_layer, "average_quantizer", None) is None
    if layer.op == "max" or (plain and layer.factor * area == 1 << layer.factor_fraction):
        return None
    factor = _real(layer.factor, layer.factor_fraction)

    def call(x: Any) -> Any:
        axes = list(range(1, len(x.shape) - 1))
        return tf.reduce_sum(x, axis=axes, keepdims=bool(keras_layer.keepdims)) * factor

    return call


def _leaky(layer: Leaky, keras_layer: Any, spec: NetworkSpec) -> Function | None:
    """One slope for all; the exact Leaky of a ``quantized_relu`` has another name and is not found."""
    import tensorflow as tf

    slope = _real(layer.slope, layer.slope_fraction)
    return lambda x: tf.where(x >= 0, x, x * slope)


def _lookup(layer: Lookup, keras_layer: Any, spec: NetworkSpec) -> Function | None:
    import tensorflow as tf

    if not _is_real(keras_layer):
        return None
    table = tf.constant([_real(entry, layer.output.fraction) for entry in layer.table], tf.float64)
    index = spec.number(layer.sources[0])
    before = spec.node(layer.sources[0])
    rounds = isinstance(before, Quantize) and before.name == f"{layer.name}_index"

    def call(x: Any) -> Any:
        integers = x * 2.0**index.fraction
        if rounds:
            integers = tf.clip_by_value(tf.round(integers), float(index.min_int), float(index.max_int))
        return tf.gather(table, tf.cast(integers, tf.int32) - index.min_int)

    return call


def _is_real(keras_layer: Any) -> bool:
    """Return whether the layer computes a real function, not a sign or a threshold."""
    activation = getattr(keras_layer, "activation", None)
    quantizer = getattr(keras_layer, "quantizer", activation)
    options: dict[str, Any] = getattr(quantizer, "get_config", dict)()
    return bool(not options or options.get("use_real_tanh") or options.get("use_real_sigmoid"))


_MAKERS: dict[type[Layer], Callable[[Any, Any, NetworkSpec], Function | None]] = {
    Scale: _clipped,
    AveragePool2D: _average,
    GlobalPool2D: _global,
    Leaky: _leaky,
    Lookup: _lookup,
}
