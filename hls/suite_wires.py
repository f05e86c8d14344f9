"""Names and shapes of a generated network's ports, and of the streams between its layers.

>>> from trigger.network_spec import Format, Input, Quantize
>>> number = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 3, 1), output_shape=(2, 3, 1), output=number)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 3, 1), number=number),), layers=(relu,))
>>> stream("relu", "m_axis", spec).beats
6
"""

from __future__ import annotations

from dataclasses import dataclass

from hls.bench.vectors import Stream
from hls.blocks import cut
from hls.netlist import Netlist
from hls.plan import Plan
from trigger.network_spec import NetworkSpec


@dataclass(frozen=True)
class Wires:
    """Ports by input and output; ``taps`` with the layer whose numbers each carries."""

    inputs: list[Stream]
    outputs: list[Stream]
    taps: list[tuple[Stream, str]]


def stream(name: str, prefix: str, spec: NetworkSpec) -> Stream:
    """Return the stream that carries what layer or input ``name`` gives, one place of the image per beat."""
    shape, number = spec.shape(name), spec.number(name)
    rows, columns, channels = shape if len(shape) == 3 else (1, 1, *shape)
    return Stream(name, prefix, rows, columns, channels, number.width, number.signed)


def hardware(spec: NetworkSpec, plan: Plan) -> Netlist:
    """Return the netlist that ``write_rtl`` made of ``spec``, with the kernels that ``plan`` names."""
    layers = plan.layers
    return cut(spec, {layer.name.split("+")[0]: layer.kernel for layer in layers if layer.kind == "conv2d"})


def wires_of(spec: NetworkSpec, plan: Plan) -> Wires:
    """Return the ports and taps of the network that ``write_rtl`` wrote."""
    taps = []
    for block in hardware(spec, plan).blocks:
        sink = block.sink
        shape = (sink.rows, sink.columns, sink.channels, sink.number.width, sink.number.signed)
        taps.append((Stream(block.name, block.label, *shape), block.gives))
    last = taps[-1][0]
    shape = (last.rows, last.columns, last.channels, last.width, last.signed)
    outputs = [Stream(spec.outputs[0], "m_axis", *shape)]
    return Wires([stream(spec.inputs[0].name, "s_axis", spec)], outputs, taps)
