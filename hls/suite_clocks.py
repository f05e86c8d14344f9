"""The clock of every beat of a suite's runs, from the cycle model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls import cycles
from hls.bench.vectors import Run
from hls.plan import Plan
from hls.suite_wires import Wires, hardware
from trigger.network_spec import NetworkSpec

_CLOCKS = 4096  # of a pattern to begin with


def expected(spec: NetworkSpec, plan: Plan, wires: Wires, run: Run) -> dict[str, NDArray[Any]]:
    """Return the arrays ``taken`` and ``given`` of a run."""
    blocks, stages = hardware(spec, plan), [layer.stages for layer in plan.layers]
    (source,), (sink,) = wires.inputs, wires.outputs
    clocks = _CLOCKS
    while True:  # the pattern must be at least as long as the run
        valid, ready = _repeated(run.valid[0], clocks), _repeated(run.ready[0], clocks)
        seen = cycles.run(
            blocks, stages, frames=len(run.frames), pixels=source.beats, valid=valid, ready=ready
        )
        if max(seen.taken[-1], seen.given[-1]) < clocks:
            break
        clocks *= 4
    found = {f"taken.{run.name}.{source.prefix}": seen.taken, f"given.{run.name}.{sink.prefix}": seen.given}
    return {name: array.astype(np.int32) for name, array in found.items()}


def needed(spec: NetworkSpec, plan: Plan, wires: Wires) -> dict[str, NDArray[Any]]:
    """Return the array ``needed`` of each output."""
    (source,) = wires.inputs
    last = cycles.last_pixel(hardware(spec, plan), source.rows, source.columns)
    return {f"needed.{stream.prefix}": last.astype(np.int32) for stream in wires.outputs}


def _repeated(pattern: str, clocks: int) -> NDArray[np.bool_]:
    return np.resize(np.array([bit == "1" for bit in pattern]), clocks)
