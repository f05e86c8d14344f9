"""Networks in continuous mode: rows without end, against the integer network and the cycle model, in every clock."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_tests.mutation import Mutation, name_of
from firmware_tests.network_examples import examples
from firmware_tests.network_suites import simulate, write
from firmware_tests.rows_examples import detector_of_rows, without_frames
from firmware_tests.simulation import sample
from hls import csim, cycles
from hls.bench import vectors
from hls.convert import convert
from hls.keras_alias import legacy_keras
from hls.random_specs import random_spec
from hls.rtl_writer import rebuilt, write_rtl
from streams.errors import UserError
from trigger.continuous import Field, fields, with_rows
from trigger.integer_network import evaluate
from trigger.network_spec import Conv2D

# LARTRIG_SEEDS="5 6 7" tries other draws than those of the test run.
SEEDS = [int(seed) for seed in os.environ.get("LARTRIG_SEEDS", "0 1 2 3 4 5 7 9").split()]


@pytest.mark.rtl
@pytest.mark.parametrize("seed", sample(SEEDS))
def test_random_network_equals_the_integer_network_in_every_clock(seed: int, tmp_path: Path) -> None:
    plan = write(random_spec(seed, endless=True), tmp_path, continuous=True)
    assert plan.mode == "continuous"
    simulate(tmp_path, f"endless{seed}")


@pytest.mark.rtl
def test_sequential_kernels_too(tmp_path: Path) -> None:
    seed, spec = next(
        (s, spec) for s in range(9, 99) for spec in [random_spec(s, endless=True)] if _convolutions(spec)
    )
    write(spec, tmp_path, dict.fromkeys(_convolutions(spec), "mac"), continuous=True)
    simulate(tmp_path, f"endless_mac{seed}")


FAULTS = (
    Mutation("net_row_guard.sv", "skip_q && s_axis_tlast) skip_q", "skip_q) skip_q", "resumes before tlast"),
    Mutation("net_row_guard.sv", "rows_long <= rows_long + 1'b1;", "", "long rows not counted"),
    Mutation("net_row_tail.sv", "bad_q <= RW'(FieldRows - 1)", "bad_q <= '0", "a bad row marks one output row"),
    Mutation("net_row_tail.sv", "row_wait_q    <= RW'(FieldRows - 1)", "row_wait_q <= '0", "numbers of the first rows"),
    Mutation("net_row_window.sv", "real_q      <= '0;", "", "columns survive a reset"),
    Mutation("net_row_window.sv", "need_q != '0;", "1'b0;", "a row waits for the next one"),
)  # fmt: skip


@pytest.mark.rtl
@pytest.mark.parametrize("fault", sample(FAULTS), ids=name_of)
def test_fault_in_a_network_is_caught(fault: Mutation, tmp_path: Path) -> None:
    write(without_frames(examples()["narrow"].spec), tmp_path, continuous=True)
    fault.plant(tmp_path / "rtl")
    with pytest.raises(AssertionError, match="cases failed"):
        simulate(tmp_path, "fault")


def test_the_bad_run_has_rows_of_every_kind(tmp_path: Path) -> None:
    for example in ("narrow", "every"):
        write(without_frames(examples()[example].spec), tmp_path / example, continuous=True)
        suite = vectors.read(tmp_path / example / "cocotb")
        (lengths,), columns = suite.bad.lengths, suite.inputs[0].columns
        assert {1, columns - 1, columns, columns + 1, 2 * columns} <= set(lengths)
        assert any(length > 4 * columns for length in lengths)  # ``tlast`` is missing for several rows
        assert (1, 1) in pairwise(lengths)  # ``tlast`` on every beat
        assert suite.counters == {
            "rows_short": sum(n < columns for n in lengths), "rows_long": sum(n > columns for n in lengths)
        }  # fmt: skip


def _convolutions(spec) -> list[str]:
    return [layer.name for layer in spec.layers if isinstance(layer, Conv2D) and layer.kernel[0] > 1]


def test_a_network_that_needs_frames_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    spec = random_spec(1, kinds=["globalpool2d"])
    with pytest.raises(UserError, match="layer globalpool2d_0: continuous mode: it pools over a whole frame"):
        write_rtl(spec, tmp_path / "rtl", continuous=True)
    assert not (tmp_path / "rtl").exists()


def small_model(rows: int) -> Any:
    """Valid in time, zeros beside the rows: an output row sees 6 rows, the next one begins 4 later."""
    with legacy_keras() as keras:
        import qkeras

        weight = qkeras.quantized_bits(5, 0, alpha=1)
        options = {"kernel_quantizer": weight, "bias_quantizer": weight}
        model = keras.Sequential([
            keras.layers.Input((rows, 7, 1)), qkeras.QActivation(qkeras.quantized_bits(8, 0, keep_negative=0)),
            keras.layers.ZeroPadding2D((0, 1)), qkeras.QConv2D(2, 3, name="conv1", **options),
            qkeras.QActivation("quantized_relu(6,1)"), keras.layers.MaxPooling2D(2),
            qkeras.QConv2D(2, (2, 1), strides=(2, 1), name="conv2", **options),
            qkeras.QActivation("quantized_bits(8,1)"),
        ])  # fmt: skip
    rng = np.random.default_rng(4)
    model.set_weights([rng.normal(0, 0.5, weights.shape) for weights in model.get_weights()])
    return model


@pytest.mark.rtl
def test_rows_are_those_that_hls4ml_gives_on_overlapping_frames(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(csim, "OPTIMISE", "-O0")
    field, height, many = Field(6, 4), 10, 58
    made = convert(small_model(height), tmp_path / "firmware", continuous=True)
    assert made.plan.mode == "continuous" and made.spec.output_shape == (2, 3, 2)
    assert fields(made.spec)[made.spec.outputs[0]] == field
    rows = np.random.default_rng(2).integers(0, 256, (1, many, 7, 1))
    starts = range(0, many - height + 1, 2 * field.stride)  # each frame gives two rows
    frames = np.concatenate([rows[:, start : start + height] for start in starts])
    overlap = height - 2 * field.stride
    assert overlap == field.rows - field.stride
    simulated = csim.run(tmp_path / "firmware" / "hls4ml", made.spec, frames)
    endless = evaluate(with_rows(made.spec, many), rows)[0]
    assert len(np.unique(endless)) > 20
    np.testing.assert_array_equal(np.concatenate(list(simulated)), endless)
    simulate(tmp_path / "firmware", "continuous")  # the RTL against the integer network


def test_a_pixel_per_clock_without_a_bubble(tmp_path: Path) -> None:
    """The detector network on rows of 960 pixels; the kernel behind two poolings takes several clocks per window."""
    spec = detector_of_rows(64, 960)
    plan = write_rtl(spec, tmp_path, continuous=True)
    assert plan.clocks_per_frame == plan.pixels_per_frame == 960
    assert max(layer.interval for layer in plan.layers) > 8
    assert [layer.rate for layer in plan.layers] == [1, 1 / 4, 1 / 4, 1 / 16, 1 / 16, 1 / 16]
    run = cycles.run(rebuilt(spec, plan), frames=2)
    taken = run.taken["s_axis"]
    assert len(taken) >= 64 * 960
    assert (np.diff(taken) == 1).all(), f"{np.count_nonzero(np.diff(taken) > 1)} bubbles"
