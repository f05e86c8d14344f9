"""What ``hls.blocks.cut`` makes of a network: hardware blocks and the FIFOs between them. Plain data.

A block is: [join: a beat of every source, taken together] -> fronts, in order -> arithmetic pipeline of ``stages``
registers under one enable (``net_enable``; none where ``stages`` is 0) -> one FIFO per consumer; a beat goes into all
of them in one clock, when all have room.

>>> from trigger.network_spec import Format
>>> pixels = Stream(rows=8, columns=9, channels=2, number=Format(signed=False, width=4, fraction=0))
>>> window = Window(pixels, kernel=(3, 3), stride=(2, 2), padding=(1, 0), rows=4, columns=4)
>>> window.delay, window.sink.beats, window.sink.width
(11, 16, 72)
>>> Edge("layer0_a", "m_axis", 0, pixels, depth=2).kind
'fifo'
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hls.kernels.program import Program
from trigger.continuous import Field
from trigger.network_spec import Conv2D, Dense, Format, Layer

#: Depth of an edge's FIFO that only cuts the ready path, and of a frame's flags beside the network.
FIFO_DEPTH = 2
FLAG_DEPTH = 16
#: An edge of more words than this is a ``net_deep_fifo`` (registered read, block RAM).
DEEP = 64
ONE_ROW = Field(1, 1)


@dataclass(frozen=True)
class Stream:
    """Frames of rows x columns beats of ``channels`` numbers; number c stands in the c-th bits from below."""

    rows: int
    columns: int
    channels: int
    number: Format

    @property
    def beats(self) -> int:
        """Beats per frame."""
        return self.rows * self.columns

    @property
    def numbers(self) -> int:
        """Numbers per frame."""
        return self.beats * self.channels

    @property
    def width(self) -> int:
        """Bits per beat."""
        return self.channels * self.number.width


@dataclass(frozen=True)
class Window:
    """``net_window``: a window of ``kernel`` places around every place of the output.

    Attributes
    ----------
    padding : (top, left); bottom and right follow from ``rows`` and ``columns``, the output's size.
    pad_value : integer that places outside the frame hold.
    marks : one bit per place (1 = inside the frame) stands above the numbers in each beat.
    endless : ``net_row_window``, for rows without end.
    """

    source: Stream
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    rows: int
    columns: int
    pad_value: int = 0
    marks: bool = False
    endless: bool = False

    @property
    def places(self) -> int:
        """Places of the window."""
        return math.prod(self.kernel)

    @property
    def sink(self) -> Stream:
        """One beat per window; place (i, j), channel c is number (i * kernel columns + j) * channels + c."""
        return Stream(self.rows, self.columns, self.places * self.source.channels, self.source.number)

    @property
    def width(self) -> int:
        """Bits per beat, marks included."""
        return self.sink.width + self.places * self.marks

    @property
    def delay(self) -> int:
        """Beats from a frame's first pixel to the one that completes the window with the anchor on it."""
        (rows, columns), (top, left) = self.kernel, self.padding
        return (rows - 1 - top) * self.source.columns + columns - 1 - left


@dataclass(frozen=True)
class Mac:
    """``net_mac``: sums of weight * number over ``beats`` beats, ``turns`` clocks each.

    Attributes
    ----------
    layer : whose weights and bias it has.
    source, sink : stream of its numbers (of a window, where one stands in front), and of the sums.
    parallel : numbers of a group that are multiplied in one clock.
    dsp : multipliers are DSP blocks, else logic.
    depth : clocks from the last turn of a sum to its place in the buffer.
    places : sums that the buffer holds.
    """

    layer: Conv2D | Dense
    source: Stream
    sink: Stream
    parallel: int = 1
    dsp: bool = True
    depth: int = 3
    places: int = 4

    @property
    def turns(self) -> int:
        """Clocks per beat."""
        return -(-self.source.channels // self.groups // self.parallel)

    @property
    def groups(self) -> int:
        """Groups of numbers that only their own filters see."""
        return self.layer.groups if isinstance(self.layer, Conv2D) else 1

    @property
    def run(self) -> int:
        """Numbers of one group that follow each other in a beat."""
        return (
            self.layer.input_shape[-1] // self.groups
            if isinstance(self.layer, Conv2D)
            else self.source.channels
        )

    @property
    def beats(self) -> int:
        """Beats per sum."""
        return self.source.beats // self.sink.beats


@dataclass(frozen=True)
class Global:
    """``net_global``: maximum or sum over all beats of a frame, number by number; one beat out."""

    op: Literal["max", "sum"]
    source: Stream
    sink: Stream


@dataclass(frozen=True)
class Resize:
    """``net_resize``: each row and column ``size`` times, then rows and columns of zeros around, as beats.

    ``padding`` : top, bottom, left, right. ``by_row`` : every row is a frame of its own.
    """

    source: Stream
    size: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    by_row: bool = False

    @property
    def sink(self) -> Stream:
        """The larger frames."""
        top, bottom, left, right = self.padding
        rows = self.source.rows * self.size[0] + top + bottom
        return replace(self.source, rows=rows, columns=self.source.columns * self.size[1] + left + right)


@dataclass(frozen=True)
class Repack:
    """``net_repack``: the same numbers in the same order, another number of them per beat."""

    source: Stream
    sink: Stream


Front: TypeAlias = Window | Mac | Global | Resize | Repack


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
    frame_clocks : clocks that a frame takes at least.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    blocks: tuple[Block, ...]
    edges: tuple[Edge, ...]
    frame_clocks: int = 1
    flag_depth: int = FLAG_DEPTH
    mode: Literal["frames", "continuous"] = "frames"

    def into(self, label: str) -> list[Edge]:
        """Return the edges into a block or an output port, by ``port``."""
        return [edge for edge in self.edges if edge.consumer == label]

    def out_of(self, label: str) -> list[Edge]:
        """Return the edges out of a block or an input port."""
        return [edge for edge in self.edges if edge.producer == label]

    def deepened(self, depths: Sequence[int]) -> Netlist:
        """Return the same netlist with these depths of its edges."""
        edges = (replace(edge, depth=depth) for edge, depth in zip(self.edges, depths, strict=True))
        return replace(self, edges=tuple(edges))
