"""The examples of docs/convert.md, run from top to bottom in an empty folder, as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "convert.md"


def examples() -> list[tuple[str, str]]:
    """Return (language, text) of every fenced example, in order."""
    return re.findall(r"^```(python|sh|yaml)\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.rtl
def test_examples_run_as_they_stand(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": paths, "TF_CPP_MIN_LOG_LEVEL": "2"}
    ran = 0
    for language, text in examples():
        if language == "yaml":
            (tmp_path / "config.yml").write_text(text)
            continue
        command = [sys.executable, "-c", text] if language == "python" else ["bash", "-euc", text]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        ran += 1
    assert ran == 6
    assert (tmp_path / "firmware" / "network.json").is_file()
    assert (tmp_path / "endless" / "rtl" / "net_row_window.sv").is_file()
