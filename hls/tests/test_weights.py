"""Every layer with weights and every weight quantizer: QKeras in float64 = integer network, in one network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hls.batch_norm import SCALE_BITS
from hls.graph import network_spec
from hls.images import random_inputs
from hls.keras_alias import legacy_keras
from hls.keras_model import check, prepared
from hls.level0 import Level0
from hls.parse import parsed
from hls.weight_values import on_grid
from streams.errors import UserError
from trigger.integer_network import outputs, trace
from trigger.network_spec import Conv2D, Dense, Format, NetworkSpec, Scale

IMAGES, SEQUENCES, VECTORS = (7, 6, 3), (9, 3), (5,)


def _bits(bits: int = 5, integer: int = 1, **options: Any) -> Any:
    import qkeras

    return qkeras.quantized_bits(bits, integer, **{"alpha": 1, **options})


def _conv(kernel: Any, bias: Any = None, **options: Any) -> Any:
    import qkeras

    return qkeras.QConv2D(2, 2, kernel_quantizer=kernel, bias_quantizer=bias or _bits(), **options)


def _branches() -> dict[str, tuple[tuple[int, ...], list[Any]]]:
    """Return name -> input shape and layers; the last one gets the name."""
    import qkeras
    from tf_keras import layers

    both = {"kernel_quantizer": _bits(), "bias_quantizer": _bits()}
    depth = {"depthwise_quantizer": _bits(4, 0), "bias_quantizer": _bits()}
    points = {"pointwise_quantizer": _bits(6, 1)}
    folded = {"kernel_quantizer": _bits(6, 1), "bias_quantizer": _bits(8, 3)}
    return {
        "same": (IMAGES, [qkeras.QConv2D(3, (3, 2), strides=(2, 1), padding="same", **both)]),
        "pixel": (IMAGES, [qkeras.QDense(2, **both)]),
        "depthwise": (IMAGES, [qkeras.QDepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, **depth)]),
        "separable": (IMAGES, [qkeras.QSeparableConv2D(2, 3, depth_multiplier=2, **depth, **points)]),
        "norm": (IMAGES, [_conv(_bits(), name="before_norm"), layers.BatchNormalization()]),
        "folded": (IMAGES, [qkeras.QConv2DBatchnorm(3, 3, **folded)]),
        "folded_bias": (IMAGES, [
            qkeras.QConv2DBatchnorm(
                3, 2, use_bias=True, padding="same", folding_mode="batch_stats_folding",
                kernel_quantizer=_bits(alpha="auto_po2"), bias_quantizer=_bits(8, 3),
            )
        ]),
        "fine_bias": (IMAGES, [_conv(_bits(4, 3), _bits(12, 1))]),
        "po2": (IMAGES, [_conv(qkeras.quantized_po2(4), qkeras.quantized_po2(5))]),
        "auto_po2": (IMAGES, [_conv(_bits(4, 0, alpha="auto_po2"))]),
        "default": (IMAGES, [_conv("quantized_bits(4,0)")]),
        "binary": (IMAGES, [_conv(qkeras.binary(alpha=1))]),
        "binary_po2": (IMAGES, [_conv(qkeras.binary())]),
        "ternary": (IMAGES, [_conv(qkeras.ternary(alpha=1))]),
        "ternary_po2": (IMAGES, [_conv(qkeras.ternary(), use_bias=False)]),
        "one_bit": (IMAGES, [_conv(_bits(1, 0))]),
        "conv1d": (SEQUENCES, [qkeras.QConv1D(4, 4, strides=2, padding="same", **both)]),
        "separable1d": (SEQUENCES, [
            qkeras.QSeparableConv1D(2, 3, depthwise_quantizer=_bits(4, 0, alpha="auto_po2"),
                                    pointwise_quantizer=_bits(4, 0, alpha="auto_po2"), bias_quantizer=_bits())
        ]),
        "steps": (SEQUENCES, [qkeras.QDense(2, **both)]),
        "norm1d": (SEQUENCES, [layers.BatchNormalization(center=False)]),
        "dense": (VECTORS, [qkeras.QDense(3, **both)]),
        "norm_vector": (VECTORS, [layers.BatchNormalization(scale=False)]),
    }  # fmt: skip


def fill(model: Any, rng: np.random.Generator) -> None:
    """Fill the weights with normal numbers; variances with positive ones."""
    for layer in model.layers:
        arrays = []
        for weight in layer.weights:
            values = rng.normal(0, 0.7, weight.shape)
            if "variance" in weight.name:
                values = np.abs(values) + 0.1
            arrays.append(np.array(-1) if "iteration" in weight.name else values)
        layer.set_weights(arrays)


def _model() -> Any:
    with legacy_keras() as keras:
        import qkeras

        inputs, grids, ends = {}, {}, []
        for number, shape in enumerate((IMAGES, SEQUENCES, VECTORS)):
            inputs[shape] = keras.layers.Input(shape, name=f"input_{number}")
            grids[shape] = qkeras.QActivation("quantized_bits(6,2)", name=f"grid_{number}")(inputs[shape])
        for name, (shape, chain) in _branches().items():
            value = grids[shape]
            for layer in chain:
                if layer is chain[-1]:
                    layer._name = name
                value = layer(value)
            ends.append(value)
        model = keras.Model(list(inputs.values()), ends)
        fill(model, np.random.default_rng(5))
    return model


class _Levels:
    """The network at both levels, on corners and random images."""

    def __init__(self) -> None:
        self.model = _model()
        check(self.model)
        self.spec: NetworkSpec = network_spec(parsed(prepared(self.model)))
        images = random_inputs(self.spec, 0, 9, seed=1)
        level0 = Level0(self.model, self.spec)
        assert level0.unsupported == ""
        self.keras, self.integers = level0.outputs(images), outputs(self.spec, images)
        self.keras_trace, self.integer_trace = level0.trace(images), trace(self.spec, images)


@pytest.fixture(scope="module")
def levels() -> _Levels:
    """Return all families at both levels: one conversion for all tests."""
    return _Levels()


NAMES = (
    "same", "pixel", "depthwise", "separable", "norm", "folded", "folded_bias", "fine_bias", "po2", "auto_po2",
    "default", "binary", "binary_po2", "ternary", "ternary_po2", "one_bit", "conv1d", "separable1d", "steps", "norm1d",
    "dense", "norm_vector",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_qkeras_equals_the_integers(levels: _Levels, name: str) -> None:
    want = levels.keras[name]
    assert np.array_equal(levels.integers[name], want)
    assert len(np.unique(want)) > 8


def test_every_layer_of_keras_is_traced(levels: _Levels) -> None:
    assert set(NAMES) | {"before_norm"} <= set(levels.keras_trace)
    assert set(NAMES) == set(levels.integers) == set(levels.keras)
    for name, want in levels.keras_trace.items():
        assert np.array_equal(levels.integer_trace[name], want)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("norm", "norm1d", "norm_vector")])
def test_weights_are_those_of_qkeras(levels: _Levels, name: str) -> None:
    """QKeras's own float32 values of the weights, read without any code of ours."""
    layer = levels.model.get_layer(name)
    last = levels.spec.node(name)
    assert isinstance(last, Conv2D | Dense)
    if "folded" in name:
        want = layer.kernel_quantizer_internal(layer.get_folded_weights()[0])
    elif "separable" in name:
        want = layer.pointwise_quantizer_internal(layer.pointwise_kernel)
        first = levels.spec.node(f"{name}_depthwise")
        assert isinstance(first, Conv2D)
        assert first.groups == 3
        _same(first, layer.depthwise_quantizer_internal(layer.depthwise_kernel))
    elif name == "depthwise":
        want = layer.depthwise_quantizer_internal(layer.depthwise_kernel)
    else:
        want = layer.kernel_quantizer_internal(layer.kernel)
    _same(last, want)


