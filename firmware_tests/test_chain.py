"""The chain: small and clock by clock on both simulators; full width in bulk, with real waveforms too."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from firmware_tests import firmware_folder
from firmware_tests.chain_examples import SMALL, network, small_parameters, write_firmware
from firmware_tests.cosim import Report, expected, simulate_chain
from firmware_tests.simulation import simulate
from streams.block import Block
from trigger.decide import score_map
from trigger.settings import TriggerSettings
from trigger.settings import write as write_settings

REAL = Path(__file__).resolve().parents[2] / "shared/data/real/microboone_run3493_noisy_adc12.npz"
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")


def run_small(folder: Path, simulator: str, seed: int = 1) -> None:
    spec = network(SMALL["Rows"], 2 * (SMALL["FaceChannels"] + SMALL["GuardColumns"]))
    write_firmware(folder, spec)
    simulate(
        "chain",
        "firmware_tests.chain_cases",
        sources=[folder / "rtl" / "network.f", *firmware_folder.CHAIN_SOURCES],
        parameters=small_parameters(spec),
        simulator=simulator,
        seed=seed,
        env={"LARTRIG_FIRMWARE": str(folder)},
    )


@pytest.mark.rtl
@needs_icarus
def test_chain_icarus(tmp_path: Path) -> None:
    run_small(tmp_path, "icarus")


@pytest.mark.rtl
@pytest.mark.parametrize("seed", [1, 2])
def test_chain_verilator_from_random_registers(tmp_path: Path, seed: int) -> None:
    run_small(tmp_path, "verilator", seed)


def blocks(adc: np.ndarray) -> list[Block]:
    """Cut samples, (ticks, 960), into blocks."""
    return [Block(t, 32 * t, adc[t : t + 64].astype(np.uint16)) for t in range(0, len(adc) - 63, 64)]


@pytest.mark.rtl
def test_real_waveforms_in_full_width(tmp_path: Path) -> None:
    if not REAL.is_file():
        pytest.skip(f"no real waveforms: {REAL.name} is not there")
    adc = np.load(REAL)["adc"].T[: 17 * 64]  # 48 channels, 12 bits, 500 ns per tick
    chip = firmware_folder.read(write_firmware(tmp_path, network()))
    report = simulate_chain(chip, blocks(np.tile(adc, 20)))
    check_full_width(report, frames=3)
    assert report.records.compared > 1000
    assert report.latency_clk == chip.plan.latency_clk


@pytest.mark.rtl
def test_a_track_on_wire_479_leaves_nothing_on_wire_480(tmp_path: Path) -> None:
    folder = write_firmware(tmp_path, network())
    chip = firmware_folder.read(folder)
    adc = np.random.default_rng(3).normal(900, 8, (128, 960)).round()
    quiet = expected(chip, blocks(adc))
    adc[20:100, 479] += 800
    # A threshold that the noise of face 1 does not reach, but the track does.
    face1 = score_map(quiet.outputs)[0][:, :, 124:]
    write_settings(TriggerSettings(threshold=int(face1.max()) + 1), folder / "trigger.json")
    chip = firmware_folder.read(folder)
    check_full_width(simulate_chain(chip, blocks(adc)), frames=1)  # the RTL sends exactly these:
    loud = expected(chip, blocks(adc))
    np.testing.assert_array_equal(loud.outputs[:, :, 124:], quiet.outputs[:, :, 124:])
    channels = {record.channel for record in loud.records}
    assert 476 in channels
    assert max(channels) < 480


def check_full_width(report: Report, frames: int) -> None:
    for part in (report.pixels, report.outputs, report.records):
        assert part.mismatches == 0, part.sentence()
    assert report.pixels.compared == frames * 64 * 992
    assert report.outputs.compared == frames * 16 * 248 * 2
    assert report.clocks_per_pixel == 1
