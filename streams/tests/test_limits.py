"""Signals that cannot be: one sentence that names the key, for every key of every kind."""

from __future__ import annotations

import math

import pytest

from streams.errors import ConfigError
from streams.limits import check_signal
from streams.signals import (
    BurstSignal,
    CalibrationSignal,
    Flat,
    MuonSignal,
    NeutrinoSignal,
    Pinched,
    SegmentsSignal,
    Signal,
    SolarSignal,
)

ZERO = (0.0, 0.0, 0.0)


def neutrinos(**keys: object) -> NeutrinoSignal:
    return NeutrinoSignal(**{"rate_hz": 1.0, **keys})


def calibration(**keys: object) -> CalibrationSignal:
    return CalibrationSignal(**{"particle": "gamma", "energy_mev": 1.0, "rate_hz": 1.0, **keys})


BAD = [
    (neutrinos(rate_hz=-1.0), "rate_hz: got -1.0, want 0 to 1e+07 Hz"),
    (neutrinos(rate_hz=1.1e7), "rate_hz: got 11000000.0, want 0 to 1e+07 Hz"),
    (neutrinos(rate_hz=math.nan), "rate_hz: got nan, want a finite number"),
    (neutrinos(min_energy_mev=4.9), "got 4.9 and 70.0, want 5 <= min < max <= 100 MeV"),
    (neutrinos(min_energy_mev=20.0, max_energy_mev=20.0), "got 20.0 and 20.0, want 5 <= min < max"),
    (neutrinos(max_energy_mev=100.5), "got 5.0 and 100.5, want 5 <= min < max"),
    (neutrinos(interaction="es", min_energy_mev=0.9), "got 0.9 and 70.0, want 1 <= min < max"),
    (neutrinos(flux=Pinched(alpha=-0.1)), "flux.alpha: got -0.1, want 0 to 20"),
    (neutrinos(flux=Pinched(mean_energy_mev=math.nan)), "flux.mean_energy_mev: got nan, want 1 to 50 MeV"),
    (neutrinos(direction=ZERO), "direction: got (0.0, 0.0, 0.0), want a vector"),
    (neutrinos(name="a" * 25), f"name: got {'a' * 25!r}, want 1 to 24 ASCII letters"),
    (neutrinos(name="\u03bd"), "name: got '\u03bd', want 1 to 24 ASCII letters"),
    (neutrinos(name="a\nb"), "name: got 'a\\nb', want 1 to 24 ASCII letters"),
    (BurstSignal(distance_kpc=0.01), "distance_kpc: got 0.01, want 0.05 to 10000 kpc"),
    (BurstSignal(scale=-1.0), "scale: got -1.0, want 0 to 10000"),
    (BurstSignal(start_ms=2e9), "start_ms: got 2000000000.0, want -1e+09 to 1e+09 ms"),
    (BurstSignal(start_ms=-math.inf), "start_ms: got -inf, want a finite number"),
    (BurstSignal(max_energy_mev=0.5), "got 1.0 and 0.5, want 1 <= min < max <= 100 MeV"),
    (BurstSignal(interactions=()), "interactions: got (), want some of nue_cc, es, anue_cc, each once"),
    (BurstSignal(interactions=("es", "es")), "interactions: got ('es', 'es'), want some of"),
    (BurstSignal(direction=ZERO), "direction: got (0.0, 0.0, 0.0), want a vector"),
    (SolarSignal(survival=1.5), "survival: got 1.5, want 0 to 1"),
    (SolarSignal(scale=-1.0), "scale: got -1.0, want 0 to 1e+09"),
    (SolarSignal(interactions=()), "interactions: got (), want some of"),
    (SolarSignal(direction=(0.0, math.nan, 1.0)), "direction: got (0.0, nan, 1.0), want a finite number"),
    (calibration(rate_hz=-1.0), "rate_hz: got -1.0, want 0 to 1e+07 Hz"),
    (calibration(energy_mev=0.0), "energy_mev: got 0.0, want 0.001 to 100 MeV"),
    (calibration(energy_mev=101.0), "energy_mev: got 101.0, want 0.001 to 100 MeV"),
    (calibration(particle="alpha", energy_mev=21.0), "energy_mev: got 21.0, want 0.001 to 20 MeV"),
    (calibration(direction=ZERO), "direction: got (0.0, 0.0, 0.0), want a vector"),
    (calibration(position_mm=(math.nan, 0.0, 0.0)), "position_mm: got (nan, 0.0, 0.0), want a finite number"),
    (calibration(name=""), "name: got '', want 1 to 24 ASCII letters"),
    (MuonSignal(scale=-1.0), "scale: got -1.0, want 0 to 1e+06"),
    (MuonSignal(rate_hz=1.1e4), "rate_hz: got 11000.0, want 0 to 10000 Hz"),
    (MuonSignal(stopping=1.1), "stopping: got 1.1, want 0 to 1"),
    (SegmentsSignal("a", axes=("x", "x", "z")), "axes: got ('x', 'x', 'z'), want x, y, z in any order"),
    (SegmentsSignal("a", axes=("x", "y", "--z")), "axes: got ('x', 'y', '--z'), want x, y, z in any order"),
    (SegmentsSignal("a", spacing_ms=-1.0), "spacing_ms: got -1.0, want 0 to 1e+06 ms"),
    (SegmentsSignal("a", start_ms=-1e10), "start_ms: got -10000000000.0, want -1e+09 to 1e+09 ms"),
    (SegmentsSignal("a", origin_mm=(0.0, math.inf, 0.0)), "origin_mm: got (0.0, inf, 0.0), want a finite"),
]


@pytest.mark.parametrize(("signal", "sentence"), BAD, ids=[f"{type(s).__name__} {t}" for s, t in BAD])
def test_a_signal_that_cannot_be_is_one_sentence(signal: Signal, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_signal("signals[3]", signal)
    said = str(caught.value)
    assert said.startswith("signals[3].") and sentence in said and "\n" not in said


@pytest.mark.parametrize(
    "signal",
    [
        neutrinos(rate_hz=0.0),
        neutrinos(interaction="es", min_energy_mev=1.0, max_energy_mev=100.0, flux=Flat(), name="a" * 24),
        neutrinos(flux=Pinched(0.0, 1.0), direction=(0.0, 0.0, -1e-3)),
        BurstSignal(distance_kpc=0.05, scale=0.0, start_ms=-1e9),
        SolarSignal(survival=0.0, scale=1e9),
        calibration(energy_mev=1e-3, position_mm=(1e6, 0.0, 0.0)),
        calibration(particle="muon", energy_mev=1e6, direction=(0.0, 0.0, 5.0)),
        MuonSignal(),
        MuonSignal(rate_hz=0.0, stopping=1.0),
        SegmentsSignal("a", axes=("-z", "x", "-y"), spacing_ms=0.0),
    ],
)
def test_the_ends_of_the_ranges_are_good(signal: Signal) -> None:
    check_signal("signals[0]", signal)
