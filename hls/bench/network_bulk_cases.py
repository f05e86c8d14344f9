"""The one case of network_bulk; it runs inside the simulator.

Stimulus: stimulus.bin, offered by the harness without pause.
Checks: the run comes to an end; no frame is counted as bad. The beats that the harness wrote are compared in the
    calling process (test_network.py).
Timing: none of its own; the harness notes the clock of every beat; bounded by LARTRIG_LIMIT_CLOCKS.
Not covered: back-pressure and pauses (network_cases).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import cocotb
from cocotb.triggers import RisingEdge, Timer

NS_PER_CLOCK = 4  # of network_bulk.sv


@cocotb.test(timeout_time=NS_PER_CLOCK * int(os.environ.get("LARTRIG_LIMIT_CLOCKS", "1")), timeout_unit="ns")
async def run_to_the_end(dut) -> None:
    await Timer(1, unit="ns")
    dut.start.value = 1
    start = time.process_time()
    await RisingEdge(dut.done)
    facts = {"clocks": int(dut.clock.value), "seconds": time.process_time() - start}
    Path("facts.json").write_text(json.dumps(facts))
    assert (int(dut.frames_short.value), int(dut.frames_long.value)) == (0, 0)
