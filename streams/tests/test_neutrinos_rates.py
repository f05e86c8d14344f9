"""Folded rates, solar rates, time profiles: against published numbers and the tables that they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.detector import load_detector
from streams.errors import ConfigError
from streams.signals import BurstSignal, Flat, FluxFile, NeutrinoSignal, SolarSignal
from streams.sources.neutrinos.cross_sections import anue_cc_cm2, nue_cc_cm2
from streams.sources.neutrinos.elastic import ANUE, ANUX, NUE, NUX, elastic_cm2
from streams.sources.neutrinos.flux import fold, same_flux
from streams.sources.neutrinos.flux_file import read_flux
from streams.sources.neutrinos.kinematics import efficiency_threshold, share_above_nucleon
from streams.sources.neutrinos.rates import argon_tonnes, channels, expected, rate_profile
from streams.sources.neutrinos.solar import solar_flux

SHARED = Path(__file__).parents[3] / "shared/data/physics"
MODULE_T = 40_000.0


def _file(name: str) -> FluxFile:
    path = SHARED / f"flux_{name}.dat"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return FluxFile(str(path))


@pytest.mark.parametrize(
    ("flux", "table", "interaction", "wanted"),
    [  # reference section 9.1.2 and section 4 ("my fold")
        ("livermore", "default", "nue_cc", 2677),
        ("gvkm", "default", "nue_cc", 3307),
        ("livermore", "marley1", "nue_cc", 2991),
        ("gvkm", "marley1", "nue_cc", 3631),
        ("livermore", "default", "es", 582),
        ("livermore", "default", "anue_cc", 225),
    ],
)
def test_folded_rates_of_published_fluxes(flux: str, table: str, interaction: str, wanted: float) -> None:
    signal = BurstSignal(distance_kpc=10.0, flux=_file(flux), cross_section=table)
    assert expected(signal, interaction, MODULE_T) == pytest.approx(wanted, rel=0.005)


@pytest.mark.parametrize(
    ("energy_mev", "default", "marley1"),
    [(15, 1.87e-41, 2.14e-41), (20, 4.92e-41, 5.26e-41), (30, 1.62e-40, 1.83e-40)],
)
def test_cross_sections_of_the_reference(energy_mev: float, default: float, marley1: float) -> None:
    energy = np.array([float(energy_mev)])
    assert nue_cc_cm2(energy, "default")[0] == pytest.approx(default, rel=0.005)
    assert nue_cc_cm2(energy, "marley1")[0] == pytest.approx(marley1, rel=0.005)


def test_cross_sections_rise_and_are_zero_below_their_tables() -> None:
    energy = np.linspace(1.0, 100.0, 2000)
    for sigma, begin in (
        (nue_cc_cm2(energy, "default"), 3.1),
        (nue_cc_cm2(energy, "marley1"), 5.0),
        (anue_cc_cm2(energy), 16.1),
    ):
        assert (sigma[energy < begin] == 0).all()
        assert (np.diff(sigma[energy >= begin]) > 0).all()
    assert nue_cc_cm2(np.array([101.0]))[0] == 0


def test_elastic_cross_sections_at_high_energy() -> None:
    """Far above the electron's mass sigma / E is 1.7232e-44 cm2/MeV (gL^2 + gR^2 / 3): Particle Data Group."""
    energy = np.array([1e5])
    for kind, couplings in (
        (NUE, (0.723, 0.223)),
        (ANUE, (0.223, 0.723)),
        (NUX, (-0.277, 0.223)),
        (ANUX, (0.223, -0.277)),
    ):
        left, right = couplings
        wanted = 1.7232e-44 * 1e5 * (left**2 + right**2 / 3)
        assert elastic_cm2(energy, kind)[0] == pytest.approx(wanted, rel=2e-3)


def test_solar_rates() -> None:
    """8B, all arriving as nu_e: 139 CC a day in 10 kt with marley1, with the fine tables."""
    signal = SolarSignal(cross_section="marley1")
    day = 86400.0
    assert expected(signal, "nue_cc", 10_000.0) * day == pytest.approx(138.6, rel=0.005)
    less = SolarSignal(cross_section="marley1", survival=0.31)
    assert expected(less, "nue_cc", 10_000.0) == pytest.approx(0.31 * expected(signal, "nue_cc", 10_000.0))
    hep = SolarSignal(component="hep", cross_section="marley1")
    assert expected(hep, "nue_cc", 10_000.0) * day == pytest.approx(0.765 * 7.98 / 8.0, rel=0.005)


def test_solar_spectra_and_flavours() -> None:
    """Means and shares below 4, 6, 8, 10, 12 MeV of the fine tables (Bahcall; sources in solar.py)."""
    for component, mean, below in (
        ("b8", 6.735, [0.1742, 0.4124, 0.6701, 0.8709, 0.9749]),
        ("hep", 9.630, [0.0639, 0.1784, 0.3440, 0.5356, 0.7214]),
    ):
        flux = solar_flux(component, 1.0)
        assert np.average(flux.energy_mev, weights=flux.density[0]) == pytest.approx(mean, rel=0.001)
        share = np.cumsum(flux.density[0]) / flux.density[0].sum()
        assert np.interp([4, 6, 8, 10, 12], flux.energy_mev, share) == pytest.approx(below, abs=0.002)
    part = expected(SolarSignal(survival=0.31), "es", 1.0)
    all_nue, no_nue = (expected(SolarSignal(survival=share), "es", 1.0) for share in (1.0, 0.0))
    assert part == pytest.approx(0.31 * all_nue + 0.69 * no_nue)
    assert no_nue / all_nue == pytest.approx(
        0.17, abs=0.01
    )  # 1.6 against 9.2, reference of elastic scattering


