"""Random QKeras networks over the whole layer table, from level 0 to the RTL: eight of those of ``make fuzz``."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from firmware_tests import fuzz
from hls.random_plans import KINDS, plan

# LARTRIG_SEEDS="5 6 7" tries other draws than those of the test run.
SEEDS = [int(seed) for seed in os.environ.get("LARTRIG_SEEDS", "12 27 37 43 46 51 70 83").split()]


@pytest.mark.rtl
@pytest.mark.parametrize("seed", SEEDS)
def test_random_network_is_exact_on_every_level(seed: int, tmp_path: Path) -> None:
    fuzz.climb(seed, tmp_path / "firmware")


def test_a_hundred_seeds_draw_every_kind() -> None:
    seen = Counter(kind for seed in range(100) for kind in plan(seed).kinds)
    assert [kind for kind in KINDS if not seen[kind]] == []


def test_a_failed_seed_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def climb(seed: int, folder: Path) -> None:
        if seed == 4:
            raise AssertionError("levels 1 = 2:\nlayer conv differs")

    monkeypatch.setattr(fuzz, "climb", climb)
    app = typer.Typer()
    app.command()(fuzz.main)
    result = CliRunner().invoke(app, ["--first", "3", "--n", "3"])
    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith("seed 3: exact") and lines[2].startswith("seed 5: exact")
    assert lines[1] == (
        "seed 4: FAILED: AssertionError: levels 1 = 2: layer conv differs; again: make fuzz SEED=4"
    )
    assert lines[3] == "2 seeds exact, 1 failed" and lines[-1] == "again: make fuzz SEED=4"
    assert CliRunner().invoke(app, ["--seed", "3"]).exit_code == 0
