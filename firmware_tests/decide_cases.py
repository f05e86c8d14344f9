"""Cases for decide; they run inside the simulator.

Stimulus: frames of random outputs (all bits used), some filled up, some marked bad, too short or too long; more
    records than the memory holds; a reset in mid-frame.
Checks: every record equals trigger.decide.decide on the frames that the device accepted; bad frames leave nothing;
    frames_bad and records_lost; none missing, none extra.
Timing: with and without idle cycles and back-pressure; first record 4 clocks after its frame's last cell.
Not covered: a threshold that changes inside a frame.
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from firmware_tests.axis_bench import AxisBench
from hls.bench.scoreboard import Scoreboard
from trigger.decide import TriggerRecord, decide
from trigger.frames import Frame, Geometry

LATENCY_CLK = 4  # header of decide.sv
NAMES = (
    "OutputBits",
    "OutputSigned",
    "Outputs",
    "Rows",
    "CellsPerFace",
    "GuardCells",
    "CellChannels",
    "Depth",
)


class Bench(AxisBench):
    def __init__(self, dut, threshold: int) -> None:
        self.bits, self.signed, self.outputs, self.rows, face, guard, width, self.depth = (
            int(getattr(dut, name).value) for name in NAMES
        )
        self.columns = 2 * (face + guard)
        self.stride = (1, width)
        self.geometry = Geometry(face * width, guard * width, self.rows)
        self.threshold = threshold
        dut.threshold.value = threshold
        super().__init__(dut)

    def restart_reference(self) -> None:
        self.boards = {"records": Scoreboard("decide.m_axis")}
        self.number = self.bad = 0

    def accepted(self, beats: list[int], user: list[int]) -> None:
        self.boards["records"].expect(*(record.bits() for record in self.records(beats, user[-1])))

    def counters(self) -> dict[str, int]:
        return {"frames_bad": self.bad, "records_lost": 0}

    async def send(self, cells: int | None = None, *, user: int = 0) -> None:
        """Queue a frame of random cells (default: as many as it should have)."""
        n = self.rows * self.columns if cells is None else cells
        beats = [int(b) for b in self.rng.integers(0, 1 << (self.bits * self.outputs), n)]
        await self.axis.send_packet(beats, [0] * (n - 1) + [user])

    def unpack(self, beats: list[int]) -> np.ndarray:
        """Return the outputs, (rows, columns, outputs), that these beats carry."""
        flat = np.array(beats)[:, None] >> (self.bits * np.arange(self.outputs)) & ((1 << self.bits) - 1)
        if self.signed:
            flat = flat - ((flat >> (self.bits - 1)) << self.bits)
        return flat.reshape(self.rows, self.columns, self.outputs)

    def records(self, beats: list[int], user: int) -> list[TriggerRecord]:
        """What the device must make of a packet."""
        number, self.number = self.number, self.number + 1
        if user & 2 or len(beats) != self.rows * self.columns:
            self.bad += 1
            return []
        frame = Frame(np.zeros((0, 0), np.uint8), 0, 0, self.rows, bool(user & 1), number=number)
        outputs = self.unpack(beats)
        return decide(frame, outputs, self.threshold, self.stride, geometry=self.geometry)

    async def _follow_output(self) -> None:
        while True:
            record = await self.axis.received()
            self.boards["records"].saw(record)


def threshold_of(dut) -> int:
    """A threshold that about half of the cells pass, and some reach exactly."""
    return 0 if int(dut.OutputSigned.value) else 1 << int(dut.OutputBits.value) - 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(idle=[False, True], stall=[False, True])
async def equals_reference(dut, idle: bool, stall: bool) -> None:
    bench = await Bench.started(dut, threshold_of(dut), idle=idle, stall=stall)
    cells = bench.rows * bench.columns
    for index in range(12):
        await bench.send(user=(0, 1, 2, 3)[index % 4])
    for length in (1, cells - 1, cells + 1, 2 * cells, cells):
        await bench.send(length, user=0)
    await bench.finish(records=cells)
    assert bench.bad == 10


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_leaves_no_trace(dut) -> None:
    bench = await Bench.started(dut, threshold_of(dut))
    bench.axis.stall([1])
    await bench.send(user=1)
    await bench.send()
    await ClockCycles(dut.clk, bench.rows * bench.columns + 9)  # records wait, the second frame is on its way
    await bench.reset()
    bench.axis.stall([0])
    await bench.send()
    await bench.send(user=1)
    await bench.finish(records=4)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def what_finds_no_place_is_counted(dut) -> None:
    bench = await Bench.started(dut, -(1 << 31))  # every cell over real channels
    for task in bench.tasks[1:]:
        task.cancel()
    bench.axis.stall([1])
    wanted: list[int] = []
    while len(wanted) <= 2 * bench.depth:
        await bench.send()
        beats, user = await bench.axis.accepted_packet()
        wanted += [record.bits() for record in bench.records(beats, user[-1])]
    await ClockCycles(dut.clk, 10)
    lost = int(dut.records_lost.value)
    bench.axis.stall([0])
    seen = [await bench.axis.received() for _ in range(len(wanted) - lost)]
    await ClockCycles(dut.clk, 50)
    assert lost > 0
    assert seen == wanted[: len(seen)]
    assert not dut.m_axis_tvalid.value


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency_is_the_stated_one(dut) -> None:
    bench = await Bench.started(dut, -(1 << 31))
    await bench.send()
    clocks = ends = 0
    while not dut.m_axis_tvalid.value:
        await RisingEdge(dut.clk)
        clocks += 1
        if dut.s_axis_tvalid.value and dut.s_axis_tlast.value:
            ends = clocks
    assert clocks - ends == LATENCY_CLK
    await bench.finish(records=1)
