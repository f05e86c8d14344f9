"""Cases for a generated network; they run inside the simulator, on the suite in the folder LARTRIG_SUITE.

Stimulus: frames of random numbers and corners, back to back; frames that are too short or too long; noise and a reset
    in mid-frame.
Checks: every number of every output, tlast and tuser equal the suite's; nothing missing, nothing extra; a beat that is
    not taken stays as it is; counters of bad frames. A mismatch is traced to the layer in which it begins.
Timing: always valid and ready, with idle cycles, with back-pressure, with both: every clock equals the cycle model's;
    so do latency and clocks per frame.
Not covered: values of the inputs that the suite does not hold; tuser and tlast that change while they wait.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import cocotb
import numpy as np

from .network_bench import NetworkBench, Noise, Played, Reset
from .vectors import Run, Suite, read

SUITE = read(Path(os.environ["LARTRIG_SUITE"])) if "LARTRIG_SUITE" in os.environ else None
TRAFFIC = [run.name for run in SUITE.traffic] if SUITE else ["always"]


def bench_of(dut) -> tuple[NetworkBench, Suite]:
    assert SUITE is not None, "set LARTRIG_SUITE to the folder with suite.json"
    return NetworkBench(dut, SUITE), SUITE


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(traffic=TRAFFIC)
async def equals_reference(dut, traffic: str) -> None:
    bench, suite = bench_of(dut)
    run = next(run for run in suite.traffic if run.name == traffic)
    [played] = await bench.play(Reset(), run)
    check_clocks(suite, run, played)
    if traffic == "always":
        check_latency(suite, run, played)
    check_counters(bench, dict.fromkeys(suite.counters, 0))


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def bad_frames_are_mended_marked_and_counted(dut) -> None:
    bench, suite = bench_of(dut)
    await bench.play(Reset(), suite.bad)
    check_counters(bench, suite.counters)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def reset_in_mid_frame_leaves_no_trace(dut) -> None:
    bench, suite = bench_of(dut)
    beats = suite.inputs[0].beats
    ways = [(Noise(clocks), Reset(1), suite.reset) for clocks in (beats // 3, beats + beats // 2, 3)]
    await bench.play(Reset(), *itertools.chain(*ways))
    check_counters(bench, dict.fromkeys(suite.counters, 0))


def check_clocks(suite: Suite, run: Run, played: Played) -> None:
    """Compare the clock of every beat with the cycle model."""
    ways = [
        ("taken", "accepted", suite.inputs, played.taken),
        ("given", "given", suite.outputs, played.given),
    ]
    for key, verb, streams, seen in ways:
        for stream, clocks in zip(streams, seen, strict=True):
            want = suite.arrays[f"{key}.{run.name}.{stream.prefix}"]
            wrong = np.flatnonzero(np.array(clocks) != want)
            told = "; ".join(f"beat {k}: got {clocks[k]}, want {want[k]}" for k in wrong[:5])
            assert not len(wrong), (
                f"{stream.prefix}: {len(wrong)} of {len(want)} beats {verb} in a wrong clock: {told}"
            )


def check_latency(suite: Suite, run: Run, played: Played) -> None:
    """Compare latency and interval, frames (or rows) back to back and always ready, with what is stated."""
    frames = len(run.frames)
    if suite.fields:
        check_row_latency(suite, played)
        return
    taken = {s.prefix: np.reshape(c, (frames, -1)) for s, c in zip(suite.inputs, played.taken, strict=True)}
    for stream, clocks in zip(suite.outputs, played.given, strict=True):
        ends = [seen[:, suite.arrays[f"needed.{stream.prefix}.{name}"]] for name, seen in taken.items()]
        delay = (np.reshape(clocks, (frames, -1)) - np.max(ends, axis=0))[
            :-1
        ]  # the last frame has none behind it
        got = (int(delay.max()), int(delay[:, 0].max()))
        want = (suite.latency_clk[stream.prefix], suite.latency_first_clk[stream.prefix])
        assert got == want, f"{stream.prefix}: latency, latency of first beats: got {got} clocks, want {want}"
    interval = max(int(seen[-1, 0] - seen[-2, 0]) for seen in taken.values())
    assert interval == suite.clocks_per_frame, (
        f"clocks per frame: got {interval}, want {suite.clocks_per_frame}"
    )


def check_row_latency(suite: Suite, played: Played) -> None:
    source, taken = suite.inputs[0], np.array(played.taken[0])
    for stream, clocks in zip(suite.outputs, played.given, strict=True):
        delay = np.array(clocks) - taken[suite.arrays[f"needed.{stream.prefix}.{source.prefix}"]]
        delay = delay.reshape(-1, stream.columns)[:-1]  # the last row has none behind it
        got = (int(delay.max()), int(delay[:, 0].max()))
        want = (suite.latency_clk[stream.prefix], suite.latency_first_clk[stream.prefix])
        assert got == want, f"{stream.prefix}: latency, latency of first beats: got {got} clocks, want {want}"
    begins = taken[:: source.columns]
    interval = int(begins[-1] - begins[-2])
    assert interval == suite.clocks_per_frame, (
        f"clocks per row: got {interval}, want {suite.clocks_per_frame}"
    )


def check_counters(bench: NetworkBench, want: dict[str, int]) -> None:
    got = {name: int(getattr(bench.dut, name).value) for name in want}
    assert got == want, f"counters of short and long frames: got {got}, want {want}"
