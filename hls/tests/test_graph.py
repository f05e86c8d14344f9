"""ModelGraph -> NetworkSpec: forks, several inputs and outputs, explicit precisions, formats against brute force."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hls.formats import double_bits, trailing_zeros
from hls.graph import _sorted, network_spec, reuse_factors
from hls.images import random_inputs
from hls.keras_alias import legacy_keras
from hls.keras_model import check, prepared
from hls.level0 import Level0, double_precision
from hls.parse import parsed
from hls.precision import parsed as parsed_precision
from hls.quantizers import quantizer
from hls.random_networks import random_network
from hls.random_plans import plan
from hls.tests.test_weights import fill
from streams.errors import UserError
from trigger.integer_network import outputs, trace
from trigger.network_spec import Format, Input, NetworkSpec, Quantize

SHAPE = (5, 4, 3)


def _bits(bits: int = 5, integer: int = 1) -> Any:
    import qkeras

    return qkeras.quantized_bits(bits, integer, alpha=1)


def _read(model: Any, hls_config: dict[str, Any] | None = None) -> NetworkSpec:
    check(model)
    return network_spec(parsed(prepared(model), hls_config))


def _levels_agree(model: Any, spec: NetworkSpec) -> Level0:
    images, level0 = random_inputs(spec, 0, 9, seed=2), Level0(model, spec)
    want, got = level0.trace(images), trace(spec, images)
    assert want
    for name, values in want.items():
        assert np.array_equal(got[name], values)
    assert set(level0.outputs(images)) == set(spec.outputs) & set(want)
    return level0


@pytest.mark.parametrize("seed", range(6))
def test_random_networks(seed: int) -> None:
    """A few of those that ``make fuzz`` draws: QKeras = integers, in every layer."""
    model = random_network(seed)
    spec = _read(model, plan(seed).hls_config)
    _levels_agree(model, spec)


def _residual() -> Any:
    """Two inputs; forks, a residual sum, three sources at once, a dropout, two outputs, odd names."""
    with legacy_keras() as keras:
        import qkeras
        from tf_keras import layers

        ends = [layers.Input(SHAPE, name=name) for name in ("left", "right/1")]
        left = qkeras.QActivation("quantized_bits(6,2)", name="grid")(ends[0])
        right = qkeras.QActivation("quantized_bits(5,1,1)", name="symmetric")(ends[1])
        both = {"kernel_quantizer": _bits(), "bias_quantizer": _bits()}
        inner = qkeras.QConv2D(3, 3, padding="same", activation="quantized_relu(4,2)", name="c/1", **both)(
            left
        )
        total = layers.Add(name="total")([inner, left, right])
        joined = layers.Concatenate(name="joined")([total, left, right])
        model = keras.Model(ends, [layers.Dropout(0.5, name="drop")(joined), inner], name="residual")
        fill(model, np.random.default_rng(3))
    return model


def test_forks_several_inputs_and_outputs() -> None:
    model = _residual()
    spec = _read(model)
    assert [node.name for node in spec.inputs] == ["left", "right_1"]
    assert spec.outputs == ["joined", "c_1_quantized_relu"]
    sources = {layer.name: layer.sources for layer in spec.layers}
    # The grid of the left input is that of its quantizer, so the quantizer is left out; a symmetric one is not.
    assert "grid" not in sources
    assert sources["symmetric"] == ["right_1"]
    assert sources["total_1"] == ["c_1_quantized_relu", "left"]
    assert sources["total"] == ["total_1", "symmetric"]
    assert sources["joined"] == ["joined_1", "symmetric"]
    assert _levels_agree(model, spec).unsupported == ""


def test_an_input_quantizer_that_is_an_output_stays() -> None:
    with legacy_keras() as keras:
        import qkeras

        image = keras.layers.Input(SHAPE, name="image")
        grid = qkeras.QActivation("quantized_bits(6,2)", name="grid")(image)
        model = keras.Model(image, [grid, qkeras.QActivation("quantized_relu(3,1)", name="relu")(grid)])
    spec = _read(model)
    assert [(layer.name, layer.sources) for layer in spec.layers] == [("grid", ["image"]), ("relu", ["grid"])]
    _levels_agree(model, spec)


def _precise(name: str, precision: str, **more: Any) -> dict[str, Any]:
    return {"LayerName": {name: {"Precision": {"result": precision}, **more}}}


def test_explicit_results_become_quantizers() -> None:
    model = _residual()
    config = _precise("c_1", "ap_fixed<7,3,AP_RND_ZERO,AP_SAT_ZERO>", ReuseFactor=4)
    spec, plain = _read(model, config), _read(model)
    found = spec.node("c_1_result")
    assert isinstance(found, Quantize)
    assert (found.sources, found.rounding, found.overflow) == (["c_1"], "RND_ZERO", "SAT_ZERO")
    assert found.output == Format(signed=True, width=7, fraction=4)
    assert spec.node("c_1_quantized_relu").sources == ["c_1_result"]  # type: ignore[union-attr]
    level0 = _levels_agree(model, spec)
    assert level0.unsupported.startswith(
        "output joined has no level 0: c_1_result is a precision of hls_config"
    )
    images = random_inputs(spec, 0, 9, seed=2)
    assert not np.array_equal(outputs(spec, images)["joined"], outputs(plain, images)["joined"])
    with pytest.raises(UserError, match="output joined has no level 0"):
        level0.run(images)


def test_an_input_without_quantizer_takes_its_precision() -> None:
    with legacy_keras() as keras:
        import qkeras

        image = keras.layers.Input(SHAPE, name="image")
        model = keras.Model(image, qkeras.QActivation("quantized_relu(3,1)", name="relu")(image))
        bare = keras.Model(image, keras.layers.ZeroPadding2D(1, name="pad")(image))
    spec = _read(model, _precise("image", "ufixed<9,4>"))
    assert spec.inputs == [Input(name="image", shape=SHAPE, number=Format(signed=False, width=9, fraction=5))]
    assert [layer.name for layer in spec.layers] == ["relu"]
    _levels_agree(model, spec)
    assert _read(bare, _precise("image", "int<4>")).input == Format(signed=True, width=4, fraction=0)
    with pytest.raises(UserError, match="layer image: no quantizer on the input, got pad"):
        _read(bare)


def test_what_hls4ml_writes_by_itself_states_nothing() -> None:
    """``config_from_keras_model`` names a precision and a reuse factor for every layer."""
    model = _residual()
    with legacy_keras():
        import hls4ml

        config = hls4ml.utils.config_from_keras_model(prepared(model), granularity="name", backend="Vitis")
    assert config["LayerName"]["c_1_quantized_relu"]["Precision"]["result"] != "auto"
    assert _read(model, config) == _read(model)
    assert reuse_factors(parsed(prepared(model), config)) == {}
    config["LayerName"]["c_1"]["ReuseFactor"] = 4
    assert reuse_factors(parsed(prepared(model), config)) == {"c_1": 4}


@pytest.mark.parametrize(
    "text", ["fixed<8>", "float", "fixed<8,3,UP>", "fixed<8,3,RND,SAT,2>", "int<8,3>", "uint<>"]
)
def test_precisions_that_are_none(text: str) -> None:
    with pytest.raises(UserError, match=r"layer conv: Precision result = .* want for example"):
        parsed_precision(text, "layer conv")
    with pytest.raises(
        UserError, match="layer conv: Precision result = 'fixed<65,3>' has 65 bits, want 1 to 62"
    ):
        parsed_precision("fixed<65,3>", "layer conv")


def test_reuse_factors_that_are_none() -> None:
    for wrong in (0, -1, 2.5, "4", True):
        config = SimpleNamespace(config={"HLSConfig": {"LayerName": {"conv": {"ReuseFactor": wrong}}}})
        with pytest.raises(UserError, match=r"layer conv: ReuseFactor = .*want a whole number"):
            reuse_factors(SimpleNamespace(config=config))


def test_configured_layers_must_exist() -> None:
    with pytest.raises(
        UserError, match="hls_config names a layer c_2, which the network does not have; it has left"
    ):
        _read(_residual(), _precise("c_2", "int<4>"))


def test_cycles_are_refused_and_order_does_not_matter() -> None:
    def node(name: str, inputs: list[str]) -> Any:
        return SimpleNamespace(
            name=name, class_name="Merge" if inputs else "Input", inputs=inputs, outputs=[name]
        )

    nodes = [node("c", ["b", "a"]), node("b", ["a"]), node("a", [])]
    assert [n.name for n in _sorted(nodes)] == ["a", "b", "c"]
    for cycle in ([node("b", ["c"]), node("c", ["b"])], [node("b", ["b"])]):
        with pytest.raises(UserError, match=r"layer b takes .*must not form a cycle"):
            _sorted([node("a", []), *cycle])


def test_a_graph_without_its_keras_model() -> None:
    """Weights then come from hls4ml's nodes, and their quantizers from the configuration."""
    with legacy_keras() as keras:
        import qkeras

        weights = {
            "kernel_quantizer": qkeras.quantized_bits(4, 0, alpha="auto_po2"),
            "bias_quantizer": _bits(),
        }
        model = keras.Sequential([
            keras.layers.Input(SHAPE), qkeras.QActivation("quantized_bits(6,2)", name="grid"),
            qkeras.QConv2D(2, 3, name="conv", **weights), keras.layers.BatchNormalization(name="norm"),
            qkeras.QConv2DBatchnorm(2, 1, name="folded", **weights),
        ])  # fmt: skip
        fill(model, np.random.default_rng(3))
    graph = parsed(prepared(model))
    whole = network_spec(graph)
    del graph.config.config["KerasModel"]
    with pytest.raises(UserError, match="layer folded: QConv2DBatchnorm is folded by QKeras itself"):
        network_spec(graph)
    graph.remove_node(graph.graph["folded_linear"])
    graph.remove_node(graph.graph["folded"])
    graph.outputs = ["norm"]
    assert network_spec(graph).layers == whole.layers[:2]


