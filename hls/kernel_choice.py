"""Which kernel a layer gets, from the rate at which it is fed.

>>> mac_clocks(inputs=144, beats=1, parallel=40, dsp=True, weight_width=6)
MacClocks(turns=4, depth=6, places=4)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MacClocks:
    """Clocks of ``net_mac``, for the cycle model.

    Attributes
    ----------
    turns : clocks per beat.
    depth : clocks from the last turn of a sum to its place in the buffer.
    places : sums that the buffer holds.
    """

    turns: int
    depth: int
    places: int


def mac_clocks(
    *, inputs: int, beats: int, parallel: int, dsp: bool, weight_width: int, groups: int = 1
) -> MacClocks:
    """Return the clocks of ``net_mac`` with these parameters (the formulas stand in its header too).

    Parameters
    ----------
    inputs, beats : numbers per beat, beats per sum.
    parallel : numbers of a group that are multiplied in one clock.
    weight_width : bits of a weight, two's complement.
    """
    turns = -(-inputs // groups // parallel)
    terms = parallel if dsp else parallel * -(-weight_width // 2)
    stages = (terms - 1).bit_length() // 2
    return MacClocks(turns, 3 + stages, max(4, 2 + (4 + stages) // (turns * beats)))
