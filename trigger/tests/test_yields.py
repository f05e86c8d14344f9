"""TPs per interaction and of noise: the count is right where it is known, and the noise follows Rice's formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streams.config import ElectronicsConfig, SimulationConfig
from trigger.baselines import yields


def quiet(scale: float) -> SimulationConfig:
    electronics = ElectronicsConfig(noise_scale=scale)
    return SimulationConfig(seed=3, backgrounds={"all": 0.0}, electronics=electronics)


def test_noise_over_a_threshold_and_none_without_noise() -> None:
    """At scale 1.4 U has 19.4 ADC counts: 70 is 3.6 sigma, 200 Hz a channel; on X 60 is 4.0 sigma, 45 Hz."""
    noisy = yields.count(quiet(1.4), yields.chains(), 0.001)
    u, v, x = noisy.tps["simple_threshold"].tolist()
    assert 2 * x < min(u, v) < 6 * x and x > 20
    assert abs(u - v) < 6 * np.sqrt(u + v)
    assert noisy.interactions == 0 and 0.001 <= noisy.seconds < 0.00104
    silent = yields.count(quiet(0.0), yields.chains(), 0.0005)
    assert all(not tps.any() for tps in silent.tps.values())


def test_the_plot_is_written(tmp_path: Path) -> None:
    one = {"tps_per_interaction": [1.0, 2.0, 3.0], "tps_per_event": [4.0, 5.0, 6.0]}
    yields.draw(dict.fromkeys(yields.PUBLISHED, one), tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 5_000
