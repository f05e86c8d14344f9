"""Synthesis of fixed modules equals what is kept in git, exactly; `make synth` keeps it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hls.synth import baselines
from streams.errors import UserError

NAMES = [n for n in sorted(baselines.modules()) if n not in baselines.SLOW or os.environ.get("LARTRIG_ALL")]


@pytest.mark.parametrize("name", NAMES)
def test_synthesis_equals_the_baseline(name: str, tmp_path: Path) -> None:
    assert baselines.measure(name, tmp_path) == baselines.read(name), (
        "changed on purpose? make synth, and commit"
    )


def test_every_baseline_has_its_module() -> None:
    assert {path.stem for path in baselines.FOLDER.glob("*.json")} == set(baselines.modules())


def test_bad_baseline_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"net_fifo\.json: .*No such file.*run make synth"):
        baselines.read("net_fifo")
    (tmp_path / "net_fifo.json").write_text('{"tool": 3}')
    with pytest.raises(UserError, match=r"Expected `str`, got `int`.*run make synth"):
        baselines.read("net_fifo")
