"""The cocotb suite of a network in continuous mode: one stretch of rows per run, each behind a reset."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from hls import suite_clocks, suite_frames
from hls.bench.vectors import ROW_BITS, Run, Suite
from hls.endless import for_rows
from hls.needed_pixels import needed_pixels
from hls.plan import Plan
from hls.row_timing import completing, row_timing
from hls.suite_wires import wires_of
from trigger.integer_network import trace
from trigger.network_spec import NetworkSpec

#: Lengths of the rows of the run with short and long ones, as parts of a whole row and beats more: ``tlast`` on every
#: beat, early and late by one; missing once, and for several rows; whole rows between them. As many as every run has.
_WRONG = ((1.0, 0), (0.0, 1), (0.0, 1), (1.0, -1), (1.0, 0), (1.0, 1), (2.0, 0), (1.0, 0), (5.0, 3))


def row_suite(
    spec: NetworkSpec, plan: Plan, rtl: Path, folder: Path, seed: int, patterns: dict[str, tuple[str, str]]
) -> Suite:
    """Return the suite; ``patterns`` of valid and ready by name, the first one always valid and ready."""
    spec, rng = for_rows(spec), np.random.default_rng(seed)
    wires = wires_of(spec, plan)
    netlist = wires.netlist
    (source,) = wires.inputs
    timing = row_timing(netlist)
    whole = [source.columns] * source.rows
    wrong = [max(1, int(part * source.columns) + more) for part, more in _WRONG]
    wrong = [wrong[k % len(wrong)] for k in range(source.rows)]
    image = suite_frames.images(spec, 1, rng)[source.name]
    kept = np.arange(source.columns)[None, None, :, None] < np.array(wrong)[None, :, None, None]
    sent = np.concatenate([image, np.where(kept, image, 0)])
    values = trace(spec, sent)
    arrays = {f"in.{source.prefix}": suite_frames.small(sent, source)}
    arrays |= {f"out.{s.prefix}": suite_frames.small(values[s.name], s) for s in wires.outputs}
    arrays |= {f"tap.{s.prefix}": suite_frames.small(values[layer], s) for s, layer in wires.taps}

    def run(name: str, frame: int, lengths: list[int], valid: str, ready: str) -> Run:
        numbers = rng.integers(0, 1 << ROW_BITS, source.rows).tolist()
        readies = [
            ready[37 * k % len(ready) :] + ready[: 37 * k % len(ready)] for k in range(len(wires.outputs))
        ]
        return Run(name, [frame], numbers, [lengths], [valid], readies)

    traffic = [run(name, 0, whole, *pattern) for name, pattern in patterns.items()]
    for each in traffic:
        arrays |= suite_clocks.expected(wires, each)
    for port in netlist.outputs:
        pixels = completing(needed_pixels(netlist)[port.label][source.prefix], port, netlist.inputs[0])
        arrays[f"needed.{port.label}.{source.prefix}"] = pixels.ravel().astype(np.int32)
    short, long = (
        sum(length < source.columns for length in wrong),
        sum(length > source.columns for length in wrong),
    )
    return Suite(
        network=spec.name,
        rtl=os.path.relpath(rtl / "network.f", folder),
        inputs=wires.inputs,
        outputs=wires.outputs,
        taps=[tap for tap, _ in wires.taps],
        traffic=traffic,
        bad=run("bad", 1, wrong, "110", "110"),
        reset=run("reset", 0, whole, "1", "1"),
        latency_clk=timing.latency_clk,
        latency_first_clk=timing.latency_first_clk,
        clocks_per_frame=timing.clocks_per_frame,
        counters={"rows_short": short, "rows_long": long},
        arrays=arrays,
        fields={port.label: list(port.field) for port in netlist.outputs},
    )
