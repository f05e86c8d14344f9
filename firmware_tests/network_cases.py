"""Cases for a generated network; they run inside the simulator.

Stimulus: seeded random frames with corner values, back to back; short and long frames; resets in mid-frame.
Checks: every beat (tdata, tlast, tuser) equals trigger.integer_network.evaluate; valid never drops and data stay while
    ready is low; counters of bad frames; nothing missing, nothing extra.
Timing: with and without idle cycles and back-pressure; bounded waits. The clocks of all handshakes are written down,
    and test_network.py compares every one with hls.cycles, and latency and interval with the plan.
Not covered: two clocks, resets shorter than a clock.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

from hls import plan
from hls.bench.scoreboard import Scoreboard
from hls.blocks import cut
from trigger import network_spec
from trigger.integer_network import evaluate

IDLE = (0, 0, 1)  # 1 = valid
STALL = (0, 1, 0, 0, 1) * 20 + (0,) * 150  # 1 = ready; the long stall fills the whole network
ALWAYS = (1,)


class Beat(NamedTuple):
    """One beat of an AXI stream."""

    data: int
    last: int
    user: int


class Trace(NamedTuple):
    """What a run recorded: valid and ready by clock, and the clocks of the handshakes in and out."""

    valid: np.ndarray
    ready: np.ndarray
    taken: np.ndarray
    given: np.ndarray


def pack(values: np.ndarray, width: int) -> list[int]:
    """Return one integer per beat: (beats, channels) integers, channel c at bits [c * width +: width]."""
    mask = (1 << width) - 1
    return [sum((int(v) & mask) << (c * width) for c, v in enumerate(beat)) for beat in values]


class Bench:
    """Drives and samples the network one clock at a time; expectations come from the integer network."""

    def __init__(self, dut) -> None:
        folder = Path(os.environ["LARTRIG_NETWORK"])
        self.dut = dut
        self.spec = network_spec.read(folder / "network.json")
        self.plan = plan.read(folder / "plan.json")
        self.rng = np.random.default_rng(cocotb.RANDOM_SEED)
        self.scoreboard = Scoreboard("network.m_axis")
        self.pixels = int(np.prod(self.spec.input_shape[:-1]))
        cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())

    async def reset(self, clocks: int = 3) -> None:
        self.dut.rst.value = 1
        self.dut.s_axis_tvalid.value = 0
        self.dut.m_axis_tready.value = 0
        for _ in range(clocks):
            await RisingEdge(self.dut.clk)
        self.dut.rst.value = 0

    def images(self, count: int) -> np.ndarray:
        """Return random images; every third one has many smallest and largest pixels."""
        low, high = self.spec.input.min_int, self.spec.input.max_int
        images = self.rng.integers(low, high + 1, (count, *self.spec.input_shape))
        corners = self.rng.choice([low, 0, high], images.shape)
        images[::3] = np.where(self.rng.random(images[::3].shape) < 0.5, corners[::3], images[::3])
        return images

    def frame(self, image: np.ndarray, user: int, length: int | None = None) -> list[Beat]:
        """Return the beats of a frame, cut or prolonged with noise to ``length``; expect what must come out."""
        beats = image.reshape(-1, image.shape[-1])
        length = len(beats) if length is None else length
        seen = np.where(np.arange(len(beats))[:, None] < length, beats, 0).reshape(image.shape)
        self.expect(seen, user + 2 * (length != len(beats)))
        noise = self.images(1 + length // len(beats)).reshape(-1, image.shape[-1])
        data = pack(np.concatenate([beats, noise])[:length], self.spec.input.width)
        # tuser means something on the last beat only: elsewhere it is noise.
        users = [*self.rng.integers(0, 2, length - 1).tolist(), user]
        return [Beat(d, int(k == length - 1), u) for k, (d, u) in enumerate(zip(data, users, strict=True))]

    def expect(self, image: np.ndarray, flags: int) -> None:
        want = evaluate(self.spec, image[None])[0]
        cells = pack(want.reshape(-1, cut(self.spec, {})[-1].sink.channels), self.spec.output.width)
        last = len(cells) - 1
        self.scoreboard.expect(*(Beat(c, int(k == last), flags * (k == last)) for k, c in enumerate(cells)))

    async def run(
        self, beats: Sequence[Beat], valid: Sequence[int] = ALWAYS, ready: Sequence[int] = ALWAYS
    ) -> Trace:
        """Send ``beats``, compare what comes out until nothing is expected or moves, then look for extra beats."""
        dut, queue, held = self.dut, list(reversed(beats)), None
        sends, takes = itertools.cycle(valid), itertools.cycle(ready)
        offers, wants, taken, given = [], [], [], []
        offered, quiet, still, patience = False, 0, 0, 600 + 2 * self.plan.clocks_per_frame
        for clock in itertools.count():
            offered = bool(queue) and (offered or bool(next(sends)))
            dut.s_axis_tvalid.value = int(offered)
            if offered:
                dut.s_axis_tdata.value, dut.s_axis_tlast.value, dut.s_axis_tuser.value = queue[-1]
            wanted = next(takes)
            dut.m_axis_tready.value = wanted
            await FallingEdge(dut.clk)
            offers.append(offered)
            wants.append(wanted)
            if offered and dut.s_axis_tready.value == 1:
                taken.append(clock)
                queue.pop()
                offered = False
            ports = (dut.m_axis_tdata, dut.m_axis_tlast, dut.m_axis_tuser)
            beat = Beat(*(int(port.value) for port in ports)) if dut.m_axis_tvalid.value == 1 else None
            assert held is None or beat == held, (
                f"clock {clock}: got {beat}, but {held} was offered and not taken"
            )
            held = None if wanted else beat
            if beat and wanted:
                self.scoreboard.saw(beat)
                given.append(clock)
            quiet = quiet + 1 if not queue and not self.scoreboard.waiting else 0
            still = 0 if clock in (*taken[-1:], *given[-1:]) else still + 1
            await RisingEdge(dut.clk)
            if quiet > 100 or still > patience:
                break
        dut.s_axis_tvalid.value = 0
        return Trace(*(np.array(part) for part in (offers, wants, taken, given)))

    async def disturb(self, clocks: int) -> None:
        """Send noise for some clocks, with a short frame in it; the output is stalled half of the time."""
        for clock, data in enumerate(
            pack(self.images(3).reshape(-1, self.spec.input_shape[-1]), self.spec.input.width)
        ):
            if clock == clocks:
                return
            self.dut.s_axis_tvalid.value, self.dut.s_axis_tdata.value = 1, data
            self.dut.s_axis_tlast.value, self.dut.s_axis_tuser.value = int(clock == 2), 1
            self.dut.m_axis_tready.value = clock % 2
            await RisingEdge(self.dut.clk)

    async def counters(self) -> tuple[int, int]:
        return int(self.dut.frames_short.value), int(self.dut.frames_long.value)


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(idle=[False, True], stall=[False, True])
async def equals_reference(dut, idle: bool, stall: bool) -> None:
    bench = Bench(dut)
    await bench.reset()
    frames = 4
    beats = [bench.frame(image, int(k == 1)) for k, image in enumerate(bench.images(frames))]
    trace = await bench.run(
        list(itertools.chain(*beats)), IDLE if idle else ALWAYS, STALL if stall else ALWAYS
    )
    bench.scoreboard.finish(at_least=frames)
    np.savez(f"clocks_{int(idle)}{int(stall)}.npz", **trace._asdict())  # test_network.py compares the clocks
    assert await bench.counters() == (0, 0)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def bad_frames_are_mended_marked_and_counted(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    n = bench.pixels
    lengths = [n, 1, n, n - 1, n + 1, n // 2, 2 * n + 3, n]
    images = bench.images(len(lengths))
    beats = [
        bench.frame(image, k % 2, length)
        for k, (image, length) in enumerate(zip(images, lengths, strict=True))
    ]
    await bench.run(list(itertools.chain(*beats)), (1, 1, 0), (1, 1, 0))
    bench.scoreboard.finish(at_least=len(lengths))
    assert await bench.counters() == (3, 2)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def reset_in_mid_frame_leaves_no_trace(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    for clocks in (bench.pixels // 3, bench.pixels + bench.pixels // 2, 3):
        await bench.disturb(clocks)
        await bench.reset(1)
        beats = [bench.frame(image, k) for k, image in enumerate(bench.images(2))]
        await bench.run(list(itertools.chain(*beats)))
        assert await bench.counters() == (0, 0)
    bench.scoreboard.finish(at_least=6)
