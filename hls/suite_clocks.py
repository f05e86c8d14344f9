"""The clock of every beat of a suite's runs, from the cycle model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls import cycles
from hls.bench.vectors import Run
from hls.needed_pixels import needed_pixels
from hls.suite_wires import Wires

_CLOCKS = 4096  # of a pattern to begin with


def expected(wires: Wires, run: Run) -> dict[str, NDArray[Any]]:
    """Return the arrays ``taken`` and ``given`` of a run."""
    clocks = _CLOCKS
    while True:  # the pattern must be at least as long as the run
        valid, ready = (
            {port.prefix: _repeated(bits, clocks) for port, bits in zip(ports, patterns, strict=True)}
            for ports, patterns in ((wires.inputs, run.valid), (wires.outputs, run.ready))
        )
        seen = cycles.run(wires.netlist, frames=len(run.frames), valid=valid, ready=ready)
        if seen.clocks <= clocks:
            break
        clocks *= 4
    found = {f"taken.{run.name}.{label}": array for label, array in seen.taken.items()}
    found |= {f"given.{run.name}.{label}": array for label, array in seen.given.items()}
    return {name: array.astype(np.int32) for name, array in found.items()}


def needed(wires: Wires) -> dict[str, NDArray[Any]]:
    """Return the arrays ``needed`` of each output and input."""
    return {
        f"needed.{sink}.{source}": beats.astype(np.int32)
        for sink, sources in needed_pixels(wires.netlist).items()
        for source, beats in sources.items()
    }


def _repeated(pattern: str, clocks: int) -> NDArray[np.bool_]:
    return np.resize(np.array([bit == "1" for bit in pattern]), clocks)
