"""Generated networks against the integer network and the cycle model, on both simulators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_tests.network_examples import detector, examples
from firmware_tests.network_suites import simulate, write
from firmware_tests.simulation import sample
from hls import cycles
from hls.bench.bulk import unpack
from hls.bench.network_bulk import design_of, run_frames
from hls.needed_pixels import needed_pixels
from hls.rtl_writer import rebuilt, write_rtl
from trigger.integer_network_fast import evaluate_fast


@pytest.mark.rtl
@pytest.mark.parametrize("name", sample(list(examples())))
def test_network(name: str, tmp_path: Path) -> None:
    example = examples()[name]
    write(example.spec, tmp_path, example.kernels)
    simulate(tmp_path, name)


@pytest.mark.rtl
@pytest.mark.slow
def test_network_on_verilator_whatever_the_registers_hold_at_first(tmp_path: Path) -> None:
    write(examples()["strides"].spec, tmp_path)
    for seed in (1, 2):  # of the registers before reset, and of what X becomes
        simulate(tmp_path, "strides", simulator="verilator", seed=seed)


@pytest.mark.rtl
@pytest.mark.slow
def test_detector_network_takes_a_pixel_per_clock_without_pause(tmp_path: Path) -> None:
    """Three frames of 64 x 992 pixels back to back: every cell exact, no pause, every clock as predicted."""
    spec = detector()
    planned = write_rtl(spec, tmp_path)
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (3, *spec.input_shape))
    images[1] = np.where(rng.random(images[1].shape) < 0.9, 16, images[1])  # as quiet as the detector
    width, (_, _, outputs) = spec.output.width, spec.output_shape
    frames = images.reshape(3, -1, 1)
    design = design_of(tmp_path / "network.f", (spec.input.width, outputs * width))
    taken, seen, _, _ = run_frames(design, frames, spec.input.width, limit=250_000)
    cells = unpack(seen.data, outputs, width, spec.output.signed).reshape(3, *spec.output_shape)
    np.testing.assert_array_equal(cells, evaluate_fast(spec, images))
    assert len(taken) == 3 * planned.pixels_per_frame and (np.diff(taken) == 1).all()
    netlist = rebuilt(spec, planned)
    model = cycles.run(netlist, frames=3)
    np.testing.assert_array_equal(seen.clock - taken[0], model.given["m_axis"])
    needed = needed_pixels(netlist)["m_axis"]["s_axis"]
    delay = seen.clock.reshape(3, -1) - taken.reshape(3, -1)[:, needed]
    assert delay[:2].max() == planned.latency_clk and delay[:2, 0].max() == planned.latency_first_clk
    assert planned.clocks_per_frame == planned.pixels_per_frame == 64 * 992
    n = len(seen.clock) // 3
    ends = np.arange(n - 1, 3 * n, n)
    assert np.flatnonzero(seen.last).tolist() == ends.tolist()
    assert np.flatnonzero(seen.user).tolist() == [ends[1]] and seen.user[ends[1]] == 1
