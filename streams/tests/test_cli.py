from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from streams import cli

LARTRIG = Path(sys.executable).with_name("lartrig")


def lartrig(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LARTRIG, *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command_without_importing_it() -> None:
    code = (
        "import sys; from streams import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "heavy = {'tensorflow', 'hls4ml', 'trigger', 'hls', 'cocotb', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("simulate", "inspect", "train", "convert", "verify", "cosim", "replay", "demo"):
        assert f"  {command}" in done.stdout


POINTS = tomllib.loads((Path(cli.__file__).parents[1] / "pyproject.toml").read_text())["project"][
    "entry-points"
]


def test_the_help_lists_the_commands_that_there_are() -> None:
    assert set(cli._SUMMARY) == set(POINTS["lartrig.commands"])


@pytest.mark.parametrize(("command", "place"), POINTS["lartrig.commands"].items())
def test_each_command_has_an_example(command: str, place: str) -> None:
    module, name = place.split(":")
    words = getattr(importlib.import_module(module), name).__doc__
    assert f"Example: lartrig {command} " in words.replace("\n", " \n")


def test_one_command_shows_its_help() -> None:
    done = lartrig("simulate", "--help")
    assert done.returncode == 0, done.stderr
    assert "Example: lartrig simulate" in done.stdout


def test_user_error_is_one_sentence(tmp_path: Path) -> None:
    done = lartrig("simulate", str(tmp_path / "absent.toml"), "-o", str(tmp_path / "run.h5"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot read configuration")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_unknown_command_is_a_usage_error() -> None:
    assert lartrig("frobnicate").returncode == 2
