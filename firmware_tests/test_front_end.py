"""front_end against its reference, on both simulators and in several shapes."""

from __future__ import annotations

import shutil

import pytest

from firmware_tests.simulation import simulate

SOURCES = ["front_end.sv", "pedestal_bins.sv", "pedestal_lane.sv", "frame_rows.sv"]
SMALL = {"FaceChannels": 16, "GuardColumns": 8, "Rows": 16}
OTHER = {
    "FaceChannels": 8,
    "GuardColumns": 16,
    "Rows": 24,
    "TicksPerPixel": 4,
    "AccumulatorLimit": 1,
    "Shift": 3,
    "Offset": 100,
}
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")


@pytest.mark.rtl
@needs_icarus
@pytest.mark.parametrize("shape", [SMALL, OTHER], ids=["small", "other"])
def test_front_end_icarus(shape: dict[str, int]) -> None:
    simulate(
        "front_end", "firmware_tests.front_end_cases", sources=SOURCES, parameters=shape, simulator="icarus"
    )


@pytest.mark.rtl
@pytest.mark.parametrize("seed", [1, 2])
def test_front_end_verilator_from_random_registers(seed: int) -> None:
    simulate(
        "front_end",
        "firmware_tests.front_end_cases",
        sources=SOURCES,
        parameters=SMALL,
        simulator="verilator",
        seed=seed,
    )