def test_trailing_zeros() -> None:
    assert trailing_zeros(np.array([0, 0])) == 63
    assert trailing_zeros(np.array([-4, 6])) == 1


def test_activations_follow_qkeras_to_the_last_tie() -> None:
    with legacy_keras():
        import qkeras

        for bits, integer, symmetric, kept in ((4, 0, 0, 1), (4, 1, 1, 1), (5, 2, 0, 0), (2, 0, 1, 1)):
            theirs = qkeras.quantized_bits(bits, integer, symmetric, kept, alpha=1)
            ours = quantizer({"class_name": "quantized_bits", "config": theirs.get_config()}, "test")
            values = np.arange(-9, 9, 1 / 64, dtype=np.float32)  # every tie among them
            want = np.asarray(theirs(values)) * 2.0**ours.format.fraction
            assert np.array_equal(ours.to_int(values, "test"), want)


def test_quantized_relu_is_not_cut_to_float32() -> None:
    """QKeras casts to float32 by name, which loses what decides the rounding; level 0 must not."""
    with legacy_keras():
        import qkeras
        import tensorflow as tf

        value = 1 + 2.0**-5 + 2.0**-30  # just above a tie, which goes to even
        relu = qkeras.quantized_relu(8, 4)
        assert float(relu(tf.constant(value, tf.float64))) == 1.0
        with double_precision():
            assert float(relu(tf.constant(value, tf.float64))) == 1.0 + 2.0**-4


def test_bits_that_float64_needs() -> None:
    model = _residual()
    spec = _read(model)
    assert double_bits(spec, ()) == 1
    assert 8 < double_bits(spec, {"c_1"}) <= double_bits(spec) <= 53
    wide = _read(model, _precise("left", "int<52>"))
    assert double_bits(wide) > 53
    with pytest.raises(UserError, match=r"its widest sum needs .. bits, float64 has 53"):
        Level0(model, wide)
