"""Cases for the chain with a generated network; they run inside the simulator.

Stimulus: windows of noise and tracks; a track on the last wire of face 0; short and long blocks; a reset in mid-frame.
Checks: every pixel, every network output and every record equals the references, fed by what the device accepted;
    counters; a track on the last wire of face 0 changes nothing on face 1; none missing, none extra.
Timing: with and without idle cycles and back-pressure.
Not covered: the full width of 960 channels (test_chain.py runs it in bulk).
"""

from __future__ import annotations

import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from firmware_tests.axis import AxisTap
from firmware_tests.axis_bench import AxisBench
from firmware_tests.chain_examples import SMALL
from hls.bench.scoreboard import Scoreboard
from trigger import network_spec, settings
from trigger.beats import pack_block
from trigger.decide import decide
from trigger.frames import Assembler, Frame, Geometry
from trigger.frontend import FastFrontEnd
from trigger.integer_network_fast import evaluate_fast

STREAMS = ("pixel", "cell", "record")


class Bench(AxisBench):
    """The monitor on the input feeds the references of all three streams."""

    def __init__(self, dut) -> None:
        folder = Path(os.environ["LARTRIG_FIRMWARE"])
        self.spec = network_spec.read(folder / "network.json")
        self.threshold = settings.read(folder / "trigger.json").threshold
        dut.threshold.value = self.threshold
        self.geometry = Geometry(*SMALL.values())
        self.taps: list[AxisTap] = []
        super().__init__(dut)

    def restart_reference(self) -> None:
        self.assembler = Assembler(FastFrontEnd(), self.geometry)
        self.boards = {name: Scoreboard(name) for name in STREAMS}
        self.maps: list[np.ndarray] = []

    def forget(self) -> None:
        super().forget()
        for tap in self.taps:
            tap.clear()
        if not self.taps:  # before its first reset the device may show anything
            self.taps = [AxisTap(self.dut, name) for name in STREAMS[:2]]
            self.begin(*map(self._follow, STREAMS[:2], self.taps))

    def accepted(self, beats: list[int], user: list[int]) -> None:
        for frame in self.assembler.packet(beats, bool(user[-1])):
            self.expect(frame)

    def counters(self) -> dict[str, int]:
        zero = dict.fromkeys(("frames_short", "frames_long", "frames_bad", "records_lost"), 0)
        return zero | {"blocks_short": self.assembler.blocks_short, "blocks_long": self.assembler.blocks_long}

    def noise(self) -> np.ndarray:
        return self.rng.normal(900, 60, (64, 2 * self.geometry.face)).round().astype(np.uint16)

    async def send(self, adc: np.ndarray, last: bool = False, length: int | None = None) -> None:
        beats = (pack_block(adc) * 3)[: length or adc.size // 8]
        await self.axis.send_packet(beats, [0] * (len(beats) - 1) + [int(last)])

    def expect(self, frame: Frame) -> None:
        outputs = evaluate_fast(self.spec, frame.image[None, :, :, None])[0]
        self.maps.append(outputs)
        mask, width = (1 << self.spec.output.width) - 1, self.spec.output.width
        cells = [
            sum((value & mask) << (width * k) for k, value in enumerate(cell))
            for cell in outputs.reshape(-1, outputs.shape[-1]).tolist()
        ]
        stride = tuple(a // b for a, b in zip(self.spec.input_shape, outputs.shape, strict=True))
        records = decide(frame, outputs, self.threshold, stride[:2], geometry=self.geometry)
        for name, beats in (("pixel", frame.image.reshape(-1).tolist()), ("cell", cells)):
            flags = [(0, False)] * (len(beats) - 1) + [(int(frame.filled), True)]
            self.boards[name].expect(*zip(beats, flags, strict=True))
        self.boards["record"].expect(*(record.bits() for record in records))

    async def finish_frames(self, frames: int) -> None:
        pixels = self.geometry.rows * self.geometry.columns
        await self.finish(pixel=pixels * frames, cell=pixels // 16 * frames, record=10 * frames)

    async def _follow(self, name: str, tap: AxisTap) -> None:
        while True:
            data, user = await tap.packet()
            for index, (value, mark) in enumerate(zip(data, user, strict=True)):
                self.boards[name].saw((value, (mark, index == len(data) - 1)))

    async def _follow_output(self) -> None:
        while True:
            record = await self.axis.received()
            self.boards["record"].saw(record)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(idle=[False, True], stall=[False, True])
async def equals_references(dut, idle: bool, stall: bool) -> None:
    bench = await Bench.started(dut, idle=idle, stall=stall)
    for last in (False, False, False, True, True, False, False):
        await bench.send(bench.noise(), last)
    await bench.finish_frames(4)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def bad_blocks_and_a_reset(dut) -> None:
    bench = await Bench.started(dut)
    await bench.send(bench.noise())
    await ClockCycles(dut.clk, 900)  # in mid-frame
    await bench.reset()
    whole = 64 * 2 * bench.geometry.face // 8
    for length in (whole - 1, whole + 1):
        await bench.send(bench.noise())
        await bench.send(bench.noise(), length=length)
        await bench.send(bench.noise(), last=True)
    await bench.finish_frames(4)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def faces_do_not_see_each_other(dut) -> None:
    bench = await Bench.started(dut)
    first, second = bench.noise(), bench.noise()
    wire = bench.geometry.face - 1  # the last wire of face 0; the next one is the first of face 1
    for height_adc in (0, 3000):
        first[10:40, wire] = 900 + height_adc
        await bench.send(first)
        await bench.send(second, last=True)
    await bench.finish_frames(2)
    without, with_track = bench.maps
    face1 = bench.maps[0].shape[1] // 2
    np.testing.assert_array_equal(without[:, face1:], with_track[:, face1:])
    assert (without[:, :face1] != with_track[:, :face1]).any()
