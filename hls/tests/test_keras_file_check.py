"""Model files that were edited into nonsense, and models that hls4ml was given without being prepared."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hls.graph import network_spec
from hls.keras_alias import legacy_keras
from hls.keras_model import load, save
from hls.parse import parsed
from hls.tests.test_weights import fill
from streams.errors import UserError

Entries = dict[str, Any]


def _model(name: str = "second", *, dropout: bool = False) -> Any:
    with legacy_keras() as keras:
        import qkeras

        bits = qkeras.quantized_bits(5, 1, alpha=1)
        image = keras.layers.Input((6, 6, 2), name="image")
        value = qkeras.QActivation("quantized_bits(6,2)", name="grid")(image)
        for layer in ("first", name):
            value = qkeras.QConv2D(2, 1, kernel_quantizer=bits, bias_quantizer=bits, name=layer)(value)
        if dropout:
            value = keras.layers.Dropout(0.5, name="drop")(value)
        model = keras.Model(image, value)
        fill(model, np.random.default_rng(1))
    return model


def _no_filters(layers: Entries) -> None:
    layers["second"]["config"]["filters"] = 0


def _cycle(layers: Entries) -> None:
    layers["first"]["inbound_nodes"][0][0][0] = "second"


def _same_name(layers: Entries) -> None:
    layers["second"]["name"] = layers["second"]["config"]["name"] = "first"


def _unknown(layers: Entries) -> None:
    layers["second"]["inbound_nodes"][0][0][0] = "nowhere"


def _large_kernel(layers: Entries) -> None:
    layers["second"]["config"]["kernel_size"] = [9, 9]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_no_filters, "layer second: filters = 0, want at least 1"),
        (_cycle, "layer first is in a cycle or behind one"),
        (_same_name, "two layers have the name first: rename one"),
        (_unknown, "layer second takes 'nowhere', which is no layer"),
        (_large_kernel, "in the output is <= 0 due to downsampling in second"),
    ],
)
def test_edited_files(edit: Callable[[Entries], None], message: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.keras", tmp_path / "bad.keras"
    save(_model(), good)
    assert load(good).output_shape == (None, 6, 6, 2)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                edit({entry["name"]: entry for entry in config["config"]["layers"]})
                content = json.dumps(config).encode()
            target.writestr(name, content)
    with pytest.raises(UserError, match=message) as refused:
        load(bad)
    assert "\n" not in str(refused.value)


def test_an_h5_file_with_a_cycle(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "model.h5"
    with legacy_keras():
        _model().save(str(path))
    with h5py.File(path, "a") as file:
        config = json.loads(file.attrs["model_config"])
        _cycle({entry["name"]: entry for entry in config["config"]["layers"]})
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(UserError, match="layer first is in a cycle or behind one"):
        load(path)


def test_a_model_that_is_not_prepared() -> None:
    assert [layer.name for layer in network_spec(parsed(_model())).layers] == ["first", "second"]
    with pytest.raises(
        UserError, match=r"layer a/b: .* rename it to 'a_b', or call hls.keras_model.prepared"
    ):
        network_spec(parsed(_model("a/b")))
    with pytest.raises(UserError, match=r"call hls\.keras_model\.prepared\(model\) first"):
        network_spec(parsed(_model(dropout=True)))
