"""Names and shapes of a generated network's ports, and of the streams between its layers.

>>> from trigger.network_spec import Format, Input, Quantize
>>> number = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 3, 1), output_shape=(2, 3, 1), output=number)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 3, 1), number=number),), layers=(relu,))
>>> import tempfile
>>> from pathlib import Path
>>> from hls.rtl_writer import write_rtl
>>> with tempfile.TemporaryDirectory() as folder:
...     wires = wires_of(spec, write_rtl(spec, Path(folder)))
>>> [(wire.prefix, wire.beats) for wire in (*wires.inputs, *wires.outputs, wires.taps[0][0])]
[('s_axis', 6), ('m_axis', 6), ('layer0_relu', 6)]
"""

from __future__ import annotations

from dataclasses import dataclass

from hls import netlist
from hls.bench.vectors import Stream
from hls.plan import Plan
from hls.rtl_writer import rebuilt
from trigger.network_spec import NetworkSpec


@dataclass(frozen=True)
class Wires:
    """Ports by input and output; ``taps`` with the layer whose numbers each carries."""

    netlist: netlist.Netlist
    inputs: list[Stream]
    outputs: list[Stream]
    taps: list[tuple[Stream, str]]


def wires_of(spec: NetworkSpec, plan: Plan) -> Wires:
    """Return the ports and taps of the network that ``write_rtl`` wrote."""
    made = rebuilt(spec, plan)
    inputs, outputs = (
        [_wire(port.name, port.label, port.stream) for port in ports] for ports in (made.inputs, made.outputs)
    )
    layers = {layer.name for layer in spec.layers}
    taps = [
        (_wire(block.name, block.label, block.sink), block.gives)
        for block in made.blocks
        if block.gives in layers  # a block may only repack an input
    ]
    return Wires(made, inputs, outputs, taps)


def _wire(name: str, prefix: str, sent: netlist.Stream) -> Stream:
    number = sent.number
    return Stream(name, prefix, sent.rows, sent.columns, sent.channels, number.width, number.signed)
