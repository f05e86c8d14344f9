from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from streams import toml
from streams.config import SimulationConfig
from streams.errors import ConfigError
from trigger import model, settings, train
from trigger.config import NetworkConfig, SampleConfig, TrainConfig, TrainingConfig
from trigger.images import IGNORED, POSITIVE
from trigger.sample import Sample

CONFIG = TrainConfig(
    seed=5,
    simulation=SimulationConfig(seed=9),
    network=NetworkConfig(filters=(3, 3, 4), kernels=(3, 3, 3)),
    sample=SampleConfig(
        training_frames=16, validation_frames=32, background_frames=8, signal_rate_hz=15_000.0, processes=1
    ),
    training=TrainingConfig(epochs=3, batch=8, learning_rate=0.01, quiet_crops=0.1),
    target_hz_per_10kt=1e9,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train") / "model"
    train.run(CONFIG, folder)
    return folder


def test_a_tiny_training_learns(written: Path) -> None:
    facts = json.loads((written / "training.json").read_text())
    assert len(facts["loss"]) == 3
    assert facts["loss"][-1] < 0.85 * facts["loss"][0]
    assert facts["validation_loss"][-1] < facts["loss"][0]
    assert facts["positive_cells"] > 50 and facts["efficiency"]["tried"] > 50


def test_every_file_of_the_contract_is_written(written: Path) -> None:
    want = {"model.keras", "trigger.json", "validation.npz", "training.json", "manifest.json"}
    assert {p.name for p in written.iterdir()} == want
    trigger = settings.read(written / "trigger.json")
    facts = json.loads((written / "training.json").read_text())
    assert trigger.threshold == facts["threshold"] and trigger.front_end == CONFIG.front_end
    images = np.load(written / "validation.npz")["images"]
    assert images.shape == (32, 64, 992) and images.dtype == np.uint8 and images[:, :, 480:496].max() == 0
    assert images.size // 16 >= 100_000  # network outputs to compare
    made_by = json.loads((written / "manifest.json").read_text())
    assert made_by["config"]["seed"] == 5 and made_by["config"]["simulation"]["seed"] == 9


def test_the_saved_network_is_for_whole_images_and_keeps_the_threshold(written: Path) -> None:
    network = model.build(CONFIG.network, 992)
    network.load_weights(written / "model.keras")
    images = np.load(written / "validation.npz")["images"][:4]
    scores = model.scores(network, images)
    facts = json.loads((written / "training.json").read_text())
    nominal = [row["over"] for row in facts["background"]["by_origin"].values()]
    assert scores.shape == (4, 16, 248) and sum(nominal) == 0


def _sample(n: int = 16) -> Sample:
    random = np.random.default_rng(2)
    crops = random.integers(14, 19, (n, 64, 96), dtype=np.uint8)
    labels = np.zeros((n, 16, 24), np.int8)
    for i in range(n):
        row, column = random.integers(1, 15), random.integers(1, 23)
        crops[i, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 90
        labels[i, row, column] = POSITIVE
    none = np.zeros((0, 16, 248))
    empty = np.zeros((0, 64, 992), np.uint8)
    cells = none.astype(np.uint64), none.astype(np.uint8), none.astype(np.float32)
    return Sample(crops, labels, empty, *cells, np.zeros(0, np.uint64), ())


def test_equal_seeds_train_equal_weights() -> None:
    config = msgspec.structs.replace(CONFIG, training=TrainingConfig(epochs=2, batch=4, crop_columns=96))
    weights = []
    for seed in (1, 1, 2):
        train.make_deterministic(seed)
        fitted, _ = train.fit(msgspec.structs.replace(config, seed=seed), _sample(), _sample(4))
        weights.append(fitted.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], weights[2], strict=True))


def test_the_loss_leaves_ignored_cells_out_and_weighs_positive_ones() -> None:
    loss = train.loss(4.0)
    labels = np.array([POSITIVE, 0, IGNORED], np.int8).reshape(1, 1, 3, 1)
    logits = np.array([-1.0, 2.0, 50.0], np.float32).reshape(1, 1, 3, 1)
    want = (4 * np.log1p(np.exp(1.0)) + np.log1p(np.exp(2.0))) / 2
    assert float(loss(labels, logits)) == pytest.approx(want, rel=1e-5)
    other = logits.copy()
    other[0, 0, 2] = -50.0
    assert float(loss(labels, other)) == float(loss(labels, logits))
    assert float(loss(np.full_like(labels, IGNORED), logits)) == 0.0


def test_batches_show_every_crop_once_and_mirror_labels_with_pixels() -> None:
    sample = _sample()
    shown = 0
    for pixels, labels in train.batches(sample, 5, np.random.default_rng(3)):
        bright = pixels[..., 0].reshape(len(pixels), 16, 4, 24, 4).mean(axis=(2, 4)) > 60
        assert np.array_equal(bright, labels[..., 0] == POSITIVE)
        shown += len(pixels)
    assert shown == len(sample.crops)


def test_an_output_that_exists_and_bad_values_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ConfigError, match=r"model exists already: remove it"):
        train.run(CONFIG, tmp_path / "model")
    few = msgspec.structs.replace(CONFIG.sample, validation_frames=31)
    with pytest.raises(ConfigError, match=r"validation_frames: got 31, want at least .*32"):
        train.run(msgspec.structs.replace(CONFIG, sample=few), tmp_path / "new")
    wide = msgspec.structs.replace(CONFIG, network=NetworkConfig(filters=(8, 16, 32), kernels=(3, 3, 3)))
    with pytest.raises(ConfigError, match=r"at most 2500"):
        train.run(wide, tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seed = 1\n", "seed = 1\ntreshold = 3\n"), "unknown field `treshold`"),
        (("signal_rate_hz = 8000.0", "signal_rate_hz = -1.0"), r"> 0.* - at `\$.sample.signal_rate_hz`"),
        (("K42 = 400.0", "K42 = 0.5"), r">= 1.* - at `\$.sample.boost"),
        (("K42 = 400.0", "K43 = 400.0"), r"unknown source 'K43', allowed are Ar39"),
        (("epochs = 6", "epochs = 0"), r">= 1.* - at `\$.training.epochs`"),
        (("rate_hz = 0.0", "rate_hz = -5.0"), r"signals\[0\].rate_hz: got -5.0, want"),
    ],
)
def test_bad_configurations_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], said: str
) -> None:
    text = (Path(__file__).parents[2] / "firmware_tests" / "demo_configs" / "train.toml").read_text()
    assert change[0] in text
    (tmp_path / "train.toml").write_text(text.replace(*change, 1))
    monkeypatch.setattr(train, "_samples", lambda _: pytest.fail("the simulation began"))
    with pytest.raises(ConfigError, match=said) as error:
        train.run(toml.load(tmp_path / "train.toml", TrainConfig), tmp_path / "model")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "model").exists()
