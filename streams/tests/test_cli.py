from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    "command", ["simulate", "inspect", "train", "convert", "verify", "cosim", "replay", "demo"]
)
def test_each_command_has_an_example(command: str) -> None:
    done = lartrig(command, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Example: lartrig {command}" in done.stdout


def test_user_error_is_one_sentence(tmp_path: Path) -> None:
    done = lartrig("simulate", str(tmp_path / "absent.toml"), "-o", str(tmp_path / "run.h5"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot read configuration")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_unknown_command_is_a_usage_error() -> None:
    assert lartrig("frobnicate").returncode == 2
