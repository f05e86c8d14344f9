"""Factors on the backgrounds of a training run: their nominal scale, and the boost that rare ones are simulated with.

>>> scales = {"all": 0.0, "radon": 2.0, "Tl208": 50.0}
>>> found = factors(scales, "v3.6")
>>> found["Ar39"], found["Bi214"], found["Tl208"]
(0.0, 2.0, 50.0)
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.model import load_model
from streams.sources.table import check_names, key_of
from trigger.config import TrainConfig


def factors(scales: Mapping[str, float], model: str) -> dict[str, float]:
    """Return the factor of every source in the table ``model``.

    Scales belong to a source's name, to its group or to ``all``; the most exact one counts, as in ``backgrounds``.
    """
    return {entry.name: scales.get(key_of(entry, scales), 1.0) for entry in load_model(model)}


def boosts(config: TrainConfig) -> dict[str, float]:
    """Return the boost of every source.

    Raises
    ------
    ConfigError : a name that is neither a source nor a group of the table.
    """
    check_names("sample.boost", config.sample.boost, load_model(config.simulation.model))
    return factors(config.sample.boost, config.simulation.model)


def rates(config: TrainConfig) -> dict[str, float]:
    """Return ``backgrounds`` of the simulations: nominal scale times boost, of each source where it is not 1."""
    nominal = factors(config.simulation.backgrounds, config.simulation.model)
    scaled = {name: nominal[name] * boost for name, boost in boosts(config).items()}
    return {name: scale for name, scale in scaled.items() if scale != 1.0}
