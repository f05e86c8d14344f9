"""Verification: equal levels pass; every planted fault fails and is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from hls import csim, keras_model
from hls.convert import convert
from hls.images import random_images
from hls.keras_alias import legacy_keras
from hls.random_networks import fill_weights
from hls.verify import verify
from streams.cli import app
from streams.errors import UserError
from trigger import network_spec
from trigger.network_spec import Conv2D, Format, Quantize

OUTPUTS = 400


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted network of two convolutions, with validation images; tests put back what they change."""
    folder = tmp_path_factory.mktemp("verify")
    with legacy_keras() as keras:
        import qkeras

        weight = qkeras.quantized_bits(5, 0, alpha=1)
        model = keras.Sequential([
            keras.layers.Input((8, 10, 1)), qkeras.QActivation("quantized_bits(8,8,keep_negative=0)", name="grid"),
            qkeras.QConv2D(3, 3, padding="same", kernel_quantizer=weight, bias_quantizer=weight, name="first",
                           activation="quantized_relu(8,7)"),
            keras.layers.MaxPooling2D(2, name="pool"),
            qkeras.QConv2D(2, 1, kernel_quantizer=weight, bias_quantizer=weight, name="second"),
            qkeras.QActivation("quantized_bits(12,8)", name="output"),
        ])  # fmt: skip
    fill_weights(model, np.random.default_rng(3))
    (folder / "model").mkdir()
    keras_model.save(model, folder / "model" / "model.keras")
    images = np.random.default_rng(1).integers(0, 256, (4, 8, 10), dtype=np.uint8)
    np.savez(folder / "model" / "validation.npz", images=images)
    convert(folder / "model", folder / "firmware")
    return folder / "firmware"


@pytest.fixture
def spoilt(firmware: Path) -> Any:
    """Return a function that replaces a file's bytes until the test ends."""
    kept: dict[Path, bytes] = {}

    def replace(path: Path, content: bytes) -> None:
        kept.setdefault(path, path.read_bytes())
        assert path.read_bytes() != content
        path.write_bytes(content)

    yield replace
    for path, content in kept.items():
        path.write_bytes(content)


def test_equal_levels(firmware: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in firmware.rglob("*")}
    found = verify(firmware, outputs=OUTPUTS)
    assert found.mismatches == 0
    assert found.validation_images == 4
    assert found.images == OUTPUTS // 40
    assert [row.outputs for row in found.comparisons] == [OUTPUTS, OUTPUTS]
    assert before == {path: path.stat().st_mtime_ns for path in firmware.rglob("*")}


def _with_flipped_weight(path: Path, name: str) -> bytes:
    spec = network_spec.read(path)
    layers = []
    for layer in spec.layers:
        if isinstance(layer, Conv2D) and layer.name == name:
            weights = [layer.weights[0] ^ 1, *layer.weights[1:]]
            layer = msgspec.structs.replace(layer, weights=weights)
        layers.append(layer)
    return msgspec.json.encode(msgspec.structs.replace(spec, layers=layers))


@pytest.mark.parametrize("name", ["first", "second"])
def test_flipped_weight_in_the_network(firmware: Path, spoilt: Any, name: str) -> None:
    spoilt(firmware / "network.json", _with_flipped_weight(firmware / "network.json", name))
    qkeras, integers = verify(firmware, outputs=OUTPUTS).comparisons
    assert qkeras.mismatches == 0
    assert integers.mismatches > 0
    assert integers.difference.startswith(f"layer {name}: ")
    assert re.search(r"at \[\(\d+, \d+, \d+\).*got \[.*want \[.*image \[", integers.difference)


@pytest.mark.parametrize(("number", "name"), [(0, "first_quantized_relu"), (2, "second")])
def test_flipped_weight_in_the_model(
    firmware: Path, spoilt: Any, tmp_path: Path, number: int, name: str
) -> None:
    """Level 0 is seen layer by layer of Keras: the named layer is the first one behind the fault."""
    model = keras_model.load(firmware / "model.keras")
    weights = model.get_weights()
    weights[number].flat[np.abs(weights[number]).argmin()] += 0.0625  # one step, far from saturation
    model.set_weights(weights)
    keras_model.save(model, tmp_path / "model.keras")
    spoilt(firmware / "model.keras", (tmp_path / "model.keras").read_bytes())
    qkeras, integers = verify(firmware, outputs=OUTPUTS).comparisons
    assert integers.mismatches == 0
    assert qkeras.mismatches > 0
    assert qkeras.difference.startswith(f"layer {name}: ")


