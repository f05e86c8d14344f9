"""Generated networks and their suites, written and co-simulated with the bench that travels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hls.bench import runner
from hls.bench.simulators import quickest
from hls.plan import Plan
from hls.rtl_writer import write_rtl
from hls.suite import write_suite
from trigger.network_spec import NetworkSpec

CASES = "hls.bench.network_cases"


def write(
    spec: NetworkSpec, folder: Path, kernels: Mapping[str, str] | None = None, *, continuous: bool = False
) -> Plan:
    """Write ``rtl`` and ``cocotb`` of a network into ``folder``; return its plan."""
    plan = write_rtl(spec, folder / "rtl", kernels, continuous=continuous)
    write_suite(spec, plan, folder / "rtl", folder / "cocotb")
    return plan


def simulate(folder: Path, tag: str, *, simulator: str | None = None, seed: int = 1) -> Path:
    """Run every case on the network in ``folder``; a failed one is an ``AssertionError``.

    ``simulator`` : ``verilator`` or ``icarus``; default: ``SIM``, else Icarus where it is installed.
    """
    chosen = simulator or quickest()
    design = runner.Design("network", [folder / "rtl" / "network.f"], simulator=chosen, public="top")
    runner.build(design)
    return runner.run(design, CASES, tag=tag, seed=seed, env={"LARTRIG_SUITE": str(folder / "cocotb")})
