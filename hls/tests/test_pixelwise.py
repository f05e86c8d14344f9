"""Programs of pixel-wise layers equal the integer reference."""

from __future__ import annotations

import numpy as np
import pytest

from hls.kernels.emit import emit
from hls.kernels.multiple import multiple
from hls.kernels.pixelwise import program, widths
from hls.kernels.program import LEVELS_PER_STAGE, Program
from hls.random_kernels import KINDS, random_kernel, wide_kernels
from streams.errors import UserError
from trigger.network_spec import Format, Lookup, Quantize


def check_ranges(program: Program, inputs: np.ndarray) -> None:
    """Every output stays within the range that its width in the RTL comes from."""
    for output, values in zip(program.outputs, program.run(inputs).T, strict=True):
        node = program.nodes[output]
        assert node.low <= values.min() and values.max() <= node.high


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", KINDS)
def test_program_equals_reference(kind: str, seed: int) -> None:
    case = random_kernel(kind, seed)
    made = program(case.layer, case.numbers, case.channels)
    assert len(widths(case.numbers, case.channels)) == made.n_inputs == case.inputs.shape[1]
    np.testing.assert_array_equal(made.run(case.inputs), case.wanted)
    check_ranges(made, case.inputs)
    for node in (made.nodes[output] for output in made.outputs):  # nothing is cut off by the output's format
        assert case.layer.output.min_int <= node.low and node.high <= case.layer.output.max_int


def test_sixty_two_bits_are_exact() -> None:
    for case in wide_kernels():
        assert case.layer.output.width == 62
        made = program(case.layer, case.numbers, case.channels)
        np.testing.assert_array_equal(made.run(case.inputs), case.wanted)
        assert max(node.width for node in made.nodes) <= 63


def test_multiple_takes_the_smaller_way() -> None:
    # 45 = 5 * 9: two adders by alkaid, three by digits; of a number too wide for float64 only the digits are asked.
    assert sum(node.kind == "add" for node in multiple(0, 255, 45).nodes) == 2
    assert sum(node.kind == "add" for node in multiple(0, (1 << 48) - 1, 45).nodes) == 3
    assert multiple(0, 255, 64).adder_bits() == multiple(-3, 4, 0, 9).adder_bits() == 0
    inputs = np.arange(-128, 128)[:, None]
    for factor in (-131072, -77, -1, 0, 1, 3, 85, 43690):
        for offset in (0, 5, -99):
            got = multiple(-128, 127, factor, offset)
            np.testing.assert_array_equal(got.run(inputs), inputs * factor + offset)
            check_ranges(got, inputs)


def test_product_and_table_have_a_stage_of_their_own() -> None:
    case = random_kernel("softmax", 3)
    made = program(case.layer, case.numbers, case.channels)
    depths, stages = made.depths(), made.stages()
    assert {node.kind for node in made.nodes} >= {"table", "multiply"}
    for node, depth, stage in zip(made.nodes, depths, stages, strict=True):
        if node.kind in ("table", "multiply"):
            assert depth == stage * LEVELS_PER_STAGE
            assert all(stages[s] < stage for s in node.sources)


def test_two_equal_tables_share_a_memory() -> None:
    number = Format(signed=True, width=3, fraction=0)
    fields = {"name": "table", "output": number, "table": [-4, 3, -1, 0, 1, 2, 3, -2]}
    for channels, memories in ((1, 1), (2, 1), (3, 2), (4, 2)):
        layer = Lookup(input_shape=(channels,), output_shape=(channels,), **fields)
        made = program(layer, [number], [channels])
        text = emit(made, "kernel", in_width=3, out_width=3, reference="step")
        assert text.count("initial begin") == memories and text.count("_at];") == channels


def test_layers_without_such_arithmetic_are_refused() -> None:
    number = Format(signed=True, width=8, fraction=0)
    layer = Quantize(name="relu", input_shape=(1,), output_shape=(1,), output=number)
    with pytest.raises(UserError, match=r"layer relu: a Quantize has no arithmetic of single places"):
        program(layer, [number], [1])
    case = next(c for c in (random_kernel("averagepool2d", k) for k in range(30)) if len(c.channels) == 2)
    with pytest.raises(UserError, match=r"averagepool2d: the factor depends on the place, but no marks"):
        program(case.layer, case.numbers[:1], case.channels[:1])
