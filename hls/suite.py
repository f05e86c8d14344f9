"""The cocotb suite beside the RTL: vectors, expected clocks and the bench, in a folder that needs nothing else of ours.

>>> lengths([8, 8])
[[8, 1, 8, 7, 9, 4, 19, 8], [8, 8, 1, 8, 7, 9, 4, 19]]
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np

import hls.bench
from hls import cycles, suite_clocks, suite_frames
from hls.bench import vectors
from hls.bench.vectors import Run, Suite
from hls.plan import Plan
from hls.suite_rows import row_suite
from hls.suite_wires import Wires, wires_of
from streams.errors import UserError
from trigger.network_spec import NetworkSpec

_FILES = Path(__file__).with_name("suite_files")
#: Patterns of valid and ready, by clock. The long stall fills the whole network.
_ALWAYS, _IDLE, _STALL, _SOME = "1", "001", "01001" * 20 + "0" * 150, "110"
_TRAFFIC = {
    "always": (_ALWAYS, _ALWAYS),
    "both": (_IDLE, _STALL),
    "idle": (_IDLE, _ALWAYS),
    "stall": (_ALWAYS, _STALL),
}
#: From so many pixels on, fewer frames are sent, and only the first two kinds of traffic.
_LARGE = 12_500


def write_suite(spec: NetworkSpec, plan: Plan, rtl: Path, folder: Path, *, seed: int = 1) -> None:
    """Write the suite of a network into ``folder``, which must not exist; there, ``make`` runs it.

    Parameters
    ----------
    plan : what ``write_rtl`` returned.
    rtl : folder that ``write_rtl`` wrote; the suite keeps the way from ``folder`` to it.
    seed : of the images.
    """
    folder.mkdir(parents=True)
    vectors.write(suite(spec, plan, rtl, folder, seed), folder)
    leave = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(Path(hls.bench.__file__).parent, folder / "bench", ignore=leave)
    for file in _FILES.iterdir():
        text = file.read_text()
        (folder / file.name.removesuffix(".txt")).write_text(text.replace("NETWORK", spec.name))


def suite(spec: NetworkSpec, plan: Plan, rtl: Path, folder: Path, seed: int) -> Suite:
    """Return what ``write_suite`` writes; arguments as there."""
    if plan.mode == "continuous":
        return row_suite(spec, plan, rtl, folder, seed, _TRAFFIC)
    wires = wires_of(spec, plan)
    large = max(stream.beats for stream in wires.inputs) >= _LARGE
    good = 2 if large else 4
    timing = cycles.timing(wires.netlist)
    steady = 3 if large else cycles.steady_frames(wires.netlist)
    wrong = lengths([stream.beats for stream in wires.inputs], large)
    images = suite_frames.images(spec, good, np.random.default_rng(seed))
    arrays = suite_frames.arrays(spec, wires, images, wrong)
    traffic = [
        _run(kind, wires, range(steady if kind == "always" else good), good, valid=valid, ready=ready)
        for kind, (valid, ready) in list(_TRAFFIC.items())[: 2 if large else 4]
    ]
    for run in traffic:
        arrays |= suite_clocks.expected(wires, run)
    bad = _run("bad", wires, range(good, good + len(wrong[0])), lengths=wrong, valid=_SOME, ready=_SOME)
    return Suite(
        network=spec.name,
        rtl=os.path.relpath(rtl / "network.f", folder),
        inputs=wires.inputs,
        outputs=wires.outputs,
        taps=[tap for tap, _ in wires.taps],
        traffic=traffic,
        bad=bad,
        reset=_run("reset", wires, range(1 if large else 2)),
        latency_clk=timing.latency_clk,
        latency_first_clk=timing.latency_first_clk,
        clocks_per_frame=timing.clocks_per_frame,
        counters=_counters((rtl / "network.sv").read_text(), wires, wrong),
        arrays=arrays | suite_clocks.needed(wires),
    )


def lengths(beats: list[int], large: bool = False) -> list[list[int]]:
    """Return, for inputs of ``beats`` per frame, the beats sent of each frame of the run with short and long frames."""
    ways = []
    for k, n in enumerate(beats):
        first = [1, n - 1, n + 1] if large else [n, 1, n, n - 1, n + 1, n // 2, 2 * n + 3, n]
        ways.append(
            [max(1, length) for length in first[-k:] + first[:-k]] if k else [max(1, m) for m in first]
        )
    return ways


def _run(
    name: str,
    wires: Wires,
    frames: range,
    good: int | None = None,
    *,
    lengths: list[list[int]] | None = None,
    valid: str = _ALWAYS,
    ready: str = _ALWAYS,
) -> Run:
    """Return a run; ``good`` frames are repeated; each further input and output has its pattern some clocks later."""
    return Run(
        name=name,
        frames=[k % good if good else k for k in frames],
        users=[k % 2 for k in range(len(frames))],
        lengths=lengths or [[stream.beats] * len(frames) for stream in wires.inputs],
        valid=[valid[k % len(valid) :] + valid[: k % len(valid)] for k in range(len(wires.inputs))],
        ready=[
            ready[37 * k % len(ready) :] + ready[: 37 * k % len(ready)] for k in range(len(wires.outputs))
        ],
    )


def _counters(text: str, wires: Wires, wrong: list[list[int]]) -> dict[str, int]:
    """Return what each counter of the network must say after the run with short and long frames."""
    found: dict[str, int] = {}
    for stream, sent in zip(wires.inputs, wrong, strict=True):
        end = "" if len(wires.inputs) == 1 else stream.prefix.removeprefix("s_axis")
        found[f"frames_short{end}"] = sum(length < stream.beats for length in sent)
        found[f"frames_long{end}"] = sum(length > stream.beats for length in sent)
    absent = [name for name in found if not re.search(rf"\b{name}\b", text)]
    if absent:
        raise UserError(f"network.sv has no counter {absent[0]}: convert the model again")
    return found
