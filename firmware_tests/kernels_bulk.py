"""Many emitted kernels side by side in one module, so that one simulation compares them all.

>>> text = harness([("kernel0", 8, 4)])
>>> "kernel0 i0 (.clk(clk), .en(en), .x(x0), .y(y0));" in text
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from hls.kernels.emit import emit
from hls.kernels.pixelwise import program, widths
from hls.random_kernels import Case


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


def write(cases: Iterable[Case], folder: Path, *, rows: int) -> tuple[list[Path], list[dict[str, object]]]:
    """Write kernels and harness; return their files, and for each kernel its stages, inputs and wanted outputs."""
    files, kernels, vectors = [], [], []
    for k, case in enumerate(cases):
        made, bits = program(case.layer, case.numbers, case.channels), widths(case.numbers, case.channels)
        out = case.layer.output.width
        text = emit(
            made, f"kernel{k}", in_width=bits, out_width=out, reference="trigger/integer_layers.py:step"
        )
        files.append(folder / f"kernel{k}.sv")
        files[-1].write_text(text)
        kernels.append((f"kernel{k}", sum(bits), out * len(made.outputs)))
        chosen = np.arange(rows) * len(case.inputs) // rows
        inputs, wanted = case.inputs[chosen], case.wanted[chosen]
        facts = {"name": f"{case.layer.name} of seed {k}", "stages": made.n_stages}
        facts |= {"x": packed(inputs, bits), "y": packed(wanted, [out] * wanted.shape[1])}
        vectors.append(facts)
    files.append(folder / "kernels_bulk.sv")
    files[-1].write_text(harness(kernels))
    return files, vectors
