"""Generated networks against the integer network and the cycle model, on both simulators."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from firmware_tests.bench.runner import simulate
from firmware_tests.network_examples import examples
from hls import plan
from hls.rtl_writer import write_rtl
from trigger import network_spec

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")


def write(name: str, folder: Path) -> Path:
    """Write the RTL, network.json and plan.json of an example into ``folder``; return the file list."""
    example = examples()[name]
    plan.write(write_rtl(example.spec, folder / "rtl", example.kernels), folder / "plan.json")
    network_spec.write(example.spec, folder / "network.json")
    return folder / "rtl" / "network.f"


@pytest.mark.rtl
@needs_icarus
@pytest.mark.parametrize("name", examples())
def test_network_on_icarus(name: str, tmp_path: Path) -> None:
    simulate(
        "network",
        "firmware_tests.network_cases",
        sources=[write(name, tmp_path)],
        tag=name,
        simulator="icarus",
        env={"LARTRIG_NETWORK": str(tmp_path)},
    )
