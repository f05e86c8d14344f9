"""Generated networks against the integer network and the cycle model, on both simulators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_tests.network_examples import detector, examples
from firmware_tests.simulation import simulate
from hls import cycles, plan
from hls.bench.bulk import unpack
from hls.bench.network_bulk import run_frames
from hls.bench.simulators import quickest
from hls.blocks import cut
from hls.rtl_writer import write_rtl
from trigger import network_spec
from trigger.integer_network_fast import evaluate_fast

CASES = "firmware_tests.network_cases"


def where(folder: Path) -> dict[str, str]:
    return {"LARTRIG_NETWORK": str(folder)}


def write(name: str, folder: Path) -> Path:
    """Write the RTL, network.json and plan.json of an example into ``folder``; return the file list."""
    example = examples()[name]
    plan.write(write_rtl(example.spec, folder / "rtl", example.kernels), folder / "plan.json")
    network_spec.write(example.spec, folder / "network.json")
    return folder / "rtl" / "network.f"


def check_clocks(name: str, folder: Path, place: Path) -> None:
    """Compare the recorded clocks of four runs (idle x stall) with the cycle model and the plan."""
    example, planned = examples()[name], plan.read(folder / "plan.json")
    blocks = cut(example.spec, example.kernels)
    pixels, stages = planned.pixels_per_frame, [layer.stages for layer in planned.layers]
    for traffic in ("00", "01", "10", "11"):
        seen = np.load(place / f"clocks_{traffic}.npz")
        frames = len(seen["taken"]) // pixels
        model = cycles.run(
            blocks, stages, frames=frames, pixels=pixels, valid=seen["valid"], ready=seen["ready"]
        )
        np.testing.assert_array_equal(seen["taken"], model.taken)
        np.testing.assert_array_equal(seen["given"], model.given)
        if traffic == "00":
            taken, given = (seen[way].reshape(frames, -1) for way in ("taken", "given"))
            needed = cycles.last_pixel(blocks, *example.spec.input_shape[:2])
            assert (given - taken[:, needed])[:-1].max() == planned.latency_clk
            assert taken[3, 0] - taken[2, 0] == planned.clocks_per_frame


@pytest.mark.rtl
@pytest.mark.parametrize("name", examples())
def test_network(name: str, tmp_path: Path) -> None:
    files = write(name, tmp_path)
    place = simulate("network", CASES, sources=[files], tag=name, simulator=quickest(), env=where(tmp_path))
    check_clocks(name, tmp_path, place)


@pytest.mark.rtl
@pytest.mark.slow
@pytest.mark.parametrize("name", ["strides"])
def test_network_on_verilator_whatever_the_registers_hold_at_first(name: str, tmp_path: Path) -> None:
    files = write(name, tmp_path)
    for seed in (1, 2):  # seeds of the registers before reset, and of what X becomes
        place = simulate("network", CASES, sources=[files], tag=name, seed=seed, env=where(tmp_path))
        check_clocks(name, tmp_path, place)


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
    taken, seen = run_frames(
        tmp_path / "network.f", frames, (spec.input.width, outputs * width), limit=250_000
    )
    cells = unpack(seen.data, outputs, width, spec.output.signed).reshape(3, *spec.output_shape)
    np.testing.assert_array_equal(cells, evaluate_fast(spec, images))
    assert len(taken) == 3 * planned.pixels_per_frame and (np.diff(taken) == 1).all()
    blocks = cut(spec, {})
    model = cycles.run(blocks, [layer.stages for layer in planned.layers], frames=3, pixels=64 * 992)
    np.testing.assert_array_equal(seen.clock - taken[0], model.given)
    delay = seen.clock.reshape(3, -1) - taken.reshape(3, -1)[:, cycles.last_pixel(blocks, 64, 992)]
    assert delay[:2].max() == planned.latency_clk and delay[:2, 0].max() == planned.latency_first_clk
    assert planned.clocks_per_frame == planned.pixels_per_frame == 64 * 992
    n = len(seen.clock) // 3
    ends = np.arange(n - 1, 3 * n, n)
    assert np.flatnonzero(seen.last).tolist() == ends.tolist()
    assert np.flatnonzero(seen.user).tolist() == [ends[1]] and seen.user[ends[1]] == 1
