"""Cases for net_quantize in many configurations side by side; they run inside the simulator.

Stimulus: every bit pattern of a narrow input, or many of a wide one, one per enabled clock; the enable is low now and
    then.
Checks: every output of every configuration equals trigger.integer_layers.quantize.
Timing: outputs come exactly 2 enabled clocks after their input.
Not covered: valid and ready (net_enable).
"""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.triggers import Timer

from firmware_tests import quantize_bulk

STAGES = 2  # header of net_quantize.sv


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_reference(dut) -> None:
    everything = (
        quantize_bulk.wide_configurations if "LARTRIG_WIDE" in os.environ else quantize_bulk.configurations
    )
    chosen = everything()[:: int(os.environ["LARTRIG_EVERY"])]
    patterns = quantize_bulk.patterns(chosen[0].in_width)
    wanted = [configuration.wanted(patterns) for configuration in chosen]
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    differing: list[str] = []
    done = 0
    while done < len(patterns) + STAGES:
        enabled = bool(rng.random() < 0.7)
        dut.clk.value, dut.en.value = 0, int(enabled)
        dut.x.value = int(patterns[done % len(patterns) if enabled else rng.integers(len(patterns))])
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
                differing.append(
                    f"{configuration}, input {int(patterns[row]):b}: got {got:b}, want {int(want[row]):b}"
                )
    assert not differing, f"{len(differing)} differ: " + "; ".join(differing[:5])
