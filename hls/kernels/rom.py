"""SystemVerilog of a weight memory.

>>> print(emit([[1, -2], [3, 0]], "rom_dense", width=4).split("begin")[1].split("end")[0].strip())
words[0] = 8'he1;
    words[1] = 8'h03;
"""

from __future__ import annotations

from collections.abc import Sequence

_TEXT = """// {name}: generated weight memory, {depth} words of {count} weights of {width} bits.
//
// Contract
//   in   address   word
//   out  data      its weights, two's complement (filter f at bits [f*{width} +: {width}])
//   latency      1 clock; throughput 1 word per clock
//   reset        none
//   reference    network.json, in the order of the layer's weights
`default_nettype none
module {name} (
    input  wire clk,
    input  wire [{address_top}:0] address,
    output logic [{top}:0] data
);
  logic [{top}:0] words[{depth}];
  initial begin
{words}
  end
  always_ff @(posedge clk) data <= words[address];
endmodule
`default_nettype wire
"""


def emit(words: Sequence[Sequence[int]], name: str, *, width: int) -> str:
    """Return the module ``name`` (ports ``clk address data``) with one word per item of ``words``.

    At least two words are made, so that the address has a bit.
    """
    count, mask = len(words[0]), (1 << width) - 1
    digits = -(-count * width // 4)
    values = [sum((int(w) & mask) << (f * width) for f, w in enumerate(word)) for word in words]
    values += [0] * (2 - len(values))
    return _TEXT.format(
        name=name,
        depth=len(values),
        count=count,
        width=width,
        top=count * width - 1,
        address_top=max((len(values) - 1).bit_length(), 1) - 1,
        words="\n".join(f"    words[{k}] = {count * width}'h{v:0{digits}x};" for k, v in enumerate(values)),
    )
