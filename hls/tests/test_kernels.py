"""Arithmetic kernels: programs equal the matrix and the maximum they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from hls.kernels import emit, rom, shift_add
from hls.kernels.program import LEVELS_PER_STAGE, max_program
from streams.errors import UserError


@pytest.mark.parametrize(("bits", "low", "high"), [(2, 0, 1), (6, -16, 15), (16, 0, 511), (16, -1024, 1023)])
def test_shift_add_equals_matrix(bits: int, low: int, high: int) -> None:
    rng = np.random.default_rng(bits)
    weights = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (18, 3))
    weights[:, 1] = 0  # a filter that sees nothing
    weights[4] = 0  # an input that nothing sees
    bias = [5, -7, 0]
    program = shift_add.shift_add(weights, bias, low, high)
    inputs = rng.choice([low, 0, high, *rng.integers(low, high + 1, 20)], (200, 18))
    got = program.run(inputs)
    np.testing.assert_array_equal(got, inputs @ weights + np.array(bias))
    for output, values in zip(program.outputs, got.T, strict=True):  # the widths of the RTL hold every value
        assert program.nodes[output].low <= values.min() and values.max() <= program.nodes[output].high


def test_wrong_program_is_refused() -> None:
    program = shift_add.shift_add(np.array([[3], [5]]), [0], 0, 7)
    with pytest.raises(UserError, match=r"differs from the weights in 1 places, first \[2, 0\]"):
        shift_add._prove(program, np.array([[3], [4]]), [0])


def test_a_register_after_every_second_adder() -> None:
    program = max_program([list(range(64))], 0, 15)
    depths, stages = program.depths(), program.stages()
    assert max(depths) == 6 and program.n_stages == 3
    for node, depth, stage in zip(program.nodes, depths, stages, strict=True):
        chain = [depths[s] for s in node.sources if stages[s] == stage]
        assert depth <= stage * LEVELS_PER_STAGE and (not chain or depth - min(chain) < LEVELS_PER_STAGE)


def test_largest_of_each_set_of_numbers() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(-8, 8, (50, 10))
    program = max_program([[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]], -8, 7)
    np.testing.assert_array_equal(
        program.run(values), np.stack([values[:, ::2].max(1), values[:, 1::2].max(1)], 1)
    )


def test_registers_of_one_value_follow_each_other() -> None:
    program = shift_add.shift_add(np.array([[1, 45], [0, 77], [0, 83], [0, 29]]), [0, 3], 0, 255)
    text = emit.emit(program, "kernel", in_width=8, out_width=18, reference="evaluate")
    # Output 0 is input 0: it must wait as long as the sums of output 1 take.
    assert f"v0_r{program.n_stages} <= " in text or f"_r{program.n_stages};" in text
    assert text.count("module kernel (") == 1 and "if (en) begin" in text


def test_weight_memory_has_an_address_bit_even_for_one_word() -> None:
    text = rom.emit([[3]], "rom", width=4)
    assert "input  wire [0:0] address" in text and "words[0] = 4'h3" in text and "words[1] = 4'h0" in text
