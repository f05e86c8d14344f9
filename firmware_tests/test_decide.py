"""decide against its reference, on both simulators and in several shapes."""

from __future__ import annotations

import shutil

import pytest

from firmware_tests.simulation import simulate

SOURCES = ["decide.sv", "commit_fifo.sv"]
SHAPES = {
    "one_output": {"OutputBits": 8, "Outputs": 1, "Rows": 3, "CellsPerFace": 5, "GuardCells": 1, "Depth": 32},
    "unsigned": {
        "OutputBits": 3,
        "OutputSigned": 0,
        "Rows": 2,
        "CellsPerFace": 4,
        "GuardCells": 2,
        "Depth": 64,
    },
    "three_outputs": {
        "OutputBits": 4,
        "Outputs": 3,
        "Rows": 4,
        "CellsPerFace": 3,
        "GuardCells": 1,
        "Depth": 64,
    },
}
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")


@pytest.mark.rtl
@needs_icarus
@pytest.mark.parametrize("shape", SHAPES)
def test_decide_icarus(shape: str) -> None:
    simulate(
        "decide",
        "firmware_tests.decide_cases",
        sources=SOURCES,
        parameters=SHAPES[shape],
        simulator="icarus",
    )


@pytest.mark.rtl
@pytest.mark.parametrize("seed", [1, 2])
def test_decide_verilator_from_random_registers(seed: int) -> None:
    simulate(
        "decide",
        "firmware_tests.decide_cases",
        sources=SOURCES,
        parameters=SHAPES["three_outputs"],
        simulator="verilator",
        seed=seed,
    )
