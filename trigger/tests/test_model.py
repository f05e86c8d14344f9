from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from streams.errors import ConfigError
from trigger import keras_file, model
from trigger.config import NetworkConfig
from trigger.frames import GUARD

SMALL = NetworkConfig(filters=(2, 3, 4), kernels=(3, 3, 3))


def _network(config: NetworkConfig, columns: int, seed: int = 1):
    network = model.build(config, columns)
    model.initialise(network, seed)
    return network


@pytest.fixture(scope="module")
def small():
    return _network(SMALL, 128)


def _noise(n: int, columns: int = 128, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 64, columns), dtype=np.uint8)


def test_the_default_network_keeps_the_firmwares_bounds() -> None:
    config = NetworkConfig()
    model.check(config)
    assert max(model.weights_per_layer(config)) < model.MAX_WEIGHTS and len(config.filters) >= 3
    assert model.reach(config) <= GUARD


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (NetworkConfig(filters=(8, 8), kernels=(3, 3)), "at least 3"),
        (NetworkConfig(filters=(8, 8, 8), kernels=(3, 3)), "3 filters and 2 kernels"),
        (NetworkConfig(filters=(8, 8, 8), kernels=(3, 2, 3)), "odd kernels"),
        (NetworkConfig(filters=(8, 16, 32), kernels=(3, 3, 3)), "4608 weights, at most 2500"),
        (NetworkConfig(filters=(2, 2, 2), kernels=(3, 3, 9)), "the reach is 19 columns, the guard only 16"),
        (NetworkConfig(weight_bits=16), "bits, more than the 24"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(config: NetworkConfig, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        model.check(config)


def test_layers_and_quantisers_are_those_that_the_conversion_needs(small) -> None:
    kinds = [type(layer).__name__ for layer in small.layers]
    assert kinds[:2] == ["InputLayer", "QActivation"] and kinds[-2:] == ["QConv2D", "QActivation"]
    assert kinds.count("QConv2D") == 4 and kinds.count("MaxPooling2D") == 2
    grid = small.get_layer("pixel_grid")
    values = np.arange(256, dtype=np.float32).reshape(1, 1, 256, 1)
    assert np.array_equal(grid(values), values)  # the input quantizer leaves every pixel alone
    assert all(np.abs(layer.get_weights()[0]).max() < 1 for layer in small.layers if layer.weights)


def test_one_score_per_cell_on_the_integer_grid(small) -> None:
    found = model.scores(small, _noise(3), batch=2)
    assert found.shape == (3, 16, 32) and found.dtype == np.int64
    assert np.abs(found).max() < 2 ** (model.SCORE_BITS - 1) and len(np.unique(found)) > 10


def test_float32_is_exact(small) -> None:
    """The integers found in float32 are those of a plain integer evaluation of the quantised weights."""
    config, pixels = SMALL, _noise(2)
    value = pixels[..., None].astype(np.int64)
    fraction = 0
    for name in ["conv1", "conv2", "conv3", "score"]:
        layer = small.get_layer(name)
        kernel, bias = (
            np.asarray(q(w)) for q, w in zip(layer.get_quantizers(), layer.get_weights(), strict=True)
        )
        size, weight_fraction = kernel.shape[0], config.weight_bits - 1
        whole = np.rint(kernel * 2**weight_fraction).astype(np.int64)
        pad = size // 2
        padded = np.pad(value, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        rows, columns = value.shape[1:3]
        total = sum(
            padded[:, i : i + rows, j : j + columns] @ whole[i, j] for i in range(size) for j in range(size)
        )
        fraction += weight_fraction
        total = total + np.rint(bias * 2.0**fraction).astype(np.int64)
        last = name == "score"
        kept = model.SCORE_FRACTION if last else config.relu[0] - config.relu[1]
        value = np.rint(total / 2.0 ** (fraction - kept)).astype(np.int64)  # half to even
        value = np.clip(value, *((-2048, 2047) if last else (0, 2 ** config.relu[0] - 1)))
        fraction = kept
        if name in ("conv1", "conv2"):
            n, r, c, f = value.shape
            value = value.reshape(n, r // 2, 2, c // 2, 2, f).max(axis=(2, 4))
    assert np.array_equal(model.scores(small, pixels), value[..., 0])


def test_the_score_depends_on_no_column_beyond_the_reach(small) -> None:
    base = _noise(1)
    changed = base.copy()
    changed[:, :, 64] ^= 0xFF
    moved = np.flatnonzero((model.scores(small, base) != model.scores(small, changed)).any(axis=(0, 1)))
    reach = model.reach(SMALL)
    assert len(moved) > 1
    assert moved.min() >= (64 - reach) // 4 and moved.max() <= (64 + reach) // 4


def test_the_same_weights_give_the_same_scores_on_a_crop_and_on_an_image(small) -> None:
    whole = _network(SMALL, 256)
    whole.set_weights(small.get_weights())
    image = _noise(1, 256)
    inner = slice(GUARD // 4, -GUARD // 4)
    crop = model.scores(small, image[:, :, 64:192])[..., inner]
    assert np.array_equal(crop, model.scores(whole, image)[..., 16:48][..., inner])


def test_equal_seeds_give_equal_weights() -> None:
    one, two, other = (_network(SMALL, 64, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_equal_models_give_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        keras_file.save(_network(SMALL, 64, 1), tmp_path / name / "model.keras")
        time.sleep(1.1)  # past the second of the file's date
    assert (tmp_path / "one/model.keras").read_bytes() == (tmp_path / "two/model.keras").read_bytes()


def test_the_weights_of_a_saved_model_come_back(small, tmp_path: Path) -> None:
    keras_file.save(small, tmp_path / "model.keras")
    again = _network(SMALL, 128, seed=9)
    again.load_weights(tmp_path / "model.keras")
    pixels = _noise(1)
    assert np.array_equal(model.scores(again, pixels), model.scores(small, pixels))
