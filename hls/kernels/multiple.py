"""One number times a constant, as shifts and adds.

>>> program = multiple(-128, 127, 45, -7)
>>> program.run(np.array([[3]])).tolist(), program.adder_bits() > 0
([[128]], True)
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from hls.kernels import shift_add
from hls.kernels.builder import Builder
from hls.kernels.program import Node, Program

#: Bits of a product up to which alkaid, which works on float64, is asked.
_FLOAT_BITS = 50


@lru_cache(maxsize=4096)
def multiple(low: int, high: int, factor: int, offset: int = 0) -> Program:
    """Return the kernel for ``x * factor + offset``: the smaller one of alkaid's and of signed digits.

    Parameters
    ----------
    low, high : range of x.
    """
    ways = [_by_digits(low, high, factor, offset)]
    bits = max(abs(low), abs(high)).bit_length() + factor.bit_length()
    if factor and low <= 0 <= high and low < high and bits <= _FLOAT_BITS:
        ways.append(_tight(shift_add.shift_add(np.array([[factor]]), [offset], low, high)))
    return min(ways, key=Program.adder_bits)


def signed_digits(value: int) -> list[tuple[int, int]]:
    """Return (place, +1 or -1) of the non-zero digits of the non-adjacent form.

    >>> signed_digits(-7)
    [(0, 1), (3, -1)]
    """
    digits, place = [], 0
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            digits.append((place, digit))
            value -= digit
        value, place = value >> 1, place + 1
    return digits


def _by_digits(low: int, high: int, factor: int, offset: int) -> Program:
    """Return a tree over the digits of ``factor``; its terms are (sign, node, shift)."""
    build = Builder([(low, high)])
    terms = [(digit, 0, place) for place, digit in signed_digits(factor)]
    terms += [(1, build.constant(offset), 0)] if offset or not factor else []
    while len(terms) > 1:
        pairs = [_pair(build, terms[k], terms[k + 1]) for k in range(0, len(terms) - 1, 2)]
        terms = pairs + terms[len(terms) // 2 * 2 :]
    sign, index, place = terms[0]
    if sign < 0:
        return _tight(build.program([build.add(build.constant(0), index, (0, place), subtract=True)]))
    return _tight(build.program([build.shift(index, place)]))


def _pair(build: Builder, first: tuple[int, int, int], second: tuple[int, int, int]) -> tuple[int, int, int]:
    """Append the sum of two terms; return it as a term."""
    if first[0] < 0 < second[0]:
        first, second = second, first
    down = min(first[2], second[2])
    shifts = (first[2] - down, second[2] - down)
    return first[0], build.add(first[1], second[1], shifts, subtract=first[0] != second[0]), down


def _tight(program: Program) -> Program:
    """Return a program of one input with the exact range of every node: 8 x - x is 7 x, not 9 x."""
    given = program.nodes[0]
    parts: list[tuple[int, int]] = []  # factor and offset
    nodes: list[Node] = []
    for node in program.nodes:
        if node.kind == "input":
            factor, offset = 1, 0
        elif node.kind == "constant":
            factor, offset = 0, node.low
        else:
            signs = (1, -1 if node.subtract else 1)
            scaled = [(s, sign << k) for s, sign, k in zip(node.sources, signs, node.shifts, strict=False)]
            factor, offset = (sum(parts[s][which] * by for s, by in scaled) for which in (0, 1))
        parts.append((factor, offset))
        ends = factor * given.low + offset, factor * given.high + offset
        nodes.append(replace(node, low=min(ends), high=max(ends)))
    return replace(program, nodes=tuple(nodes))
