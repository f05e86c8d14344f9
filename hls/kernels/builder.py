"""A kernel program written down one value at a time.

>>> import numpy as np
>>> build = Builder([(-8, 7), (-8, 7)])
>>> program = build.program([build.add(0, 1), build.largest([0, 1])])
>>> program.run(np.array([[-3, 4]])).tolist()
[[1, 4]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hls.kernels.program import Node, Program, add, choose, larger, lookup, multiply, shift


class Builder:
    """Nodes so far; every method returns the index of the node that it appends.

    Parameters
    ----------
    spans : smallest and largest value of each input number; they are the first nodes.
    """

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self.nodes = [Node("input", low, high, index) for index, (low, high) in enumerate(spans)]
        self.n_inputs = len(self.nodes)

    def put(self, node: Node) -> int:
        """Append ``node``."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def program(self, outputs: Sequence[int]) -> Program:
        """Return the finished program."""
        return Program(self.n_inputs, tuple(self.nodes), tuple(outputs))

    def constant(self, value: int) -> int:
        """Append a constant."""
        return self.put(Node("constant", value, value))

    def add(
        self, first: int, second: int, shifts: tuple[int, int] = (0, 0), *, subtract: bool = False
    ) -> int:
        """Append first * 2**shift + second * 2**shift, or their difference."""
        a, b = self.nodes[first], self.nodes[second]
        return self.put(add(a, b, sources=(first, second), shifts=shifts, subtract=subtract))

    def shift(self, source: int, left: int) -> int:
        """Append source * 2**left; nothing where ``left`` is 0."""
        return self.put(shift(self.nodes[source], source, left)) if left else source

    def choose(self, test: int, first: int, second: int) -> int:
        """Append ``first`` where test >= 0, else ``second``."""
        a, b, c = (self.nodes[k] for k in (test, first, second))
        return self.put(choose(a, b, c, (test, first, second)))

    def multiply(self, first: int, second: int) -> int:
        """Append the product of two values."""
        return self.put(multiply(self.nodes[first], self.nodes[second], (first, second)))

    def lookup(self, source: int, table: Sequence[int], offset: int = 0, down: int = 0) -> int:
        """Append ``table[(source - offset) >> down]``, held at the table's ends."""
        return self.put(lookup(source, table, offset, down))

    def narrow(self, index: int, low: int, high: int) -> int:
        """State a range of a node that is narrower than the one by its sources; return its index."""
        node = self.nodes[index]
        self.nodes[index] = replace(node, low=max(node.low, low), high=min(node.high, high))
        return index

    def sum(self, sources: Sequence[int]) -> int:
        """Append the sum of all ``sources`` as a tree."""
        return self._tree(sources, self.add)

    def largest(self, sources: Sequence[int]) -> int:
        """Append the largest of ``sources`` as a tree."""
        return self._tree(
            sources, lambda a, b: self.put(larger(self.nodes[a], self.nodes[b], sources=(a, b)))
        )

    def _tree(self, sources: Sequence[int], join: Callable[[int, int], int]) -> int:
        left = list(sources)
        while len(left) > 1:
            pairs = [join(left[k], left[k + 1]) for k in range(0, len(left) - 1, 2)]
            left = pairs + left[len(left) // 2 * 2 :]
        return left[0]

    def splice(self, program: Program, sources: Sequence[int]) -> list[int]:
        """Append the nodes of ``program`` with ``sources`` as its inputs; return the indices of its outputs."""
        place: list[int] = []
        for node in program.nodes:
            if node.kind == "input":
                place.append(sources[node.index])
            else:
                place.append(self.put(replace(node, sources=tuple(place[s] for s in node.sources))))
        return [place[output] for output in program.outputs]