def _same(layer: Conv2D | Dense, want: Any) -> None:
    got: NDArray[Any] = np.array(layer.weights) * 2.0**-layer.weight.fraction
    assert np.array_equal(got, np.asarray(want, np.float64).ravel())


@pytest.mark.parametrize("name", ["norm", "norm1d", "norm_vector"])
def test_scale_and_offset_are_rounded_to_18_bits(levels: _Levels, name: str) -> None:
    layer, scale = levels.model.get_layer(name), levels.spec.node(name)
    assert isinstance(scale, Scale)
    gamma = 1.0 if layer.gamma is None else np.asarray(layer.gamma, np.float64)
    want = gamma / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    beta = 0.0 if layer.beta is None else np.asarray(layer.beta, np.float64)
    offset = beta - np.asarray(layer.moving_mean, np.float64) * want
    assert scale.weight.width <= SCALE_BITS
    largest = max(abs(w) for w in scale.weights)
    assert largest >= 2 ** (SCALE_BITS - 3)  # the grid is no coarser than it must be
    assert np.abs(np.array(scale.weights) - want * 2.0**scale.weight.fraction).max() <= 0.5
    step = 2.0 ** max(-scale.output.fraction, np.ceil(np.log2(np.abs(offset).max())) - SCALE_BITS + 1)
    assert np.abs(np.array(scale.bias) * 2.0**-scale.output.fraction - offset).max() <= step / 2


def test_a_fine_bias_refines_the_weights(levels: _Levels) -> None:
    layer = levels.spec.node("fine_bias")
    assert isinstance(layer, Conv2D)
    assert layer.output.fraction == layer.weight.fraction + 3 > 3  # weights on a grid of whole numbers


def test_values_on_no_grid_are_refused() -> None:
    found = on_grid(np.array([0.75, -64.0, 0.0]), "weights", None)
    assert (found.values.tolist(), found.format) == ([3, -256, 0], Format(signed=True, width=9, fraction=2))
    for values in ([0.1, 1.0], [2.0**-20, 16.0], [2.0**30, 1.0]):
        with pytest.raises(
            UserError, match="layer conv: the quantized values lie on no common grid of 24 bits"
        ):
            on_grid(np.array(values), "layer conv", None)
    assert on_grid(np.array([2.0**30]), "layer conv", None).format.fraction == -30
