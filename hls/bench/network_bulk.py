"""A generated network alone, on whole frames, at the simulator's own speed: frames in, cells and clocks out.

>>> stimulus(np.array([[1], [-1]]), width=8, user=1)
b'\\x00\\x01\\x03\\xff'
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bulk import Beats, pack, read_beats
from .runner import Design, build, run

HARNESS = Path(__file__).with_name("network_bulk.sv")
CASES = f"{__package__}.network_bulk_cases"


class BulkRun(NamedTuple):
    """What came out.

    Attributes
    ----------
    taken : int64 array, clock of each accepted beat.
    cells : the beats that came out.
    clocks : clocks simulated.
    seconds : processor time of the simulation, start-up not counted.
    """

    taken: NDArray[np.int64]
    cells: Beats
    clocks: int
    seconds: float


def stimulus(frame: NDArray[np.integer], width: int, user: int) -> bytes:
    """Return the beats of one frame, integers (beats, channels) of ``width`` bits; ``tuser`` only on the last."""
    size = -(-frame.shape[1] * width // 8)
    lines = [b"\0" + word.to_bytes(size, "big") for word in pack(frame, width)]
    return b"".join([*lines[:-1], bytes([1 + 2 * user]), lines[-1][1:]])


def design_of(rtl: Path, widths: tuple[int, int], simulator: str = "verilator") -> Design:
    """Return the harness around the network that ``rtl`` (a ``.f``) lists; ``widths`` : bits of a beat, in and out."""
    parameters = {"InWidth": widths[0], "OutWidth": widths[1]}
    return Design("network_bulk", [rtl, HARNESS], parameters, simulator, public="marked")


def run_frames(
    design: Design, frames: NDArray[np.integer], width: int, *, limit: int, tag: str = "bulk"
) -> BulkRun:
    """Send ``frames``, integers (n, beats, channels) of ``width`` bits, back to back through a design of ``design_of``.

    ``tuser`` of a frame's last beat is 1 on every second frame. ``limit``: clocks to go at most.

    Raises
    ------
    AssertionError : the network stood still, or counted a bad frame.
    """
    build(design)
    place = design.place(tag)
    with (place / "stimulus.bin").open("wb") as file:
        for number, frame in enumerate(frames):
            file.write(stimulus(frame, width, number % 2))
    run(design, CASES, tag=tag, env={"LARTRIG_LIMIT_CLOCKS": str(limit)})
    facts = json.loads((place / "facts.json").read_text())
    changes = [int(line, 16) for line in (place / "taken.hex").read_text().split()]
    spans = [np.arange(first, end) for first, end in zip(changes[::2], changes[1::2], strict=True)]
    return BulkRun(np.concatenate(spans), read_beats(place / "cells.hex"), facts["clocks"], facts["seconds"])
