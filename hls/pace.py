"""How many beats each stream has in the time that a network takes at least: what mean rates are counted by.

>>> from hls.fronts import Stream
>>> from trigger.network_spec import Format
>>> pooled = Stream(rows=5, columns=4, channels=1, number=Format(signed=False, width=8, fraction=0))
>>> Pace(clocks=96).mean("pool", pooled)  # frames of 12 x 8 pixels
Fraction(5, 24)
>>> Pace(clocks=16, rows=2, strides={"pixels": 1, "pool": 2}).mean("pool", pooled)  # the same layer, rows without end
Fraction(1, 4)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from hls.fronts import Stream
from trigger.network_spec import NetworkSpec


class Pace(NamedTuple):
    """A time, and what passes in it.

    Attributes
    ----------
    clocks : that a frame takes at least; in continuous mode: that ``rows`` rows of input take.
    rows : after so many, every layer's rows begin anew with theirs; 0: frames.
    strides : in continuous mode: rows of input from one row to the next, by name of an input or layer.
    """

    clocks: int = 1
    rows: int = 0
    strides: Mapping[str, int] = {}

    def beats(self, name: str, stream: Stream) -> int:
        """Return the beats of ``stream`` in that time; it leads to the numbers of the input or layer ``name``."""
        return self.rows // self.strides[name] * stream.columns if self.rows else stream.beats

    def mean(self, name: str, stream: Stream) -> Fraction:
        """Return the beats of ``stream`` per clock."""
        return Fraction(self.beats(name, stream), self.clocks)


#: Of a netlist that nobody has asked for rates.
FREE = Pace()


def pace(spec: NetworkSpec, strides: Mapping[str, int] | None = None) -> Pace:
    """Return the pace at which the largest image has a beat per clock; ``strides`` as in ``Pace``."""
    shapes = {node.name: node.shape for node in spec.inputs}
    shapes |= {layer.name: layer.output_shape for layer in spec.layers}
    if not strides:
        return Pace(max(shape[0] * shape[1] if len(shape) == 3 else 1 for shape in shapes.values()))
    rows = math.lcm(*strides.values())
    return Pace(max(rows // strides[name] * shape[1] for name, shape in shapes.items()), rows, dict(strides))
