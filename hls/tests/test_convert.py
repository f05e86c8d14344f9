"""Conversion: 20 random networks exact on levels 0 to 2, the folder's content, and nothing half-written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hls import csim, keras_model
from hls.convert import convert, write_project
from hls.images import random_images, random_inputs
from hls.keras_alias import legacy_keras
from hls.level0 import Level0
from hls.random_networks import fill_weights, random_network
from hls.random_plans import plan
from hls.verify import verify
from streams.errors import ConfigError, UserError
from trigger import network_spec
from trigger.integer_network import outputs
from trigger.network_spec import Quantize


@pytest.mark.parametrize("seed", [3])
def test_random_network_is_exact(seed: int, tmp_path: Path) -> None:
    """Few here: ``firmware_tests/fuzz.py`` has many, with their RTL."""
    model = random_network(seed)
    spec = write_project(model, tmp_path / "hls4ml", plan(seed).hls_config)
    csim.build(tmp_path / "hls4ml", "-O0")
    images = random_inputs(spec, 0, 8, seed)
    integers, simulated = outputs(spec, images), csim.outputs(tmp_path / "hls4ml", spec, images)
    exact = Level0(model, spec).outputs(images)
    assert set(simulated) == set(spec.outputs)
    for name in spec.outputs:
        assert np.array_equal(simulated[name], integers[name]), name
        assert name not in exact or np.array_equal(exact[name], integers[name]), name


def _two_outputs() -> Any:
    """Return a model of outputs ``main`` (6, 6, 1) and ``side`` (6, 6, 2) that part behind the input."""
    with legacy_keras() as keras:
        import qkeras

        def conv(filters: int, name: str, value: Any) -> Any:
            weight = qkeras.quantized_bits(5, 0, alpha=1)
            made = qkeras.QConv2D(
                filters, 3, padding="same", kernel_quantizer=weight, bias_quantizer=weight, name=name
            )
            return made(value)

        pixels = keras.layers.Input((6, 6, 1), name="pixels")
        grid = qkeras.QActivation("quantized_bits(6,2)", name="grid")(pixels)
        main = qkeras.QActivation("quantized_bits(8,3)", name="main")(conv(1, "conv", grid))
        model = keras.Model(
            pixels, [main, qkeras.QActivation("quantized_relu(5,2)", name="side")(conv(2, "fork", grid))]
        )
    fill_weights(model, np.random.default_rng(4))
    return model


def test_configuration_reaches_network_and_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A precision becomes a quantizer, a reuse factor slows the kernel down; verify says what has no level 0."""
    monkeypatch.setattr(csim, "OPTIMISE", "-O0")
    config = {
        "LayerName": {"conv": {"ReuseFactor": 9, "Precision": {"result": "ap_fixed<6,4,AP_RND_ZERO,AP_SAT_SYM>"}}}
    }  # fmt: skip
    made = convert(_two_outputs(), tmp_path / "firmware", hls_config=config)
    layer = made.spec.node("conv_result")
    assert isinstance(layer, Quantize)
    assert (layer.rounding, layer.overflow, layer.output.width) == ("RND_ZERO", "SAT_SYM", 6)
    kernels = json.loads((tmp_path / "firmware" / "manifest.json").read_text())["kernels"]
    assert next(value for name, value in kernels.items() if name.startswith("conv"))["interval_clk"] > 1
    assert "reuse_factor = 9" in (tmp_path / "firmware" / "hls4ml" / "firmware" / "parameters.h").read_text()
    found = verify(tmp_path / "firmware", outputs=1080)
    assert found.mismatches == 0
    assert [row.levels for row in found.comparisons] == [
        "0 QKeras float64 = 1 C simulation", "1 C simulation = 2 integers"
    ]  # fmt: skip
    assert [row.outputs for row in found.comparisons] == [720, 1080]  # side alone, then both
    assert re.fullmatch(r"output main has no level 0: conv_result .*: starts at level 1", *found.notes)
    with pytest.raises(ConfigError, match="no layer 'cov'"):
        convert(small_model(), tmp_path / "other", hls_config={"LayerName": {"cov": {}}})


