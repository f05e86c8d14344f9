"""SystemVerilog of a kernel program: pipelined, with one clock enable.

>>> from hls.kernels.program import max_program
>>> text = emit(max_program([[0, 1]], 0, 15), "kernel_pool", in_width=4, out_width=4, reference="evaluate")
>>> "module kernel_pool" in text
True
"""

from __future__ import annotations

from hls.kernels.program import Program

_HEADER = """// {name}: generated arithmetic kernel, {adders} adders, {stages} stages.
//
// Contract
//   in   x   {n_in} numbers of {in_width} bits (number n at bits [n*{in_width} +: {in_width}])
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


def emit(program: Program, name: str, *, in_width: int, out_width: int, reference: str) -> str:
    """Return the module ``name`` (ports ``clk en x y``) that carries out ``program``."""
    header = _HEADER.format(
        name=name,
        adders=sum(bool(node.sources) for node in program.nodes),
        stages=program.n_stages,
        n_in=program.n_inputs,
        n_out=len(program.outputs),
        in_width=in_width,
        out_width=out_width,
        in_top=program.n_inputs * in_width - 1,
        out_top=len(program.outputs) * out_width - 1,
        reference=reference,
    )
    return header + "\n".join(
        [*_Emitter(program, in_width).lines(out_width), "endmodule", "`default_nettype wire", ""]
    )


class _Emitter:
    """Names and registers: node 7 is ``v7`` where it is made, ``v7_r3`` after register 3."""

    def __init__(self, program: Program, in_width: int) -> None:
        self.program, self.in_width = program, in_width
        self.stages, self.last = program.stages(), program.n_stages
        self.until = self._until()

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
            return f"x[{node.index * self.in_width}+:{node.width}]"
        (first, second), shifts = node.sources, node.shifts
        terms = [self._term(s, stage, k, node.width) for s, k in zip((first, second), shifts, strict=True)]
        if node.kind == "add":
            return f"{terms[0]} {'-' if node.subtract else '+'} {terms[1]}"
        parts = self.program.nodes[first], self.program.nodes[second]
        width = max(part.width + (not part.signed) for part in parts)
        compared = [f"$signed({self._term(s, stage, 0, width)})" for s in (first, second)]
        return f"{compared[0]} < {compared[1]} ? {terms[1]} : {terms[0]}"

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
