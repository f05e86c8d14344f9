"""Cosmic muons and calibration sources: rate, directions, energies, share that stops, bad values refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from streams.compiled import compiled
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.rng import stream
from streams.signals import CalibrationSignal
from streams.sources.calibration import Calibration, calibration_of, draw_calibration, place_of
from streams.sources.muons import MODULE_MM, RATE_HZ, Muons, draw_muon, muon_tables, path_mm, projected_mm2
from streams.sources.places import place_tables
from streams.transport.argon import ANTIMUON, ELECTRON, MUON
from streams.transport.muons import range_mm
from streams.transport.walk import Volume, Work, new_work, push, volume_of, walk

DETECTOR = load_detector("fd1-hd-apa")


@compiled
def drawn(muons: Muons, n: int) -> np.ndarray:
    """Return vertex, kind, energy, direction and length of the straight path of ``n`` muons."""
    out, particles = np.zeros((n, 9)), np.zeros((2, 6))
    for i in range(n):
        draw_muon(muons, stream(4, 0, i, 0), out[i, :3], particles)
        out[i, 3:8] = particles[0, :5]
        out[i, 8] = path_mm(muons, out[i, :3], particles[0, 2:5])
    return out


@compiled
def stopped(muons: Muons, volume: Volume, work: Work, n: int) -> float:
    """Return the share of muons that leave their whole energy (a muon that stops does)."""
    particles, vertex, found = np.zeros((2, 6)), np.zeros(3), 0
    for i in range(n):
        state = stream(4, 1, i, 0)
        draw_muon(muons, state, vertex, particles)
        push(work, int(particles[0, 0]), particles[0, 1], vertex, particles[0, 2:5])
        rows = work.deposits[: walk(volume, work, state)]
        prompt = rows[rows[:, 5] == 0.0][:, 3].sum()
        if prompt > 0.9 * particles[0, 1]:
            found += 1
    return found / n


def test_rate() -> None:
    whole = muon_tables(DETECTOR, "central")
    assert projected_mm2(MODULE_MM) / 1e6 == pytest.approx(1000, rel=0.15)  # 5.66e-9 /cm2/s gives 0.057 Hz
    assert whole.rate_hz == pytest.approx(
        RATE_HZ * projected_mm2((7200, 6000, 2300.16)) / projected_mm2(MODULE_MM)
    )
    assert muon_tables(DETECTOR, "outer").rate_hz < whole.rate_hz
    assert muon_tables(DETECTOR, "central", scale=10).rate_hz == pytest.approx(10 * whole.rate_hz)
    assert muon_tables(DETECTOR, "central", rate_hz=5.0).rate_hz == 5.0


def test_directions_energies_and_places() -> None:
    got = drawn(muon_tables(DETECTOR, "central"), 20_000)
    assert (got[:, 6] < 0).all()  # downward
    np.testing.assert_allclose(np.linalg.norm(got[:, 5:8], axis=1), 1, rtol=1e-12)
    assert 0.80 < -got[:, 6].mean() < 0.92
    low, high = np.array([-3600, -3000, 0]), np.array([3600, 3000, 2300.16])
    on_side = (np.abs(got[:, :3] - low) < 1e-9) | (np.abs(got[:, :3] - high) < 1e-9)
    assert (on_side.sum(axis=1) >= 1).all() and (got[:, 8] >= 0).all()
    assert (got[:, :3] >= low).all() and (got[:, :3] <= high).all()
    shown = np.abs(got[:, 5:8]) * [6000 * 2300.16, 7200 * 2300.16, 7200 * 6000]
    want = (shown / shown.sum(axis=1, keepdims=True)).mean(
        axis=0
    )  # of the muons that enter through each side
    assert (abs(on_side.mean(axis=0) - want) < 0.015).all() and want.min() > 0.1
    # Every direction crosses the same volume: mean path = volume / mean projected area.
    area = projected_mm2((7200, 6000, 2300.16))
    assert abs(got[:, 8].mean() * area / (7200 * 6000 * 2300.16) - 1) < 0.02
    assert abs(np.median(got[:, 4]) / (501_000 * (2 ** (1 / 2.77) - 1)) - 1) < 0.03
    assert abs(np.minimum(got[:, 4], 1e7).mean() / 280_000 - 1) < 0.06  # 283 GeV, a little less below 10 TeV
    assert abs(np.mean(got[:, 3] == ANTIMUON) - 1.37 / 2.37) < 0.015
    assert set(got[:, 3]) == {MUON, ANTIMUON}


def test_muons_that_stop() -> None:
    forced = drawn(muon_tables(DETECTOR, "central", stopping=1.0), 300)
    ranges = np.array([range_mm(energy, 1.396) for energy in forced[:, 4]])
    assert (ranges < 1.03 * forced[:, 8] + 5).all()
    natural = drawn(muon_tables(DETECTOR, "central"), 20_000)
    ranges = np.array([range_mm(min(energy, 3000.0), 1.396) for energy in natural[:, 4]])
    assert 0.001 < np.mean(ranges < natural[:, 8]) < 0.02
    volume, work = volume_of(DETECTOR), new_work()
    assert stopped(muon_tables(DETECTOR, "central", stopping=1.0), volume, work, 40) > 0.6
    assert stopped(muon_tables(DETECTOR, "central", stopping=0.0), volume, work, 10) < 0.2


def test_calibration_sources() -> None:
    signal = CalibrationSignal("electron", 5.0, 10.0, position_mm=(-100, 0, 700), direction=(0, 0, 2))
    assert (
        place_of(signal) == "point:-100,0,700" and place_of(CalibrationSignal("gamma", 1.0, 1.0)) == "argon"
    )
    place_tables(DETECTOR, "central", (place_of(signal),))
    particles = np.ones((3, 6))
    assert draw_calibration(calibration_of(signal, DETECTOR), stream(1, 0, 0, 0), particles) == 1
    assert particles[0].tolist() == [ELECTRON, 5.0, 0, 0, 1, 0]
    muon = calibration_of(CalibrationSignal("muon", 300.0, 1.0), DETECTOR)
    kinds = []
    for seed in range(200):
        draw_calibration(muon, stream(seed, 0, 0, 0), particles)
        kinds.append(particles[0, 0])
        assert particles[0, 1:].tolist() == [300.0, 0, 0, 0, 0]
    assert 0.4 < np.mean(np.array(kinds) == ANTIMUON) < 0.75
    assert isinstance(muon, Calibration)


@pytest.mark.parametrize(
    "signal",
    [
        CalibrationSignal("gamma", 1.0, 1.0, position_mm=(4000, 0, 100)),
        CalibrationSignal("gamma", 1.0, 1.0, position_mm=(100, math.nan, 100)),
    ],
)
def test_bad_calibration_sources_are_refused(signal: CalibrationSignal) -> None:
    with pytest.raises(ConfigError, match="calibration: "):
        calibration_of(signal, DETECTOR)


def test_a_calibration_source_behind_an_outer_assembly_is_refused() -> None:
    signal = CalibrationSignal("gamma", 1.0, 1.0, position_mm=(-100, 0, 100))
    calibration_of(signal, DETECTOR)
    with pytest.raises(ConfigError, match="outer"):
        calibration_of(signal, DETECTOR, "outer")
