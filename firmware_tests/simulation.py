"""Simulate hand-written RTL with the bench: sources by name, and warnings of cocotbext-axi put aside.

>>> rtl_files(["decide.sv"])[0].name
'decide.sv'
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from hls.bench import runner
from hls.bench.simulators import quickest, verilator, verilator_environment

T = TypeVar("T")
RTL = Path(__file__).resolve().parents[1] / "hls" / "rtl"


def rtl_files(sources: Sequence[str | Path]) -> list[Path]:
    """Return the paths of sources; a relative name lies in ``hls/rtl``."""
    return [RTL / source for source in sources]  # an absolute source stays as it is


def sample(items: Sequence[T]) -> Sequence[T]:
    """Return what a test run has time for: all on Icarus or with ``LARTRIG_ALL=1``, else every fourth."""
    return items if quickest() == "icarus" or os.environ.get("LARTRIG_ALL") == "1" else items[::4]


def lint(top: str, sources: Sequence[str | Path], parameters: Mapping[str, int]) -> str:
    """Return what Verilator's strictest lint says of ``top``; '' is clean."""
    program = verilator()
    options = ["--lint-only", "-Wall", "--top-module", top, *(f"-G{k}={v}" for k, v in parameters.items())]
    environment = {**os.environ, **verilator_environment(program)}
    command = [program, *options, *rtl_files(sources)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.stderr or ("" if done.returncode == 0 else f"exit code {done.returncode}")


def simulate(
    top: str,
    cases: str,
    *,
    sources: Sequence[str | Path],
    parameters: Mapping[str, int] | None = None,
    tag: str = "default",
    seed: int = 1,
    simulator: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Path:
    """Build ``top`` and run the cocotb module ``cases`` on it; return the folder with the log.

    ``simulator`` is ``verilator`` or ``icarus``; default: environment variable ``SIM``, else ``verilator``.
    ``env`` reaches the cases as environment variables. A failed case is an ``AssertionError``.
    """
    chosen = simulator or os.environ.get("SIM", "verilator")
    design = runner.Design(top, rtl_files(sources), parameters or {}, chosen)
    runner.build(design)
    quiet = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}  # cocotbext-axi 0.1.28 uses cocotb 1 calls
    return runner.run(design, cases, tag=tag, seed=seed, env={**quiet, **(env or {})})
