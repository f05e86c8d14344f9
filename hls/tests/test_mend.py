"""Each case that hls4ml 1.3 gets wrong, on the smallest network that shows it: theirs differs, ours is equal."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hls import csim
from hls.convert import write_project
from hls.images import random_images
from hls.keras_alias import legacy_keras
from hls.level0 import Level0
from hls.random_networks import fill_weights
from streams.errors import UserError
from trigger.integer_network import evaluate


def _network(name: str) -> Any:
    """Return the smallest model of case ``name``, on 8 x 9 images."""
    with legacy_keras() as keras:
        import qkeras

        bits = qkeras.quantized_bits

        def conv(kernel: Any = 3, **options: Any) -> Any:
            weights = {"kernel_quantizer": bits(6, 0, alpha=1), "bias_quantizer": bits(6, 0, alpha=1)}
            return qkeras.QConv2D(2, kernel, name="conv", **weights, **options)

        act, pool = qkeras.QActivation, keras.layers.MaxPooling2D
        dense = qkeras.QDense(2, kernel_quantizer=bits(6, 0, alpha=1), bias_quantizer=bits(6, 0, alpha=1))
        grid = act("quantized_bits(8,3)", name="grid")
        cases: dict[str, list[Any]] = {
            "two quantizers": [grid, conv(), act("quantized_relu(3,1)"), act("quantized_bits(8,3)")],
            "input without fraction": [act("quantized_bits(4,3)"), conv(), act("quantized_bits(12,6)")],
            "relu without fraction": [grid, conv(), act("quantized_relu(3,3)"), conv_after(qkeras)],
            "height 1, stride 2": [grid, conv((1, 5), strides=(2, 2)), act("quantized_bits(12,6)")],
            "pooling with padding": [grid, pool(2, padding="same"), conv(), act("quantized_bits(12,6)")],
            "overlapping pooling": [grid, pool(3, strides=2), conv(1), act("quantized_bits(12,6)")],
            "padding of negative values": [
                grid,
                pool(3, strides=1, padding="same"),
                act("quantized_bits(12,6)"),
            ],
            "quantizer after flatten": [
                grid,
                conv(),
                keras.layers.Flatten(),
                act("quantized_relu(4,2)"),
                dense,
            ],
            "all bits dropped": [
                grid,
                act("quantized_relu(3,0)"),
                pool(2),
                act("quantized_relu(3,5)"),
                conv(2),
            ],
            "flatten at the end": [grid, conv(), act("quantized_relu(4,2)"), keras.layers.Flatten()],
        }
        model = keras.Sequential([keras.layers.Input((8, 9, 2)), *cases[name]])
    fill_weights(model, np.random.default_rng(5))
    return model


def conv_after(qkeras: Any) -> Any:
    bits = qkeras.quantized_bits
    return qkeras.QConv2D(1, 2, name="after", use_bias=False, kernel_quantizer=bits(4, 0, alpha=1))


def _upstream(model: Any, folder: Path) -> None:
    """Convert with hls4ml alone, as its documentation says for exact networks."""
    with legacy_keras(), contextlib.redirect_stdout(io.StringIO()):
        import hls4ml

        config = hls4ml.utils.config_from_keras_model(model, granularity="name")
        graph = hls4ml.converters.convert_from_keras_model(
            model, hls_config=config, output_dir=str(folder), project_name=csim.TOP, backend="Vitis",
            io_type="io_stream", bit_exact=True,
        )  # fmt: skip
        graph.write()
    csim.build(folder, "-O0")


#: Cases, and what hls4ml alone does: other numbers, or an end of the simulation.
CASES = {
    "two quantizers": "differs",
    "input without fraction": "differs",
    "relu without fraction": "differs",
    "height 1, stride 2": "differs",
    "pooling with padding": "dies",
    "overlapping pooling": "dies",
    "quantizer after flatten": "differs",
}


def _images(spec: Any, name: str) -> Any:
    """Return images on the input's grid; off the grid and out of range where the case is about that."""
    images = random_images(spec, 0, 12, seed=1)
    return images * 1.25 + 0.5 if name == "input without fraction" else images


@pytest.mark.parametrize(
    "name", [*CASES, "padding of negative values", "all bits dropped", "flatten at the end"]
)
def test_ours_is_equal(name: str, tmp_path: Path) -> None:
    model = _network(name)
    spec = write_project(model, tmp_path / "hls4ml")
    csim.build(tmp_path / "hls4ml", "-O0")
    images = _images(spec, name)
    want = Level0(model, spec).run(images)
    assert len(np.unique(want)) > (1 if name == "all bits dropped" else 5)  # there only the bias is left
    assert np.array_equal(csim.run(tmp_path / "hls4ml", spec, images), want)
    if name != "input without fraction":
        assert np.array_equal(evaluate(spec, images), want)


@pytest.mark.parametrize("name", CASES)
def test_hls4ml_alone_is_not(name: str, tmp_path: Path) -> None:
    """Guards the reason of each repair: one that hls4ml no longer needs fails here."""
    model = _network(name)
    spec = write_project(model, tmp_path / "ours")
    images = _images(spec, name)
    want = Level0(model, spec).run(images)
    if CASES[name] == "dies":
        with pytest.raises(UserError, match="C simulation"):
            _upstream(model, tmp_path / "theirs")
            got = csim.run(tmp_path / "theirs", spec, images)
            raise AssertionError(f"{np.mean(got == want)} of the outputs are equal")
    else:
        _upstream(model, tmp_path / "theirs")
        assert np.mean(csim.run(tmp_path / "theirs", spec, images) == want) < 0.999
