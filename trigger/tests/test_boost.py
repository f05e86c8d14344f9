from __future__ import annotations

import msgspec
import pytest

from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.sources.table import sources
from trigger.boost import boosts, rates
from trigger.config import SampleConfig, TrainConfig

SAMPLE = SampleConfig(training_frames=1, validation_frames=1, background_frames=1, signal_rate_hz=1.0)


def config(boost: dict[str, float], backgrounds: dict[str, float]) -> TrainConfig:
    return TrainConfig(
        seed=1,
        simulation=SimulationConfig(backgrounds=backgrounds),
        sample=msgspec.structs.replace(SAMPLE, boost=boost),
    )


@pytest.mark.parametrize("backgrounds", [{}, {"all": 2.0, "radon": 3.0, "K42": 0.5, "Tl208-boards": 0.0}])
def test_a_boost_multiplies_the_nominal_rate_of_each_source_whatever_it_is_named_by(
    backgrounds: dict[str, float],
) -> None:
    asked = config({"radon": 10.0, "Tl208": 100.0, "boards": 5.0, "K42": 7.0}, backgrounds)
    detector = load_detector("fd1-hd-apa")
    nominal = {s.name: s.rate_hz for s in sources(asked.simulation, detector)}
    found = sources(msgspec.structs.replace(asked.simulation, backgrounds=rates(asked)), detector)
    factor = boosts(asked)
    assert {s.name: s.rate_hz for s in found} == pytest.approx(
        {name: factor[name] * rate for name, rate in nominal.items()}
    )
    assert (factor["Rn222"], factor["Tl208"], factor["Tl208-boards"]) == (10.0, 100.0, 5.0)
    assert (factor["K42"], factor["K42-plated"], factor["Ar39"]) == (7.0, 1.0, 1.0)


def test_an_unknown_name_is_refused_with_the_names_of_sources_and_groups() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown source 'bords', allowed are Ar39, .*the groups argon, .*boards"
    ):
        boosts(config({"bords": 5.0}, {}))
