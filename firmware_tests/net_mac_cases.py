"""Cases for net_mac; they run inside the simulator.

Stimulus: random numbers and weights, first all of the largest magnitude; valid and ready at random, always ready at
    full rate, and an output that stays closed until the credits are used up; a reset in the middle of a sum.
Checks: every sum, bias included; s_ready and m_valid equal to the model below in every clock; sums and valid stay while
    ready is low; at full rate one beat per Turns clocks.
Timing: the model is that of hls.cycles, with the clocks of hls.kernel_choice.mac_clocks.
Not covered: weights that change between two sums.
"""

from __future__ import annotations

import json
import os
from collections import deque

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from hls.bench.clocked import ClockedBench
from hls.kernel_choice import mac_clocks
from hls.kernels.rom import turns_of


class Bench(ClockedBench):
    """Drives the module clock by clock; ``weights`` is (inputs * beats, filters), zero between the groups."""

    def __init__(self, dut) -> None:
        super().__init__(dut)
        job = json.loads(os.environ["NET_MAC"])
        self.weights, self.bias = np.array(job["weights"]), np.array(job["bias"])
        names = ("Inputs", "Beats", "Width", "WeightWidth", "OutWidth", "Parallel", "Groups")
        sizes = {name: int(getattr(dut, name).value) for name in names}
        self.inputs, self.beats, self.width = sizes["Inputs"], sizes["Beats"], sizes["Width"]
        self.out = sizes["OutWidth"]
        self.signed = bool(int(dut.Signed.value))
        self.clocks = mac_clocks(
            inputs=self.inputs,
            beats=self.beats,
            parallel=sizes["Parallel"],
            dsp=bool(int(dut.UseDsp.value)),
            weight_width=sizes["WeightWidth"],
            groups=sizes["Groups"],
        )
        run = int(dut.Run.value)
        words = turns_of(job["weights"], self.inputs, sizes["Parallel"], sizes["Groups"], run)
        self.words = [_pack(word, sizes["WeightWidth"]) for word in words]
        self.checked = self.taken = 0

    def quiet(self) -> None:
        self.dut.s_valid.value = 0
        self.dut.m_ready.value = 0

    def forget(self) -> None:
        self.clock = 0
        self.held: np.ndarray | None = None
        self.beat_sum, self.beat = self.bias.copy(), 0
        self.used, self.busy_until = 0, 0
        self.coming: deque[tuple[int, np.ndarray]] = deque()  # (clock in which it can be taken, sums)

    async def run(self, offer: float, take: float, clocks: int, *, extreme: bool = False) -> None:
        """Offer beats and take sums with these chances; compare in every clock."""
        dut = self.dut
        for _ in range(clocks):
            if self.held is None and self.rng.random() < offer:
                self.held = self._numbers(extreme)
            taken = bool(self.rng.random() < take)
            dut.s_valid.value = int(self.held is not None)
            dut.s_data.value = 0 if self.held is None else _pack(self.held.tolist(), self.width)
            dut.m_ready.value = int(taken)
            await FallingEdge(dut.clk)
            ready = self.clock >= self.busy_until and (self.beat > 0 or self.used < self.clocks.places)
            valid = bool(self.coming) and self.coming[0][0] <= self.clock
            assert (dut.s_ready.value, dut.m_valid.value) == (ready, valid), self.clock
            if valid:
                assert int(dut.m_data.value) == _pack(self.coming[0][1].tolist(), self.out)
            address = int(dut.weight_address.value)
            self._step(ready, valid and taken)
            await RisingEdge(dut.clk)
            dut.weight_data.value = self.words[address]

    def _step(self, ready: bool, popped: bool) -> None:
        if popped:
            self.coming.popleft()
            self.used -= 1
            self.checked += 1
        if ready and self.held is not None:
            self.used += self.beat == 0
            rows = slice(self.beat * self.inputs, (self.beat + 1) * self.inputs)
            self.beat_sum = self.beat_sum + self.held @ self.weights[rows]
            self.beat += 1
            self.busy_until = self.clock + self.clocks.turns
            self.taken += 1
            if self.beat == self.beats:
                arrives = self.clock + self.clocks.turns + self.clocks.depth + 1
                self.coming.append((arrives, self.beat_sum))
                self.beat_sum, self.beat = self.bias.copy(), 0
            self.held = None
        self.clock += 1

    def _numbers(self, extreme: bool) -> np.ndarray:
        low = -(1 << (self.width - 1)) if self.signed else 0
        high = low + (1 << self.width) - 1
        if extreme:
            return self.rng.choice([low, high], self.inputs)
        return self.rng.integers(low, high + 1, self.inputs)


def _pack(numbers: list[int], width: int) -> int:
    return sum((n % (1 << width)) << (k * width) for k, n in enumerate(numbers))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def equals_the_model_in_every_clock(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    span = bench.clocks.turns * bench.beats
    for offer, take, extreme in ((1.0, 1.0, True), (0.6, 0.7, False), (1.0, 0.02, False), (1.0, 0.6, False)):
        await bench.run(offer, take, 8 * span + 40, extreme=extreme)
    assert bench.checked >= 12


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def full_rate_takes_a_beat_every_turns_clocks(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    before = (bench.clocks.turns * bench.beats) * bench.clocks.places + 20
    await bench.run(1.0, 1.0, before)
    taken = bench.taken
    await bench.run(1.0, 1.0, 12 * bench.clocks.turns)
    assert bench.taken - taken == 12


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_begins_a_new_sum(dut) -> None:
    bench = Bench(dut)
    for clocks in (3, bench.clocks.turns * bench.beats + 2, 40):
        await bench.reset()
        await bench.run(1.0, 0.3, clocks)
    await bench.reset()
    await bench.run(1.0, 1.0, 6 * bench.clocks.turns * bench.beats + 30)
    assert bench.checked >= 4
