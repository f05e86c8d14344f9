"""What a block takes of an UltraScale+ FPGA, estimated from its parts.

>>> from hls.netlist import Stream, Window
>>> from trigger.network_spec import Format
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> window = Window(Stream(64, 992, 1, pixel), kernel=(3, 3), stride=(1, 1), padding=(1, 1), rows=64, columns=992)
>>> front(window).bram  # two rows of 992 pixels of 8 bits and a mark
1
"""

from __future__ import annotations

from functools import reduce
from operator import add

from hls.arithmetic import weight_width
from hls.kernels.program import Program
from hls.netlist import Block, Front, Global, Mac, Repack, Resize, Step, Window
from hls.synth.resources import Resources

#: A memory of more words than this is block RAM; shapes that a RAMB18 can have.
_SMALL_WORDS = 128
_BLOCKS = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))


def estimate(block: Block) -> Resources:
    """Return what the module of ``block`` takes."""
    parts = [front(unit) for unit in block.fronts] + [_step(step) for step in block.steps]
    enable = Resources(lut=2, ff=block.stages) if block.stages else Resources()
    return reduce(add, parts, enable)


def front(unit: Front) -> Resources:
    """Return what a unit with state takes."""
    if isinstance(unit, Window):
        return _window(unit)
    if isinstance(unit, Mac):
        return _mac(unit)
    if isinstance(unit, Global):
        return _control(unit.source.beats) + Resources(lut=2 * unit.sink.width, ff=2 * unit.sink.width)
    if isinstance(unit, Resize):
        row = memory(unit.source.columns, unit.source.width)
        return _control(unit.sink.beats) + row + Resources(ff=unit.source.width)
    assert isinstance(unit, Repack)
    wide = max(unit.source.width, unit.sink.width)
    return _control(unit.source.numbers) + Resources(lut=2 * wide, ff=2 * wide)


def _control(beats: int) -> Resources:
    """Return what counters and handshake of a unit take that counts so many beats."""
    bits = max(beats, 2).bit_length()
    return Resources(lut=20 + 5 * bits // 2, ff=10 + 3 * bits)


def memory(words: int, width: int) -> Resources:
    """Return what a memory with one write and one read port takes."""
    if words > _SMALL_WORDS:
        return Resources(bram=min(-(-words // deep) * -(-width // wide) for deep, wide in _BLOCKS))
    return Resources(lut=-(-width // 7) * 8 * -(-words // 64) if words > 32 else -(-width // 14) * 8)


def line_words(unit: Window) -> tuple[int, int]:
    """Return words and bits per word of a window's line memory."""
    return unit.source.columns, (unit.kernel[0] - 1) * (unit.source.width + 1)


def weight_words(mac: Mac) -> tuple[int, int]:
    """Return words and bits per word of the weight memory."""
    return mac.turns * mac.beats, mac.sink.channels * mac.parallel * weight_width(mac.layer)


def _window(unit: Window) -> Resources:
    words, width = line_words(unit)
    taps = unit.places * (unit.source.width + 1) + unit.width
    lines = memory(words, width) if width and words > 1 else Resources()
    return _control(unit.source.beats) + lines + Resources(ff=taps + (0 if lines.bram else width))


def _mac(unit: Mac) -> Resources:
    """A DSP block per product, with the sum inside; the numbers are a shift register."""
    products, words = unit.sink.channels * unit.parallel, weight_words(unit)
    out = unit.sink.width
    rom = memory(*words) if words[0] > _SMALL_WORDS else Resources(lut=-(-words[0] * words[1] // 64))
    area = Resources(lut=out, ff=unit.source.width + 2 * out, dsp=products)
    return _control(words[0]) + rom + area + Resources(lut=out)


def _step(step: Step) -> Resources:
    if step.program is not None:
        return _program(step.program)
    inside, outside = max(number.width for number in step.numbers), step.output.width
    shift = step.numbers[0].fraction - step.output.fraction
    kept = max(inside - max(shift, 0), 1) + 1
    return Resources(lut=step.count * kept, ff=step.count * (kept + outside))


def _program(program: Program) -> Resources:
    stages, last = program.stages(), program.n_stages
    until = [stages[index] for index in range(len(program.nodes))]
    for index, node in enumerate(program.nodes):
        for source in node.sources:
            until[source] = max(until[source], stages[index] - 1)
    for output in program.outputs:
        until[output] = last
    bits = sum(
        node.width * max(0, until[index] - max(stages[index], 1) + 1)
        for index, node in enumerate(program.nodes)
        if node.kind != "constant"
    )
    tables = sum(-(-entries // 64) * width for entries, width in program.table_bits())
    products = sum(-(-max(a, b) // 26) * -(-min(a, b) // 17) for a, b in program.product_bits())
    return Resources(lut=program.adder_bits() + tables, ff=bits, dsp=products)
