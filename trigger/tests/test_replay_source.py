"""What a replay reads: files and simulations, with faults, at a speed; every fault is counted in the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from streams.block import Block
from streams.errors import ConfigError, UserError
from streams.files.writer import Plan, write_file
from streams.pace import Pace
from trigger import replay
from trigger.replay_source import Asked, open_source
from trigger.tests.test_replay import _call, firmware, folder

__all__ = ["folder"]
FAULTS = "lost=0.02,duplicated=0.02,reordered=0.02,flipped=0.02,silent=2@9+16,seed=3"
SAME = ("lost", "duplicated", "reordered", "late", "truncated", "corrupted", "jumped")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_file(tmp_path / "run.h5", quiet(40), Plan(2, 20, crate=3))
    return tmp_path / "run.h5"


def quiet(n: int) -> Iterator[Block]:
    """Blocks of weak noise."""
    random = np.random.default_rng(1)
    for k in range(n):
        x, u, v = (random.integers(898, 903, (64, c)).astype(np.uint16) for c in (960, 800, 800))
        yield Block(64 * k, 1_000_000 * 2048 + 2048 * k, x, induction={"U": u, "V": v})


def test_the_report_of_a_file_with_faults(run: Path, folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "report.json"
    assert _call(run, "-f", folder, "--faults", FAULTS, "--crate", 3, "--report", made) == ""
    content = json.loads(made.read_text())
    readout, source = content["readout"], open_source(run, Asked(faults=FAULTS))
    blocks = list(source.blocks)
    seen = {name: int(counts.sum()) for name, counts in source.ledger.seen(checks=True).items()}
    assert {name: readout["received"][name] for name in SAME} == {name: seen[name] for name in SAME}
    assert readout["injected"]["silent"] == 4 * 16 and readout["received"]["delivered"] > 1000
    assert readout["first_fault"].startswith(f"{run}: TriggerRecord000001.0000: stream ")
    missing = sum(64 * int(b.missing["X"].sum()) for b in blocks if "X" in b.missing)
    assert content["missing_samples"] == missing > 64 * 96 * 16
    assert content["exposure_s"] == pytest.approx((40 - missing / 64 / 960) * 64 * 512e-9)


def test_a_file_without_faults_is_good(run: Path) -> None:
    source = open_source(run, Asked())
    result = replay.run(source.blocks, firmware())
    assert source.report is not None and source.report.good and result.missing_samples == 0
    assert source.content()["injected"] == {} and source.rows()["missing"] == "0 of 1600"
    assert list(source.shown([1, 2])) == [1, 2]


def test_strict_ends_with_the_first_fault(run: Path, folder: Path) -> None:
    assert _call(run, "-f", folder, "--strict") == ""
    said = _call(run, "-f", folder, "--strict", "--faults", "lost=0.01")
    assert said.startswith(f"{run}: TriggerRecord000001.0000: stream ") and "(a gap)" in said


def test_a_simulation_with_faults(tmp_path: Path) -> None:
    path = tmp_path / "replay.toml"
    path.write_text("seed = 3\n")
    plain = open_source(path, Asked(exposure_s=1e-3))
    source = open_source(path, Asked(exposure_s=1e-3, faults="lost=0.05"))
    assert plain.report is None and plain.rows() == {} and source.report is not None
    lost = 0
    for block, want in islice(zip(source.blocks, plain.blocks, strict=False), 40):
        there = ~block.missing.get("X", np.zeros(960, np.bool_))
        np.testing.assert_array_equal(block.adc[:, there], want.adc[:, there])
        np.testing.assert_array_equal(block.charge, want.charge)
        lost += int((~there).sum())
    assert lost > 0 and 20 < source.report.total("lost") <= source.ledger.count("lost")  # which is ahead


def test_the_pace_is_kept_and_reported(run: Path) -> None:
    source = open_source(run, Asked(speed=1e9))
    assert len(list(source.blocks)) == 40 and isinstance(source.pace, Pace) and source.pace.items == 40
    assert source.content()["pace"]["blocks"] == 40 and "pace" in source.rows()
    assert open_source(run, Asked()).pace is None


def test_what_cannot_be_asked(run: Path, folder: Path, tmp_path: Path) -> None:
    toml = tmp_path / "replay.toml"
    toml.write_text("seed = 3\n")
    for source, asked, sentence in (
        (run, Asked(exposure_s=1.0), "a file is replayed whole"),
        (run, Asked(exposure_s=0.0), "--exposure: got 0.0, want more than 0"),
        (toml, Asked(interactions=0), "--interactions: got 0, want more than 0"),
        (run, Asked(faults="lost=2"), "lost: got 2.0, want 0 to 1"),
        (run, Asked(speed=-1.0), "speed: got -1, want more than 0"),
        (toml, Asked(exposure_s=1.0, crate=3), "a simulation names its crate"),
        (toml, Asked(), "a simulation has no end"),
        (toml, Asked(interactions=3), "needs neutrinos"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            open_source(source, asked)
    with pytest.raises(UserError, match="crate"):
        open_source(run, Asked(crate=7))
    assert "got 'x'" in _call(run, "-f", folder, "--faults", "x=1")
