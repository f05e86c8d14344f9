"""Random QKeras networks, converted, down to level 3: RTL under stalls equals the integer network of the same graph.

Levels 0 to 2 of the same draws are compared in hls/tests/test_convert.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware_tests.network_suites import simulate, write
from firmware_tests.simulation import sample
from hls.convert import write_project
from hls.random_networks import random_network

# LARTRIG_SEEDS="5 6 7" tries other draws than those of the test run.
SEEDS = [int(seed) for seed in os.environ.get("LARTRIG_SEEDS", "2 3 5 12").split()]


@pytest.mark.rtl
@pytest.mark.parametrize("seed", sample(SEEDS))
def test_random_network_in_rtl(seed: int, tmp_path: Path) -> None:
    write(write_project(random_network(seed), tmp_path / "hls4ml"), tmp_path)
    simulate(tmp_path, f"random{seed}")
