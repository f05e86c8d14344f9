"""What is refused of a Keras model: one sentence each, by layer name, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hls.convert import convert
from hls.graph import network_spec
from hls.keras_alias import legacy_keras
from hls.keras_model import check, load, prepared, save
from hls.parse import parsed
from hls.tests.test_weights import fill
from streams.errors import UserError

SHAPE = (6, 6, 2)
Make = Callable[[Any, Any], Any]  # (keras.layers, qkeras) -> layers behind the input, or a model


def _bits(bits: int = 6, integer: int = 0, **options: Any) -> Any:
    import qkeras

    return qkeras.quantized_bits(bits, integer, **{"alpha": 1, **options})


def _grid(qkeras: Any) -> Any:
    return qkeras.QActivation("quantized_bits(8,3)", name="grid")


def _conv(q: Any, name: str = "conv", **options: Any) -> Any:
    return q.QConv2D(
        2, 3, **{"kernel_quantizer": _bits(), "bias_quantizer": _bits(), "name": name, **options}
    )


def _model(make: Make, values: float | None = None) -> Any:
    with legacy_keras() as keras:
        import qkeras

        made = make(keras.layers, qkeras)
        if isinstance(made, list):
            made = keras.Sequential([keras.layers.Input(SHAPE, name="image"), *made])
        fill(made, np.random.default_rng(1))
        if values is not None:
            made.get_layer("conv").set_weights(
                [np.full(w.shape, values) for w in made.get_layer("conv").weights]
            )
    return made


def _unused(layers: Any, q: Any) -> Any:
    from tf_keras import Model

    one, other = layers.Input(SHAPE, name="one"), layers.Input(SHAPE, name="other")
    return Model([one, other], _grid(q)(one))


def _shared(layers: Any, q: Any) -> Any:
    from tf_keras import Model

    image, twice = layers.Input(SHAPE), q.QActivation("quantized_relu(8,3)", name="twice")
    return Model(image, twice(twice(_grid(q)(image))))


def _same_output_twice(layers: Any, q: Any) -> Any:
    from tf_keras import Model

    image = layers.Input(SHAPE, name="image")
    grid = _grid(q)(image)
    return Model(image, [grid, grid])


def _input_forked(layers: Any, q: Any) -> Any:
    from tf_keras import Model

    image = layers.Input(SHAPE, name="image")
    grids = [q.QActivation("quantized_bits(8,3)", name=name)(image) for name in ("one", "other")]
    return Model(image, layers.Add(name="sum")(grids))


def _nested(layers: Any, q: Any) -> Any:
    from tf_keras import Sequential

    return [_grid(q), Sequential([layers.Input(SHAPE), _conv(q)], name="inner")]


REFUSED: dict[str, tuple[Make, str]] = {
    "plain weights": (
        lambda k, q: [_grid(q), k.Conv2D(2, 3, name="conv")],
        "layer conv has type Conv2D.*its weights have no quantizer: use QConv2D",
    ),
    "unknown": (
        lambda k, q: [_grid(q), k.Reshape((36, 2)), k.LSTM(3, name="lstm")],
        "layer lstm has type LSTM.*supported: QActivation",
    ),
    "model in model": (_nested, "layer inner has type Sequential.*put its layers into the model itself"),
    "no input quantizer": (
        lambda k, q: [_conv(q)],
        "layer pixels: no quantizer on the input, got conv.*right after the input",
    ),
    "two quantizers on the input": (
        _input_forked,
        "layer image: no quantizer on the input, got one, other after it: put one QActivation",
    ),
    "no weight quantizer": (
        lambda k, q: [_grid(q), _conv(q, kernel_quantizer=None)],
        "layer conv: weights: no quantizer.*set quantized_bits",
    ),
    "no bias quantizer": (
        lambda k, q: [_grid(q), _conv(q, bias_quantizer=None)],
        "layer conv: bias: no quantizer.*set quantized_bits",
    ),
    "alpha": (
        lambda k, q: [_grid(q), _conv(q, kernel_quantizer=_bits(alpha="auto"))],
        "layer conv: weights: alpha = 'auto'.*set alpha=1",
    ),
    "wide weights": (
        lambda k, q: [_grid(q), _conv(q, kernel_quantizer=_bits(25))],
        "layer conv: weights: quantized_bits has 25 bits, want 2 to 24",
    ),
    "random weights": (
        lambda k, q: [_grid(q), _conv(q, kernel_quantizer=q.stochastic_ternary(alpha=1.0))],
        "layer conv: weights: quantizer stochastic_ternary is random: use",
    ),
    "dilation": (
        lambda k, q: [_grid(q), _conv(q, dilation_rate=2)],
        r"layer conv: dilation_rate = \(2, 2\), only 1 is supported",
    ),
    "groups": (
        lambda k, q: [_grid(q), _conv(q, groups=2)],
        "layer conv: groups = 2, only 1 is supported",
    ),
    "channels first": (
        lambda k, q: [_grid(q), k.MaxPooling2D(2, data_format="channels_first", name="pool")],
        "layer pool: data_format = 'channels_first', only 'channels_last'",
    ),
    "causal": (
        lambda k, q: [
            _grid(q), k.Reshape((36, 2)),
            q.QConv1D(2, 3, padding="causal", kernel_quantizer=_bits(), bias_quantizer=_bits(), name="conv"),
        ],
        "layer conv: padding = 'causal' is not supported: put ZeroPadding1D",
    ),
    "normalised rows": (
        lambda k, q: [_grid(q), k.BatchNormalization(axis=1, name="norm")],
        r"layer norm: axis = \[1\], only the channels",
    ),
    "unused input": (_unused, "input other is used by no layer: take it out of the model"),
    "shared layer": (_shared, "layer twice is used more than once"),
    "output twice": (_same_output_twice, "layer grid gives 2 outputs: want each output once"),
    "two of one name": (
        lambda k, q: [
            _grid(q), _conv(q, activation="quantized_relu(4,2)"),
            q.QActivation("quantized_relu(4,2)", name="conv_quantized_relu"),
        ],
        "layers conv and conv_quantized_relu both get the name conv_quantized_relu: rename one",
    ),
    "two of one name for hls4ml": (
        lambda k, q: [_grid(q), _conv(q, "a/b"), _conv(q, "a_b")],
        "layers a/b and a_b both get the name a_b: rename one",
    ),
    "no quantizer in the middle": (
        lambda k, q: [_grid(q), *(_conv(q, f"conv{n}", kernel_quantizer=_bits(24), padding="same") for n in range(3))],
        "layer conv2: accumulator needs 8. bits, at most 62: use narrower formats, or a quantizer before it",
    ),
}  # fmt: skip


def _read(model: Any) -> Any:
    check(model)
    return network_spec(parsed(prepared(model)))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(UserError, match=message) as refused:
        _read(_model(make))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "layer conv: weights: 36 of 36 values of kernel are NaN or infinite: train"),
        (float("inf"), "layer conv: weights: 36 of 36 values of kernel are NaN or infinite: train"),
        (0.0, "layer conv: weights: all 36 values of kernel are 0, so the layer gives a constant: train"),
        (0.001, "layer conv: weights: all 36 values are quantized to 0 by quantized_bits.*use a finer"),
    ],
)
def test_weights_that_are_none(value: float, message: str) -> None:
    with pytest.raises(UserError, match=message):
        _read(_model(lambda k, q: [_grid(q), _conv(q)], value))


def test_a_kernel_larger_than_the_image() -> None:
    model = _model(lambda k, q: [_grid(q), _conv(q), _conv(q, "last")])
    assert _read(model).layers[-1].output_shape == (2, 2, 2)
    for rows, name, image in ((2, "conv", "2, 6"), (4, "last", "2, 4")):
        message = rf"layer {name}: kernel_size \(3, 3\) is larger than its input of \({image}\): use larger"
        with pytest.raises(UserError, match=message):
            prepared(model, (rows, 6, 2))


def test_layers_that_do_not_fit_an_image() -> None:
    def flat(k: Any, q: Any) -> Any:
        dense = q.QDense(2, kernel_quantizer=_bits(), bias_quantizer=_bits(), name="dense")
        return [_grid(q), k.Flatten(), dense]

    with pytest.raises(UserError, match=r"layer dense: does not fit an input of \(98,\)"):
        prepared(_model(flat), (7, 7, 2))
    with pytest.raises(UserError, match=r"the model has inputs \['a', 'b'\]: give the shape of each by name"):
        prepared(_model(_two_inputs), (7, 7, 2))
    assert prepared(_model(_two_inputs), {"a": (7, 7, 2), "b": (7, 7, 2)}).output_shape == (None, 7, 7, 2)


def _two_inputs(layers: Any, q: Any) -> Any:
    from tf_keras import Model

    ends = [layers.Input(SHAPE, name=name) for name in ("a", "b")]
    grids = [q.QActivation("quantized_bits(8,3)", name=f"grid_{end.name}")(end) for end in ends]
    return Model(ends, layers.Add(name="sum")(grids))


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    make, message = REFUSED["alpha"]
    with pytest.raises(UserError, match=message):
        convert(_model(make), tmp_path / "firmware")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_survives_its_file(tmp_path: Path) -> None:
    model = _model(_two_inputs)
    save(model, tmp_path / "model.keras")
    assert _read(load(tmp_path / "model.keras")) == _read(model)
