"""What the parts of a network take of an UltraScale+, before any synthesis. Fitted to Yosys (``synth_xilinx``).

``hls/tests/test_kernel_choice.py`` holds the estimates against the synthesised figures of ``hls/baselines``.

>>> memory(18, 992), memory(18, 64)  # two rows of 992 pixels of 8 bits and a mark; 64 of them
(Resources(lut=0, ff=0, dsp=0, bram=1), Resources(lut=24, ff=0, dsp=0, bram=0))
>>> window(columns=992, kernel=(3, 3), beat_bits=8)
Resources(lut=50, ff=208, dsp=0, bram=1)
>>> fifo(48, 2)
Resources(lut=42, ff=5, dsp=0, bram=0)
"""

from __future__ import annotations

from collections.abc import Iterable

from hls.synth.resources import Resources

#: A memory goes into block RAM where each of its 18 kbit would take more LUTs than this.
_LUTS_PER_BRAM = 60
#: Digits and their adders take less than their bits: low bits that are zero, signs that are shared.
_LOGIC = 0.9
#: LUTs and flip-flops per bit of an adder in an unrolled kernel: 857 and 681 for 1 117 bits, 7 352 and 5 850 for 9 155.
_LUT_PER_BIT, _FF_PER_BIT = 0.79, 0.63


def digits(weights: Iterable[int]) -> int:
    """Return the number of non-zero signed digits (non-adjacent form), each an addition at most.

    >>> digits([0, 7, -3, 4])  # 8 - 1, -4 + 1, 4
    5
    """
    return sum((3 * abs(weight) ^ abs(weight)).bit_count() for weight in weights)


def adder_bits(weights: Iterable[int], width: int, weight_width: int) -> int:
    """Return about how many bits all adders of the unrolled kernel have, without solving for it.

    Fitted to 13 random matrices of 16 to 1 150 weights, 1 to 12 bits: 12 within 10 %, one 20 % low.
    """
    adders: float = 1.05 * digits(weights) ** 0.905
    return round(adders * (width + 2 + 0.55 * weight_width))


def shift_add(bits: int) -> Resources:
    """Return the unrolled kernel whose adders have ``bits`` bits in all."""
    return Resources(lut=round(_LUT_PER_BIT * bits), ff=round(_FF_PER_BIT * bits))


def memory(width: int, depth: int) -> Resources:
    """Return a memory with one write and one read port: block RAM where it is large, else LUTs."""
    luts = 8 * -(-width // 14) if depth <= 32 else 8 * -(-width // 7) * -(-depth // 64)
    per_block = next((bits for words, bits in ((512, 36), (1024, 18), (2048, 9)) if depth <= words), 0)
    blocks = -(-width // per_block) if per_block else -(-width * depth // 16384)
    return Resources(bram=blocks) if luts > _LUTS_PER_BRAM * blocks else Resources(lut=luts)


def rom(width: int, words: int) -> Resources:
    """Return a weight memory: block RAM where it is large, else a LUT per bit and 64 words."""
    as_memory = memory(width, words)
    return as_memory if as_memory.bram else Resources(lut=width * -(-words // 64), ff=width)


def fifo(width: int, depth: int) -> Resources:
    """Return a FIFO; one in block RAM has its output's register inside."""
    address = max((depth - 1).bit_length(), 1)
    return memory(width, depth) + Resources(lut=6 + 4 * address, ff=3 * address + 2)


def window(*, columns: int, kernel: tuple[int, int], beat_bits: int) -> Resources:
    """Return ``net_window`` with its line buffer (none for a kernel of one row)."""
    rows, places = kernel[0] - 1, kernel[0] * kernel[1]
    line = memory(rows * (beat_bits + 1), columns) if rows else Resources()
    above = 0 if line.bram else rows * (beat_bits + 1)
    return line + Resources(lut=50, ff=places * (2 * beat_bits + 1) + 55 + above)


def quantize(*, count: int, in_width: int, out_width: int, shift: int) -> Resources:
    """Return ``net_quantize`` for ``count`` numbers side by side."""
    kept = max(in_width - shift, 1)
    return Resources(lut=round(count * 0.4 * (in_width + out_width)), ff=count * (kept - 1 + out_width))


def mac(
    *,
    inputs: int,
    beats: int,
    filters: int,
    width: int,
    weight_width: int,
    out_width: int,
    parallel: int,
    groups: int,
    dsp: bool,
    places: int,
) -> Resources:
    """Return ``net_mac`` with its buffer and its weight memory; parameters as there."""
    turns = -(-inputs // groups // parallel)
    lanes = groups * turns * parallel * width
    terms, term_width, made = _terms(parallel, width, weight_width, dsp)
    lut, ff = filters * made.lut, filters * made.ff
    nodes, level = terms, 0
    while nodes > 1:
        level += 1
        lut += round(filters * (nodes // 2) * (term_width + level) * (1 if dsp else _LOGIC))
        nodes = -(-nodes // 2)
        if level % 2 == 0:
            ff += round(filters * nodes * (term_width + level) * (1 if dsp else _LOGIC))
    control = Resources(lut=28, ff=35)
    sums = Resources(lut=filters * out_width, ff=filters * out_width)
    # A single turn shifts nothing: the numbers go straight into their registers.
    held = Resources(lut=lanes if turns > 1 else 0, ff=lanes + groups * parallel * width)
    buffer = memory(filters * out_width, places)
    weights = rom(filters * parallel * weight_width, turns * beats)
    return control + sums + held + buffer + weights + Resources(lut, ff, filters * made.dsp)


def _terms(parallel: int, width: int, weight_width: int, dsp: bool) -> tuple[int, int, Resources]:
    """Return terms per filter and clock, their width, and what makes them."""
    halves = -(-weight_width // 2)
    if not dsp:
        bits = parallel * halves * (width + 3)
        return (
            parallel * halves,
            width + 1 + 2 * halves,
            Resources(round(_LOGIC * bits), round(_LOGIC * bits)),
        )
    wide, narrow = max(width + 1, weight_width), min(width + 1, weight_width)
    blocks = -(-wide // 27) * -(-narrow // 18)
    bits = width + 1 + weight_width
    return parallel, bits, Resources(ff=parallel * bits, dsp=parallel * blocks)
