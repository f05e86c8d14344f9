"""Cases for net_resize; they run inside the simulator.

Stimulus: frames of random pixels back to back; pauses and stalls at random; a reset in mid-frame.
Checks: every frame equals numpy's repeat and pad; a stalled word stays as it is; nothing comes before a frame's first
    pixel is offered.
Timing: m_valid and both handshakes equal hls.cycles_fronts.Resize in every clock; no bubble at full rate.
Not covered: frames of a wrong length (net_guard).
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from firmware_tests import front_bench
from firmware_tests.front_bench import FrontBench
from hls.cycles_fronts import Resize


def bench(dut) -> FrontBench:
    names = ("Rows", "Columns", "SizeRows", "SizeCols", "PadTop", "PadBottom", "PadLeft", "PadRight", "Width")
    rows, columns, high, wide, top, bottom, left, right, bits = (int(getattr(dut, n).value) for n in names)

    def reference(words: list[int]) -> list[int]:
        frame = np.array(words, object).reshape(rows, columns).repeat(high, axis=0).repeat(wide, axis=1)
        return np.pad(frame, ((top, bottom), (left, right)), constant_values=0).ravel().tolist()

    def front() -> Resize:
        return Resize(rows, columns, (high, wide), (top, bottom, left, right))

    return FrontBench(dut, front, bits, rows * columns, reference)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(valid=[1.0, 0.4], ready=[1.0, 0.4])
async def equals_reference(dut, valid: float, ready: float) -> None:
    await front_bench.equals_reference(bench(dut), valid, ready)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_bubble(dut) -> None:
    await front_bench.no_bubble(bench(dut), 3, latency=1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_frame_begins_without_a_pixel(dut) -> None:
    bench_ = bench(dut)
    await bench_.reset()
    for _ in range(2):
        dut.m_ready.value = 1
        await ClockCycles(dut.clk, 20)
        assert not dut.m_valid.value
        await bench_.play(1)
    bench_.board.finish(at_least=2)
