"""ModelGraph -> NetworkSpec: formats against brute force, level 0 = level 2 on random networks, every refusal."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hls import keras_model
from hls.convert import convert, write_project
from hls.formats import accumulator, double_bits, smallest, trailing_zeros
from hls.images import random_images
from hls.keras_alias import legacy_keras
from hls.level0 import Level0, double_precision
from hls.quantizers import quantizer
from hls.random_networks import fill_weights, random_network
from streams.errors import UserError
from trigger.integer_network import evaluate
from trigger.network_spec import Conv2D, Format


@pytest.mark.parametrize("seed", range(100, 118))
def test_qkeras_equals_the_integer_network(seed: int, tmp_path: Path) -> None:
    model = random_network(seed)
    spec = write_project(model, tmp_path / "hls4ml")
    images = random_images(spec, 0, 8, seed)
    assert double_bits(spec) <= 53
    assert np.array_equal(Level0(model, spec).run(images), evaluate(spec, images))


def test_random_networks_reach_every_kind(tmp_path: Path) -> None:
    """The random networks would prove little if they never drew the rare kinds."""
    seen: set[str] = set()
    for seed in range(100, 124):
        with legacy_keras():
            configs = [(layer, layer.get_config()) for layer in keras_model.layers(random_network(seed))]
        for layer, config in configs:
            seen |= _kinds(layer, config)
    wanted = {"QConv2D valid", "QConv2D same", "MaxPooling2D valid", "MaxPooling2D same", "Flatten", "QDense",
              "stride (2, 2)", "stride (1, 2)", "stride (2, 1)", "height 1, stride 2"}  # fmt: skip
    assert wanted <= seen


def _kinds(layer: Any, config: dict[str, Any]) -> set[str]:
    kind = type(layer).__name__
    seen = {kind, f"{kind} {config.get('padding')}", f"stride {config.get('strides')}"}
    if kind == "QConv2D" and layer.kernel_size[0] == 1 and layer.strides[0] == 2:
        seen.add("height 1, stride 2")
    return seen


def test_accumulator_is_exactly_wide_enough() -> None:
    rng = np.random.default_rng(2)
    for draw in range(30):
        given = Format(signed=bool(draw % 2), width=2, fraction=0)
        weights, bias = rng.integers(-4, 5, (3, 2)), rng.integers(-40, 41, 2)
        values = range(given.min_int, given.max_int + 1)
        sums = [np.array(x) @ weights + bias for x in itertools.product(values, repeat=3)]
        found = accumulator(weights, bias, given, fraction=1)
        assert found == smallest(int(np.min(sums)), int(np.max(sums)), 1)
        assert found.min_int <= np.min(sums) <= np.max(sums) <= found.max_int


def test_smallest_and_trailing_zeros() -> None:
    for low, high in itertools.product(range(-9, 1), range(9)):
        found = smallest(low, high, 0)
        assert found.min_int <= low
        assert high <= found.max_int
        if found.width > 1:
            smaller = Format(signed=found.signed, width=found.width - 1, fraction=0)
            assert low < smaller.min_int or high > smaller.max_int
    assert trailing_zeros(np.array([0, 0])) == 63
    assert trailing_zeros(np.array([-4, 6])) == 1


def test_weights_follow_qkeras_to_the_last_tie() -> None:
    with legacy_keras():
        import qkeras

        for bits, integer, symmetric, kept in ((4, 0, 0, 1), (4, 1, 1, 1), (5, 2, 0, 0), (2, 0, 1, 1)):
            theirs = qkeras.quantized_bits(bits, integer, symmetric, kept, alpha=1)
            ours = quantizer({"class_name": "quantized_bits", "config": theirs.get_config()}, "test")
            values = np.arange(-9, 9, 1 / 64, dtype=np.float32)  # every tie among them
            want = np.asarray(theirs(values)) * 2.0**ours.format.fraction
            assert np.array_equal(ours.to_int(values, "test"), want)


def test_a_fine_bias_refines_the_weights(tmp_path: Path) -> None:
    with legacy_keras() as keras:
        import qkeras

        coarse, fine = qkeras.quantized_bits(4, 3, alpha=1), qkeras.quantized_bits(12, 1, alpha=1)
        model = keras.Sequential([
            keras.layers.Input((8, 8, 1)), qkeras.QActivation("quantized_bits(4,3)"),
            qkeras.QConv2D(2, 3, kernel_quantizer=coarse, bias_quantizer=fine, name="conv"),
        ])  # fmt: skip
    fill_weights(model, np.random.default_rng(1))
    spec = write_project(model, tmp_path / "hls4ml")
    layer = spec.layers[0]
    assert isinstance(layer, Conv2D)
    assert layer.output.fraction == layer.weight.fraction + spec.input.fraction > 1 + spec.input.fraction
    images = random_images(spec, 0, 8, 1)
    assert np.array_equal(Level0(model, spec).run(images), evaluate(spec, images))


def test_quantized_relu_is_not_cut_to_float32() -> None:
    """QKeras casts to float32 by name, which loses what decides the rounding; level 0 must not."""
    with legacy_keras():
        import qkeras
        import tensorflow as tf

        value, relu = (
            1 + 2.0**-5 + 2.0**-30,
            qkeras.quantized_relu(8, 4),
        )  # just above a tie, which goes to even
        assert float(relu(tf.constant(value, tf.float64))) == 1.0
        with double_precision():
            assert float(relu(tf.constant(value, tf.float64))) == 1.0 + 2.0**-4


def test_chains_only(tmp_path: Path) -> None:
    with legacy_keras() as keras:
        import qkeras

        pixels = keras.layers.Input((8, 8, 1))
        grid = qkeras.QActivation("quantized_bits(8,3)", name="grid")(pixels)
        twice = qkeras.QActivation("quantized_relu(8,3)", name="twice")
        models = {
            "layer twice is used more than once": keras.Model(pixels, twice(twice(grid))),
            "the model has 2 outputs": keras.Model(pixels, [grid, twice(grid)]),
            "layer add has type Add": keras.Model(pixels, keras.layers.Add(name="add")([grid, twice(grid)])),
        }
    for message, model in models.items():
        with pytest.raises(UserError, match=message):
            convert(model, tmp_path / "firmware", image=(8, 8))


def _refused(change: str) -> Any:
    """Return a small network with one thing wrong."""
    with legacy_keras() as keras:
        import qkeras

        bits, layers, weight = qkeras.quantized_bits, keras.layers, qkeras.quantized_bits(6, 0, alpha=1)
        good: dict[str, Any] = {"kernel_quantizer": weight, "bias_quantizer": weight, "name": "conv"}
        grid, convolution = qkeras.QActivation("quantized_bits(8,3)", name="grid"), qkeras.QConv2D
        chains: dict[str, list[Any]] = {
            "plain layer": [grid, layers.Conv2D(2, 3, name="conv")],
            "unknown layer": [grid, layers.UpSampling2D(name="up")],
            "no input quantizer": [convolution(2, 3, **good)],
            "no weight quantizer": [grid, convolution(2, 3, **{**good, "kernel_quantizer": None})],
            "no bias quantizer": [grid, convolution(2, 3, **{**good, "bias_quantizer": None})],
            "alpha": [grid, convolution(2, 3, **{**good, "kernel_quantizer": bits(6, 0, alpha="auto")})],
            "alpha by default": [grid, convolution(2, 3, **{**good, "kernel_quantizer": bits(6, 0)})],
            "too wide": [grid, convolution(2, 3, **{**good, "kernel_quantizer": bits(17, 0, alpha=1)})],
            "ternary": [grid, convolution(2, 3, **{**good, "kernel_quantizer": qkeras.ternary(alpha=1)})],
            "float activation": [grid, convolution(2, 3, activation="relu", **good)],
            "leaky": [grid, qkeras.QActivation(qkeras.quantized_relu(6, 2, negative_slope=0.25), name="act")],
            "dilation": [grid, convolution(2, 3, dilation_rate=2, **good)],
            "dense on an image": [grid, qkeras.QDense(2, **{**good, "name": "dense"})],
            "sign": [grid, qkeras.QActivation("quantized_bits(1,0)", name="act")],
            "nan": [grid, convolution(2, 3, **good)],
        }
        model = keras.Sequential([layers.Input((8, 8, 1), name="pixels"), *chains[change]])
    if change == "nan":
        model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    return model


REFUSALS = {
    "plain layer": "layer conv has type Conv2D.*supported: QActivation.*use QConv2D",
    "unknown layer": "layer up has type UpSampling2D.*supported: QActivation",
    "no input quantizer": "layer pixels: no quantizer on the input.*right after the input",
    "no weight quantizer": "layer conv: weights: no quantizer.*set quantized_bits",
    "no bias quantizer": "layer conv: bias: no quantizer.*set quantized_bits",
    "alpha": "layer conv: weights: alpha = 'auto'.*set alpha=1",
    "alpha by default": "layer conv: weights: alpha = 'auto_po2'.*set alpha=1",
    "too wide": "layer conv: weights: quantized_bits has 17 bits, want 2 to 16",
    "ternary": "layer conv: weights: quantizer ternary is not supported",
    "float activation": "layer conv_relu: activation relu works on real numbers",
    "leaky": "layer act.*negative_slope = 0.25",
    "dilation": "layer conv: dilation_rate",
    "dense on an image": "layer dense: QDense on an image.*Flatten",
    "sign": "layer act: quantized_bits.1. is a sign function",
    "nan": "layer conv: weights: 18 of 18 values are NaN",
}


@pytest.mark.parametrize("change", REFUSALS)
def test_refused_in_one_sentence(change: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=REFUSALS[change]) as refused:
        convert(_refused(change), tmp_path / "firmware")
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
