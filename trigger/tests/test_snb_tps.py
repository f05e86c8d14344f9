"""The supernova study on the TPs of files: the same clusters as on the sample itself, over the time that was read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from streams.daq.tp import TP
from streams.errors import ConfigError, UserError
from streams.files.tp_file import TpPlan, write_tps
from trigger.snb import tp_sample
from trigger.snb.command import snb
from trigger.snb.sample import Sample
from trigger.snb.study import evaluate


def random_tps(count: int) -> np.ndarray:
    random = np.random.default_rng(4)
    tps = np.zeros(count, TP)
    tps["version"], tps["detid"] = 2, 3
    tps["channel"] = random.integers(1600, 1700, count)
    tps["time_start"] = 10**12 + np.sort(random.integers(0, 4_000, count)) * 32
    tps["samples_over_threshold"], tps["adc_integral"] = 10, 300
    return tps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of two files: collection TPs, and as many on other planes."""
    tps = random_tps(2000)
    (tmp_path / "run").mkdir()
    for number, part in enumerate((tps[:1000], tps[1000:])):
        other = part.copy()
        other["channel"] -= 1600
        both = np.concatenate([part, other])
        write_tps(tmp_path / "run" / f"{number}.h5", [both], TpPlan(file_index=number))
    return tmp_path / "run"


def test_the_clusters_are_those_of_the_sample_itself(folder: Path) -> None:
    tps = random_tps(2000)
    want = evaluate(Sample(tps, np.full(2000, -1), 0, 1.0), 100)
    got = evaluate(tp_sample.read(folder), 100)
    assert [row.background for row in got] == [row.background for row in want]
    assert want[0].background >= 2 and sum(row.background for row in want) > 50


def test_time_is_that_of_the_records(folder: Path) -> None:
    start = random_tps(2000)["time_start"].astype(np.int64)
    want = (start[999] - start[0] + start[1999] - start[1000]) / 62.5e6
    assert tp_sample.read(folder).seconds == pytest.approx(want, rel=1e-12)


def test_what_has_no_background_is_a_sentence(tmp_path: Path) -> None:
    tps = random_tps(3)
    tps["channel"] -= 1600
    write_tps(tmp_path / "induction.h5", [tps])
    with pytest.raises(UserError, match=r"induction\.h5: got 0 TPs of the collection plane"):
        tp_sample.read(tmp_path / "induction.h5")
    tps["detid"] = [3, 10, 3]
    write_tps(tmp_path / "vd.h5", [tps])
    with pytest.raises(UserError, match=r"vd\.h5: got TPs of detector 10, want 3"):
        tp_sample.read(tmp_path / "vd.h5")


def test_the_command_takes_the_background_of_a_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def simulate(config: object, blocks: int, shown: str) -> Sample:
        calls.append(shown)
        return Sample(random_tps(10), np.zeros(10, np.int64), 1, 1.0)

    monkeypatch.setattr("trigger.snb.sample.simulate", simulate)
    app = typer.Typer()
    app.command()(snb)
    result = CliRunner().invoke(
        app, ["--background", str(folder), "--picture", str(tmp_path / "snb.png")], catch_exceptions=False
    )
    lines = result.stdout.splitlines()
    assert calls == ["interactions"] and len(lines) == 50 and (tmp_path / "snb.png").stat().st_size > 10_000
    clusters = evaluate(tp_sample.read(folder), 100)[0].background
    assert lines[2].split(" | ")[4].strip() == str(clusters)
    result = CliRunner().invoke(app, ["--picture", str(tmp_path / "snb.png")])
    assert isinstance(result.exception, ConfigError) and "exists already" in str(result.exception)
