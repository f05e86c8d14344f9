"""A generated network alone, on whole frames, at the simulator's own speed: frames in, cells and clocks out.

>>> hex_frame([1, 255], width=8, user=1)
'001\\n3ff\\n'
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """

    taken: NDArray[np.int64]
    cells: Beats


def hex_frame(words: Sequence[int], width: int, user: int) -> str:
    """Return the stimulus of one frame of beats of ``width`` bits; ``tuser`` only on its last beat."""
    digits = -(-width // 4)
    lines = [f"0{word:0{digits}x}\n" for word in words]
    return "".join([*lines[:-1], f"{1 + 2 * user}{lines[-1][1:]}"])


def run_frames(
    rtl: Path,
    frames: NDArray[np.integer],
    widths: tuple[int, int],
    *,
    simulator: str = "verilator",
    limit: int,
) -> BulkRun:
    """Send ``frames``, integers (n, beats, channels), back to back through the network that ``rtl`` (a ``.f``) lists.

    ``tuser`` of a frame's last beat is 1 on every second frame.

    Parameters
    ----------
    widths : bits of one number that goes in, and of a whole beat that comes out.
    limit : clocks to go at most.

    Raises
    ------
    AssertionError : the network stood still, or counted a bad frame.
    """
    in_width = frames.shape[-1] * widths[0]
    parameters = {"InWidth": in_width, "OutWidth": widths[1]}
    design = Design("network_bulk", [rtl, HARNESS], parameters, simulator, public="marked")
    build(design)
    place = design.place("bulk")
    with (place / "stimulus.hex").open("w") as file:
        for number, frame in enumerate(frames):
            file.write(hex_frame(pack(frame, widths[0]), in_width, number % 2))
    run(design, CASES, tag="bulk", env={"LARTRIG_LIMIT_CLOCKS": str(limit)})
    taken = np.array([int(line, 16) for line in (place / "taken.hex").read_text().split()], np.int64)
    return BulkRun(taken, read_beats(place / "cells.hex"))
