"""Sums of waveforms: against a plain calculation with everything included, at their place, in any cutting of a run."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from streams.detector import load_detector
from streams.response import thin_wires
from streams.response.arrivals import ELECTRONS, FACE, SIGMA_TICK, TICK, Z_MM, begin_tick
from streams.response.electronics import chain
from streams.response.kernel import kernel_of
from streams.response.wires import WireSignal
from streams.tests.response_planes import BLOCK, SOURCES, arrival, plane, signal_of


def everything(kernel, geometry, arrivals, ticks):
    """Return the same sums by a plain calculation in float64: all wires, all impacts, Gaussians to 8 sigma."""
    table = kernel.table.astype(np.float64)
    impacts, width, length = table.shape
    total = np.zeros((ticks, geometry.channels))
    for tick, face, y, z, sigma_tick, sigma_mm, electrons in arrivals:
        face = int(face)
        p = y * geometry.normal_y[face] + z * geometry.normal_z[face] - geometry.offset_mm[face]
        place, sigma = p / geometry.pitch_mm * impacts, max(sigma_mm / geometry.pitch_mm, 1e-3) * impacts
        bins = np.arange(math.floor(place - 8 * sigma), math.floor(place + 8 * sigma) + 1)
        bins = bins[(bins >= 0) & (bins < geometry.wires * impacts)]
        share = [
            0.5 * (math.erf((b + 1 - place) / sigma / 2**0.5) - math.erf((b - place) / sigma / 2**0.5))
            for b in bins
        ]
        wires = np.zeros((geometry.wires + width, length))
        for b, s in zip(bins, share, strict=True):
            wires[b // impacts : b // impacts + width] += s * table[b % impacts]
        wires = wires[kernel.reach : kernel.reach + geometry.wires]
        touched = np.flatnonzero(np.abs(wires).any(axis=1))
        first = math.floor(tick) - 40
        times = np.arange(first, first + 81)
        weights = np.exp(-0.5 * ((times - tick) / sigma_tick) ** 2) / sigma_tick / (2 * np.pi) ** 0.5
        for wire in touched:
            wave = np.convolve(wires[wire], weights) * electrons
            row = first + kernel.first
            low, high = max(0, -row), min(len(wave), ticks - row)
            total[row + low : row + high, geometry.channel_of[face, wire]] += wave[low:high]
    return total


def cases(geometry):
    """Return arrivals of several kinds of events, by name."""
    rng = np.random.default_rng(7)
    middle = geometry.wires // 2
    return {
        "single ones": [
            arrival(geometry, 200 + 40 * i, middle + 60 * (i - 3), rng.uniform(), rng.uniform(0.7, 2.9), 2.0, q)
            for i, q in enumerate((300, 1e3, 3e3, 6e3, 9e3, 17e3))
        ],
        "20 MeV": [
            arrival(geometry, 300 + rng.normal(0, 25), middle, rng.normal(0, 8), 1.0, 0.9, 3.5e3, along=x)
            for x in rng.normal(0, 40, 160)
        ],
        "along a wire": [
            arrival(geometry, 300, middle, 0.3, 2.0, 2.0, 9e3, along=x) for x in np.arange(-500, 500, 4.8)
        ],
        "across the wires": [
            arrival(geometry, 300, middle + i // 2, 0.5 * (i % 2), 1.0, 1.0, 15e3) for i in range(-60, 60)
        ],
        "along the drift": [
            arrival(geometry, 200 + t, middle, 0.9, 0.8, 0.8, 6e3) for t in np.arange(0, 250, 0.7)
        ],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["U", "V", "X"])
@pytest.mark.parametrize("source", ["fd1-hd-apa", "fd2-vd-bottom", "fd1-hd-apa file"])
def test_what_is_left_out_is_below_a_tenth_of_a_count(source, name):
    kernel, geometry = plane(source, name)
    for kind, rows in cases(geometry).items():
        arrivals = np.array(rows)
        got = signal_of(kernel, geometry, arrivals, 640, first_tick=-BLOCK)
        want = everything(kernel, geometry, arrivals, 640)
        worst = np.abs(got - want).max()
        # float32 sums of a large signal are good to 1e-6 of it
        assert worst < 0.1 + 2e-6 * np.abs(want).max(), kind
        assert np.abs(want).max() > 2, kind


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("sharp", [True, False])
def test_a_deposit_peaks_at_its_arrival(source, sharp):
    kernel, geometry = plane(source, "X")
    wire = geometry.wires // 2
    for bin_ in range(10):
        for phase in (0.0, 0.3, 0.5, 0.8):
            where = arrival(
                geometry, 300 + phase, wire, bin_ / 10 + 0.05, 0.05 if sharp else 2.0, 0.05 if sharp else 2.0
            )
            got = signal_of(kernel, geometry, np.array([where]), 448)
            row, channel = np.unravel_index(got.argmax(), got.shape)
            assert channel == geometry.channel_of[0, wire]
            assert abs(row - (300 + phase)) <= 1.5  # 1 tick of the signal, 1/2 of the sampling
            if not sharp:
                assert abs(row - (300 + phase)) <= 1.0


def test_diffusion_lowers_the_collection_peak_as_published():
    kernel, geometry = plane("fd1-hd-apa", "X")
    # Reference section 9.6: 21.4 ADC per ke- sharp, 18.2 with 0.8 us; on-wire mean, so charge all over one cell.
    rows = [arrival(geometry, 300, 200, i / 10 + 0.05, 0.8 / 0.512, 0.05, 100) for i in range(10)]
    assert signal_of(kernel, geometry, np.array(rows), 448).max() == pytest.approx(18.2, rel=0.03)


@pytest.mark.parametrize("name", ["U", "X"])
def test_sums_are_linear(name):
    kernel, geometry = plane("fd1-hd-apa", name)
    one = np.array([arrival(geometry, 200.3, 300, 0.2)])
    other = np.array([arrival(geometry, 230.9, 303, 0.7, electrons=9e3)])
    a, b, both = (signal_of(kernel, geometry, x, 384) for x in (one, other, np.concatenate((one, other))))
    assert np.abs(both - (a + b)).max() < 0.1
    doubled = one.copy()
    doubled[:, ELECTRONS] *= 2
    assert np.abs(signal_of(kernel, geometry, doubled, 384) - 2 * a).max() < 0.1
    assert a.max() > 20


def test_impacts_are_mirrored():
    for name in ("U", "V", "X"):
        kernel, geometry = plane("fd1-hd-apa", name)
        wire = 300
        left = signal_of(kernel, geometry, np.array([arrival(geometry, 200, wire, 0.2)]), 320)
        right = signal_of(kernel, geometry, np.array([arrival(geometry, 200, wire, 0.8)]), 320)
        around = geometry.channel_of[0, wire - 8 : wire + 9]
        assert np.allclose(left[:, around], right[:, around[::-1]], atol=1e-3)
        assert not np.allclose(left[:, around], right[:, around], atol=1.0)


@pytest.mark.parametrize("name", ["U", "V", "X"])
def test_every_face_and_segment_has_its_channel(name):
    kernel, geometry = plane("fd1-hd-apa", name)
    for face in (0, 1):
        for wire in (0, 1, 399, 400, 401, geometry.wires - 1):
            if wire >= geometry.wires:
                continue
            # Corner wires are short: look for a place on the wire that is in the rectangle.
            for along in np.arange(-3500, 3500, 1.0):
                row = arrival(geometry, 200, wire, 0.5, face=face, along=along, sigma_mm=0.3)
                if (
                    geometry.low_y <= row[2] <= geometry.high_y
                    and geometry.low_z <= row[3] <= geometry.high_z
                ):
                    break
            got = signal_of(kernel, geometry, np.array([row]), 320)
            assert np.abs(got).max(axis=0).argmax() == geometry.channel_of[face, wire]


def test_charge_beyond_the_wires_gives_no_signal():
    kernel, geometry = plane("fd1-hd-apa", "X")
    row = np.array(arrival(geometry, 200, 0))
    for z in (-1.0, 2301.0):
        row[Z_MM] = z
        assert not signal_of(kernel, geometry, row[None], 320).any()
    kernel, geometry = plane("fd2-vd-bottom", "X")
    for face in (0, 1):
        row = np.array(arrival(geometry, 200, 50))
        row[FACE] = face
        assert signal_of(kernel, geometry, row[None], 320).any() == (face == 0)


def test_a_sharp_arrival_between_ticks_is_where_it_belongs():
    kernel, geometry = plane("fd1-hd-apa", "X")
    fine = kernel_of(
        thin_wires.field_response(load_detector("fd1-hd-apa").response),
        "X",
        chain(14.0, 2.2, 85.449, 1.0),
        512.0 / 16,
    )
    rows = np.arange(320)
    for tick, sigma in (
        (200.0, 0.0),
        (200.25, 0.0),
        (200.5, 0.0),
        (200.75, 0.3),
        (200.25, 0.69),
        (200.5, 0.71),
    ):
        got = signal_of(kernel, geometry, np.array([arrival(geometry, tick, 240, 0.45, sigma, 0.02)]), 320)[
            :, 240
        ]
        spread = np.linspace(-5, 5, 161) * max(sigma, 1e-9)
        weight = np.exp(-0.5 * np.linspace(-5, 5, 161) ** 2)
        at = (rows[:, None] - tick - spread) * 16 - fine.first
        exact = 6e3 * np.interp(at, np.arange(fine.table.shape[2]), fine.table[4, fine.reach], 0, 0)
        assert (
            np.abs(got - exact @ weight / weight.sum()).max() < 0.012 * got.max()
        )  # 1.04 % found, half way between ticks


def test_the_same_bytes_however_a_run_is_cut():
    rng = np.random.default_rng(3)
    for name in ("U", "X"):
        kernel, geometry = plane("fd1-hd-apa", name)
        arrivals = np.array([
            arrival(geometry, t, rng.integers(10, geometry.wires - 10), rng.uniform(), rng.uniform(0, 3), 1.5,
                    rng.exponential(8e3), rng.integers(2)) for t in rng.uniform(0, 700, 150)
        ])  # fmt: skip
        digests = {
            hashlib.sha256(signal_of(kernel, geometry, arrivals, 768, first_tick=first).tobytes()).hexdigest()
            for first in (-3 * BLOCK, -4 * BLOCK, -9 * BLOCK, -50 * BLOCK)
        }
        assert len(digests) == 1


def test_begin_tick_is_early_enough():
    kernel, geometry = plane("fd1-hd-apa", "U")
    signal = WireSignal(kernel, geometry, 4.0)
    for tick in (300.0, 300.49, 300.5, 300.99):
        for sigma in (0.0, 0.3, 0.69, 0.7, 1.0, 4.0):
            row = np.array([arrival(geometry, tick, 500, 0.5, sigma, electrons=1e8)])
            seen = np.flatnonzero(np.abs(signal_of(kernel, geometry, row, 448)).max(axis=1))
            begins = begin_tick(row, signal.before)[0]
            assert begins <= seen[0] < begins + 6


def test_what_cannot_be_added_is_refused():
    kernel, geometry = plane("fd1-hd-apa", "X")
    signal = WireSignal(kernel, geometry, 3.0)
    row = np.array([arrival(geometry, 200, 100)])
    begins = int(begin_tick(row, signal.before)[0])
    signal.add(row, begins)
    signal.add(row[:0], begins + 1)
    with pytest.raises(ValueError, match="want the block at"):
        signal.add(row, begins + 1)
    with pytest.raises(ValueError, match="want the block at"):
        signal.add(row, begins - BLOCK)
    for column, value in (
        (SIGMA_TICK, 3.1),
        (SIGMA_TICK, np.nan),
        (TICK, np.inf),
        (Z_MM, np.nan),
        (ELECTRONS, np.nan),
    ):
        bad = row.copy()
        bad[0, column] = value
        with pytest.raises(ValueError, match=r"spread of 3\.1 ticks, want at most 3|no number"):
            signal.add(bad, begins)
