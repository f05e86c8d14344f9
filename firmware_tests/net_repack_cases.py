"""Cases for net_repack; they run inside the simulator.

Stimulus: frames of random numbers back to back; pauses and stalls at random; a reset in mid-frame.
Checks: the same numbers in the same order; a stalled word stays as it is.
Timing: m_valid and both handshakes equal hls.cycles_fronts.Repack in every clock; no bubble at full rate.
Not covered: frames that are no multiple of both sides (refused at elaboration).
"""

from __future__ import annotations

import cocotb

from firmware_tests import front_bench
from firmware_tests.front_bench import FrontBench, numbers, word
from hls.cycles_fronts import Repack


def bench(dut) -> FrontBench:
    names = ("Width", "InCount", "OutCount", "Numbers")
    width, given, wanted, total = (int(getattr(dut, name).value) for name in names)

    def reference(words: list[int]) -> list[int]:
        flat = [value for w in words for value in numbers(w, given, width, signed=False)]
        return [word(flat[k : k + wanted], width) for k in range(0, total, wanted)]

    return FrontBench(dut, lambda: Repack(given, wanted), given * width, total // given, reference)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(valid=[1.0, 0.5], ready=[1.0, 0.4])
async def equals_reference(dut, valid: float, ready: float) -> None:
    await front_bench.equals_reference(bench(dut), valid, ready)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_bubble(dut) -> None:
    given, wanted = int(dut.InCount.value), int(dut.OutCount.value)
    await front_bench.no_bubble(bench(dut), 5, latency=-(-wanted // given))
