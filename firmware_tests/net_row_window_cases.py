"""Cases for net_row_window; they run inside the simulator.

Stimulus: seeded random rows, one after the other; resets in the middle of a row.
Checks: every window (numbers, and marks where there are some) equals the one cut out of the rows; data stay while ready
    is low; nothing missing, nothing extra; with a pixel in every clock a pixel is taken in every clock.
Timing: always ready; idles that end in the middle and at the end of rows; stalls. The last windows of a row come out
    without a pixel of the next row.
Not covered: two clocks.
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from hls.bench.clocked import ClockedBench
from hls.bench.scoreboard import Scoreboard

SIZES = (
    "Columns",
    "Channels",
    "Width",
    "KernelRows",
    "KernelCols",
    "StrideRows",
    "StrideCols",
    "PadLeft",
    "OutCols",
)


class Bench(ClockedBench):
    """Drives rows, and expects the windows cut out of them."""

    def __init__(self, dut) -> None:
        super().__init__(dut)
        self.size = {name: int(getattr(dut, name).value) for name in SIZES}
        self.marks, self.pad = int(dut.Marks.value), int(dut.PadValue.value)
        self.board = Scoreboard("m")
        self.rows: list[np.ndarray] = []
        self.clocks = 0
        self.begin(self._watch())

    def quiet(self) -> None:
        self.dut.s_valid.value = 0
        self.dut.m_ready.value = 0

    def forget(self) -> None:
        self.board = Scoreboard("m")
        self.rows = []

    def row(self) -> list[int]:
        """Return the words of a new random row; expect the windows that it completes."""
        n = self.size
        self.rows.append(self.rng.integers(0, 1 << n["Width"], (n["Columns"], n["Channels"])))
        newest = len(self.rows) - n["KernelRows"]
        if newest >= 0 and newest % n["StrideRows"] == 0:
            seen = np.stack(self.rows[-n["KernelRows"] :])
            for k in range(n["OutCols"]):
                self.board.expect(self._window(seen, k * n["StrideCols"] - n["PadLeft"]))
        return [self._word(pixel) for pixel in self.rows[-1]]

    def _word(self, numbers: np.ndarray) -> int:
        return sum(int(v) << (c * self.size["Width"]) for c, v in enumerate(numbers.ravel()))

    def _window(self, seen: np.ndarray, left: int) -> int:
        columns = np.arange(left, left + self.size["KernelCols"])
        inside = (columns >= 0) & (columns < self.size["Columns"])
        cut = np.where(
            inside[None, :, None], seen[:, np.clip(columns, 0, self.size["Columns"] - 1)], self.pad
        )
        marks = sum(int(v) << k for k, v in enumerate(np.tile(inside, self.size["KernelRows"])))
        return self._word(cut) + (marks << (cut.size * self.size["Width"]) if self.marks else 0)

    async def send(self, words: list[int], idle: float) -> None:
        """Offer words, with pauses of this chance before each."""
        for word in words:
            while self.rng.random() < idle:
                await RisingEdge(self.dut.clk)
            self.dut.s_valid.value = 1
            self.dut.s_data.value = word
            while True:
                await FallingEdge(self.dut.clk)
                taken = bool(self.dut.s_ready.value)
                await RisingEdge(self.dut.clk)
                self.clocks += 1
                if taken:
                    break
            self.dut.s_valid.value = 0

    async def pull(self, stall: float) -> None:
        """Be ready, or not with this chance, in every clock."""
        while True:
            self.dut.m_ready.value = int(self.rng.random() >= stall)
            await RisingEdge(self.dut.clk)

    async def _watch(self) -> None:
        held = None
        while True:
            await FallingEdge(self.dut.clk)
            if self.dut.rst.value == 1 or self.dut.m_valid.value != 1:
                held = None
                continue
            word = int(self.dut.m_data.value)
            assert held in (None, word), "m_data changed while m_ready was low"
            held = word
            if self.dut.m_ready.value == 1:
                self.board.saw(word)
                held = None

    async def finish(self, at_least: int) -> None:
        """Wait until everything is out; no further pixel is offered."""
        for _ in range(40 + 20 * self.size["KernelCols"]):
            await RisingEdge(self.dut.clk)
        self.board.finish(at_least)


@cocotb.test(timeout_time=50, timeout_unit="us")
async def a_pixel_in_every_clock(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.begin(bench.pull(0.0))
    words = [word for _ in range(14) for word in bench.row()]
    bench.clocks = 0
    await bench.send(words, 0.0)
    assert bench.clocks == len(words)
    await bench.finish(at_least=2 * bench.size["OutCols"])


@cocotb.test(timeout_time=200, timeout_unit="us")
async def idles_and_stalls(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.begin(bench.pull(0.4))
    for number in range(36):
        await bench.send(bench.row(), float(bench.rng.choice([0.0, 0.3, 0.5, 0.9])))
        if number % 5 == 0:  # the row's last windows must not wait for the next row
            for _ in range(20 * bench.size["KernelCols"]):
                await RisingEdge(dut.clk)
            assert bench.board.waiting == 0
    await bench.finish(at_least=2 * bench.size["OutCols"])


@cocotb.test(timeout_time=200, timeout_unit="us")
async def reset_in_the_middle_of_a_row(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.begin(bench.pull(0.2))
    for cut in (1, bench.size["Columns"] // 2 + 1, bench.size["Columns"]):
        for _ in range(bench.size["KernelRows"]):
            await bench.send(bench.row(), 0.1)
        await bench.send(bench.row()[:cut], 0.1)
        await bench.reset()
        for _ in range(bench.size["KernelRows"] + 2):
            await bench.send(bench.row(), 0.1)
        await bench.finish(at_least=bench.size["OutCols"])
