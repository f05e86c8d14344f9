"""A run in several files and crates: TPs of a folder and of joined files, and activities of a folder of TPs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from streams.block import Block
from streams.errors import UserError
from streams.files.joined import join
from streams.files.tp_file import read_tps
from streams.files.writer import Plan, write_files
from trigger.activities.command import activities
from trigger.baselines.command import tpg


def blocks(seed: int) -> list[Block]:
    random = np.random.default_rng(seed)
    adc = (900 + 300 * (random.random((8, 64, 2560)) < 1e-3)).astype(np.uint16)
    adc[:, 0] = 900
    return [
        Block(64 * k, 2048 * (1000 + k), one[:, 1600:], induction={"U": one[:, :800], "V": one[:, 800:1600]})
        for k, one in enumerate(adc)
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two crates of two files each."""
    base = tmp_path_factory.mktemp("run")
    (base / "run").mkdir()
    for crate in (1, 2):
        plan = Plan(2, 4, crate=crate, run_number=9)
        for path in write_files(base / str(crate), blocks(crate), plan, 1):
            path.rename(base / "run" / path.name)
    join([base / "run"], base / "joined")
    return base


def call(command: Callable[..., Any], *words: object) -> str:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False).output


def found(path: Path) -> np.ndarray:
    return np.concatenate(list(read_tps(path)))


def test_joined_files_and_the_folder_have_the_same_tps(run: Path, tmp_path: Path) -> None:
    for name in ("run", "joined"):
        call(tpg, run / name, "--crate", 2, "-t", 60, "--settled", "-o", tmp_path / f"{name}.h5")
    tps = found(tmp_path / "run.h5")
    assert len(tps) > 500 and np.array_equal(tps, found(tmp_path / "joined.h5"))
    assert (tps["channel"] // 2560 == 1).all()
    with pytest.raises(UserError, match="holds the crates 1, 2: choose one with --crate"):
        call(tpg, run / "joined", "-o", tmp_path / "x.h5")


def test_the_tps_of_each_file_are_files_of_the_same_run(run: Path, tmp_path: Path) -> None:
    (tmp_path / "tps").mkdir()
    parts = sorted((run / "run").glob("*crate0001.hdf5"))
    for part, name in zip(parts, ("z", "a"), strict=True):
        call(tpg, part, "-t", 60, "--settled", "-o", tmp_path / "tps" / f"{name}.h5")
    with h5py.File(tmp_path / "tps" / "a.h5") as file:
        assert (file.attrs["run_number"], file.attrs["file_index"]) == (9, 1)
    starts = [int(tps["time_start"].min()) for tps in read_tps(tmp_path / "tps")]
    assert starts == sorted(starts) and len(starts) == 2
    options = ("-a", "adc_simple_window", "-s", "adc_threshold=1000", "-o", tmp_path / "tas.h5")
    said = call(activities, tmp_path / "tps", *options)
    with h5py.File(tmp_path / "tas.h5") as file:
        assert file.attrs["run_number"] == 9
    assert f"{len(found(tmp_path / 'tps'))} in" in said and "tardy" not in said
