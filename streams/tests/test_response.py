"""Response: shape against Wire-Cell's field response, area against the measured gain."""

from __future__ import annotations

import bz2
import json
from pathlib import Path

import numpy as np
import pytest

from streams.config import BACKGROUNDS, SimulationConfig
from streams.detector import load_detector
from streams.readout import Readout
from streams.response import cold_electronics, collection_kernel, fine_response

DETECTOR = load_detector("fd1-hd-apa")
FIELD = Path(__file__).parents[3] / "shared/data/response/dune-garfield-1d565.json.bz2"


def test_cold_electronics_is_the_published_pulse() -> None:
    time = np.arange(0, 12, 0.001)
    pulse = cold_electronics(time, 2.2)
    # Reference section 6: peak 1 at 2.58 us, area 2.792 us, at a shaping time of 2.2 us.
    assert abs(pulse.max() - 1) < 1e-3
    assert abs(time[pulse.argmax()] - 2.58) < 0.01
    assert abs(pulse.sum() * 0.001 - 2.792) < 0.002


def test_area_is_the_measured_gain() -> None:
    kernel, before = collection_kernel(DETECTOR.collection)
    assert abs(kernel.sum() - 130.1) < 0.01
    assert kernel.argmax() == before
    # Section 9.6: peak 21.4 ADC per ke- at the nominal gain, 0.91 of it measured.
    assert abs(kernel.max() - 21.4 * 130.1 / 143.1) < 0.3
    assert 15 <= len(kernel) <= 40


def test_shape_is_the_published_one() -> None:
    if not FIELD.exists():
        pytest.skip("the Wire-Cell field response is not here (shared/data/response)")
    planes = json.loads(bz2.decompress(FIELD.read_bytes()))["FieldResponse"]["planes"]
    paths = [p["PathResponse"] for p in planes[2]["PlaneResponse"]["paths"]]
    wire = sorted(
        (p["pitchpos"], p["current"]["array"]["elements"]) for p in paths if -2.36 < p["pitchpos"] < 0.01
    )
    weights = np.array([0.5, 1, 1, 1, 1, 0.5]) / 5  # half a pitch, mirrored: the ends count once
    field = -np.tensordot(weights, np.array([current for _, current in wire]), 1)
    shaper = cold_electronics(np.arange(0, 10.05, 0.1), DETECTOR.collection.peaking_us)
    want = np.convolve(field, shaper)
    time = (np.arange(len(want)) - want.argmax()) * 0.1
    fine_time, fine = fine_response(DETECTOR.collection)
    shifts = np.arange(-0.15, 0.15, 0.01)
    scaled = want / want.sum() / 0.1
    worst = min(np.abs(np.interp(time, fine_time + s, fine, 0, 0) - scaled).max() for s in shifts)
    assert worst < 0.010 * scaled.max()  # 0.7 % found, on samples of 100 ns


@pytest.mark.parametrize("channel", [0, 479, 480, 959])
def test_a_charge_peaks_at_its_tick(channel: int) -> None:
    config = SimulationConfig(
        noise_scale=0.0, backgrounds=dict.fromkeys(BACKGROUNDS, 0.0), ac_coupling_ms=0.0
    )
    readout = Readout(config, DETECTOR, induction=False)
    readout.add(0, np.array([40]), np.array([channel], np.int16), np.array([50_000], np.float32))
    adc = np.concatenate([readout.block(0), readout.block(64)]).astype(int)
    rise = adc - np.median(adc, axis=0).astype(int)
    assert np.unravel_index(rise.argmax(), rise.shape) == (40, channel)
    assert abs(rise[:, channel].sum() / (130.1 * 50) - 1) < 0.08  # gain spread 2.2 %
    assert not np.delete(rise, channel, axis=1).any()


@pytest.mark.parametrize("induction", [False, True])
def test_counts_are_the_nearest_integers(induction: bool) -> None:
    readout = Readout(SimulationConfig(noise_scale=0.0), DETECTOR, induction=induction)
    want = np.floor(readout.pedestal.astype(np.float64) + 0.5)
    assert np.array_equal(readout.block(0), np.tile(want, (64, 1)))
    mean, spread = readout.pedestal.mean(), readout.pedestal.std()
    assert abs(mean - (9402 if induction else 3601)) < 4
    assert abs(spread - 30) < 3
    assert len(np.unique(readout.pedestal)) > 900


def test_ac_coupling_brings_the_charge_back_to_zero() -> None:
    config = SimulationConfig(noise_scale=0.0)
    readout = Readout(config, DETECTOR, induction=False)
    readout.add(0, np.array([40]), np.array([7], np.int16), np.array([500_000], np.float32))
    adc = np.concatenate([readout.block(64 * n) for n in range(200)])[:, 7].astype(int)
    rise = adc - adc[0]
    area = 130.1 * 500 * readout.gain[7]
    undershoot = rise[100]
    # The droop after the pulse is area times tick / RC = 65 050 * 0.512 / 1100, and decays with 1.1 ms.
    assert abs(undershoot + area * 0.512 / 1100 * np.exp(-60 * 0.512 / 1100)) < 1.5
    assert abs(rise[100 + 2148] - undershoot / np.e) < 1.5
    assert abs(rise[-1]) <= 1
