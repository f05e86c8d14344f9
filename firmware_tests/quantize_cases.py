"""Cases for net_quantize in many configurations side by side; they run inside the simulator.

Stimulus: every bit pattern of the input, one per enabled clock; the enable is low now and then.
Checks: every output of every configuration equals trigger.integer_layers.quantize.
Timing: outputs come exactly 2 enabled clocks after their input.
Not covered: valid and ready (net_enable); wide numbers (networks and random networks).
"""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.triggers import Timer

from firmware_tests.quantize_bulk import IN_WIDTH, configurations

STAGES = 2  # header of net_quantize.sv


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_reference(dut) -> None:
    chosen = configurations()[:: int(os.environ["LARTRIG_EVERY"])]
    patterns = np.arange(1 << IN_WIDTH)
    wanted = [configuration.wanted(patterns) for configuration in chosen]
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    differing: list[str] = []
    done = 0
    while done < len(patterns) + STAGES:
        enabled = bool(rng.random() < 0.7)
        dut.clk.value, dut.en.value = 0, int(enabled)
        dut.x.value = done % len(patterns) if enabled else int(rng.integers(len(patterns)))
        await Timer(1, unit="ns")
        dut.clk.value = 1
        await Timer(1, unit="ns")
        done += enabled
        row = done - STAGES
        if not 0 <= row < len(patterns):
            continue
        word = int(dut.y.value)
        for configuration, want in zip(chosen, wanted, strict=True):
            got, word = word & ((1 << configuration.out_width) - 1), word >> configuration.out_width
            if got != want[row]:
                differing.append(f"{configuration}, input {row:04b}: got {got:b}, want {int(want[row]):b}")
    assert not differing, f"{len(differing)} differ: " + "; ".join(differing[:5])