def small_model(shape: tuple[int | None, ...] = (8, 8, 1)) -> Any:
    with legacy_keras() as keras:
        import qkeras

        weight = qkeras.quantized_bits(5, 0, alpha=1)
        model = keras.Sequential([
            keras.layers.Input(shape),
            qkeras.QActivation(qkeras.quantized_bits(8, 8, keep_negative=0), name="input"),
            qkeras.QConv2D(2, 3, padding="same", kernel_quantizer=weight, bias_quantizer=weight, name="conv"),
            qkeras.QActivation("quantized_relu(4,4)", name="act/1"), keras.layers.MaxPooling2D(2, name="pool"),
            qkeras.QConv2D(1, 1, kernel_quantizer=weight, bias_quantizer=weight, name="score"),
            qkeras.QActivation("quantized_bits(8,5)", name="output"),
        ])  # fmt: skip
    fill_weights(model, np.random.default_rng(4))
    return model


def test_folder_of_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crop-trained model is converted for the size of its validation images, and everything is in the folder."""
    monkeypatch.setattr(csim, "OPTIMISE", "-O0")
    model, folder = small_model((None, None, 1)), tmp_path / "model"
    folder.mkdir()
    keras_model.save(model, folder / "model.keras")
    (folder / "trigger.json").write_text("{}")
    np.savez(folder / "validation.npz", images=np.zeros((3, 10, 12), np.uint8))
    made = convert(folder, tmp_path / "firmware")
    firmware = tmp_path / "firmware"
    assert made.spec.input_shape == (10, 12, 1)
    assert network_spec.read(firmware / "network.json") == made.spec
    wanted = {
        "network.json",
        "trigger.json",
        "validation.npz",
        "model.keras",
        "hls4ml",
        "rtl",
        "cocotb",
        "plan.json",
        "manifest.json",
    }
    assert {path.name for path in firmware.iterdir()} == wanted
    assert (firmware / "rtl" / "network.sv").is_file()
    assert (firmware / "hls4ml" / "build_prj.tcl").is_file()
    manifest = json.loads((firmware / "manifest.json").read_text())
    kinds = {name.split("+")[0]: kernel for name, kernel in manifest["kernels"].items()}
    assert kinds["conv"] == {"kernel": "shift_add", "interval_clk": 1} and kinds["pool"]["kernel"] == "max"
    assert manifest["latency_clk"] == made.plan.latency_clk
    assert set(manifest["inputs"]) == {"model.keras", "trigger.json", "validation.npz"}
    images = random_images(made.spec, 0, 5, seed=1)
    again = Level0(keras_model.load(firmware / "model.keras"), made.spec).run(images)
    assert np.array_equal(csim.run(firmware / "hls4ml", made.spec, images), again)
    written = b"".join(
        path.read_bytes() for path in firmware.rglob("*") if path.suffix in (".yml", ".json", ".sh", ".tcl")
    )
    assert str(tmp_path).encode() not in written


def test_same_model_same_network(tmp_path: Path) -> None:
    model = small_model()
    texts = []
    for name in ("a", "b"):
        write_project(model, tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        texts.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert texts[0] == texts[1]


def test_formats_do_not_depend_on_the_image(tmp_path: Path) -> None:
    """The widest window sees no padding, so the formats of 8 x 8 hold at 64 x 992."""
    model = small_model((None, None, 1))
    layers = [
        [
            layer.output
            for layer in write_project(keras_model.rebuilt(model, shape), tmp_path / str(shape)).layers
        ]
        for shape in ((8, 8, 1), (64, 992, 1))
    ]
    assert layers[0] == layers[1]


def test_nothing_is_left_of_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model((None, None, 1))
    with pytest.raises(ConfigError, match=r"leaves the image size open.*--rows"):
        convert(model, tmp_path / "firmware")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"no g\+\+ found.*install"):
        convert(model, tmp_path / "firmware", image=(8, 8))
    with pytest.raises(UserError, match="no such file"):
        convert(tmp_path / "model", tmp_path / "firmware")
    (tmp_path / "bad.keras").write_text("not a model")
    with pytest.raises(UserError, match=r"cannot read model .*bad\.keras"):
        convert(tmp_path / "bad.keras", tmp_path / "firmware")
    with pytest.raises(UserError, match="got a dict, want a Keras model"):
        convert({}, tmp_path / "firmware")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.keras"]
    (tmp_path / "firmware").mkdir()
    with pytest.raises(ConfigError, match="exists already"):
        convert(model, tmp_path / "firmware", image=(8, 8))


def test_layers_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"layer .*: .*larger than its input of .1, 1"):
        keras_model.rebuilt(small_model((None, None, 1)), (1, 1, 1))
