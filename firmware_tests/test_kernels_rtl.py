"""Emitted kernels against the integer reference, all in one simulation, and clean under lint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_tests import kernels_bulk
from firmware_tests.simulation import simulate
from hls.bench.simulators import quickest, verilator, verilator_root
from hls.random_kernels import cases, wide_kernels


def kernels(seeds: int) -> list[kernels_bulk.Kernel]:
    layers = [*cases(seeds), *wide_kernels()]
    return [*map(kernels_bulk.kernel, layers), kernels_bulk.held_table()]


def run(folder: Path, files: list[Path], vectors: list[dict[str, object]], simulator: str) -> None:
    (folder / "kernels.json").write_text(json.dumps(vectors))
    where = {"LARTRIG_KERNELS": str(folder / "kernels.json")}
    simulate("kernels_bulk", "firmware_tests.kernels_cases", sources=files, simulator=simulator, env=where)


@pytest.mark.rtl
def test_kernels_equal_the_reference(tmp_path: Path) -> None:
    seeds = 6 if quickest() == "icarus" else 1  # Verilator compiles them for a minute
    files, vectors = kernels_bulk.write(kernels(seeds), tmp_path, rows=24)
    run(tmp_path, files, vectors, quickest())


@pytest.mark.rtl
def test_a_fault_in_a_kernel_is_caught(tmp_path: Path) -> None:
    files, vectors = kernels_bulk.write(map(kernels_bulk.kernel, cases(1, ["softmax"])), tmp_path, rows=24)
    text = files[0].read_text()
    assert " ? v1 : v0" in text  # of the largest number
    files[0].write_text(text.replace(" ? v1 : v0", " ? v0 : v1", 1))
    with pytest.raises(AssertionError, match=r"1 of 1 cases failed"):
        run(tmp_path, files, vectors, quickest())


@pytest.mark.rtl
def test_lint_is_clean(tmp_path: Path) -> None:
    files, _ = kernels_bulk.write(kernels(5), tmp_path, rows=1)
    command = [str(verilator()), "--lint-only", "-Wall", "--top-module", "kernels_bulk", *map(str, files)]
    environment = {**os.environ, "VERILATOR_ROOT": str(verilator_root() or "")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0 and "%Warning" not in done.stderr, done.stderr


@pytest.mark.rtl
def test_yosys_takes_them(tmp_path: Path) -> None:
    files, _ = kernels_bulk.write(kernels(1), tmp_path, rows=1)
    read = [f"read_verilog -sv {file}" for file in files]
    passes = [*read, "hierarchy -check -top kernels_bulk", "proc", "check -assert"]
    command = [sys.executable, "-m", "hls.synth.yosys_child", *passes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