def test_flipped_weight_in_the_project(firmware: Path, spoilt: Any) -> None:
    """The C simulation reads its weights from text files; both neighbours must notice."""
    path = sorted((firmware / "hls4ml" / "firmware" / "weights").glob("w*.txt"))[1]
    first, rest = path.read_text().split(",", 1)
    spoilt(path, f"{float(first) + 0.0625}, {rest}".encode())
    qkeras, integers = verify(firmware, outputs=OUTPUTS).comparisons
    assert qkeras.mismatches > 0
    assert integers.mismatches > 0
    assert integers.difference.startswith("layer second: ")


def test_wrong_rounding_in_the_network(firmware: Path, spoilt: Any) -> None:
    spec = network_spec.read(firmware / "network.json")
    last = spec.layers[-1]
    assert isinstance(last, Quantize)
    narrow = msgspec.structs.replace(last, output=Format(signed=True, width=6, fraction=last.output.fraction))
    changed = msgspec.structs.replace(spec, layers=[*spec.layers[:-1], narrow])
    spoilt(firmware / "network.json", msgspec.json.encode(changed))
    assert verify(firmware, outputs=OUTPUTS).comparisons[1].difference.startswith("layer output: ")


def test_command(firmware: Path, spoilt: Any, tmp_path: Path) -> None:
    arguments = ["verify", str(firmware), "--outputs", "400", "--report", str(tmp_path / "verify.json")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "verify.json").read_text())["comparisons"][0]["mismatches"] == 0
    spoilt(firmware / "network.json", _with_flipped_weight(firmware / "network.json", "first"))
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, UserError)
    assert done.exception.exit_code == 1
    assert re.search(
        r"levels 1 C simulation = 2 integers: \d+ of 400 outputs differ; layer first", str(done.exception)
    )
    assert json.loads((tmp_path / "verify.json").read_text())["comparisons"][1]["mismatches"] > 0


def test_a_crash_of_the_c_code_is_one_sentence(firmware: Path, spoilt: Any) -> None:
    source = firmware / "hls4ml" / "firmware" / "network.cpp"
    library = firmware / "hls4ml" / "firmware" / "network.so"
    spoilt(source, source.read_text().replace("loaded_weights = true;", "abort();").encode())
    kept = library.read_bytes()
    csim.build(firmware / "hls4ml", "-O0")
    try:
        with pytest.raises(UserError, match="C simulation died of SIGABRT"):
            verify(firmware, outputs=40)
    finally:
        library.write_bytes(kept)


def test_bad_folders(firmware: Path, spoilt: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read network"):
        verify(tmp_path)
    spoilt(firmware / "network.json", b"{}")
    with pytest.raises(UserError, match=r"network .*network\.json"):
        verify(firmware)


def test_too_wide_for_float64(firmware: Path, spoilt: Any) -> None:
    spec = network_spec.read(firmware / "network.json")
    wide = msgspec.structs.replace(spec.inputs[0], number=Format(signed=False, width=48, fraction=0))
    layers = [  # the first convolution in the format that it needs then
        msgspec.structs.replace(layer, output=Format(signed=True, width=60, fraction=layer.output.fraction))
        if layer.name == "first" else layer
        for layer in spec.layers
    ]  # fmt: skip
    wide = msgspec.structs.replace(spec, inputs=[wide], layers=layers)
    spoilt(firmware / "network.json", msgspec.json.encode(wide))
    with pytest.raises(UserError, match=r"widest sum needs \d+ bits, float64 has 53"):
        verify(firmware)


def test_wrong_validation_images(firmware: Path, spoilt: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "validation.npz", images=np.zeros((2, 9, 10), np.uint8))
    spoilt(firmware / "validation.npz", (tmp_path / "validation.npz").read_bytes())
    with pytest.raises(UserError, match=r"images of shape \(9, 10, 1\), want \(8, 10, 1\)"):
        verify(firmware, outputs=40)


def test_images_hold_the_corners_and_do_not_depend_on_batches(firmware: Path) -> None:
    spec = network_spec.read(firmware / "network.json")
    images = random_images(spec, 0, 12, seed=7)
    assert np.array_equal(images[5:9], random_images(spec, 5, 4, seed=7))
    assert not np.array_equal(images[5:9], random_images(spec, 5, 4, seed=8))
    assert (int(images.min()), int(images.max())) == (0, 255)
    assert {int(images[0].max()), int(images[1].min())} == {0, 255}
