"""The plug-in from plain hls4ml code, and the alias that it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hls.hls_config import load, renamed
from hls.keras_alias import legacy_keras
from hls.random_networks import fill_weights
from streams.errors import ConfigError
from trigger import network_spec

PLAIN = """
import os, sys
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np
import tf_keras as keras
from qkeras import QActivation, QConv2D, quantized_bits

def conv(filters, name):
    weight = quantized_bits(5, 0, alpha=1)
    return QConv2D(filters, 1, kernel_quantizer=weight, bias_quantizer=weight, name=name)

first, second = keras.layers.Input((4, 5, 1), name="first"), keras.layers.Input((4, 5, 2), name="second")
one = QActivation("quantized_bits(6,2)", name="grid_first")(first)
other = QActivation("quantized_bits(6,2)", name="grid_second")(second)
shared = QActivation("quantized_relu(5,2)", name="shared")(conv(2, "conv")(one))
total = keras.layers.Add(name="total")([shared, other])
model = keras.Model([first, second], [QActivation("quantized_bits(8,3)", name="sums")(total), conv(3, "score")(shared)])
rng = np.random.default_rng(1)
model.set_weights([rng.normal(0, 0.5, array.shape) for array in model.get_weights()])
images = [rng.integers(-32, 32, (6, 4, 5, n)) / 8 for n in (1, 2)]
wanted = model.predict(images, verbose=0)  # few bits: float32 is exact

assert not [name for name in sys.modules if name.split(".")[0] in ("hls", "streams", "trigger")]
import hls4ml

hls_model = hls4ml.converters.convert_from_keras_model(
    model, backend="StreamRTL", io_type="io_stream", output_dir=sys.argv[1],
    hls_config={"LayerName": {"conv": {"ReuseFactor": 2, "Strategy": "Latency"}}},
)
assert "keras" not in sys.modules or not sys.modules["keras"].__version__.startswith("2.")
hls_model.compile()
got = hls_model.predict(images)
assert isinstance(got, list) and len(got) == 2
for one, other in zip(got, wanted):
    assert np.array_equal(one.reshape(other.shape), other)
again, traced = hls_model.trace(images)
assert all(np.array_equal(one, other) for one, other in zip(again, got))
assert {"conv", "shared", "total", "sums", "score"} == set(traced), set(traced)
assert np.array_equal(traced["sums"], wanted[0]) and len(np.unique(traced["conv"])) > 20
try:
    hls_model.build()
except Exception as error:
    print("build:", error)
print("equal", sum(array.size for array in got))
"""


def test_plain_hls4ml_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """convert, compile, predict, trace, write, build as hls4ml's documentation has them; nothing of ours imported."""
    paths = [path for path in os.environ["PATH"].split(":") if not (Path(path) / "vitis-run").exists()]
    monkeypatch.setenv("PATH", ":".join(paths))
    project = tmp_path / "project"
    command = [sys.executable, "-W", "ignore", "-c", PLAIN, str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    build, equal = done.stdout.splitlines()[-2:]
    assert equal == "equal 600"
    assert re.fullmatch(rf"build: no vitis-run found on PATH: .* are written to {project}, but .*", build)
    for name in (
        "network.json",
        "rtl/network.sv",
        "plan.json",
        "firmware/myproject.cpp",
        "build_prj.tcl",
        "hls4ml_config.yml",
    ):
        assert (project / name).is_file(), name
    spec = network_spec.read(project / "network.json")
    assert [node.name for node in spec.inputs] == ["first", "second"]
    assert [spec.shape(name) for name in spec.outputs] == [(4, 5, 2), (4, 5, 3)]
    assert "reuse_factor = 2" in (project / "firmware" / "parameters.h").read_text()


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        ({}, {"bit_exact": False}, "bit_exact=False: .* always exact"),
        ({"Optimizers": ["bit_exact"]}, {}, "Optimizers is not supported"),
        ({"LayerName": {"conv0": {"Strategy": "da"}}}, {}, "conv0: Strategy = .*Latency or Resource"),
        ({"Model": {"Compression": True}}, {}, "Model: Compression is not supported"),
    ],
)  # fmt: skip
def test_options_that_are_refused(config: Any, options: Any, message: str, tmp_path: Path) -> None:
    with legacy_keras():
        import hls4ml

        with pytest.raises(ConfigError, match=message):
            hls4ml.converters.convert_from_keras_model(
                small(), backend="StreamRTL", hls_config=config, output_dir=str(tmp_path / "p"), **options
            )
    assert not (tmp_path / "p").exists()


