"""The same samples on every machine: at most one count on fewer than one in ten thousand.

``golden_samples.npz`` holds every 16th channel of all planes for a stream with everything in it. Made anew with
``python -m streams.tests.test_golden`` when the simulation is meant to change.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from streams.config import SimulationConfig
from streams.signals import NeutrinoSignal
from streams.simulate import stream

GOLDEN = Path(__file__).with_name("golden_samples.npz")
CONFIG = SimulationConfig(
    seed=20_260, position="top", signals=(NeutrinoSignal(rate_hz=3000.0), NeutrinoSignal(3000.0, "es"))
)
BLOCKS, STEP = 6, 16


def samples() -> np.ndarray:
    """Return uint16 (ticks, every 16th channel of U, V and X)."""
    blocks = islice(stream(CONFIG), BLOCKS)
    return np.concatenate(
        [np.concatenate([b.induction["U"], b.induction["V"], b.adc], axis=1)[:, ::STEP] for b in blocks]
    )


def test_samples_are_those_of_any_other_machine() -> None:
    golden = np.load(GOLDEN)["samples"]
    difference = np.abs(samples().astype(int) - golden.astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-4
    # There is something to see: charge on each plane, far over the noise.
    rise = np.abs(golden - np.median(golden, axis=0))
    assert [rise[:, low:high].max() > 150 for low, high in ((0, 50), (50, 100), (100, 160))] == [True] * 3


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, samples=samples())
