"""Cases for net_global; they run inside the simulator.

Stimulus: frames of random and extreme numbers back to back; pauses and stalls at random; a reset in mid-frame.
Checks: one beat per frame, equal to the maximum or the sum of its numbers; a stalled word stays as it is.
Timing: m_valid and both handshakes equal hls.cycles_fronts.Global in every clock; no bubble at full rate.
Not covered: the factor of an average (a kernel program).
"""

from __future__ import annotations

import cocotb

from firmware_tests import front_bench
from firmware_tests.front_bench import FrontBench, numbers, word
from hls.cycles_fronts import Global


def bench(dut) -> FrontBench:
    names = ("Beats", "Count", "Width", "Signed", "Sum", "OutWidth")
    beats, count, width, signed, sums, out = (int(getattr(dut, name).value) for name in names)
    join = sum if sums else max

    def reference(words: list[int]) -> list[int]:
        frame = [list(numbers(w, count, width, signed=bool(signed))) for w in words]
        return [word([join(column) for column in zip(*frame, strict=True)], out)]

    return FrontBench(dut, lambda: Global(beats), count * width, beats, reference)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(valid=[1.0, 0.5], ready=[1.0, 0.3])
async def equals_reference(dut, valid: float, ready: float) -> None:
    await front_bench.equals_reference(bench(dut), valid, ready)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_bubble(dut) -> None:
    beats = int(dut.Beats.value)
    await front_bench.no_bubble(bench(dut), 5, latency=beats)
