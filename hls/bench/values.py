"""The suite's numbers, and nothing else of it, on the RTL that Vitis HLS made of the hls4ml project.

Not compared: clocks, ``tuser``, frames that are too short or too long, resets in mid-frame, streams between the layers.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from . import runner, simulators, vectors, vitis_top
from .errors import BenchError
from .vectors import Stream, Suite

#: Where the cases note how many numbers of the outputs they compared, one line a run; in the folder of the run.
COMPARED = "compared.txt"


def simulate(folder: Path, verilog: Path, simulator: str, seed: int) -> str:
    """Run the values of the suite in ``folder`` on the RTL in ``verilog``; say how it went.

    Raises
    ------
    BenchError : a file or tool is missing, or this is not the RTL of the suite's network.
    AssertionError : a number is wrong.
    """
    suite, top = vectors.read(folder), vitis_top.read(verilog)
    fitted, text = around(suite, top)
    place = Path.cwd() / "build" / "vitis"
    place.mkdir(parents=True, exist_ok=True)
    vectors.write(fitted, place)
    source = place / f"{vitis_top.MODULE}.v"
    source.write_text(text)
    large = max(stream.beats for stream in suite.inputs) > simulators.LARGE
    design = runner.Design(
        vitis_top.MODULE,
        [*top.files, source],
        simulator=simulator or simulators.usable(large),
        public="top",
        foreign=verilog,
    )
    start = time.monotonic()
    runner.build(design)
    built = time.monotonic()
    rundir = design.place("values", seed)
    (rundir / COMPARED).unlink(missing_ok=True)
    for table in verilog.glob("*.dat"):  # Vitis's tables are looked for where the simulator runs
        shutil.copy(table, rundir)
    cases = f"{__package__}.values_cases"
    runner.run(design, cases, tag="values", seed=seed, env={"LARTRIG_SUITE": str(place)})
    counts = [int(line) for line in (rundir / COMPARED).read_text().split()]
    if len(counts) != len(fitted.traffic):
        raise BenchError(
            f"{len(counts)} runs were compared, want {len(fitted.traffic)}: see {rundir}/run.log"
        )
    seconds = f"build {built - start:.0f} s, simulation {time.monotonic() - built:.0f} s"
    return (
        f"{suite.network}: {sum(counts)} numbers of {len(suite.outputs)} outputs in {len(counts)} runs equal, module"
        f" {top.module} of Vitis HLS in {verilog}, on {design.simulator} ({seconds}); not compared: clocks, tuser,"
        f" wrong frames, layers; log {rundir / 'run.log'}"
    )


def around(suite: Suite, top: vitis_top.Top) -> tuple[Suite, str]:
    """Return the suite's values in the beats of Vitis's top, and the wrapper around that.

    Raises
    ------
    BenchError : the streams of the suite and of the top differ in number or in width.
    """
    if suite.fields:
        raise BenchError(
            "the suite is for rows without end, but Vitis's RTL works on frames: convert the model without --continuous"
        )
    for what, ours, theirs in (
        ("inputs", suite.inputs, top.inputs), ("outputs", suite.outputs, top.outputs)
    ):  # fmt: skip
        if len(ours) != len(theirs):
            raise BenchError(
                f"module {top.module} of Vitis has {len(theirs)} {what}, want {len(ours)}: it is of another network"
            )
    ways = [(suite.inputs, top.inputs), (suite.outputs, top.outputs)]
    inputs, outputs = (
        [
            vitis_top.padded(stream, top.ports[f"{name}_TDATA"][1])[0]
            for stream, name in zip(streams, names, strict=True)
        ]
        for streams, names in ways
    )
    if inputs != suite.inputs:
        raise BenchError(f"module {top.module} of Vitis has inputs of other beats: it is of another network")
    arrays = {f"in.{s.prefix}": suite.arrays[f"in.{s.prefix}"] for s in inputs}
    arrays |= {f"out.{s.prefix}": _beats(suite, s) for s in outputs}
    fitted = replace(suite, outputs=outputs, taps=[], counters={}, arrays=arrays)
    text = vitis_top.wrapper(
        top,
        dict(zip(top.inputs, inputs, strict=True)),
        dict(zip(top.outputs, outputs, strict=True)),
    )
    return fitted, text


def _beats(suite: Suite, stream: Stream) -> NDArray[Any]:
    numbers = suite.arrays[f"out.{stream.prefix}"]
    return numbers.reshape(len(numbers), stream.beats, stream.channels)
