"""Latency and interval in continuous mode, before any simulation.

>>> from hls.blocks import cut
>>> from hls.endless import endless, for_rows
>>> from trigger.network_spec import Format, Input, MaxPool2D, NetworkSpec
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> pool = MaxPool2D(name="pool", input_shape=(8, 9, 1), output_shape=(3, 4, 1), output=pixel,
...     pool=(3, 2), stride=(2, 2), padding=(0, 0, 0, 0))
>>> spec = for_rows(NetworkSpec(name="example", inputs=(Input(shape=(8, 9, 1), number=pixel),), layers=[pool]))
>>> row_timing(endless(cut(spec), spec)).clocks_per_frame
9
"""

from __future__ import annotations

import numpy as np

from hls.cycles import Timing, run
from hls.needed_pixels import Needed, needed_pixels
from hls.netlist import Netlist, Port


def row_timing(netlist: Netlist) -> Timing:
    """Return what ``hls.cycles.timing`` does, with a row in the place of a frame; the first rows do not count."""
    clocks, needed = run(netlist, frames=1), needed_pixels(netlist)
    (source,) = netlist.inputs
    taken = clocks.taken[source.label]
    latency, first = {}, {}
    for port in netlist.outputs:
        shape = (port.stream.rows, port.stream.columns)
        pixels = completing(needed[port.label][source.label], port, source)
        delay = (clocks.given[port.label].reshape(shape) - taken[pixels])[:-1]  # no row follows the last
        latency[port.label], first[port.label] = int(delay.max()), int(delay[:, 0].max())
    begins = taken[:: source.stream.columns]
    return Timing(latency, first, int(begins[-1] - begins[-2]))


def completing(needed: Needed, output: Port, source: Port) -> Needed:
    """Return the last pixel that each cell depends on, (rows, columns).

    A row's last cell waits for the end of the input row that completes it.
    """
    pixels = needed.reshape(output.stream.rows, output.stream.columns).copy()
    columns = source.stream.columns
    pixels[:, -1] = (np.arange(output.stream.rows) * output.field.stride + output.field.rows) * columns - 1
    return pixels
