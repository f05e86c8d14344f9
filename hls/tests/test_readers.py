"""Layers without weights: what the spec makes of each equals QKeras in float64, which carries the stated constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hls.carried import carried
from hls.graph import network_spec
from hls.keras_alias import legacy_keras
from hls.keras_check import check
from hls.keras_model import prepared
from hls.level0 import Level0
from hls.parse import parsed
from streams.errors import UserError
from trigger.integer_network import outputs
from trigger.network_spec import Argmax, Leaky, Lookup, NetworkSpec, Quantize

Branch = Callable[[Any, Any], Any]  # of (tf_keras.layers, qkeras): a layer
SIGNED, FINE, UNSIGNED, COARSE = (
    "quantized_bits(8,3)", "quantized_bits(16,5)", "quantized_relu(14,3)", "quantized_bits(6,7)",
)  # fmt: skip

ACTIVATIONS = [
    "quantized_tanh(6)", "quantized_tanh(6,0,1)", "quantized_tanh(1)", "quantized_tanh(6,0,0,1)",
    "quantized_tanh(6,0,1,1)", "quantized_sigmoid(6)", "quantized_sigmoid(6,1)", "quantized_sigmoid(1)",
    "quantized_sigmoid(2,1)", "quantized_sigmoid(6,1,1)", "quantized_relu(6,2,negative_slope=0.25)",
    "quantized_relu(4,1,negative_slope=0.125)", "quantized_relu(6,5,negative_slope=1)",
    "quantized_relu(12,0,negative_slope=0.5)", "binary()", "binary(1)", "binary(alpha=1)", "ternary()",
    "ternary(threshold=0.9,alpha=1)", "quantized_bits(1,0)", "quantized_bits(1,0,keep_negative=0)",
    "quantized_bits(5,1,1)", "quantized_relu(5,7)",
]  # fmt: skip
PLAIN: list[Branch] = [
    *(
        lambda layers, qkeras, f=name: layers.Activation(f)
        for name in ("relu", "tanh", "sigmoid", "hard_sigmoid")
    ),
    *(lambda layers, qkeras, s=slope: layers.LeakyReLU(s) for slope in (0.3, 0.25, 2.0)),
    *(lambda layers, qkeras, m=top: layers.ReLU(m) for top in (None, 6.0, 3.75, 2000.0)),
    lambda layers, qkeras: layers.ReLU(negative_slope=0.3),
]


def spread(model: Any, config: dict[str, Any] | None = None) -> tuple[NetworkSpec, Level0]:
    """Return the spec of a model and its level 0."""
    with legacy_keras():
        check(model)
        spec = network_spec(parsed(prepared(model), config))
        return spec, Level0(model, spec)


def images(spec: NetworkSpec, count: int = 16) -> dict[str, np.ndarray]:
    """Return random images of every input, some of them of corner values or near zero."""
    rng = np.random.default_rng(5)
    found = {}
    for node in spec.inputs:
        low, high = node.number.min_int, node.number.max_int
        pixels = rng.integers(low, high + 1, (count, *node.shape))
        pixels[0], pixels[1], pixels[2] = low, high, 0
        pixels[3:8] //= 32
        pixels[8:10] = rng.choice([low, high], pixels[8:10].shape)
        found[node.name] = pixels
    return found


def assert_equal_levels(model: Any) -> NetworkSpec:
    spec, level0 = spread(model)
    given = images(spec)
    want, got = outputs(spec, given), level0.outputs(given)
    assert set(got) == set(want)
    for name, values in want.items():
        assert np.array_equal(got[name], values), name
    return spec


def branches(shape: tuple[int, ...], grid: str, made: list[Branch]) -> Any:
    """Return a model with each of the layers on one quantised input, each an output."""
    with legacy_keras() as keras:
        import qkeras

        given = keras.layers.Input(shape, name="pixels")
        value = qkeras.QActivation(grid, name="grid")(given)
        found = []
        for number, branch in enumerate(made):
            layer = branch(keras.layers, qkeras)
            layer._name = f"b{number}"
            found.append(layer(value))
        return keras.Model(given, found)


@pytest.mark.parametrize("grid", [SIGNED, FINE, UNSIGNED, COARSE])
def test_activations(grid: str) -> None:
    quantised: list[Branch] = [
        lambda layers, qkeras, text=text: qkeras.QActivation(text) for text in ACTIVATIONS
    ]
    spec = assert_equal_levels(branches((5, 4, 3), grid, [*quantised, *PLAIN]))
    found = outputs(spec, images(spec))
    varied = sum(len(np.unique(values)) > 1 for values in found.values())
    assert varied >= (0.6 if grid == UNSIGNED else 0.97) * len(spec.outputs)


def test_pools_of_images() -> None:
    made: list[Branch] = []
    for padding in ("valid", "same"):
        for pool, stride in (((2, 2), (2, 2)), ((3, 2), (1, 2)), ((3, 3), (2, 3)), ((1, 5), (1, 1))):
            made.append(lambda L, q, a=(pool, stride, padding): L.AveragePooling2D(*a))
            made.append(lambda L, q, a=(pool, stride, padding): L.MaxPooling2D(*a))
            factor = "quantized_bits(8,0,alpha=1)"
            made.append(
                lambda L, q, a=(pool, stride, padding), f=factor: q.QAveragePooling2D(*a, average_quantizer=f)
            )
    for keep in (False, True):
        made.append(lambda L, q, k=keep: L.GlobalAveragePooling2D(keepdims=k))
        made.append(lambda L, q, k=keep: L.GlobalMaxPooling2D(keepdims=k))
    made.append(lambda L, q: q.QGlobalAveragePooling2D(average_quantizer="quantized_bits(9,0,alpha=1)"))
    made.append(lambda L, q: q.QGlobalAveragePooling2D(activation="quantized_relu(5,2)"))
    made.append(lambda L, q: q.QAveragePooling2D((3, 2), activation="quantized_bits(5,2)"))
    made.append(lambda L, q: L.ZeroPadding2D(((1, 2), (0, 3))))
    made.append(lambda L, q: L.UpSampling2D((2, 3)))
    made += [lambda L, q: L.Flatten(), lambda L, q: L.Reshape((4, -1)), lambda L, q: L.Reshape((7, 2, 8))]
    assert_equal_levels(branches((8, 7, 2), SIGNED, made))


def test_layers_of_sequences() -> None:
    made: list[Branch] = []
    for padding in ("valid", "same"):
        made.append(lambda L, q, p=padding: L.MaxPooling1D(3, 2, p))
        made.append(lambda L, q, p=padding: L.AveragePooling1D(3, 2, p))
    made += [lambda L, q: L.GlobalAveragePooling1D(keepdims=True), lambda L, q: L.GlobalMaxPooling1D()]
    made += [lambda L, q: L.ZeroPadding1D((1, 2)), lambda L, q: L.UpSampling1D(3)]
    made += [lambda L, q: L.Reshape((3, -1)), lambda L, q: L.Reshape((3, 3, 3)), lambda L, q: L.Dropout(0.5)]
    spec = assert_equal_levels(branches((9, 3), SIGNED, made))
    assert spec.input_shape == (9, 1, 3)


def test_merges_of_two_inputs() -> None:
    with legacy_keras() as keras:
        import qkeras

        L = keras.layers
        given = [L.Input((6, 4, 2), name=name) for name in ("one", "other")]
        one, other = (
            qkeras.QActivation(text)(x)
            for text, x in zip((SIGNED, "quantized_relu(5,1)"), given, strict=True)
        )
        total = L.Add(name="total")([one, other])
        square = L.Multiply(name="square")([total, total])
        joined = L.Concatenate(name="joined")([square, one, other])
        apart = L.Subtract(name="apart")([other, one])
        again = L.Concatenate(axis=3, name="again")([joined, joined])
        spec = assert_equal_levels(keras.Model(given, [again, apart, total, L.Reshape((48, -1))(joined)]))
    assert [layer.name for layer in spec.layers if layer.name.startswith("joined")] == ["joined_1", "joined"]


@pytest.mark.parametrize("inside", ["quantized_tanh(5,0,0,1)", "tanh", "quantized_sigmoid(4)", "relu"])
def test_activation_inside_a_layer(inside: str) -> None:
    weights = "quantized_bits(6,0,alpha=1)"
    spec = assert_equal_levels(
        branches(
            (6, 5, 2), FINE,
            [lambda L, q: q.QConv2D(3, 2, kernel_quantizer=weights, bias_quantizer=weights, activation=inside)],
        )
    )  # fmt: skip
    assert spec.outputs == [f"b0_{inside.partition('(')[0]}"]


def test_pooling_by_a_power_of_two_needs_no_other_layer() -> None:
    made: list[Branch] = [
        lambda L, q: L.AveragePooling2D((2, 2)),
        lambda L, q: L.GlobalAveragePooling2D(),
        lambda L, q: L.LeakyReLU(0.25),
        lambda L, q: L.AveragePooling2D((3, 2)),
    ]
    model = branches((8, 4, 2), SIGNED, made)
    spec, _ = spread(model)
    with legacy_keras():
        found = [carried(model.get_layer(name), spec) for name in ("b0", "b1", "b3")]
    assert found[:2] == [None, None] and found[2] is not None
    leaky = spec.node("b2")
    assert isinstance(leaky, Leaky) and (leaky.slope, leaky.slope_fraction) == (1, 2)


def test_softmax_is_near_the_real_one_and_argmax_exact() -> None:
    made: list[Branch] = [lambda L, q: L.Softmax(), lambda L, q: L.Activation("softmax")]
    config = {"LayerName": {"b1": {"Implementation": "argmax"}}}
    for grid in (SIGNED, FINE, "quantized_bits(6,1)"):
        model = branches((40, 7), grid, made)
        spec, level0 = spread(model, config)
        given = images(spec)
        found = outputs(spec, given)
        real = given["pixels"] * 2.0**-spec.input.fraction
        powers = np.exp(real - real.max(axis=-1, keepdims=True))
        want = powers / powers.sum(axis=-1, keepdims=True)
        assert np.abs(found["b0"] * 2.0**-16 - want).max() < 0.012
        assert isinstance(spec.node("b1"), Argmax)
        assert (
            np.array_equal(found["b1"].argmax(axis=-1), real.argmax(axis=-1))
            and found["b1"].sum() == real[..., 0].size
        )
        assert "b0 has no level 0" in level0.unsupported and "b1 has no level 0" in level0.unsupported


def test_tables_are_near_the_real_functions() -> None:
    spec, _ = spread(branches((30, 9), FINE, PLAIN[1:3]))
    found, given = outputs(spec, images(spec)), images(spec)["pixels"] * 2.0**-10
    for name, want in (("b0", np.tanh(given)), ("b1", 1 / (1 + np.exp(-given)))):
        assert isinstance(spec.node(name), Lookup) and isinstance(spec.node(f"{name}_index"), Quantize)
        assert np.abs(found[name] * 2.0**-16 - want).max() < 2**-7 + 2**-11


REFUSED: dict[str, tuple[str, Branch]] = {
    "axis": ("axis = 1 is not supported, want -1", lambda L, q: _joined(L)),
    "threshold": ("threshold = 1", lambda L, q: L.ReLU(threshold=1.0)),
    "top": ("want at most 24 fraction bits", lambda L, q: L.ReLU(max_value=0.1)),
    "slope": ("slope = -0.5, want a number of at least 0", lambda L, q: L.LeakyReLU(-0.5)),
    "far": ("put a quantizer before it", lambda L, q: q.QActivation("ternary(threshold=900,alpha=1)")),
    "negative": ("want more than 0", lambda L, q: q.QActivation("ternary(threshold=-1,alpha=1)")),
    "function": ("it is -1 at 0: use binary", lambda L, q: q.QActivation("binary_tanh")),
    "random": ("its results are random", lambda L, q: q.QActivation("bernoulli()")),
    "hard": ("use quantized_tanh", lambda L, q: q.QActivation("hard_tanh")),
    "alpha": ("alpha = 2.0 in an activation", lambda L, q: q.QActivation("binary(alpha=2.0)")),
    "constant": ("is a constant", lambda L, q: q.QActivation("quantized_sigmoid(1,1)")),
    "steep": ("a slope from 2", lambda L, q: q.QActivation("quantized_relu(3,1,negative_slope=0.125)")),
    "sigmoid": ("use_sigmoid = 1", lambda L, q: q.QActivation("quantized_relu(4,1,1)")),
    "wide table": ("want 1 to 24", lambda L, q: q.QActivation("quantized_tanh(30,0,0,1)")),
    "swish": ("activation swish is not supported", lambda L, q: L.Activation("swish")),
    "in Activation": ("use QActivation", lambda L, q: L.Activation(q.quantized_relu(4, 1))),
    "prelu": ("use LeakyReLU", lambda L, q: L.PReLU()),
    "bilinear": ("use 'nearest'", lambda L, q: L.UpSampling2D(2, interpolation="bilinear")),
    "softmax axis": ("over axis 1 is not supported", lambda L, q: L.Softmax(axis=1)),
    "coarse factor": ("makes 0 of 1/9", lambda L, q: q.QAveragePooling2D(3, average_quantizer="quantized_bits(2,0)")),
    "first": ("only 'channels_last'", lambda L, q: L.GlobalMaxPooling2D(data_format="channels_first")),
}  # fmt: skip


def _joined(layers: Any) -> Any:
    class Twice(layers.Layer):
        def call(self, given: Any) -> Any:
            return given

        def __call__(self, given: Any) -> Any:
            return layers.Concatenate(axis=1, name=self.name)([given, given])

    return Twice()


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case: str) -> None:
    sentence, branch = REFUSED[case]
    model = branches((4, 6, 3), "quantized_bits(16,5)", [branch])
    with pytest.raises(UserError) as caught:
        spread(model)
    assert sentence in str(caught.value) and "b0" in str(caught.value)
