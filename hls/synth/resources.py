"""What a module takes of an FPGA, and which cells of a netlist count as what.

>>> count({"LUT6": 3, "RAM32M16": 1, "FDRE": 9, "CARRY4": 2, "RAMB36E2": 1}, "xcup")
Resources(lut=11, ff=9, dsp=0, bram=2)
>>> Resources(lut=3) + Resources(lut=4, dsp=1)
Resources(lut=7, ff=0, dsp=1, bram=0)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from streams.errors import UserError

Family: TypeAlias = Literal["xcup", "ecp5"]


class Resources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cells of an FPGA.

    Attributes
    ----------
    lut : look-up tables, those used as memory or shift register included (LUT6 of UltraScale+, LUT4 of ECP5).
    ff : flip-flops.
    dsp : multiplier blocks (DSP48E2, MULT18X18D).
    bram : block memories of 18 kbit (a RAMB36E2 is two; DP16KD of ECP5 one).
    """

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram: int = 0

    def __add__(self, other: Resources) -> Resources:
        """Return the sum, item by item."""
        return Resources(
            self.lut + other.lut, self.ff + other.ff, self.dsp + other.dsp, self.bram + other.bram
        )


#: (lut, ff, dsp, bram) of each cell. A carry chain takes none: the LUTs in front of it are cells of their own.
#: An inverter takes none: it becomes part of the LUT, or of the inverted pin, behind it.
_XCUP = {
    **{f"LUT{n}": (1, 0, 0, 0) for n in range(1, 7)},
    **dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), (0, 1, 0, 0)),
    "SRL16E": (1, 0, 0, 0), "SRLC16E": (1, 0, 0, 0), "SRLC32E": (1, 0, 0, 0),
    "RAM32X1D": (2, 0, 0, 0), "RAM64X1D": (2, 0, 0, 0), "RAM128X1D": (4, 0, 0, 0), "RAM256X1D": (8, 0, 0, 0),
    "RAM32X1S": (1, 0, 0, 0), "RAM64X1S": (1, 0, 0, 0), "RAM128X1S": (2, 0, 0, 0), "RAM256X1S": (4, 0, 0, 0),
    "RAM32M": (4, 0, 0, 0), "RAM64M": (4, 0, 0, 0), "RAM32M16": (8, 0, 0, 0), "RAM64M8": (8, 0, 0, 0),
    "RAM512X1S": (8, 0, 0, 0), "RAM32X16DR8": (8, 0, 0, 0), "RAM64X8SW": (8, 0, 0, 0),
    "DSP48E2": (0, 0, 1, 0), "RAMB18E2": (0, 0, 0, 1), "RAMB36E2": (0, 0, 0, 2),
    **dict.fromkeys(("CARRY4", "CARRY8", "INV", "MUXF7", "MUXF8", "MUXF9", "BUFG"), (0, 0, 0, 0)),
}  # fmt: skip
#: A distributed memory of ECP5 takes four LUTs for its words and two for its write port; a carry cell is two LUTs.
_ECP5 = {
    "LUT4": (1, 0, 0, 0), "CCU2C": (2, 0, 0, 0), "TRELLIS_DPR16X4": (6, 0, 0, 0), "TRELLIS_FF": (0, 1, 0, 0),
    "MULT18X18D": (0, 0, 1, 0), "DP16KD": (0, 0, 0, 1),
    "PFUMX": (0, 0, 0, 0), "L6MUX21": (0, 0, 0, 0),
}  # fmt: skip
_CELLS = {"xcup": _XCUP, "ecp5": _ECP5}


def count(cells: Mapping[str, int], family: Family) -> Resources:
    """Return what a netlist takes.

    Parameters
    ----------
    cells : number of cells by type, as Yosys's ``stat`` gives them.

    Raises
    ------
    UserError : a type of cell that is not known here, so that nothing is left uncounted.
    """
    total = Resources()
    for name, number in cells.items():
        if name.startswith("$scopeinfo"):
            continue
        if name not in _CELLS[family]:
            raise UserError(
                f"netlist for {family}: {number} cells of unknown type {name}, want one of"
                f" {', '.join(sorted(_CELLS[family]))}: use pyosys 0.70"
            )
        total += Resources(*(number * each for each in _CELLS[family][name]))
    return total
