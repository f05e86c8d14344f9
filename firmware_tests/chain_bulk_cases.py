"""The one case of chain_bulk; it runs inside the simulator.

Stimulus: stimulus.hex, offered by the harness without pause.
Checks: the run comes to an end; counters of bad blocks, bad frames and lost records are 0. The beats that the harness
    wrote are compared by firmware_tests.cosim in the calling process.
Timing: none of its own; the harness notes the clock of every beat; bounded by its own watch.
Not covered: back-pressure and pauses (chain_cases).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb
from cocotb.triggers import RisingEdge, Timer

COUNTERS = ("blocks_short", "blocks_long", "frames_short", "frames_long", "frames_bad", "records_lost")


@cocotb.test(timeout_time=int(os.environ.get("LARTRIG_LIMIT_US", "1000000")), timeout_unit="us")
async def run_to_the_end(dut) -> None:
    dut.threshold.value = int(os.environ["LARTRIG_THRESHOLD"])
    dut.cells_wanted.value = int(os.environ["LARTRIG_CELLS"])
    await Timer(1, unit="ns")
    dut.start.value = 1
    await RisingEdge(dut.done)
    counted = {name: int(getattr(dut, name).value) for name in COUNTERS}
    assert not any(counted.values()), f"counters after clean data: {counted}"
    facts = {"clocks": int(dut.clock.value), "stalls": int(dut.stalls.value)}
    Path("facts.json").write_text(json.dumps(facts))
