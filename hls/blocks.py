"""A network cut into hardware blocks and the FIFOs between them (types: ``hls.netlist``).

>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> coarse = Format(signed=False, width=3, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(8, 9, 2), output_shape=(8, 9, 2), output=coarse)
>>> fine = Format(signed=True, width=8, fraction=2)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(8, 9, 2), number=fine),), layers=[relu])
>>> netlist = cut(spec)
>>> [(block.label, block.kernel, block.stages) for block in netlist.blocks]
[('layer0_relu', 'pixelwise', 2)]
>>> [(edge.producer, edge.consumer, edge.kind) for edge in netlist.edges]
[('s_axis', 'layer0_relu', 'wire'), ('layer0_relu', 'm_axis', 'fifo')]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from hls.block_kinds import body, reshaped
from hls.block_limits import MAX_BEAT_BITS, check_choices, check_sizes
from hls.matrix_kinds import Asked, Body
from hls.netlist import Block, Edge, Mac, Netlist, Port, Repack, Stream
from hls.pace import Pace, pace
from hls.rates import FULL, behind_all
from hls.verilog import identifier, labels
from streams.errors import UserError
from trigger.network_check import check
from trigger.network_spec import (
    Argmax,
    Conv2D,
    Dense,
    Layer,
    Leaky,
    Lookup,
    Merge,
    NetworkSpec,
    Padding,
    Quantize,
    Reshape,
    Scale,
    Softmax,
    ZeroPad2D,
)
from trigger.network_spec import Input as SpecInput

_ANY_PACKING = (Quantize, Leaky, Lookup, Dense, Reshape)
_FUSED = (Quantize, Leaky, Lookup, Scale, Softmax, Argmax, Reshape)


def cut(
    spec: NetworkSpec,
    kernels: Mapping[str, str] | None = None,
    reuse: Mapping[str, int] | None = None,
    *,
    strides: Mapping[str, int] | None = None,
) -> Netlist:
    """Return the blocks of ``spec`` and the FIFOs between them, all of the smallest depth.

    Parameters
    ----------
    kernels : name of a convolution or dense layer -> ``shift_add`` or ``mac``, where the choice by size is not wanted.
    reuse : the same -> clocks per window, as hls4ml's reuse factor.
    strides : in continuous mode: rows of input from one row to the next, by name of an input or layer.

    Raises
    ------
    UserError : a network that does not fit together, a layer named in ``kernels`` or ``reuse`` that has no such
        choice, padding of a whole kernel, or a vector too wide for a beat where it has to stand in one.
    """
    check(spec)
    check_choices(spec, kernels or {}, reuse or {})
    least, busiest = Pace(0), pace(spec, strides)
    while busiest.clocks > least.clocks:  # a kernel that holds the input back gives all others more time
        least = busiest
        draft = _Cutter(spec, kernels or {}, reuse or {}, least, dry=True).whole()
        macs = ((block, front) for block in draft.blocks for front in block.fronts if isinstance(front, Mac))
        taken = (mac.turns * least.beats(block.gives, mac.source) for block, mac in macs)
        busiest = least._replace(clocks=max([least.clocks, *taken]))
    return _Cutter(spec, kernels or {}, reuse or {}, least).whole()


@dataclass(frozen=True)
class _Value:
    """Where the numbers of an input or a layer are: behind which block or port, in which packing.

    ``alone`` : nothing else takes them. ``padding`` : zeros that the taker has to put around them.
    """

    label: str
    stream: Stream
    alone: bool
    padding: tuple[str, Padding] | None = None


class _Cutter:
    """Takes layers in order; blocks grow by what is fused behind them."""

    def __init__(
        self,
        spec: NetworkSpec,
        kernels: Mapping[str, str],
        reuse: Mapping[str, int],
        least: Pace,
        *,
        dry: bool = False,
    ) -> None:
        self.spec, self.kernels, self.reuse, self.pace, self.dry = spec, kernels, reuse, least, dry
        self.uses = Counter(source for layer in spec.layers for source in layer.sources)
        self.uses.update(spec.outputs)
        self.blocks: dict[str, Block] = {}
        self.buffered: set[str] = set()
        self.values: dict[str, _Value] = {}
        prefixes = labels("s_axis", [node.name for node in spec.inputs])
        self.inputs = tuple(
            Port(n.name, label, _plain(n)) for n, label in zip(spec.inputs, prefixes, strict=True)
        )
        self.peaks = {port.label: FULL for port in self.inputs}
        for port in self.inputs:
            self.values[port.name] = _Value(port.label, port.stream, alone=self.uses[port.name] == 1)

    def add(self, layer: Layer) -> None:
        """Carry out one more layer."""
        source = self.values[layer.sources[0]]
        if isinstance(layer, Reshape) and layer.output == source.stream.number:
            stream, alone = reshaped(source.stream, layer.output_shape), self.uses[layer.name] == 1
            self._give(layer, replace(source, stream=stream, alone=alone and source.alone))
        elif isinstance(layer, ZeroPad2D) and self._merges(layer):
            value = self._packed(layer, 0)
            self._give(layer, replace(value, alone=False, padding=(layer.name, layer.padding)))
        elif isinstance(layer, _FUSED):
            self._behind(layer, self._packed(layer, 0))
        else:
            self._new(layer, [self._packed(layer, port) for port in range(len(layer.sources))])

    def whole(self) -> Netlist:
        """Carry out all layers."""
        for layer in self.spec.layers:
            self.add(layer)
        return self.netlist()

    def netlist(self) -> Netlist:
        """Return what was built."""
        prefixes = labels("m_axis", list(self.spec.outputs))
        outputs = tuple(
            Port(name, label, self.values[name].stream)
            for name, label in zip(self.spec.outputs, prefixes, strict=True)
        )
        edges = [
            Edge(source, block.label, port, stream)
            for block in self.blocks.values()
            for port, (source, stream) in enumerate(zip(block.sources, block.streams, strict=True))
        ]
        edges += [Edge(self.values[port.name].label, port.label, 0, port.stream) for port in outputs]
        takers = Counter(edge.producer for edge in edges)
        ports = {port.label for port in self.inputs}
        wired = (
            replace(edge, depth=0)
            if edge.producer in ports and takers[edge.producer] == 1 and edge.consumer not in self.buffered
            else edge
            for edge in edges
        )
        return Netlist(
            name=self.spec.name,
            inputs=self.inputs,
            outputs=outputs,
            blocks=tuple(self.blocks.values()),
            edges=tuple(wired),
            pace=self.pace,
        )

    def _asked(self, layer: Layer, values: Sequence[_Value]) -> Asked:
        peak = max(self.peaks[value.label] for value in values)
        mean = self.pace.mean(layer.sources[0], values[0].stream)
        return Asked(self.kernels.get(layer.name), self.reuse.get(layer.name), mean, peak, self.dry)

    def _give(self, layer: Layer, value: _Value) -> None:
        self.values[layer.name] = value

    def _new(self, layer: Layer, values: Sequence[_Value]) -> None:
        """Append a block for ``layer``."""
        names: tuple[str, ...] = (layer.name,)
        if values[0].padding:
            assert isinstance(layer, Conv2D)
            name, around = values[0].padding
            names = (name, layer.name)
            layer = _padded(layer, around)
        check_sizes(layer, [value.stream for value in values])
        made = body(layer, [value.stream for value in values], self._asked(layer, values))
        check_sizes(layer, [made.sink, *(front.sink for front in made.fronts)])
        label = self._append(layer.name, names, layer.name, values, made)
        self._give(layer, _Value(label, made.sink, alone=self.uses[layer.name] == 1))

    def _append(
        self, title: str, names: tuple[str, ...], gives: str, values: Sequence[_Value], made: Body
    ) -> str:
        label = f"layer{len(self.blocks)}_{identifier(title)}"
        self.peaks[label] = behind_all(made.fronts, max(self.peaks[value.label] for value in values))
        if made.buffered:
            self.buffered.add(label)
        self.blocks[label] = Block(
            label=label,
            layers=names,
            gives=gives,
            sources=tuple(value.label for value in values),
            streams=tuple(value.stream for value in values),
            fronts=made.fronts,
            steps=made.steps,
            stages=sum(step.stages for step in made.steps),
            sink=made.sink,
            kernel=made.kernel,
        )
        return label

    def _behind(self, layer: Layer, value: _Value) -> None:
        """Fuse ``layer`` behind the block that gives its numbers; a new block where something else takes them too."""
        block = self.blocks.get(value.label)
        if block is None or not value.alone:
            return self._new(layer, [value])
        made = body(layer, [value.stream])
        self.blocks[block.label] = replace(
            block,
            layers=(*block.layers, layer.name),
            gives=layer.name,
            steps=(*block.steps, *made.steps),
            stages=block.stages + sum(step.stages for step in made.steps),
            sink=made.sink,
        )
        return self._give(layer, _Value(block.label, made.sink, alone=self.uses[layer.name] == 1))

    def _packed(self, layer: Layer, port: int) -> _Value:
        """Return the numbers of a source in the packing that ``layer`` needs; behind a new block where they differ."""
        source = layer.sources[port]
        value = self.values[source]
        if value.padding:
            return value
        wanted = self._wanted(layer, source, value.stream)
        if wanted.channels == value.stream.channels:
            return replace(value, stream=wanted)
        if wanted.width > MAX_BEAT_BITS:
            raise UserError(
                f"layer {layer.name} needs the {wanted.channels} numbers of {source} in one beat of {wanted.width}"
                f" bits, want at most {MAX_BEAT_BITS}: use fewer or narrower numbers"
            )
        made = Body((Repack(value.stream, wanted),), (), wanted, "repack")
        label = self._append(f"repack_{layer.name}", (), source, [value], made)
        return _Value(label, wanted, alone=True)

    def _wanted(self, layer: Layer, source: str, stream: Stream) -> Stream:
        """Return the packing in which ``layer`` takes a source."""
        shape = self.spec.shape(source)
        in_one = isinstance(layer, Dense) and self.kernels.get(layer.name) == "shift_add"
        if isinstance(layer, _ANY_PACKING) and not in_one:
            return reshaped(stream, shape)
        if len(shape) == 3:
            return replace(stream, rows=shape[0], columns=shape[1], channels=shape[2])
        if isinstance(layer, Merge):
            narrow = min((self.values[name].stream for name in layer.sources), key=lambda s: s.channels)
            return replace(narrow, number=stream.number)
        return replace(stream, rows=1, columns=1, channels=shape[0])

    def _merges(self, layer: ZeroPad2D) -> bool:
        """Return whether the only taker is a convolution whose window can mask this padding."""
        takers = [taker for taker in self.spec.layers if layer.name in taker.sources]
        if self.uses[layer.name] != 1 or len(takers) != 1 or not isinstance(takers[0], Conv2D):
            return False
        (rows, columns), own = takers[0].kernel, takers[0].padding
        top, bottom, left, right = (a + b for a, b in zip(own, layer.padding, strict=True))
        return top + bottom < rows and left + right < columns


def _padded(layer: Conv2D, around: Padding) -> Conv2D:
    top, bottom, left, right = (a + b for a, b in zip(layer.padding, around, strict=True))
    rows, columns, channels = layer.input_shape
    shape = (rows - around[0] - around[1], columns - around[2] - around[3], channels)
    return msgspec.structs.replace(layer, padding=(top, bottom, left, right), input_shape=shape)


def _plain(node: SpecInput) -> Stream:
    """Return the packing of an input: a pixel, or a whole vector, per beat."""
    rows, columns, channels = node.shape if len(node.shape) == 3 else (1, 1, node.shape[0])
    return Stream(rows, columns, channels, node.number)
