"""Constant matrix times vector as shifts and adds, found by alkaid. The only file that imports alkaid.

>>> program = shift_add(np.array([[3, 0], [-5, 1]]), bias=[7, 0], low=0, high=15)
>>> program.run(np.array([[2, 1]])).tolist()  # 3*2 - 5*1 + 7, 1*1
[[8, 1]]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.kernels.program import Node, Program, add
from streams.errors import UserError


def shift_add(weights: NDArray[Any], bias: Sequence[int], low: int, high: int) -> Program:
    """Return a kernel for ``inputs @ weights + bias``, exact on every integer input.

    Parameters
    ----------
    weights : integer array, (n_inputs, n_outputs).
    low, high : range of the inputs (low at most 0).

    Raises
    ------
    UserError : the solver's answer is not the matrix (never seen; checked because the solver is not ours).
    """
    nodes, found = _solve(weights, low, high)
    outputs = [_finish(nodes, result, int(b)) for result, b in zip(found, bias, strict=True)]
    program = Program(len(weights), tuple(nodes), tuple(outputs))
    _prove(program, weights, bias)
    return program


#: Bits of the solver's sums: float64 holds them with room to spare.
_EXACT_BITS = 44


@dataclass(frozen=True)
class _Scaled:
    """One of alkaid's values: node * 2**scale, negated or not; node -1 is zero."""

    node: int
    scale: int
    negated: bool


def _solve(weights: NDArray[Any], low: int, high: int) -> tuple[list[Node], list[_Scaled]]:
    """Return nodes, and the output elements."""
    from alkaid.trace import FVArray, HWConfig, trace

    n = len(weights)
    # The solver counts in float64. Which sums it finds does not depend on the range; the nodes get the true one.
    wide = int(np.abs(weights).max(initial=1)).bit_length() + n.bit_length()
    bits = min(max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0), max(1, _EXACT_BITS - wide))
    signs, integers = np.full(n, low < 0), np.full(n, bits)
    # Sums only, also of single bits; searching all decompositions doubles the time and found nothing better.
    options = {"hard_dc": 2, "binary_lut": False, "search_all_decompose_dc": False}
    inputs = FVArray.from_kif(
        signs, integers, np.zeros(n, np.int64), HWConfig(1, -1, -1), solver_options=options
    )
    logic = trace(inputs, inputs @ weights.astype(np.float64))
    nodes: list[Node] = []
    found: list[_Scaled] = []
    for op in logic.ops:
        found.append(_scaled(op, nodes, found, logic.inp_shifts, (low, high)))
    zero = _Scaled(-1, 0, False)
    ends = zip(logic.out_idxs, logic.out_shifts, logic.out_negs, strict=True)
    chosen = ((found[i] if i >= 0 else zero, shift, bool(neg)) for i, shift, neg in ends)
    return nodes, [_Scaled(s.node, s.scale + int(shift), s.negated != neg) for s, shift, neg in chosen]


def _scaled(
    op: Any, nodes: list[Node], found: list[_Scaled], input_shifts: Sequence[int], span: tuple[int, int]
) -> _Scaled:
    """Append our node for one of alkaid's operations where it needs one; return alkaid's element by it."""
    if op.opcode == -2:  # negation: kept as a sign, it costs nothing in the sum that follows
        before: _Scaled = found[op.addr[0]]
        return replace(before, negated=not before.negated)
    scale, negated = 0, False
    if op.opcode == -1:
        scale = int(input_shifts[op.data[0]])
        nodes.append(Node("input", *span, op.data[0]))
    elif op.opcode == 5:
        scale = int(math.log2(op.qint.step)) if op.data[0] else 0
        nodes.append(Node("constant", int(op.data[0]), int(op.data[0])))
    elif op.opcode in (0, 1):
        first, second = found[op.addr[0]], found[op.addr[1]]
        second = replace(second, scale=second.scale + op.data[0], negated=second.negated != (op.opcode == 1))
        if first.negated and not second.negated:  # -a + b = b - a
            first, second = second, first
        scale, negated = min(first.scale, second.scale), first.negated
        nodes.append(
            add(
                nodes[first.node],
                nodes[second.node],
                sources=(first.node, second.node),
                shifts=(first.scale - scale, second.scale - scale),
                subtract=first.negated != second.negated,
            )
        )
    else:
        raise UserError(f"alkaid gave operation {op.opcode}, want sums only: use alkaid 0.8.2")
    return _Scaled(len(nodes) - 1, scale, negated)


def _finish(nodes: list[Node], element: _Scaled, bias: int) -> int:
    """Append what turns alkaid's element into an output with its sign, scale and bias; return its node."""
    index, shift, negated = element.node, element.scale, element.negated
    if index < 0:
        return _constant(nodes, bias)
    if shift < 0:
        raise UserError(f"alkaid gave an output with {-shift} fraction bits, want integers: use alkaid 0.8.2")
    if not (shift or negated or bias):
        return index
    offset = _constant(nodes, bias)
    parts = (offset, index), (0, shift)
    nodes.append(add(nodes[offset], nodes[index], sources=parts[0], shifts=parts[1], subtract=negated))
    return len(nodes) - 1


def _constant(nodes: list[Node], value: int) -> int:
    nodes.append(Node("constant", value, value))
    return len(nodes) - 1


def _prove(program: Program, weights: NDArray[Any], bias: Sequence[int]) -> None:
    """Refuse a program that is not the matrix: it is affine, so zero and the unit vectors decide."""
    units = np.concatenate([np.zeros((1, len(weights)), np.int64), np.eye(len(weights), dtype=np.int64)])
    got = program.run(units)
    want = np.array(bias, np.int64) + np.concatenate([0 * weights[:1], weights]).astype(np.int64)
    if not np.array_equal(got, want):
        where = np.argwhere(got != want)
        raise UserError(
            f"alkaid's kernel differs from the weights in {len(where)} places, first {where[0].tolist()}"
            " (input + 1, output): convert with the sequential kernel, and report it"
        )
