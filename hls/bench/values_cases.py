"""Cases for a network that another tool made of the same model, on the suite in the folder LARTRIG_SUITE.

Stimulus: the suite's frames of random numbers and corners, back to back.
Checks: every number of every output; nothing missing, nothing extra; a beat that is not taken stays as it is.
Timing: always valid and ready, with idle cycles, with back-pressure, with both.
Not covered: clocks; tlast and tuser; short and long frames; a reset in mid-frame; streams between the layers.
"""

from __future__ import annotations

import os
from pathlib import Path

import cocotb

from .network_bench import NetworkBench, Reset
from .values import COMPARED
from .vectors import read

SUITE = read(Path(os.environ["LARTRIG_SUITE"])) if "LARTRIG_SUITE" in os.environ else None
TRAFFIC = [run.name for run in SUITE.traffic] if SUITE else ["always"]


@cocotb.test(timeout_time=1000, timeout_unit="ms")
@cocotb.parametrize(traffic=TRAFFIC)
async def numbers_equal_reference(dut, traffic: str) -> None:
    assert SUITE is not None, "set LARTRIG_SUITE to the folder with suite.json"
    bench = NetworkBench(dut, SUITE, values_only=True)
    run = next(run for run in SUITE.traffic if run.name == traffic)
    [played] = await bench.play(Reset(16), run)
    beats = zip(SUITE.outputs, played.given, strict=True)
    with Path(COMPARED).open("a") as file:
        file.write(f"{sum(stream.channels * len(clocks) for stream, clocks in beats)}\n")