def test_files_of_options(tmp_path: Path) -> None:
    (tmp_path / "good.yml").write_text("HLSConfig:\n  LayerName:\n    conv: {ReuseFactor: 4}\n")
    assert load(tmp_path / "good.yml") == {"LayerName": {"conv": {"ReuseFactor": 4}}}
    assert load(None) == {}
    (tmp_path / "bad.yml").write_text("a: [")
    (tmp_path / "list.yml").write_text("[1]")
    for name, message in (
        ("bad.yml", "want YAML or JSON"),
        ("list.yml", "got list"),
        ("no.yml", "cannot read"),
    ):
        with pytest.raises(ConfigError, match=message):
            load(tmp_path / name)
    with pytest.raises(ConfigError, match="no layer 'cov'; it has conv, act/1"):
        renamed({"LayerName": {"cov": {}}}, {"conv": "conv", "act/1": "act_1"})


def small() -> Any:
    with legacy_keras() as keras:
        import qkeras

        weight = qkeras.quantized_bits(4, 0, alpha=1)
        conv = qkeras.QConv2D(1, 2, kernel_quantizer=weight, use_bias=False, name="conv0")
        model = keras.Sequential(
            [keras.layers.Input((3, 3, 1)), qkeras.QActivation("quantized_relu(3,1)"), conv]
        )
    fill_weights(model, np.random.default_rng(2))
    return model


def test_io_parallel_is_refused(tmp_path: Path) -> None:
    with legacy_keras():
        import hls4ml

        with pytest.raises(ConfigError, match="io_type='io_parallel', want 'io_stream'"):
            hls4ml.converters.convert_from_keras_model(
                small(), backend="StreamRTL", io_type="io_parallel", output_dir=str(tmp_path)
            )


def test_alias_is_put_back() -> None:
    before = sys.modules.get("keras")
    with pytest.raises(ZeroDivisionError), legacy_keras() as keras:
        assert sys.modules["keras"] is keras
        assert keras.__name__ == "tf_keras"
        raise ZeroDivisionError
    assert sys.modules.get("keras") is before


def test_without_the_alias_hls4ml_takes_the_wrong_parser(tmp_path: Path) -> None:
    """Guards the reason of the alias: once hls4ml converts without it, this fails and the alias can go."""
    model = small()
    with legacy_keras():
        import hls4ml
    import keras

    assert keras.__version__ >= "3"
    with pytest.raises(AttributeError, match="arguments"):
        hls4ml.converters.convert_from_keras_model(
            model, backend="Vitis", io_type="io_stream", bit_exact=True, output_dir=str(tmp_path)
        )


def test_no_pass_of_hls4ml_decides_formats() -> None:
    """The plug-in's flows must not reach hls4ml's passes that merge quantizers and derive formats."""
    with legacy_keras():
        import hls4ml  # noqa: F401
        from hls4ml.model.flow import get_flow

    waiting, seen, passes = ["streamrtl:write"], set(), set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            passes |= set(get_flow(name).optimizers)
            waiting += get_flow(name).requires
    assert "streamrtl:exact" in passes
    assert not {"bit_exact", "merge_linear_activation", "infer_precision_types", "vitis:write_hls"} & passes
    assert "convert" not in seen
