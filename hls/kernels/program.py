"""An arithmetic kernel as a list of integer operations, and its pipeline schedule.

>>> a, b = Node("input", index=0, low=0, high=255), Node("input", index=1, low=0, high=255)
>>> total = add(a, b, sources=(0, 1), shifts=(2, 0), subtract=True)  # 4 a - b
>>> program = Program(n_inputs=2, nodes=(a, b, total), outputs=(2,))
>>> program.run(np.array([[10, 3]])).tolist(), (total.low, total.high)
([[37]], (-255, 1020))
>>> program.stages()
(0, 0, 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

#: Adders (or comparisons) between two registers: about 2.5 ns of logic and wires on UltraScale+ at -2 speed,
#: an assumption until a vendor's tool has seen it (the goal is 250 MHz).
LEVELS_PER_STAGE = 2


@dataclass(frozen=True)
class Node:
    """One value of a kernel.

    Attributes
    ----------
    kind : ``input`` (number ``index`` of the input), ``constant``, ``add`` (first + second, or first - second),
        ``max`` (the larger of the two), ``choose`` (second where first >= 0, else third), ``multiply`` (product of
        the two), ``table`` (``table[(source - offset) >> down]``; before its start the first entry, after its end
        the last), ``shift`` (the source, shifted: wires).
    sources : indices of the nodes it is made of.
    shifts : left shifts of the sources.
    low, high : smallest and largest value it can have.
    table, offset, down : of a ``table``.
    """

    kind: Literal["input", "constant", "add", "max", "choose", "multiply", "table", "shift"]
    low: int
    high: int
    index: int = 0
    sources: tuple[int, ...] = ()
    shifts: tuple[int, ...] = ()
    subtract: bool = False
    table: tuple[int, ...] = ()
    offset: int = 0
    down: int = 0

    @property
    def signed(self) -> bool:
        """Whether the value needs a sign bit."""
        return self.low < 0

    @property
    def width(self) -> int:
        """Bits of the value, sign included; at least 1."""
        if self.signed:
            return 1 + max(self.high.bit_length(), (-self.low - 1).bit_length())
        return max(self.high.bit_length(), 1)


def add(
    first: Node, second: Node, *, sources: tuple[int, int], shifts: tuple[int, int], subtract: bool
) -> Node:
    """Return the node first * 2**shift +- second * 2**shift with its range."""
    low, high = first.low << shifts[0], first.high << shifts[0]
    other = (second.low << shifts[1], second.high << shifts[1])
    other = (-other[1], -other[0]) if subtract else other
    return Node("add", low + other[0], high + other[1], 0, sources, shifts, subtract)


def larger(first: Node, second: Node, sources: tuple[int, int]) -> Node:
    """Return the node max(first, second) with its range."""
    return Node("max", max(first.low, second.low), max(first.high, second.high), 0, sources, (0, 0))


def choose(test: Node, first: Node, second: Node, sources: tuple[int, int, int]) -> Node:
    """Return the node ``first`` where test >= 0, else ``second``; the range is that of both."""
    low, high = min(first.low, second.low), max(first.high, second.high)
    return Node("choose", low, high, 0, sources, (0, 0, 0))


def multiply(first: Node, second: Node, sources: tuple[int, int]) -> Node:
    """Return the node first * second with its range."""
    ends = [a * b for a in (first.low, first.high) for b in (second.low, second.high)]
    return Node("multiply", min(ends), max(ends), 0, sources, (0, 0))


def lookup(source: int, table: Sequence[int], offset: int = 0, down: int = 0) -> Node:
    """Return the node ``table[(source - offset) >> down]``, held at the table's ends."""
    entries = tuple(int(entry) for entry in table)
    return Node("table", min(entries), max(entries), 0, (source,), (0,), False, entries, offset, down)


def shift(source: Node, index: int, left: int) -> Node:
    """Return the node source * 2**left."""
    return Node("shift", source.low << left, source.high << left, 0, (index,), (left,))


