"""What ``hls.blocks.cut`` makes of a network: hardware blocks and the FIFOs between them. Plain data.

A block is: [join: a beat of every source, taken together] -> fronts, in order -> arithmetic pipeline of ``stages``
registers under one enable (``net_enable``; none where ``stages`` is 0) -> one FIFO per consumer; a beat goes into all
of them in one clock, when all have room.

>>> from trigger.network_spec import Format
>>> pixels = Stream(rows=8, columns=9, channels=2, number=Format(signed=False, width=4, fraction=0))
>>> Edge("layer0_a", "m_axis", 0, pixels, depth=2).kind
'fifo'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hls.fronts import Front, Global, Mac, Repack, Resize, Stream, Window
from hls.kernels.program import Program
from hls.pace import FREE, Pace
from trigger.continuous import Field
from trigger.network_spec import Format, Layer

__all__ = [
    "DEEP", "FIFO_DEPTH", "FLAG_DEPTH", "Block", "Edge", "Front", "Global", "Mac", "Netlist", "Port", "Repack",
    "Resize", "Step", "Stream", "Window",
]  # fmt: skip

#: Depth of an edge's FIFO that only cuts the ready path, and of a frame's flags beside the network.
FIFO_DEPTH = 2
FLAG_DEPTH = 16
#: An edge of more words than this is a ``net_deep_fifo`` (registered read, block RAM).
DEEP = 64
ONE_ROW = Field(1, 1)


@dataclass(frozen=True)
class Step:
    """A part of a block's arithmetic pipeline.

    Attributes
    ----------
    layer : which layer it carries out.
    numbers, channels : format and count of what enters: of each source of a join, of a window's numbers (and marks).
    output, count : format and count of the numbers that leave.
    program : the arithmetic; None: ``net_quantize``.
    stages : registers.
    """

    layer: Layer
    numbers: tuple[Format, ...]
    channels: tuple[int, ...]
    output: Format
    count: int
    program: Program | None
    stages: int


@dataclass(frozen=True)
class Block:
    """One hardware block.

    Attributes
    ----------
    label : its name in Verilog: module, instance, and prefix of the wires at the end of its pipeline
        (``<label>_valid``, ``_ready``, ``_data``); unique among blocks and ports.
    layers : names of the layers that it carries out; none of a block that only repacks.
    gives : name of the layer, or of the input, whose numbers leave it.
    sources : labels of blocks or input ports; streams : what comes from each.
    fronts : units with state, in order.
    steps, stages : the arithmetic behind them, and its registers in all.
    sink : stream that leaves.
    kernel : word for the plan.
    """

    label: str
    layers: tuple[str, ...]
    gives: str
    sources: tuple[str, ...]
    streams: tuple[Stream, ...]
    fronts: tuple[Front, ...]
    steps: tuple[Step, ...]
    stages: int
    sink: Stream
    kernel: str

    @property
    def name(self) -> str:
        """Names of its layers, joined by a plus sign; of a block that only repacks, its label."""
        return "+".join(self.layers) or self.label

    @property
    def middle(self) -> Stream:
        """The stream behind the fronts, which enters the pipeline (of a join: its first source)."""
        return self.fronts[-1].sink if self.fronts else self.streams[0]


@dataclass(frozen=True)
class Port:
    """An input (behind its ``net_guard``) or an output (in front of its ``net_tail``) of the network.

    Attributes
    ----------
    name : of the spec's input, or of the output's layer.
    label : prefix of its AXI signals: ``s_axis`` or ``m_axis``, with several ``s_axis_<name>``.
    field : of an output in continuous mode: rows of input that a row of it depends on.
    """

    name: str
    label: str
    stream: Stream
    field: Field = ONE_ROW


@dataclass(frozen=True)
class Edge:
    """The FIFO between a producer (block or input port) and one source of a consumer (block or output port), by label.

    ``port`` : which source of the consumer. ``depth`` : words; 0 = wires, only behind an input with one consumer.
    """

    producer: str
    consumer: str
    port: int
    stream: Stream
    depth: int = FIFO_DEPTH

    @property
    def kind(self) -> Literal["wire", "fifo", "deep"]:
        """Wires, ``net_fifo`` (combinational read) or ``net_deep_fifo`` (registered read)."""
        if self.depth == 0:
            return "wire"
        return "deep" if self.depth > DEEP else "fifo"


@dataclass(frozen=True)
class Netlist:
    """A whole network.

    Every guard pushes one word of flags per frame, with the frame's last beat, into a FIFO of ``flag_depth`` words for
    each output, from which the tail takes it. With several inputs each guard has such a FIFO of its own; when all
    of these hold a word they are popped together, and the word that follows goes into the FIFOs of all outputs at once.

    Attributes
    ----------
    blocks : in an order in which sources come first.
    edges : every connection, ordered by consumer (blocks, then outputs), then ``port``.
    pace : clocks that a frame takes at least (in continuous mode: a number of rows), for mean rates.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    blocks: tuple[Block, ...]
    edges: tuple[Edge, ...]
    pace: Pace = FREE
    flag_depth: int = FLAG_DEPTH
    mode: Literal["frames", "continuous"] = "frames"

    def into(self, label: str) -> list[Edge]:
        """Return the edges into a block or an output port, by ``port``."""
        return [edge for edge in self.edges if edge.consumer == label]

    def out_of(self, label: str) -> list[Edge]:
        """Return the edges out of a block or an input port."""
        return [edge for edge in self.edges if edge.producer == label]

    def beats(self, port: Port, frames: int) -> int:
        """Return the beats that an input or output has in ``frames``; in continuous mode these follow without end."""
        if self.mode == "frames":
            return frames * port.stream.beats
        rows = frames * self.inputs[0].stream.rows
        return ((rows - port.field.rows) // port.field.stride + 1) * port.stream.columns

    def deepened(self, depths: Sequence[int]) -> Netlist:
        """Return the same netlist with these depths of its edges."""
        edges = (replace(edge, depth=depth) for edge, depth in zip(self.edges, depths, strict=True))
        return replace(self, edges=tuple(edges))