def test_phases_give_what_their_source_gives() -> None:
    """903.9, 302.9 and 23.0 from the 300 intervals of SNOwGLoBES fluxes/garching, unrounded, 40 kt at 10 kpc."""
    signal = BurstSignal(distance_kpc=10.0, min_energy_mev=0.1)
    assert expected(signal, "nue_cc", MODULE_T) == pytest.approx(903.9, rel=0.005)
    assert expected(signal, "es", MODULE_T) == pytest.approx(302.9, rel=0.005)
    assert expected(signal, "anue_cc", MODULE_T) == pytest.approx(23.0, rel=0.01)


def test_distance_scale_and_time() -> None:
    detector = load_detector("fd1-hd-apa")
    near = BurstSignal(distance_kpc=5.0, start_ms=100.0)
    far = BurstSignal(distance_kpc=10.0, start_ms=100.0, scale=2.0)
    assert expected(near, "es", 1.0) == pytest.approx(2 * expected(far, "es", 1.0))
    edges_ns, rate_hz = rate_profile(far, detector)
    assert edges_ns[0] == 80e6
    assert (np.diff(edges_ns) > 0).all()
    assert 107e6 <= edges_ns[rate_hz.argmax()] <= 110e6  # neutronisation
    assert (rate_hz * np.diff(edges_ns)).sum() / 1e9 == pytest.approx(
        expected(far, "nue_cc", argon_tonnes(detector, "central"))
    )


def test_time_profile_of_a_flux_file() -> None:
    edges_ns, rate_hz = rate_profile(BurstSignal(flux=_file("livermore")), load_detector("fd1-hd-apa"))
    number = np.concatenate([[0.0], np.cumsum(rate_hz * np.diff(edges_ns))])
    share = np.interp([50e6, 200e6, 1e9, 10e9], edges_ns, number / number[-1])
    assert share == pytest.approx([0.164, 0.315, 0.662, 1.0], abs=0.002)


def test_argon_of_an_assembly() -> None:
    assert argon_tonnes(load_detector("fd1-hd-apa"), "central") == pytest.approx(138.7, rel=0.001)


def test_channels_of_all_signals() -> None:
    signals = (
        NeutrinoSignal(rate_hz=3.0, name="mine"),
        BurstSignal(interactions=("es",)),
        NeutrinoSignal(rate_hz=1.0, interaction="anue_cc", flux=Flat()),
        SolarSignal(),
    )
    found = channels(signals, load_detector("fd1-hd-apa"))
    assert [c.name for c in found] == ["mine", "es", "anue_cc", "solar_nue_cc", "solar_es"]
    assert [c.signal for c in found] == [0, 1, 2, 3, 3]
    assert [int(i) for c in found for i in c.spectrum] == list(range(len(found[1].spectrum) + 4))
    assert found[0].rate_hz.tolist() == [3.0]


@pytest.mark.parametrize(
    ("flux", "above", "high", "low"),
    [("livermore", 0.18, 12.5, 19.7), ("gvkm", 0.30, 17.7, 27.6)],
)
def test_what_published_fluxes_show(flux: str, above: float, high: float, low: float) -> None:
    """Reference sections 9.1.3 and 9.1.12."""
    folded = fold(read_flux(_file(flux).path), "nue_cc", "marley1", 1.0, 70.0)
    assert share_above_nucleon(folded) == pytest.approx(above, abs=0.01)
    assert efficiency_threshold(folded, 0.90) == pytest.approx(high, abs=0.2)
    assert efficiency_threshold(folded, 0.58) == pytest.approx(low, abs=0.2)


def test_an_outer_assembly_has_one_face() -> None:
    detector = load_detector("fd1-hd-apa")
    assert argon_tonnes(detector, "outer") == pytest.approx(argon_tonnes(detector, "central") / 2)
    with pytest.raises(ConfigError, match="position"):
        argon_tonnes(detector, "attic")


def test_energies_at_which_nothing_happens() -> None:
    signal = NeutrinoSignal(rate_hz=1.0, interaction="anue_cc", max_energy_mev=12.0)
    with pytest.raises(
        ConfigError, match=r"signals\[0\]: no anue_cc from 5 to 12 MeV with this flux"
    ) as caught:
        channels((signal,), load_detector("fd1-hd-apa"))
    assert "\n" not in str(caught.value)


def test_the_pinched_flux_folds_to_its_mean() -> None:
    """Mean energy of the interactions of alpha 2.5, 9.5 MeV with sigma ~ marley1: 18.4 MeV."""
    folded = fold(same_flux(2.5, 9.5), "nue_cc", "marley1", 1.0, 100.0)
    mean = (folded.energy_mev * folded.density[0]).sum() / folded.density[0].sum()
    assert mean == pytest.approx(18.43, abs=0.05)
