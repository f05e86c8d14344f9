"""The hand-written RTL of the chain is clean under Verilator's strictest lint."""

from __future__ import annotations

import os
import subprocess

import pytest

from firmware_tests.mutations import DECIDE, FRONT_END
from firmware_tests.simulation import RTL
from hls.bench.simulators import verilator, verilator_root


@pytest.mark.rtl
@pytest.mark.parametrize("outputs", [1, 3], ids=["one_output", "three_outputs"])
@pytest.mark.parametrize("sources", [FRONT_END, DECIDE], ids=["front_end", "decide"])
def test_lint_is_clean(sources: tuple[str, ...], outputs: int) -> None:
    top = sources[0].removesuffix(".sv")
    options = ["--lint-only", "-Wall", "--top-module", top]
    parameter = [f"-GOutputs={outputs}"] if top == "decide" else []
    command = [verilator(), *options, *parameter, *(RTL / source for source in sources)]
    environment = {**os.environ, "VERILATOR_ROOT": str(verilator_root() or "")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "%Warning" not in done.stderr
