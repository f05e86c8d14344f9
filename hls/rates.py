"""How often each stream of a network has a beat: on average over a frame, and at most.

A network runs as fast as its busiest stream: the frame takes ``Netlist.pace.clocks`` where every unit takes a beat per
clock. A stream's mean rate is its beats per frame by that; its peak rate is that within the rows in which it moves.

>>> from hls.netlist import Stream
>>> from trigger.network_spec import Format
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> pool = Window(Stream(8, 8, 1, pixel), kernel=(2, 2), stride=(2, 2), padding=(0, 0), rows=4, columns=4)
>>> behind(pool, Fraction(1))
Fraction(1, 2)
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from hls.netlist import Front, Global, Mac, Netlist, Repack, Resize, Window

FULL = Fraction(1)


class Rate(NamedTuple):
    """Beats per clock: over a whole frame, and within the rows in which the stream moves."""

    mean: Fraction
    peak: Fraction


def behind(front: Front, peak: Fraction) -> Fraction:
    """Return the peak rate behind a unit that is fed at ``peak``."""
    if isinstance(front, Window):
        return peak / front.stride[1]
    if isinstance(front, Mac):
        return min(peak / front.beats, Fraction(1, front.turns * front.beats))
    if isinstance(front, Global):
        return peak / front.source.beats
    if isinstance(front, Resize):
        return FULL  # rows and zeros of its own making follow each other without a pause
    assert isinstance(front, Repack)
    return min(FULL, peak * front.source.channels / front.sink.channels)


def behind_all(fronts: Iterable[Front], peak: Fraction) -> Fraction:
    """Return the peak rate behind all units of a block."""
    for front in fronts:
        peak = behind(front, peak)
    return peak


def rates(netlist: Netlist) -> dict[str, Rate]:
    """Return the rate at which each block's fronts give beats, by label."""
    peaks = {port.label: FULL for port in netlist.inputs}
    found = {}
    for block in netlist.blocks:
        peak = max(peaks[source] for source in block.sources)
        windows = block.fronts
        if windows and isinstance(windows[-1], Mac):
            windows = windows[:-1]  # the rate at which the sums are asked for
        for front in windows:
            peak = behind(front, peak)
        asked = windows[-1].sink if windows else block.streams[0]
        mean = netlist.pace.mean(block.gives, asked)
        found[block.label] = Rate(mean, max(peak, mean))
        peaks[block.label] = behind(block.fronts[-1], peak) if windows != block.fronts else peak
    return found
