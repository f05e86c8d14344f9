"""Random graphs over every kind of layer, without Keras: RTL equals the integer network and the cycle model.

Always ready and under stalls, with short and long frames, and after resets.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from firmware_tests.network_suites import simulate
from firmware_tests.simulation import sample
from hls.random_specs import random_spec
from hls.rtl_writer import write_rtl
from hls.suite import write_suite
from trigger.network_spec import Conv2D, Dense, NetworkSpec

# LARTRIG_SEEDS="5 6 7" tries other draws than those of the test run.
SEEDS = [int(seed) for seed in os.environ.get("LARTRIG_SEEDS", "4 9 13 26").split()]


def reuse(spec: NetworkSpec, seed: int) -> dict[str, int]:
    """Return a random reuse factor for about half of the matrices."""
    rng = np.random.default_rng(seed)
    names = [layer.name for layer in spec.layers if isinstance(layer, Conv2D | Dense)]
    return {name: int(rng.integers(1, 12)) for name in names if rng.random() < 0.5}


@pytest.mark.rtl
@pytest.mark.parametrize("seed", sample(SEEDS))
def test_random_graph_in_rtl(seed: int, tmp_path: Path) -> None:
    spec = random_spec(seed)
    plan = write_rtl(spec, tmp_path / "rtl", reuse=reuse(spec, seed))
    write_suite(spec, plan, tmp_path / "rtl", tmp_path / "cocotb", seed=seed)
    simulate(tmp_path, f"spec{seed}")
