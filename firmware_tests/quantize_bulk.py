"""net_quantize in many configurations side by side, and what each must give for every input.

>>> len(configurations()) == 28 * 2 * 2 * len(OUT_WIDTHS) * len(SHIFTS)
True
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, get_args

import numpy as np

from trigger.integer_layers import quantize
from trigger.network_spec import Format, Overflow, Quantize, Rounding

IN_WIDTH = 4
WIDE = 62  # bits of a number: no layer has more
OUT_WIDTHS = (1, 3, 5)
SHIFTS = (-2, 0, 1, 2, 3, 6)  # negative: to a finer grid; 6: everything is dropped
ROUNDINGS, OVERFLOWS = get_args(Rounding), get_args(Overflow)


class Configuration(NamedTuple):
    """Parameters of one instance; the modes by name."""

    rounding: str
    overflow: str
    in_signed: bool
    out_signed: bool
    out_width: int
    shift: int
    in_width: int = IN_WIDTH

    def wanted(self, value: np.ndarray) -> np.ndarray:
        """Return what must come for the bit patterns ``value`` of ``in_width`` bits, as bit patterns."""
        if self.in_signed:
            value = value - ((value >> (self.in_width - 1)) << self.in_width)
        layer = Quantize(
            name="q",
            input_shape=(1,),
            output_shape=(1,),
            output=Format(signed=self.out_signed, width=self.out_width, fraction=0),
            rounding=self.rounding,  # type: ignore[arg-type]
            overflow=self.overflow,  # type: ignore[arg-type]
        )
        return quantize(layer, value, self.shift) & ((1 << self.out_width) - 1)


def configurations() -> list[Configuration]:
    """Return all of them: every rounding with every overflow, signs, widths and shifts."""
    signs = (False, True)
    return [
        Configuration(*c) for c in itertools.product(ROUNDINGS, OVERFLOWS, signs, signs, OUT_WIDTHS, SHIFTS)
    ]


def wide_configurations() -> list[Configuration]:
    """Return every rounding with every overflow at ``WIDE`` bits, on random grids and widths."""
    rng = np.random.default_rng(5)
    found = []
    for modes in itertools.product(ROUNDINGS, OVERFLOWS):
        for _ in range(4):
            signs = [bool(sign) for sign in rng.integers(2, size=2)]
            shift, width = int(rng.integers(-70, 71)), int(rng.integers(1, WIDE + 1))
            found.append(Configuration(*modes, *signs, width, shift, WIDE))
    return found


def patterns(bits: int) -> np.ndarray:
    """Return bit patterns: all of few bits; of many bits random ones, ends, and halves of every power of two."""
    if bits < 8:
        return np.arange(1 << bits)
    powers = 1 << np.arange(bits)
    some = np.random.default_rng(6).integers(1 << bits, size=40)
    ends = np.array([0, (1 << bits) - 1, (1 << (bits - 1)) - 1])
    return np.concatenate(
        [ends, some, powers, powers - 1, 3 * powers[:-2], some[:12] << 30 & (1 << bits) - 1]
    )


def harness(chosen: Sequence[Configuration]) -> str:
    """Return the module ``quantize_bulk``: one input for all, their outputs in one word, the first one lowest."""
    lines = []
    place = 0
    for k, c in enumerate(chosen):
        values = {"InWidth": c.in_width, "InSigned": f"1'b{int(c.in_signed)}", "OutWidth": c.out_width}
        values |= {"OutSigned": f"1'b{int(c.out_signed)}", "Shift": c.shift}
        values |= {"Rounding": ROUNDINGS.index(c.rounding), "Overflow": OVERFLOWS.index(c.overflow)}
        given = ", ".join(f".{name}({value})" for name, value in values.items())
        ports = f".clk(clk), .en(en), .x(x), .y(y[{place}+:{c.out_width}])"
        lines.append(f"  net_quantize #({given}) q{k} ({ports});")
        place += c.out_width
    ports = f"input wire clk, input wire en, input wire [{chosen[0].in_width - 1}:0] x, output wire [{place - 1}:0] y"
    body = "\n".join(lines)
    return (
        f"`default_nettype none\nmodule quantize_bulk ({ports});\n{body}\nendmodule\n`default_nettype wire\n"
    )
