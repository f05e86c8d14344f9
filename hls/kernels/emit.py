"""SystemVerilog of a kernel program: pipelined, with one clock enable.

>>> from hls.kernels.program import max_program
>>> text = emit(max_program([[0, 1]], 0, 15), "kernel_pool", in_width=4, out_width=4, reference="evaluate")
>>> "module kernel_pool" in text
True
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from hls.kernels.program import Node, Program

_HEADER = """// {name}: generated arithmetic kernel, {what}, {stages} stages.
//
// Contract
//   in   x   {given}
//   out  y   {n_out} numbers of {out_width} bits
//   latency      {stages} enabled clocks; throughput 1 set of numbers per enabled clock
//   reset        none: the valid bits are in net_enable
//   reference    {reference}, equal bit for bit
`default_nettype none
// verilator lint_off UNUSEDSIGNAL
// Sums are formed modulo their width: upper bits of an operand that cannot matter are not read.
module {name} (
    input  wire clk,
    input  wire en,
    input  wire [{in_top}:0] x,
    output wire [{out_top}:0] y
);
"""


def emit(
    program: Program, name: str, *, in_width: int | Sequence[int], out_width: int, reference: str
) -> str:
    """Return the module ``name`` (ports ``clk en x y``) that carries out ``program``.

    Parameters
    ----------
    in_width : bits of every input number, or of each; number 0 has the lowest bits of ``x``.
    """
    widths = [in_width] * program.n_inputs if isinstance(in_width, int) else list(in_width)
    header = _HEADER.format(
        name=name,
        what=_what(program),
        stages=program.n_stages,
        given=_given(widths),
        n_out=len(program.outputs),
        out_width=out_width,
        in_top=sum(widths) - 1,
        out_top=len(program.outputs) * out_width - 1,
        reference=reference,
    )
    return header + "\n".join(
        [*_Emitter(program, widths).lines(out_width), "endmodule", "`default_nettype wire", ""]
    )


def _what(program: Program) -> str:
    kinds = [node.kind for node in program.nodes]
    counts = [f"{sum(kind in ('add', 'max', 'choose') for kind in kinds)} adders"]
    for kind, word in (("multiply", "products"), ("table", "tables")):
        counts += [f"{kinds.count(kind)} {word}"] if kind in kinds else []
    return ", ".join(counts)


def _given(widths: Sequence[int]) -> str:
    """Return what the header says about the inputs: runs of numbers of one width, from the lowest bit on."""
    runs: list[list[int]] = []
    for width in widths:
        if runs and runs[-1][1] == width:
            runs[-1][0] += 1
        else:
            runs.append([1, width])
    text = ", then ".join(f"{count} numbers of {width} bits" for count, width in runs)
    return f"{text} (number n at bits [n*{widths[0]} +: {widths[0]}])" if len(runs) == 1 else text


