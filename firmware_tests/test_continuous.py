"""Networks in continuous mode: rows without end, against the integer network and the cycle model, in every clock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware_tests.network_suites import simulate, write
from firmware_tests.simulation import sample
from hls.random_specs import random_spec
from hls.rtl_writer import write_rtl
from streams.errors import UserError
from trigger.network_spec import Conv2D

# LARTRIG_SEEDS="5 6 7" tries other draws than those of the test run.
SEEDS = [int(seed) for seed in os.environ.get("LARTRIG_SEEDS", "0 1 2 3 4 5 7 9").split()]


@pytest.mark.rtl
@pytest.mark.parametrize("seed", sample(SEEDS))
def test_random_network_equals_the_integer_network_in_every_clock(seed: int, tmp_path: Path) -> None:
    plan = write(random_spec(seed, endless=True), tmp_path, continuous=True)
    assert plan.mode == "continuous"
    simulate(tmp_path, f"endless{seed}")


@pytest.mark.rtl
def test_sequential_kernels_too(tmp_path: Path) -> None:
    seed, spec = next(
        (s, spec) for s in range(9, 99) for spec in [random_spec(s, endless=True)] if _convolutions(spec)
    )
    write(spec, tmp_path, dict.fromkeys(_convolutions(spec), "mac"), continuous=True)
    simulate(tmp_path, f"endless_mac{seed}")


def _convolutions(spec) -> list[str]:
    return [layer.name for layer in spec.layers if isinstance(layer, Conv2D) and layer.kernel[0] > 1]


def test_a_network_that_needs_frames_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    spec = random_spec(1, kinds=["globalpool2d"])
    with pytest.raises(UserError, match="layer globalpool2d_0: continuous mode: it pools over a whole frame"):
        write_rtl(spec, tmp_path / "rtl", continuous=True)
    assert not (tmp_path / "rtl").exists()
