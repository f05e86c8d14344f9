"""The same network on frames of fewer rows: all rows but the first and last are alike, so few of them tell as much.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, MaxPool2D, NetworkSpec
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> pool = MaxPool2D(name="pool", input_shape=(90, 6, 1), output_shape=(45, 3, 1), output=pixel,
...     pool=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0))
>>> netlist = cut(NetworkSpec(name="example", inputs=(Input(shape=(90, 6, 1), number=pixel),), layers=[pool]))
>>> short = shortened(netlist)
>>> [port.stream.rows for port in (*short.inputs, *short.outputs)]
[6, 3]
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from hls.netlist import Block, Front, Global, Mac, Netlist, Resize, Stream, Window

#: Rows that are left beside those that the windows hold.
_MORE_ROWS = 4


def shortened(netlist: Netlist) -> Netlist:
    """Return the netlist with fewer rows per frame, for the cycle model only; itself where that cannot be done."""
    rates = _rates(netlist)
    heights = {port.stream.rows for port in netlist.inputs}
    if rates is None or len(heights) != 1 or netlist.mode != "frames":
        return netlist
    windows = [(f, rates[source]) for b in netlist.blocks for source in b.sources[:1] for f in b.fronts[:1]]
    held = sum(f.kernel[0] / rate for f, rate in windows if isinstance(f, Window) and rate)
    unit = math.lcm(*(rate.denominator for rate in rates.values()))
    less = (heights.pop() - _MORE_ROWS - math.ceil(held)) // unit * unit
    if less <= 0:
        return netlist
    blocks = tuple(_short_block(block, less * rates[block.sources[0]]) for block in netlist.blocks)
    fronts = [front for block in blocks for front in block.fronts]
    if any(isinstance(f, Window) and min(f.source.rows - f.kernel[0], f.rows) < 1 for f in fronts):
        return netlist
    inputs = (replace(port, stream=_fewer(port.stream, Fraction(less))) for port in netlist.inputs)
    outputs = (
        replace(port, stream=_fewer(port.stream, less * rates[netlist.into(port.label)[0].producer]))
        for port in netlist.outputs
    )
    return replace(netlist, blocks=blocks, inputs=tuple(inputs), outputs=tuple(outputs))


def _rates(netlist: Netlist) -> dict[str, Fraction] | None:
    """Return rows per row of input behind each input and block; None where rows do not stay rows."""
    rates = {port.label: Fraction(1) for port in netlist.inputs}
    sinks = {node.label: node.stream for node in netlist.inputs}
    for block in netlist.blocks:
        sources = {rates[source] for source in block.sources}
        same = all(
            (sinks[source].rows, sinks[source].columns) == (stream.rows, stream.columns)
            for source, stream in zip(block.sources, block.streams, strict=True)
        )
        rate: Fraction | None = sources.pop()
        for front in block.fronts:
            rate = _behind(front, rate) if rate is not None else None
        if sources or not same or rate is None:
            return None
        rates[block.label], sinks[block.label] = rate, block.sink
    for port in netlist.outputs:
        sink = sinks[netlist.into(port.label)[0].producer]
        if (sink.rows, sink.columns) != (port.stream.rows, port.stream.columns):
            return None
    return rates


def _behind(front: Front, rate: Fraction) -> Fraction | None:
    """Return the rows per row of input behind a front."""
    if isinstance(front, Window):
        return rate / front.stride[0]
    if isinstance(front, Resize):
        return rate * front.size[0]
    if isinstance(front, Global) or (isinstance(front, Mac) and front.sink.beats == 1):
        return Fraction(0)
    return rate if isinstance(front, Mac) and front.beats == 1 else None


def _short_block(block: Block, less: Fraction) -> Block:
    """Return the block with ``less`` fewer rows coming in."""
    fronts: list[Front] = []
    for front in block.fronts:
        source, rate = _fewer(front.source, less), _behind(front, Fraction(1))
        assert rate is not None
        less = less * rate
        if isinstance(front, Window):
            fronts.append(replace(front, source=source, rows=front.rows - int(less)))
        elif isinstance(front, Resize):
            fronts.append(replace(front, source=source))
        else:
            fronts.append(replace(front, source=source, sink=_fewer(front.sink, less)))
    return replace(block, fronts=tuple(fronts))


def _fewer(stream: Stream, less: Fraction) -> Stream:
    assert less.denominator == 1
    return replace(stream, rows=stream.rows - int(less))
