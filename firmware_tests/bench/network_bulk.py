"""A generated network alone, on whole frames, at the simulator's own speed: frames in, cells and clocks out.

>>> hex_frame(np.array([[1], [255]]), width=8, user=1)
'001\\n3ff\\n'
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_tests.bench.bulk import read_beats
from firmware_tests.bench.runner import Design, build, run
from hls.blocks import cut
from trigger.network_spec import NetworkSpec

HARNESS = Path(__file__).with_name("network_bulk.sv")


class BulkRun(NamedTuple):
    """What came out.

    Attributes
    ----------
    cells : int64 array, (n_frames, *output shape).
    taken, given : int64 arrays, clock of each accepted pixel, and of each cell.
    last, user : bool and uint8 arrays, ``tlast`` and ``tuser`` of each cell.
    """

    cells: NDArray[np.int64]
    taken: NDArray[np.int64]
    given: NDArray[np.int64]
    last: NDArray[np.bool_]
    user: NDArray[np.uint8]


def hex_frame(beats: NDArray[np.integer], width: int, user: int) -> str:
    """Return the stimulus of one frame, (pixels, channels) integers; ``tuser`` only on its last beat."""
    digits = -(-beats.shape[1] * width // 4)
    mask = (1 << width) - 1
    words = (sum((int(v) & mask) << (c * width) for c, v in enumerate(beat)) for beat in beats)
    lines = [f"0{word:0{digits}x}\n" for word in words]
    return "".join([*lines[:-1], f"{1 + 2 * user}{lines[-1][1:]}"])


def run_frames(
    spec: NetworkSpec, rtl: Path, images: NDArray[np.integer], *, simulator: str = "verilator", limit: int
) -> BulkRun:
    """Send ``images``, integers (n, *input shape), back to back through the network that ``rtl`` (a ``.f``) lists.

    ``tuser`` of a frame's last beat is 1 on every second frame. ``limit``: clocks to go at most.

    Raises
    ------
    AssertionError : the network stood still, or counted a bad frame.
    """
    sink = cut(spec, {})[-1].sink
    widths = {"InWidth": spec.input_shape[-1] * spec.input.width, "OutWidth": sink.width}
    design = Design("network_bulk", [rtl, HARNESS], widths, simulator, all_public=False)
    place = build(design) / "bulk.1"
    place.mkdir(exist_ok=True)
    with (place / "stimulus.hex").open("w") as file:
        for number, image in enumerate(images):
            file.write(hex_frame(image.reshape(-1, image.shape[-1]), spec.input.width, number % 2))
    run(design, "firmware_tests.network_bulk_cases", tag="bulk", env={"LARTRIG_LIMIT_CLOCKS": str(limit)})
    beats = read_beats(place / "cells.hex")
    taken = np.array([int(line, 16) for line in (place / "taken.hex").read_text().split()], np.int64)
    flat = np.array([_split(word, sink.channels, spec.output.width) for word in beats.data], np.int64)
    signs = (flat >> (spec.output.width - 1)) << spec.output.width if spec.output.signed else 0
    cells = (flat - signs).reshape(-1, *spec.output_shape)
    return BulkRun(cells, taken, beats.clock, beats.last, beats.user)


def _split(word: int, count: int, width: int) -> list[int]:
    return [word >> (width * channel) & ((1 << width) - 1) for channel in range(count)]
