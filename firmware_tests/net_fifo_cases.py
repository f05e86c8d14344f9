"""Cases for net_fifo and net_deep_fifo; they run inside the simulator.

Stimulus: random words; valid and ready at random, with phases that fill the buffer, empty it, and let it run at full
    rate; resets at any fill.
Checks: every word once and in order; s_ready and m_valid equal to the model below in every clock; valid and data stay
    while ready is low; full and empty were reached.
Timing: the model is that of hls.cycles: a word is offered one clock after it came in, two in net_deep_fifo.
Not covered: two clocks.
"""

from __future__ import annotations

import os
from collections import deque

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

#: Chance that a word is offered, that one is taken, and clocks: fill, empty, mixed, full rate.
PHASES = ((1.0, 0.1, 3), (0.1, 1.0, 3), (0.5, 0.5, 4), (0.9, 0.6, 2), (0.3, 0.7, 2), (1.0, 1.0, 2))


class Fifo:
    """What a buffer of ``depth`` words shows in each clock; ``deep``: it is read through a register."""

    def __init__(self, depth: int, deep: bool) -> None:
        self.depth, self.deep = depth, deep
        self.words: deque[int] = deque()
        self.valid = False

    @property
    def ready(self) -> bool:
        return len(self.words) < self.depth

    def step(self, offered: int | None, taken: bool) -> int | None:
        """Move by a clock; return the word that leaves."""
        pushed = offered is not None and self.ready
        popped = self.words.popleft() if self.valid and taken else None
        self.valid = bool(self.words) or (pushed and not self.deep)
        if pushed:
            self.words.append(offered)
        return popped


class Bench:
    """Drives the buffer clock by clock and compares what it shows with the model."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = np.random.default_rng(cocotb.RANDOM_SEED)
        self.depth, self.width = int(dut.Depth.value), int(dut.Width.value)
        self.checked = 0
        self.fills: set[int] = set()
        self.clock = cocotb.start_soon(Clock(dut.clk, 4, unit="ns").start())

    async def reset(self) -> None:
        """Hold ``rst`` with words on offer, which must not come in."""
        self.dut.rst.value = 1
        self.dut.s_valid.value = 1
        for _ in range(2):
            await RisingEdge(self.dut.clk)
        self.dut.rst.value = 0
        self.model = Fifo(self.depth, os.environ["NET_FIFO_DEEP"] == "1")
        self.held: int | None = None

    async def run(self, offer: float, take: float, clocks: int) -> None:
        """Offer and take words with these chances; compare in every clock."""
        dut, model = self.dut, self.model
        for _ in range(clocks):
            if self.held is None and self.rng.random() < offer:
                self.held = int.from_bytes(self.rng.bytes(8)) % (1 << self.width)
            taken = bool(self.rng.random() < take)
            dut.s_valid.value = int(self.held is not None)
            dut.s_data.value = 0 if self.held is None else self.held
            dut.m_ready.value = int(taken)
            await FallingEdge(dut.clk)
            self.fills.add(len(model.words))
            assert (dut.s_ready.value, dut.m_valid.value) == (model.ready, model.valid)
            if model.valid:
                assert int(dut.m_data.value) == model.words[0]
            accepted = model.ready
            self.checked += model.step(self.held, taken) is not None
            if accepted:
                self.held = None
            await RisingEdge(dut.clk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def equals_the_model_in_every_clock(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    for offer, take, times in PHASES:
        await bench.run(offer, take, times * bench.depth + 40)
    assert bench.checked > 5 * bench.depth
    assert {0, bench.depth} <= bench.fills


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def full_rate_never_pauses(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    await bench.run(1.0, 1.0, 10)
    before = bench.checked
    await bench.run(1.0, 1.0, 3 * bench.depth)
    assert bench.checked - before == 3 * bench.depth


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_leaves_no_word(dut) -> None:
    bench = Bench(dut)
    for clocks in (1, 2, 3, bench.depth - 1, bench.depth, bench.depth + 7):
        await bench.reset()
        await bench.run(1.0, 0.1, clocks)
        await bench.reset()
        await bench.run(0.6, 0.8, 30)
    assert bench.checked > 20
