"""Cases for front_end; they run inside the simulator.

Stimulus: blocks of noise, pulses and samples at the ends of the range, in windows of one block up to several
    frames; packets that are too short or too long; a reset in mid-frame; a supply without pause.
Checks: every pixel, tlast and tuser equals trigger.frames.Assembler, fed by what the device accepted; the counters
    too; none missing, none extra.
Timing: with and without idle cycles and back-pressure; first pixel 7 clocks after a block; no pause inside a window.
Not covered: traffic during reset.
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from firmware_tests.axis_bench import AxisBench
from hls.bench.scoreboard import Scoreboard
from trigger.beats import pack_block
from trigger.frames import Assembler, Frame, Geometry
from trigger.frontend import FastFrontEnd, FrontEnd, FrontEndConfig

LATENCY_CLK = 7  # header of front_end.sv
CORNERS = (0, 1, 8191, 8192, 16382, 16383)


def config_of(dut) -> FrontEndConfig:
    names = ("AccumulatorLimit", "TicksPerPixel", "Shift", "Offset")
    return FrontEndConfig(*(int(getattr(dut, name).value) for name in names))


def geometry_of(dut) -> Geometry:
    return Geometry(*(int(getattr(dut, name).value) for name in ("FaceChannels", "GuardColumns", "Rows")))


class Bench(AxisBench):
    def __init__(self, dut) -> None:
        self.geometry = geometry_of(dut)
        self.channels = 2 * self.geometry.face
        super().__init__(dut)

    def restart_reference(self) -> None:
        front_end = FrontEnd if self.channels < 100 else FastFrontEnd
        self.reference = Assembler(front_end(config_of(self.dut)), self.geometry)
        self.boards = {"pixels": Scoreboard("front_end.m_axis")}

    def accepted(self, beats: list[int], user: list[int]) -> None:
        for frame in self.reference.packet(beats, bool(user[-1])):
            self.boards["pixels"].expect(*pixels_of(frame))

    def counters(self) -> dict[str, int]:
        return {"blocks_short": self.reference.blocks_short, "blocks_long": self.reference.blocks_long}

    def block(self) -> list[int]:
        """Noise about one pedestal per channel, some pulses, some corners."""
        shape = (64, self.channels)
        adc = self.rng.normal(900 + 7 * np.arange(self.channels), 11, shape)
        adc += self.rng.integers(0, 300, shape) * (self.rng.random(shape) < 0.1)
        adc = np.where(self.rng.random(shape) < 0.03, self.rng.choice(CORNERS, shape), adc)
        return pack_block(adc.round().clip(0, 16383).astype(np.uint16))

    async def send(self, beats: list[int], last: bool = False) -> None:
        await self.axis.send_packet(beats, [0] * (len(beats) - 1) + [int(last)])

    async def _follow_output(self) -> None:
        while True:
            data, user = await self.axis.received_packet()
            for index, pixel in enumerate(zip(data, user, strict=True)):
                self.boards["pixels"].saw((*pixel, index == len(data) - 1))


def pixels_of(frame: Frame) -> list[tuple[int, int, bool]]:
    """Beats of a frame: (tdata, tuser, tlast)."""
    beats = [(pixel, 0, False) for pixel in frame.image.reshape(-1).tolist()]
    beats[-1] = (beats[-1][0], int(frame.filled), True)
    return beats


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(idle=[False, True], stall=[False, True])
async def equals_reference(dut, idle: bool, stall: bool) -> None:
    bench = await Bench.started(dut, idle=idle, stall=stall)
    for last in (False, False, True, False, True, True, False, False, False, False):
        await bench.send(bench.block(), last)
    await bench.finish(pixels=6 * bench.geometry.rows * bench.geometry.columns)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stall=[False, True])
async def bad_blocks_are_dropped(dut, stall: bool) -> None:
    bench = await Bench.started(dut, stall=stall)
    whole = len(bench.block())
    for length in (1, whole - 1, whole + 1, 2 * whole, 65):
        await bench.send(bench.block())
        await bench.send((bench.block() + bench.block() + [5])[:length], last=length == 65)
        await bench.send(bench.block())
        await bench.send(bench.block())
        await bench.send(bench.block(), last=length > whole)
    await bench.finish(pixels=8 * bench.geometry.rows * bench.geometry.columns)
    assert (bench.reference.blocks_short, bench.reference.blocks_long) == (3, 2)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(blocks=[1, 2, 3])
async def reset_leaves_no_trace(dut, blocks: int) -> None:
    bench = await Bench.started(dut)
    for _ in range(blocks):
        await bench.send(bench.block())
    await bench.send(bench.block()[:70])
    await ClockCycles(dut.clk, 320 * blocks + 30)  # in mid-block at the input, in mid-frame at the output
    await bench.reset()
    for last in (False, False, True):
        await bench.send(bench.block(), last)
    await bench.finish(pixels=2 * bench.geometry.rows * bench.geometry.columns)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def one_pixel_per_clock(dut) -> None:
    bench = await Bench.started(dut)
    trace = cocotb.start_soon(watch(dut))
    for index in range(4):
        await bench.send(bench.block(), last=index == 3)
    await bench.finish(pixels=bench.geometry.rows * bench.geometry.columns)
    trace.cancel()
    first_end, pixels = trace_of(dut)
    assert pixels[0] - first_end == LATENCY_CLK, f"first pixel after {pixels[0] - first_end} clocks"
    assert pixels[-1] - pixels[0] + 1 == len(pixels), "the output paused inside a window"


_TRACE: dict[str, list[int]] = {}


async def watch(dut) -> None:
    """Note the clocks in which a block ends at the input, and those in which a pixel leaves."""
    _TRACE.update(ends=[], pixels=[])
    clock = 0
    while True:
        await RisingEdge(dut.clk)
        clock += 1
        if dut.s_axis_tvalid.value and dut.s_axis_tready.value and dut.s_axis_tlast.value:
            _TRACE["ends"].append(clock)
        if dut.m_axis_tvalid.value == 1 and dut.m_axis_tready.value == 1:
            _TRACE["pixels"].append(clock)


def trace_of(dut) -> tuple[int, list[int]]:
    return _TRACE["ends"][0], _TRACE["pixels"]
