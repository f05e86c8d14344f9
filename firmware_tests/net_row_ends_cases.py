"""Cases for net_row_guard and net_row_tail, joined by FIFOs; they run inside the simulator.

Stimulus: rows of random pixels and numbers; short and long ones (early, late and missing tlast); resets in a row.
Checks: the tail gives the pixels of every FieldStride-th row, from row FieldRows-1 on; tlast, number, and the bad
    mark of every row that depends on a bad one; counters of short and long rows; data stay while ready is low.
Timing: always ready; idles; stalls.
Not covered: two clocks; what lies between guard and tail in a network (see network_cases).
"""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from hls.bench.clocked import ClockedBench
from hls.bench.scoreboard import Scoreboard


class Bench(ClockedBench):
    """Drives rows; drops, as the layers between would, those that give no output row."""

    def __init__(self, dut) -> None:
        super().__init__(dut)
        self.columns, self.rows = int(dut.Columns.value), int(dut.FieldRows.value)
        self.stride = int(dut.FieldStride.value)
        self.forget()
        self.begin(self._watch())

    def quiet(self) -> None:
        self.dut.s_axis_tvalid.value = 0
        self.dut.m_axis_tready.value = 0

    def forget(self) -> None:
        self.board = Scoreboard("m_axis")
        self.bad: list[bool] = []
        self.short = self.long = 0

    def row(self, length: int) -> list[tuple[int, int, int]]:
        """Return (data, last, user) of a row of ``length`` beats; expect what must come out for it."""
        data = [int(v) for v in self.rng.integers(0, 256, length)]
        number = int(self.rng.integers(0, 1 << 16))
        self.short, self.long = self.short + (length < self.columns), self.long + (length > self.columns)
        self.bad.append(length != self.columns)
        index = len(self.bad) - self.rows
        if index >= 0 and index % self.stride == 0:
            whole = (data + [0] * self.columns)[: self.columns]
            mark = any(self.bad[-self.rows :]) << 16
            for k, value in enumerate(whole):
                last = k == self.columns - 1
                self.board.expect((value, int(last), number + mark * last))
        return [(value, int(k == length - 1), number if k == 0 else 0) for k, value in enumerate(data)]

    async def send(self, beats: list[tuple[int, int, int]], idle: float) -> None:
        dut = self.dut
        for data, last, user in beats:
            while self.rng.random() < idle:
                await RisingEdge(dut.clk)
            dut.s_axis_tvalid.value = 1
            dut.s_axis_tdata.value, dut.s_axis_tlast.value, dut.s_axis_tuser.value = data, last, user
            while True:
                await FallingEdge(dut.clk)
                taken = bool(dut.s_axis_tready.value)
                await RisingEdge(dut.clk)
                if taken:
                    break
            dut.s_axis_tvalid.value = 0

    async def pull(self, stall: float) -> None:
        while True:
            self.dut.m_axis_tready.value = int(self.rng.random() >= stall)
            await RisingEdge(self.dut.clk)

    async def _watch(self) -> None:
        dut, held = self.dut, None
        while True:
            await FallingEdge(dut.clk)
            if dut.rst.value == 1 or dut.m_axis_tvalid.value != 1:
                held = None
                continue
            beat = (int(dut.m_axis_tdata.value), int(dut.m_axis_tlast.value), int(dut.m_axis_tuser.value))
            assert held in (None, beat), "a beat changed while tready was low"
            held = beat
            if dut.m_axis_tready.value == 1:
                self.board.saw(beat)
                held = None

    async def finish(self, at_least: int) -> None:
        for _ in range(300):
            await RisingEdge(self.dut.clk)
        self.board.finish(at_least)
        counted = int(self.dut.rows_short.value), int(self.dut.rows_long.value)
        assert counted == (self.short, self.long)


@cocotb.test(timeout_time=50, timeout_unit="us")
async def whole_rows_pass(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.begin(bench.pull(0.0))
    for _ in range(20):
        await bench.send(bench.row(bench.columns), 0.0)
    await bench.finish(at_least=3 * bench.columns)


@cocotb.test(timeout_time=200, timeout_unit="us")
async def bad_rows_are_mended_marked_and_counted(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.begin(bench.pull(0.3))
    for _ in range(40):
        usual = bench.rng.random() < 0.6
        await bench.send(
            bench.row(bench.columns if usual else int(bench.rng.integers(1, 3 * bench.columns))), 0.2
        )
    await bench.finish(at_least=3 * bench.columns)
    assert bench.short > 0 and bench.long > 0


@cocotb.test(timeout_time=200, timeout_unit="us")
async def reset_in_a_row(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.begin(bench.pull(0.2))
    for cut in (1, bench.columns - 1, bench.columns):
        for _ in range(bench.rows):
            await bench.send(bench.row(int(bench.rng.integers(1, 2 * bench.columns))), 0.1)
        await bench.send(bench.row(bench.columns)[:cut], 0.1)
        await bench.reset()
        for _ in range(bench.rows + 3):
            await bench.send(bench.row(bench.columns), 0.1)
        await bench.finish(at_least=bench.columns)
