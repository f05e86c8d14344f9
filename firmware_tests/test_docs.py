"""The examples of the how-to pages, run from top to bottom in an empty folder, as a reader would.

A TOML example is written to the file that its first line names.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[1] / "docs"
MADE = {
    "convert": (6, ("firmware/network.json", "endless/rtl/net_row_window.sv")),
    "replay": (9, ("replay.json", "damaged.png", "gaps.csv", "samples.npz")),
    "streams": (6, ("run.h5", "run.h5.manifest.json", "spectrum.png", "events.h5")),
}


def examples(page: str) -> list[tuple[str, str]]:
    """Return (language, text) of every fenced example, in order."""
    text = (PAGES / f"{page}.md").read_text()
    return re.findall(r"^```(python|sh|yaml|toml)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.rtl
@pytest.mark.parametrize("page", MADE)
def test_examples_run_as_they_stand(page: str, tmp_path: Path) -> None:
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": paths, "TF_CPP_MIN_LOG_LEVEL": "2"}
    ran = 0
    for language, text in examples(page):
        if language == "yaml":
            (tmp_path / "config.yml").write_text(text)
            continue
        if language == "toml":
            (tmp_path / text.split()[1].rstrip(":")).write_text(text)
            continue
        command = [sys.executable, "-c", text] if language == "python" else ["bash", "-euc", text]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        ran += 1
    count, files = MADE[page]
    assert ran == count
    for file in files:
        assert (tmp_path / file).is_file(), file
