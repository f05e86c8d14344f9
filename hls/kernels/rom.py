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


def turns_of(
    matrix: Sequence[Sequence[int]], inputs: int, parallel: int = 1, groups: int = 1, run: int | None = None
) -> list[list[int]]:
    """Return the words of ``net_mac``'s weight memory: one per turn, with every filter's weights of that turn.

    Parameters
    ----------
    matrix : weights, (numbers of a sum, filters), as ``integer_network`` has them; zero between the groups.
    inputs : numbers per beat.
    parallel : numbers of a group that are multiplied in one turn; the last turn of a beat is filled with zeros.
    groups, run : groups, and how many numbers of one group follow each other in a beat.

    Returns
    -------
    for each turn, weight p of filter f at ``f * parallel + p``.

    >>> turns_of([[1, 5], [2, 6], [3, 7]], inputs=3, parallel=2)
    [[1, 2, 5, 6], [3, 0, 7, 0]]
    >>> turns_of([[1, 0], [0, 2], [3, 0], [0, 4]], inputs=4, parallel=1, groups=2, run=1)
    [[1, 2], [3, 4]]
    """
    run = inputs // groups if run is None else run
    filters, turns = len(matrix[0]), -(-inputs // groups // parallel)
    words = []
    for beat in range(0, len(matrix), inputs):
        for turn in range(turns):
            word = []
            for filter_ in range(filters):
                group = filter_ // (filters // groups)
                for k in range(turn * parallel, (turn + 1) * parallel):
                    number = k // run * run * groups + group * run + k % run
                    word.append(int(matrix[beat + number][filter_]) if k < inputs // groups else 0)
            words.append(word)
    return words
