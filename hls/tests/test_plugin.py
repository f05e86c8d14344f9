"""The plug-in from plain hls4ml code, and the alias that it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hls.keras_alias import legacy_keras
from hls.random_networks import random_network
from streams.errors import ConfigError

PLAIN = """
import numpy as np
from hls.random_networks import random_network
model = random_network(0)

import sys
import hls4ml
assert "keras" not in sys.modules or not sys.modules["keras"].__version__.startswith("2.")

hls_model = hls4ml.converters.convert_from_keras_model(
    model, backend="StreamRTL", io_type="io_stream", output_dir=sys.argv[1]
)
hls_model.compile()

from hls.graph import network_spec
from hls.images import random_images
from hls.level0 import Level0
from trigger.integer_network import evaluate
spec = network_spec(hls_model)
images = random_images(spec, 0, 20, seed=1)
got = hls_model.predict(images * 2.0**-spec.input.fraction).reshape(20, *spec.output_shape)
assert np.array_equal(got * 2.0**spec.output.fraction, Level0(model, spec).run(images))
assert np.array_equal(got * 2.0**spec.output.fraction, evaluate(spec, images))
assert "keras" not in sys.modules or not sys.modules["keras"].__version__.startswith("2.")
print("equal", got.size)
"""


def test_plain_hls4ml_code(tmp_path: Path) -> None:
    """convert, compile, predict, write as hls4ml's documentation has them, with default options."""
    command = [sys.executable, "-W", "ignore", "-c", PLAIN, str(tmp_path / "project")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1].startswith("equal ")
    for name in (
        "network.json",
        "rtl/network.sv",
        "plan.json",
        "firmware/myproject.cpp",
        "build_prj.tcl",
        "hls4ml_config.yml",
    ):
        assert (tmp_path / "project" / name).is_file(), name


def test_io_parallel_is_refused(tmp_path: Path) -> None:
    with legacy_keras():
        import hls4ml

        with pytest.raises(ConfigError, match="io_type='io_parallel', want 'io_stream'"):
            hls4ml.converters.convert_from_keras_model(
                random_network(0), backend="StreamRTL", io_type="io_parallel", output_dir=str(tmp_path)
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
    model = random_network(0)
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
