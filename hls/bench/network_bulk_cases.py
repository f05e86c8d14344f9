"""The one case of network_bulk; it runs inside the simulator.

Stimulus: stimulus.hex, offered by the harness without pause.
Checks: the run comes to an end; no frame is counted as bad. The beats that the harness wrote are compared in the
    calling process (test_network.py).
Timing: none of its own; the harness notes the clock of every beat; bounded by LARTRIG_LIMIT_CLOCKS.
Not covered: back-pressure and pauses (network_cases).
"""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import RisingEdge, Timer

NS_PER_CLOCK = 4  # of network_bulk.sv


@cocotb.test(timeout_time=NS_PER_CLOCK * int(os.environ.get("LARTRIG_LIMIT_CLOCKS", "1")), timeout_unit="ns")
async def run_to_the_end(dut) -> None:
    await Timer(1, unit="ns")
    dut.start.value = 1
    await RisingEdge(dut.done)
    assert (int(dut.frames_short.value), int(dut.frames_long.value)) == (0, 0)