@dataclass(frozen=True)
class Program:
    """A kernel: ``nodes`` in an order in which sources come first, and the nodes that are its outputs."""

    n_inputs: int
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    def run(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return int64 outputs, (n, n_outputs), for integer inputs, (n, n_inputs)."""
        values: list[NDArray[Any]] = []
        for node in self.nodes:
            parts = [values[s] << k for s, k in zip(node.sources, node.shifts, strict=True)]
            if node.kind == "input":
                values.append(inputs[:, node.index].astype(np.int64))
            elif node.kind == "constant":
                values.append(np.full(len(inputs), node.low, np.int64))
            else:
                values.append(_value(node, parts))
        return np.stack([values[o] for o in self.outputs], axis=1)

    def depths(self) -> list[int]:
        """Return for each node the adders on its longest path from an input, a product or table as a whole stage."""
        depths: list[int] = []
        for node in self.nodes:
            before = max((depths[s] for s in node.sources), default=0)
            if node.kind in ("multiply", "table"):
                before = LEVELS_PER_STAGE * (_stage(before) + 1)
            elif node.kind in ("add", "max", "choose"):
                before += 1
            depths.append(before)
        return depths

    def stages(self) -> tuple[int, ...]:
        """Return for each node the register stage in which it is made: 0 = at the inputs' own register."""
        return tuple(_stage(depth) for depth in self.depths())

    @property
    def n_stages(self) -> int:
        """Registers between the inputs and the outputs; at least 1."""
        stages = self.stages()
        return max([1, *(stages[o] for o in self.outputs)])

    def adder_bits(self) -> int:
        """Return the sum of the widths of all adders and choices: about the number of LUTs."""
        return sum(node.width for node in self.nodes if node.kind in ("add", "max", "choose"))

    def product_bits(self) -> list[tuple[int, int]]:
        """Return the widths of the factors of each product."""
        products = [node.sources for node in self.nodes if node.kind == "multiply"]
        return [(self.nodes[a].width, self.nodes[b].width) for a, b in products]

    def table_bits(self) -> list[tuple[int, int]]:
        """Return for each table the number of its entries and their width."""
        return [(len(node.table), node.width) for node in self.nodes if node.kind == "table"]


def _stage(depth: int) -> int:
    return -(-depth // LEVELS_PER_STAGE)


def _value(node: Node, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the value of a node made of ``parts``, which are shifted already."""
    value: NDArray[Any]
    if node.kind == "add":
        value = parts[0] - parts[1] if node.subtract else parts[0] + parts[1]
    elif node.kind == "max":
        value = np.maximum(parts[0], parts[1])
    elif node.kind == "choose":
        value = np.where(parts[0] >= 0, parts[1], parts[2])
    elif node.kind == "multiply":
        value = parts[0] * parts[1]
    elif node.kind == "table":
        place = np.clip((parts[0] - node.offset) >> min(node.down, 63), 0, len(node.table) - 1)
        value = np.array(node.table, np.int64)[place]
    else:
        value = parts[0]
    return value


def max_program(windows: Sequence[Sequence[int]], low: int, high: int) -> Program:
    """Return the kernel that gives, for each set of input numbers, the largest of them.

    Parameters
    ----------
    windows : for each output, the indices of its input numbers; all disjoint, together 0 .. n - 1.
    low, high : range of the inputs.
    """
    n_inputs = sum(len(window) for window in windows)
    nodes = [Node("input", low, high, index) for index in range(n_inputs)]
    outputs = []
    for window in windows:
        left = list(window)
        while len(left) > 1:
            pairs = [(left[k], left[k + 1]) for k in range(0, len(left) - 1, 2)]
            rest = left[len(pairs) * 2 :]
            left = list(range(len(nodes), len(nodes) + len(pairs))) + rest
            nodes += [larger(nodes[a], nodes[b], (a, b)) for a, b in pairs]
        outputs.append(left[0])
    return Program(n_inputs, tuple(nodes), tuple(outputs))
