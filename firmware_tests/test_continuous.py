"""Networks in continuous mode: rows without end, against the integer network and the cycle model, in every clock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_tests.network_suites import simulate, write
from firmware_tests.rows_examples import detector_of_rows
from firmware_tests.simulation import sample
from hls import csim, cycles
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
