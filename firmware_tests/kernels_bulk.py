"""Many emitted kernels side by side in one module, so that one simulation compares them all.

>>> text = harness([("kernel0", 8, 4)])
>>> "kernel0 i0 (.clk(clk), .en(en), .x(x0), .y(y0));" in text
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hls.kernels.builder import Builder
from hls.kernels.emit import emit
from hls.kernels.pixelwise import program, widths
from hls.kernels.program import Program
from hls.random_kernels import Case


class Kernel(NamedTuple):
    """A program, the widths of its numbers, int64 (n, inputs), and what must come, (n, outputs)."""

    name: str
    program: Program
    in_widths: list[int]
    out_width: int
    inputs: np.ndarray
    wanted: np.ndarray


def kernel(case: Case) -> Kernel:
    """Return the kernel of a layer."""
    layer, made = case.layer, program(case.layer, case.numbers, case.channels)
    bits = widths(case.numbers, case.channels)
    return Kernel(layer.name, made, bits, layer.output.width, case.inputs, case.wanted)


def held_table() -> Kernel:
    """Return a table that is asked for places before its start and after its end."""
    entries, numbers = [5, -3, 2], np.arange(-8, 8)
    build = Builder([(-8, 7)])
    made = build.program([build.lookup(0, entries, offset=-3, down=1)])
    wanted = [entries[min(max((int(n) + 3) // 2, 0), 2)] for n in numbers]
    return Kernel("held_table", made, [4], 4, numbers[:, None], np.array(wanted)[:, None])


def harness(kernels: Sequence[tuple[str, int, int]]) -> str:
    """Return the module ``kernels_bulk`` of kernels (name, bits of x, bits of y) with one clock and enable."""
    ports = [
        f"    input wire [{x - 1}:0] x{k},\n    output wire [{y - 1}:0] y{k}"
        for k, (_, x, y) in enumerate(kernels)
    ]
    body = [
        f"  {name} i{k} (.clk(clk), .en(en), .x(x{k}), .y(y{k}));" for k, (name, _, _) in enumerate(kernels)
    ]
    head = "`default_nettype none\nmodule kernels_bulk (\n    input wire clk,\n    input wire en,\n"
    return head + ",\n".join(ports) + "\n);\n" + "\n".join(body) + "\nendmodule\n`default_nettype wire\n"


def packed(rows: np.ndarray, bits: Sequence[int]) -> list[int]:
    """Return each row of integers as one word, the first number in the lowest bits.

    >>> packed(np.array([[-1, 2]]), [3, 4])
    [23]
    """
    words = []
    for row in rows.tolist():
        word = place = 0
        for value, width in zip(row, bits, strict=True):
            word |= (value % (1 << width)) << place
            place += width
        words.append(word)
    return words


def write(
    kernels: Iterable[Kernel], folder: Path, *, rows: int
) -> tuple[list[Path], list[dict[str, object]]]:
    """Write kernels and harness; return their files, and for each kernel its stages, inputs and wanted outputs."""
    files, wired, vectors = [], [], []
    for k, one in enumerate(kernels):
        bits, out, count = one.in_widths, one.out_width, one.wanted.shape[1]
        reference = "trigger/integer_layers.py:step"
        files.append(folder / f"kernel{k}.sv")
        files[-1].write_text(
            emit(one.program, f"kernel{k}", in_width=bits, out_width=out, reference=reference)
        )
        wired.append((f"kernel{k}", sum(bits), out * count))
        chosen = np.arange(rows) * len(one.inputs) // rows
        facts = {"name": f"{one.name} (kernel{k})", "stages": one.program.n_stages}
        facts["x"] = packed(one.inputs[chosen], bits)
        facts["y"] = packed(one.wanted[chosen], [out] * count)
        vectors.append(facts)
    files.append(folder / "kernels_bulk.sv")
    files[-1].write_text(harness(wired))
    return files, vectors
