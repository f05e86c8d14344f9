"""Train the quantised network on simulated images, choose its threshold, write ``model/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams import manifest
from streams.config import checked
from streams.console import progress
from streams.errors import ConfigError
from streams.output import fresh
from trigger import keras_file, settings, threshold
from trigger import model as network
from trigger.assembly import per_10kt
from trigger.boost import boosts
from trigger.config import TrainConfig
from trigger.frames import COLUMNS
from trigger.images import IGNORED, POSITIVE
from trigger.legacy_keras import load_tf_keras
from trigger.physics import binomial
from trigger.sample import FRAME_S, Sample, joined, plan, simulate_all


@dataclass
class History:
    """The training curve: one entry per epoch, mean loss per judged cell (positive cells count more).

    >>> History().loss
    []
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Trained:
    """What came out of a training run.

    Attributes
    ----------
    model : tf_keras model on whole images, (64, 992, 1).
    threshold : smallest integer score that is a trigger.
    facts : plain data for ``training.json``.
    images : uint8 array, (n, 64, 992), for ``validation.npz``.
    """

    model: Any
    threshold: int
    facts: dict[str, Any]
    images: NDArray[np.uint8]


def make_deterministic(seed: int) -> None:
    """Seed every random generator and ask TensorFlow for operations that give the same bits every time."""
    keras = load_tf_keras()
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def loss(positive_weight: float) -> Any:
    """Return the loss: binary cross-entropy of the judged cells, positive ones weighted.

    The function takes labels, int8 (batch, 16, columns, 1) with IGNORED left out, and logits of the same shape.
    """
    load_tf_keras()
    import tensorflow as tf

    def masked(labels: Any, logits: Any) -> Any:
        judged = tf.cast(labels != IGNORED, logits.dtype)
        truth = tf.cast(labels == POSITIVE, logits.dtype)
        each = tf.nn.weighted_cross_entropy_with_logits(truth, logits, positive_weight)
        return tf.reduce_sum(each * judged) / tf.maximum(tf.reduce_sum(judged), 1.0)

    return masked


def batches(sample: Sample, size: int, random: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    """Yield the crops once, in random order, every second one mirrored.

    A mirrored image is as good as the original: the guard columns are zeros, as the padding at the other edge is.
    """
    order = random.permutation(len(sample.crops))
    mirrored = random.random(len(order)) < 0.5
    for start in range(0, len(order), size):
        chosen = np.sort(order[start : start + size])
        pixels, labels = sample.crops[chosen], sample.labels[chosen]
        turn = mirrored[start : start + size]
        pixels[turn], labels[turn] = pixels[turn, :, ::-1], labels[turn, :, ::-1]
        yield pixels.astype(np.float32)[..., None], labels[..., None]


def fit(config: TrainConfig, training: Sample, validation: Sample) -> tuple[Any, History]:
    """Return the trained model (on crops) and its history."""
    keras = load_tf_keras()
    setup = config.training
    model = network.build(config.network, setup.crop_columns)
    network.initialise(model, config.seed)
    steps = -(-len(training.crops) // setup.batch)
    rate = keras.optimizers.schedules.CosineDecay(setup.learning_rate, setup.epochs * steps, alpha=0.02)
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), loss=loss(setup.positive_weight))
    random = np.random.default_rng(config.seed)
    history = History()
    for _ in progress(range(setup.epochs), "training, epochs", setup.epochs):
        each = [model.train_on_batch(*pair) for pair in batches(training, setup.batch, random)]
        history.loss.append(float(np.mean(each)))
        checks = batches(validation, setup.batch, np.random.default_rng(0))
        history.validation_loss.append(float(np.mean([model.test_on_batch(*pair) for pair in checks])))
    return model, history


def deployed(config: TrainConfig, model: Any) -> Any:
    """Return the same network on whole images, (64, 992, 1)."""
    whole = network.build(config.network, COLUMNS)
    whole.set_weights(model.get_weights())
    return whole