class _Emitter:
    """Names and registers: node 7 is ``v7`` where it is made, ``v7_r3`` after register 3."""

    def __init__(self, program: Program, widths: Sequence[int]) -> None:
        self.program = program
        self.places = [0, *accumulate(widths)]  # lowest bit of each input number
        self.stages, self.last = program.stages(), program.n_stages
        self.until = self._until()
        self.memory = self._memories()

    def _memories(self) -> dict[int, int]:
        """Return for each table the node whose memory it reads: two that are equal share one (block RAM: two ports)."""
        memory: dict[int, int] = {}
        waiting: dict[tuple[int, ...], int] = {}
        for index, node in enumerate(self.program.nodes):
            if node.kind == "table" and self.until[index] >= 0:
                memory[index] = waiting.pop(node.table, index)
                if memory[index] == index:
                    waiting[node.table] = index
        return memory

    def _until(self) -> list[int]:
        """Return the last register in which each node is needed; 0 = only where it is made, -1 = never."""
        until = [-1] * len(self.program.nodes)
        for output in self.program.outputs:
            until[output] = self.last
        for index in range(len(until) - 1, -1, -1):  # sources come before what is made of them
            for source in self.program.nodes[index].sources if until[index] >= 0 else ():
                same = self.stages[source] == self.stages[index]
                until[source] = max(until[source], 0 if same else self.stages[index] - 1)
        return until

    def lines(self, out_width: int) -> list[str]:
        """Return declarations, registers and output assignments."""
        made: list[str] = []
        moves: list[str] = []
        for index, node in enumerate(self.program.nodes):
            if self.until[index] < 0 or node.kind == "constant":
                continue
            made += self._table(index) if node.kind == "table" else []
            made += self._product(index) if node.kind == "multiply" else []
            made.append(f"  wire [{node.width - 1}:0] v{index} = {self._expression(index)};")
            source = f"v{index}"
            for register in range(max(self.stages[index], 1), self.until[index] + 1):
                made.append(f"  logic [{node.width - 1}:0] v{index}_r{register};")
                moves.append(f"      v{index}_r{register} <= {source};")
                source = f"v{index}_r{register}"
        if moves:
            moves = ["  always_ff @(posedge clk) begin", "    if (en) begin", *moves, "    end", "  end"]
        outputs = (self._term(o, self.last + 1, 0, out_width) for o in self.program.outputs)
        return (
            made + moves + [f"  assign y[{k * out_width}+:{out_width}] = {t};" for k, t in enumerate(outputs)]
        )

    def _expression(self, index: int) -> str:
        node, stage = self.program.nodes[index], self.stages[index]
        if node.kind == "input":
            return f"x[{self.places[node.index]}+:{node.width}]"
        if node.kind == "table":
            return f"t{self.memory[index]}[t{index}_at]"
        if node.kind == "multiply":
            return f"p{index}[{node.width - 1}:0]"
        terms = [self._term(s, stage, k, node.width) for s, k in zip(node.sources, node.shifts, strict=True)]
        if node.kind == "add":
            return f"{terms[0]} {'-' if node.subtract else '+'} {terms[1]}"
        if node.kind == "max":
            first, second = self._signed(node, stage)
            return f"{first} < {second} ? {terms[1]} : {terms[0]}"
        if node.kind == "choose":
            test = self.program.nodes[node.sources[0]]
            width = test.width + (not test.signed)
            return f"$signed({self._term(node.sources[0], stage, 0, width)}) < 0 ? {terms[2]} : {terms[1]}"
        return terms[0]

    def _signed(self, node: Node, stage: int) -> list[str]:
        """Return the sources as two's complement of one width."""
        parts = [self.program.nodes[source] for source in node.sources]
        width = max(part.width + (not part.signed) for part in parts)
        return [f"$signed({self._term(source, stage, 0, width)})" for source in node.sources]

    def _product(self, index: int) -> list[str]:
        """Return the product in the width of both factors together."""
        node, stage = self.program.nodes[index], self.stages[index]
        parts = [self.program.nodes[source] for source in node.sources]
        signed = any(part.signed for part in parts)
        widths = [part.width + (signed and not part.signed) for part in parts]
        terms = [self._term(s, stage, 0, w) for s, w in zip(node.sources, widths, strict=True)]
        if signed:
            terms = [f"$signed({term})" for term in terms]
        return [f"  wire [{sum(widths) - 1}:0] p{index} = {' * '.join(terms)};"]

    def _table(self, index: int) -> list[str]:
        """Return the memory of a table, if it is the first to have it, and the address of the entry that is read."""
        node, end = self.program.nodes[index], len(self.program.nodes[index].table) - 1
        source = self.program.nodes[node.sources[0]]
        place = Node("input", source.low - node.offset, source.high - node.offset)
        bits, left = max(end.bit_length(), 1), place.width - node.down
        where = f"t{index}_from[{place.width - 1}:{min(node.down, place.width - 1)}]"
        address = f"{bits}'h0"
        if left > 0:
            address = f"{where[: where.index('[')]}[{node.down + min(bits, left) - 1}:{node.down}]"
            address = f"{{{bits - left}'h0, {address}}}" if left < bits else address
            if place.high >> node.down > end:
                address = f"{where} > {left}'h{end:x} ? {bits}'h{end:x} : {address}"
            if place.signed:
                address = f"t{index}_from[{place.width - 1}] ? {bits}'h0 : {address}"
        given = self._term(node.sources[0], self.stages[index], 0, place.width)
        offset = f" - {place.width}'h{node.offset % (1 << place.width):x}" if node.offset else ""
        return [
            *(self._entries(index) if self.memory[index] == index else []),
            f"  wire [{place.width - 1}:0] t{index}_from = {given}{offset};",
            f"  wire [{bits - 1}:0] t{index}_at = {address};",
        ]

    def _entries(self, index: int) -> list[str]:
        """Return the memory with its contents; two words at least, so that the address has a bit."""
        node = self.program.nodes[index]
        entries = [*node.table, *node.table[-1:]][: max(len(node.table), 2)]
        values = (
            f"    t{index}[{k}] = {node.width}'h{v % (1 << node.width):x};" for k, v in enumerate(entries)
        )
        head = f"  logic [{node.width - 1}:0] t{index}[{len(entries)}];"
        return [head, "  initial begin", *values, "  end"]

    def _term(self, index: int, stage: int, shift: int, width: int) -> str:
        """Return ``width`` bits of a node << shift, as seen by the logic before register ``stage``."""
        node = self.program.nodes[index]
        if node.kind == "constant":
            return f"{width}'h{(node.low << shift) % (1 << width):x}"
        here = self.stages[index] == stage or stage == 1
        name = f"v{index}" if here else f"v{index}_r{stage - 1}"
        if shift >= width:
            return f"{width}'h0"
        kept = min(node.width, width - shift)
        parts = [name if kept == node.width else f"{name}[{kept - 1}:0]"]
        if (missing := width - shift - kept) > 0:
            sign = f"{name}[{node.width - 1}]"
            parts.insert(0, f"{{{missing}{{{sign}}}}}" if node.signed else f"{missing}'h0")
        if shift:
            parts.append(f"{shift}'h0")
        return parts[0] if len(parts) == 1 else "{" + ", ".join(parts) + "}"
