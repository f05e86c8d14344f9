"""Cases for emitted kernels, many of them side by side; they run inside the simulator.

Stimulus: kernels.json: for every kernel random and extreme inputs, one set per enabled clock; the enable is low now and
    then, and the inputs change to something else where it is.
Checks: every output of every kernel equals trigger.integer_layers.step.
Timing: outputs come exactly ``stages`` enabled clocks after their inputs.
Not covered: valid and ready (net_enable).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import Timer


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_reference(dut) -> None:
    kernels = json.loads(Path(os.environ["LARTRIG_KERNELS"]).read_text())
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    inputs = [getattr(dut, f"x{k}") for k in range(len(kernels))]
    outputs = [getattr(dut, f"y{k}") for k in range(len(kernels))]
    sets = len(kernels[0]["x"])
    differing: list[str] = []
    done = compared = 0
    while done < sets + max(kernel["stages"] for kernel in kernels):
        enabled = bool(rng.random() < 0.7)
        place = done if enabled else int(rng.integers(sets))
        dut.clk.value, dut.en.value = 0, int(enabled)
        for signal, kernel in zip(inputs, kernels, strict=True):
            signal.value = kernel["x"][min(place, sets - 1)]
        await Timer(1, unit="ns")
        dut.clk.value = 1
        await Timer(1, unit="ns")
        done += enabled
        for signal, kernel in zip(outputs, kernels, strict=True):
            row = done - kernel["stages"]
            if 0 <= row < sets:
                compared += 1
                got = signal.value
                if not got.is_resolvable or int(got) != kernel["y"][row]:
                    differing.append(f"{kernel['name']}, set {row}: got {got}, want {kernel['y'][row]:b}")
    assert not differing, f"{len(differing)} of {compared} differ: " + "; ".join(differing[:5])
    assert compared >= sets * len(kernels)
