"""Seeded random QKeras networks over the whole layer table, to try the conversion on.

``random_plans`` draws them as data; here they become models with weights, wide enough for some to saturate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hls.keras_alias import legacy_keras
from hls.random_plans import Plan, Step, plan

Rng = np.random.Generator


def random_network(seed: int, *, rows: tuple[int, int] = (3, 25), columns: tuple[int, int] = (1, 25)) -> Any:
    """Return a tf_keras model; ``rows`` and ``columns`` are ranges of the image size (end excluded).

    >>> [layer.name for layer in random_network(3).layers][:2]
    ['pixels', 'grid_pixels']
    """
    return network(plan(seed, rows=rows, columns=columns))


def describe(seed: int) -> str:
    """Return the network of a seed in words, one layer a line; no Keras is loaded.

    >>> describe(3).splitlines()[0]
    "seed 3: inputs {'pixels': (6, 3)}, outputs ['softmax_8', 'max_pool_1d_valid_9']"
    """
    drawn = plan(seed)
    head = f"seed {seed}: inputs {drawn.inputs}, outputs {drawn.outputs}"
    config = [f"hls_config {drawn.hls_config}"] if drawn.hls_config else []
    return "\n".join([head, *config, *(step.text for step in drawn.steps)])


def network(drawn: Plan) -> Any:
    """Return the Keras model of a plan, with seeded random weights."""
    with legacy_keras() as keras:
        import qkeras

        tensors = {name: keras.layers.Input(shape, name=name) for name, shape in drawn.inputs.items()}
        inputs = list(tensors.values())
        for step in drawn.steps:
            given = [tensors[name] for name in step.made.sources]
            tensors[step.name] = _layer(step, keras, qkeras)(given if len(given) > 1 else given[0])
        model = keras.Model(inputs, [tensors[name] for name in drawn.outputs], name="network")
    fill_weights(model, np.random.default_rng([2026, drawn.seed]))
    return model


def _layer(step: Step, keras: Any, qkeras: Any) -> Any:
    name = step.made.layer
    kind = getattr(qkeras, name) if name.startswith("Q") else getattr(keras.layers, name)
    return kind(**step.made.options, name=step.name)


def fill_weights(model: Any, rng: Rng) -> None:
    """Fill the weights with normal numbers, wide enough for some to saturate; variances are positive."""
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([_filled(weight, rng) for weight in layer.weights])


def _filled(weight: Any, rng: Rng) -> Any:
    name, shape = weight.name.split("/")[-1], tuple(weight.shape)
    if "iteration" in name:
        return np.array(-1)
    if "variance" in name:
        return rng.uniform(0.2, 3.0, shape)
    values = np.atleast_1d(rng.normal(0, rng.choice([0.3, 0.7, 1.5]), shape))
    values = np.where(rng.random(values.shape) < 0.1, 0, values)
    values.flat[0] = 3.0  # never all zero, whatever the quantizer
    return values.reshape(shape)
