"""Cases that record every handshake of a generated network; they run inside the simulator.

Stimulus: whole frames of random numbers into all inputs, each with its own gaps; outputs that stall, each by itself;
    the patterns come from the test.
Checks: all beats come out, as many as the frames have; valid does not fall while ready is low.
Timing: the clock of every beat, in and out, is written down, and the most words that each FIFO held;
    test_network_clocks.py compares each with hls.cycles.
Not covered: the numbers (hls.bench.network_cases), short and long frames.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge


class Source:
    """Sends frames into an input; a beat that was offered once stays offered."""

    def __init__(self, dut, label: str, beats: int, frames: int, pattern: np.ndarray) -> None:
        ports = ("tdata", "tvalid", "tready", "tlast", "tuser")
        self.data, self.valid, self.ready, self.last, self.user = (
            getattr(dut, f"{label}_{p}") for p in ports
        )
        self.beats, self.total, self.pattern = beats, beats * frames, pattern
        self.clocks: list[int] = []
        self.held = False

    def drive(self, clock: int, rng: np.random.Generator) -> None:
        chosen = clock >= len(self.pattern) or bool(self.pattern[clock])
        if not self.held:
            self.data.value = int.from_bytes(rng.bytes(8)) % (1 << min(64, len(self.data)))
        self.held = len(self.clocks) < self.total and (self.held or chosen)
        self.valid.value = int(self.held)
        self.last.value = int(len(self.clocks) % self.beats == self.beats - 1)

    def sample(self, clock: int) -> None:
        if self.held and self.ready.value == 1:
            self.clocks.append(clock)
            self.held = False


class Sink:
    """Takes beats from an output."""

    def __init__(self, dut, label: str, beats: int, frames: int, pattern: np.ndarray) -> None:
        self.valid, self.ready = (getattr(dut, f"{label}_{p}") for p in ("tvalid", "tready"))
        self.total, self.pattern = beats * frames, pattern
        self.clocks: list[int] = []
        self.offered = False

    def drive(self, clock: int, rng: np.random.Generator) -> None:
        self.chosen = clock >= len(self.pattern) or bool(self.pattern[clock])
        self.ready.value = int(self.chosen)

    def sample(self, clock: int) -> None:
        assert self.valid.value == 1 or not self.offered, f"clock {clock}: tvalid fell"
        self.offered = self.valid.value == 1 and not self.chosen
        if self.valid.value == 1 and self.chosen:
            self.clocks.append(clock)


class Fifo:
    """Counts the words of a FIFO by what goes in and out."""

    def __init__(self, dut, before: str, behind: str) -> None:
        names = (before, behind)
        self.ends = [(getattr(dut, f"{name}_valid"), getattr(dut, f"{name}_ready")) for name in names]
        self.words = self.most = 0

    def sample(self) -> None:
        push, pop = (valid.value == 1 and ready.value == 1 for valid, ready in self.ends)
        self.words += int(push) - int(pop)
        self.most = max(self.most, self.words)


@cocotb.test()
async def handshakes_are_recorded(dut) -> None:
    folder = Path(os.environ["NETWORK_CLOCKS"])
    facts = json.loads((folder / "traffic.json").read_text())
    patterns = np.load(folder / "traffic.npz")
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    running = cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    made = (
        [kind(dut, label, beats, run["frames"], patterns[f"{run['name']}.{label}"]) for label, beats in ports]
        for run in facts["runs"]
        for kind, ports in ((Source, facts["inputs"]), (Sink, facts["outputs"]))
    )
    found = {}
    for run in facts["runs"]:
        sources, sinks = next(made), next(made)
        await reset(dut, sources, sinks)
        fifos = [Fifo(dut, *names) for names in facts["fifos"]]
        await run_once(dut, [*sources, *sinks], fifos, rng, run["clocks"])
        found[f"{run['name']}.fifos"] = np.array([fifo.most for fifo in fifos])
        labels = [label for label, _ in facts["inputs"] + facts["outputs"]]
        for label, end in zip(labels, [*sources, *sinks], strict=True):
            found[f"{run['name']}.{label}"] = np.array(end.clocks)
    np.savez(folder / "clocks.npz", **found)
    running.cancel()


async def reset(dut, sources: list[Source], sinks: list[Sink]) -> None:
    dut.rst.value = 1
    for source in sources:
        source.valid.value = 0
        source.user.value = 0
    for sink in sinks:
        sink.ready.value = 0
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


async def run_once(
    dut, ends: list[Source | Sink], fifos: list[Fifo], rng: np.random.Generator, clocks: int
) -> None:
    """Go on until all beats are out, or for so many clocks; what is still missing then shows in the lists."""
    sinks = [end for end in ends if isinstance(end, Sink)]
    for clock in range(clocks):
        for end in ends:
            end.drive(clock, rng)
        await FallingEdge(dut.clk)
        for end in ends:
            end.sample(clock)
        for fifo in fifos:
            fifo.sample()
        await RisingEdge(dut.clk)
        if all(len(sink.clocks) >= sink.total for sink in sinks):
            return
