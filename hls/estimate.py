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

from hls import kernel_estimate
from hls.arithmetic import weight_width
from hls.kernels.program import Program
from hls.netlist import Block, Front, Global, Mac, Repack, Resize, Step, Window
from hls.synth.resources import Resources


def estimate(block: Block) -> Resources:
    """Return what the module of ``block`` takes."""
    parts = [front(unit) for unit in block.fronts]
    parts += [_step(step, block.kernel) for step in block.steps]
    enable = Resources(lut=2, ff=block.stages) if block.stages else Resources()
    return reduce(add, parts, enable)


def front(unit: Front) -> Resources:
    """Return what a unit with state takes."""
    source = unit.source
    if isinstance(unit, Window):
        return kernel_estimate.window(columns=source.columns, kernel=unit.kernel, beat_bits=source.width)
    if isinstance(unit, Mac):
        return _mac(unit)
    if isinstance(unit, Global):
        return _control(source.beats) + Resources(lut=2 * unit.sink.width, ff=2 * unit.sink.width)
    if isinstance(unit, Resize):
        row = kernel_estimate.memory(source.width, source.columns)
        return _control(unit.sink.beats) + row + Resources(ff=source.width)
    assert isinstance(unit, Repack)
    wide = max(source.width, unit.sink.width)
    return _control(source.numbers) + Resources(lut=2 * wide, ff=2 * wide)


def line_bits(unit: Window) -> int:
    """Return the bits of a window's line memory."""
    return unit.source.columns * (unit.kernel[0] - 1) * (unit.source.width + 1)


def weight_bits(mac: Mac) -> int:
    """Return the bits of the weight memory."""
    return mac.turns * mac.beats * mac.sink.channels * mac.parallel * weight_width(mac.layer)


def _control(beats: int) -> Resources:
    """Return what counters and handshake of a unit take that counts so many beats."""
    bits = max(beats, 2).bit_length()
    return Resources(lut=20 + 5 * bits // 2, ff=10 + 3 * bits)


def _mac(unit: Mac) -> Resources:
    return kernel_estimate.mac(
        inputs=unit.source.channels,
        beats=unit.beats,
        filters=unit.sink.channels,
        width=unit.source.number.width,
        weight_width=weight_width(unit.layer),
        out_width=unit.sink.number.width,
        parallel=unit.parallel,
        groups=unit.groups,
        dsp=unit.dsp,
        places=unit.places,
    )


def _step(step: Step, kernel: str) -> Resources:
    number = step.numbers[0]
    if step.program is None:
        shift = number.fraction - step.output.fraction
        return kernel_estimate.quantize(
            count=step.count, in_width=number.width, out_width=step.output.width, shift=shift
        )
    if kernel == "shift_add" and not step.program.product_bits() and not step.program.table_bits():
        return kernel_estimate.shift_add(step.program.adder_bits())
    return _program(step.program)


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
    compared = sum(node.width for node in program.nodes if node.kind == "max")  # compared, and chosen
    return Resources(lut=program.adder_bits() + compared + tables, ff=bits, dsp=products)