def train(config: TrainConfig) -> Trained:
    """Simulate, fit, choose the threshold.

    Raises
    ------
    ConfigError : a value that cannot be used.
    UserError : no threshold keeps the target rate.
    """
    checked(config.simulation)
    per_10kt(config.simulation)
    boosts(config)
    network.check(config.network)
    samples = _samples(config)
    make_deterministic(config.seed)
    model, history = fit(config, samples["training"], samples["validation"])
    whole = deployed(config, model)
    level, rate = _threshold(config, whole, samples["background"])
    found, tried = _efficiency(whole, samples["validation"], level)
    facts = {
        "loss": history.loss,
        "validation_loss": history.validation_loss,
        "crops": {"training": len(samples["training"].crops), "validation": len(samples["validation"].crops)},
        "positive_cells": int((samples["training"].labels == POSITIVE).sum()),
        "weights": network.weights_per_layer(config.network),
        "threshold": level,
        "threshold_logit": level / 2**network.SCORE_FRACTION,
        "background": rate,
        "efficiency": {"found": found, "tried": tried, "interval_90": binomial(found, tried)},
    }
    return Trained(whole, level, facts, samples["validation"].images[: config.validation_images])


def _samples(config: TrainConfig) -> dict[str, Sample]:
    pieces = plan(config)
    every = [piece for group in pieces.values() for piece in group]
    simulated = list(progress(simulate_all(config, every), "simulation, pieces", len(every)))
    samples, start = {}, 0
    for name, group in pieces.items():
        samples[name] = joined(simulated[start : start + len(group)])
        start += len(group)
    return samples


def _threshold(config: TrainConfig, model: Any, background: Sample) -> tuple[int, dict[str, object]]:
    exposure_s, boost = len(background.images) * FRAME_S, boosts(config)
    factor = per_10kt(config.simulation)
    peaks = threshold.peaks(network.scores(model, background.images), background)
    level = threshold.choose(peaks, exposure_s, boost, config.target_hz_per_10kt, factor)
    threshold.check(level, 2 ** (network.SCORE_BITS - 1) - 1)
    return level, threshold.summary(peaks, level, exposure_s, boost, factor)


def _efficiency(model: Any, validation: Sample, level: int) -> tuple[int, int]:
    """Return interactions found and tried among those that end within the validation frames."""
    peaks = threshold.peaks(network.scores(model, validation.images), validation)
    found = np.isin(validation.neutrinos, peaks.event[peaks.score >= level])
    return int(found.sum()), len(found)


def write(config: TrainConfig, result: Trained, folder: Path) -> None:
    """Write everything that ``model/`` holds into an existing, empty folder."""
    keras_file.save(result.model, folder / "model.keras")
    settings.write(
        settings.TriggerSettings(front_end=config.front_end, threshold=result.threshold),
        folder / "trigger.json",
    )
    np.savez_compressed(folder / "validation.npz", images=result.images)
    (folder / "training.json").write_text(json.dumps(result.facts, indent=1) + "\n")
    manifest.write(folder / "manifest.json", command="train", config=msgspec.to_builtins(config))


def run(config: TrainConfig, output: Path) -> Trained:
    """Train and write ``output``, which is whole or absent.

    Raises
    ------
    ConfigError : ``output`` exists, or a value of ``config`` cannot be used.
    """
    if config.sample.validation_frames < config.validation_images:
        raise ConfigError(
            f"sample.validation_frames: got {config.sample.validation_frames}, want at least validation_images "
            f"({config.validation_images})"
        )
    with fresh(output, folder=True) as part:
        result = train(config)
        write(config, result, part)
    return result


def summary(config: TrainConfig, result: Trained) -> dict[str, object]:
    """Return the figures of a training run for a person."""
    facts = result.facts
    rate, efficiency = facts["background"], facts["efficiency"]
    over = ", ".join(f"{name} {row['over']}" for name, row in rate["by_origin"].items() if row["over"])
    low, high = efficiency["interval_90"]
    share = efficiency["found"] / max(efficiency["tried"], 1)
    return {
        "seed": config.seed,
        "weights per convolution": ", ".join(map(str, facts["weights"])),
        "loss, first to last epoch": f"{facts['loss'][0]:.4f} to {facts['loss'][-1]:.4f}",
        "threshold": f"{result.threshold} (logit {facts['threshold_logit']:.2f})",
        "background at the threshold": f"{rate['hz_per_10kt']:.3g} +- {rate['error_hz_per_10kt']:.2g} Hz per 10 kt, "
        "estimated from boosted rates",
        "background events over it": over or "none",
        "background exposure": f"{rate['exposure_s'] * 1e3:.3g} ms of one APA",
        "validation interactions found": f"{efficiency['found']} of {efficiency['tried']} = {share:.3f} "
        f"(90 %: {low:.3f} to {high:.3f})",
    }
