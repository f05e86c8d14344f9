"""Neutrinos on argon: how many, at which energies, and what their electrons get.

>>> row = _cross_sections()[0]
>>> row.quantity, row.verdict
('nu_e CC cross-section at 10 MeV, marley1', 'yes')
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, compiled
from streams.detector import load_detector
from streams.rng import stream
from streams.signals import BurstSignal, CrossSection, Flat, FluxFile, NeutrinoSignal, Pinched
from streams.sources.neutrinos.cross_sections import nue_cc_cm2
from streams.sources.neutrinos.draw import Neutrinos, draw_neutrino, neutrino_tables
from streams.sources.neutrinos.elastic import NUE, elastic_cm2
from streams.sources.neutrinos.rates import expected, rate_profile
from streams.validation.row import Curve, Findings, Plot, Row, Run, absent

_FLUXES = {"Livermore": "physics/flux_livermore.dat", "GKVM": "physics/flux_gvkm.dat"}
_FOLD = "SNOwGLoBES flux and table, folded (reference 9.1.2)"
#: nu_e CC in 40 kt at 10 kpc, by cross-section (reference 9.1.2), and the DUNE TDR's.
EVENTS = {"Livermore": (2677, 2991, 2720), "GKVM": (3307, 3631, 3350)}
#: Thresholds of E_nu [MeV] that leave 0.90 and 0.58 of the interactions (reference 9.1.12); share above the nucleon
#: threshold of 40K (9.1.3); mean E_nu (4): all with the marley1 table (the default's are up to 0.3 MeV higher).
SPECTRA = {
    "pinched": (10.7, 16.2, 0.12, None),
    "Livermore": (12.5, 19.7, 0.18, 22.8),
    "GKVM": (17.7, 27.6, 0.30, 31.2),
}
#: 1e-43 cm2 per MeV (reference 4).
CROSS_SECTIONS: tuple[tuple[str, CrossSection, dict[float, float]], ...] = (
    ("nu_e CC", "marley1", {10: 52.4, 15: 214, 20: 526, 30: 1830, 40: 4120, 50: 7390}),
    ("nu_e CC", "default", {15: 187, 20: 492, 30: 1620}),
)
ELASTIC = {10: 0.895, 20: 1.82}
Q_MEV, NUCLEON_MEV = (
    1.505,
    7.58,
)  # 40Ar to 40K, and the threshold above which a nucleon leaves (reference 9.1.3)


class Drawn(NamedTuple):
    """Interactions: energies in MeV, cosine of the electron to the neutrino."""

    neutrino: Floats
    electron: Floats
    everything: Floats  # kinetic energy of all particles
    cosine: Floats

    @property
    def excitation(self) -> Floats:
        """Excitation energy of 40K."""
        return self.neutrino - self.electron - Q_MEV


@compiled
def _draw(tables: Neutrinos, count: int, seed: int, out: Floats) -> None:
    particles = np.zeros((64, 6))
    for i in range(count):
        n, out[0, i] = draw_neutrino(tables, 0, stream(seed, 17, i, 0), particles)
        out[1, i] = particles[0, 1]
        out[2, i] = particles[:n, 1].sum()
        out[3, i] = particles[0, 4]


def draw(signal: NeutrinoSignal, count: int, seed: int) -> Drawn:
    """Return interactions of neutrinos that come along z."""
    out = np.zeros((4, count))
    _draw(neutrino_tables((signal,)), count, seed, out)
    return Drawn(*out)


def _cross_sections() -> list[Row]:
    rows = []
    for name, table, points in CROSS_SECTIONS:
        for energy, wanted in points.items():
            found = float(nue_cc_cm2(np.array([energy], float), table)[0]) * 1e43
            rows.append(Row("neutrinos", f"{name} cross-section at {energy:g} MeV, {table}", wanted,
                            "SNOwGLoBES (reference 4)", found, 0, 0.02 * wanted, "1e-43 cm2"))  # fmt: skip
    for energy, wanted in ELASTIC.items():
        found = float(elastic_cm2(np.array([energy], float), NUE)[0]) * 1e43
        rows.append(Row("neutrinos", f"nu_e on an electron at {energy:g} MeV", wanted, "SNOwGLoBES (reference 4)",
                        found, 0, 0.02 * wanted, "1e-43 cm2"))  # fmt: skip
    return rows


def _burst(name: str, run: Run, label: str, wanted: float | None, source: str, allowed: float | None) -> Row:
    """Return one number of interactions in 40 kt at 10 kpc; ``label`` begins with interaction and cross-section."""
    interaction, table, words = label.split(" ", 2)
    quantity, path = f"{words}, 40 kt at 10 kpc, {name}", run.file(_FLUXES[name])
    if path is None:
        return absent("neutrinos", quantity, source, _FLUXES[name])
    signal = BurstSignal(flux=FluxFile(str(path)), cross_section=table)  # type: ignore[arg-type]
    return Row("neutrinos", quantity, wanted, source, expected(signal, interaction, 40_000.0), 0, allowed)


def _above(name: str, run: Run, label: str, tdr: float) -> Row:
    """Return the elastic scatterings whose electron a detector could see, beside the TDR's number."""
    quantity, path = f"{label}, 40 kt at 10 kpc, {name}", run.file(_FLUXES[name])
    source = "DUNE TDR, threshold not stated"
    if path is None:
        return absent("neutrinos", quantity, source, _FLUXES[name])
    flux = FluxFile(str(path))
    drawn = draw(NeutrinoSignal(1.0, "es", flux, 1.0, 100.0), run.count(5_000), run.seed)
    share = float((drawn.electron > 5.0).mean())
    all_ = expected(BurstSignal(flux=flux), "es", 40_000.0)
    sigma = all_ * math.sqrt(share * (1 - share) / len(drawn.electron))
    return Row("neutrinos", quantity, tdr, source, share * all_, sigma)


def _events(run: Run) -> list[Row]:
    """Return the interactions of a burst in 40 kt at 10 kpc."""
    rows = []
    for name, (default, marley, tdr) in EVENTS.items():
        es, anue = (582, 225) if name == "Livermore" else (None, None)
        why = "DUNE TDR: 1.6 / 1.3 % above the default; the two tables of SNOwGLoBES differ by 12 / 10 %"
        rows += [
            _burst(
                name, run, "nue_cc default nu_e CC, default cross-section", default, _FOLD, 0.02 * default
            ),
            _burst(name, run, "nue_cc marley1 nu_e CC, marley1 cross-section", marley, _FOLD, 0.02 * marley),
            _burst(name, run, "nue_cc default nu_e CC beside the TDR", tdr, why, None),
            _burst(
                name,
                run,
                "es default elastic scattering, no threshold",
                es,
                "reference 9.1.2; TDR 350 / 260",
                None,
            ),
            _above(
                name, run, "elastic scattering, electrons above 5 MeV", {"Livermore": 350, "GKVM": 260}[name]
            ),
            _burst(name, run, "anue_cc default anti-nu_e CC", anue, "reference 4; TDR 230 / 160", None),
        ]
    return rows


def _spectrum(name: str, drawn: Drawn) -> list[Row]:
    """Return thresholds, mean energy and the share above the nucleon threshold."""
    high, low, above, mean = SPECTRA[name]
    n, rows, source = len(drawn.neutrino), [], "reference 9.1.12, marley1"
    for share, wanted in ((0.90, high), (0.58, low)):
        found = float(np.quantile(drawn.neutrino, 1 - share))
        near = float((np.abs(drawn.neutrino - found) < 0.5).mean())  # per MeV
        sigma = math.sqrt(share * (1 - share) / n) / near
        what = f"{name}, E_nu above which {share:.0%} of nu_e CC lie"
        rows.append(Row("neutrinos", what, wanted, source, found, sigma, 0.3, "MeV"))
    found, sigma = float((drawn.excitation > NUCLEON_MEV).mean()), math.sqrt(above / n)
    what = f"{name}, share of nu_e CC above the nucleon threshold"
    rows.append(Row("neutrinos", what, above, "reference 9.1.3", found, sigma, 0.02))
    if mean is not None:
        found, sigma = float(drawn.neutrino.mean()), float(drawn.neutrino.std()) / math.sqrt(n)
        what = f"{name}, mean E_nu of nu_e CC"
        rows.append(Row("neutrinos", what, mean, "reference 4, marley1", found, sigma, 0.02 * mean, "MeV"))
    return rows


def _spectra(run: Run) -> tuple[list[Row], list[Curve]]:
    rows: list[Row] = []
    curves: list[Curve] = []
    for name in SPECTRA:
        path = run.file(_FLUXES[name]) if name in _FLUXES else None
        if name in _FLUXES and path is None:
            stand_in = _spectrum(name, draw(NeutrinoSignal(rate_hz=1), 100, 1))
            rows += [absent("neutrinos", row.quantity, row.source, _FLUXES[name]) for row in stand_in]
            continue
        flux = Pinched() if path is None else FluxFile(str(path))
        signal = NeutrinoSignal(1.0, flux=flux, max_energy_mev=100.0, cross_section="marley1")
        drawn = draw(signal, run.count(20_000), run.seed)
        rows += _spectrum(name, drawn)
        counts, edges = np.histogram(drawn.neutrino, np.arange(0, 101, 2.0))
        curves.append((name, edges[:-1] + 1, counts / counts.sum() / 2))
    return rows, curves


def _at(energy: float, run: Run) -> list[Row]:
    """Return what the electron of a neutrino of one energy gets."""
    band = (energy - 0.01, energy + 0.01)
    signal = NeutrinoSignal(1.0, "nue_cc", Flat(), *band, direction=(0.0, 0.0, 1.0))
    drawn = draw(signal, run.count(5_000), run.seed)
    n, less = len(drawn.neutrino), drawn.neutrino - drawn.electron
    below = drawn.excitation < NUCLEON_MEV
    off = float(np.abs(drawn.everything + Q_MEV - drawn.neutrino)[below].max())
    sigma, at = float(less.std()) / math.sqrt(n), f"at {energy:g} MeV"
    cosine, spread = float(drawn.cosine.mean()), float(drawn.cosine.std()) / math.sqrt(n)
    kept, angle = (
        f"largest energy lost {at}, below the nucleon threshold",
        "Fermi and GT angles (reference 4)",
    )
    return [
        Row(
            "neutrinos",
            f"E_nu - T_e, median {at}",
            5,
            "4 to 6 MeV (reference 4)",
            float(np.median(less)),
            sigma,
            1,
            "MeV",
        ),
        Row("neutrinos", f"E_nu - T_e, mean {at}", None, "", float(less.mean()), sigma, None, "MeV"),
        Row("neutrinos", kept, 0, "T_e + gammas = E_nu - 1.505 MeV", off, 0, 0.01, "MeV"),
        Row("neutrinos", f"mean cosine of the electron {at}", None, angle, cosine, spread),
    ]


def _electrons(run: Run) -> tuple[list[Row], Plot]:
    """Return the electron's energy against the neutrino's."""
    rows = [row for energy in (10.0, 20.0, 30.0) for row in _at(energy, run)]
    drawn = draw(NeutrinoSignal(1.0, flux=Flat(), max_energy_mev=50.0), 1_000, run.seed)
    highest: Curve = ("E_nu - 1.505 MeV", np.array([5.0, 50.0]), np.array([3.495, 48.495]))
    title = ("neutrino_electron", "nu_e CC: electron against neutrino", "E_nu [MeV]", "T_e [MeV]")
    return rows, Plot(*title, (highest,), (("interactions", drawn.neutrino, drawn.electron),))


def _profile() -> list[Row]:
    """Return the time profile of the default burst."""
    edges, rate = rate_profile(BurstSignal(), load_detector("fd1-hd-apa"))
    until = np.append(0.0, np.cumsum(rate * np.diff(edges)))
    rows = []
    for second, wanted in ((0.2, 0.22), (0.5, 0.45), (1.0, 0.64), (2.0, 0.80), (5.0, 0.94)):
        found = float(np.interp(1e9 * second, edges, until) / until[-1])
        rows.append(Row("neutrinos", f"burst by phases, share of nu_e CC by {second:g} s", wanted,
                        "Huedepohl 11.2 (reference 2.2); other models differ", found))  # fmt: skip
    return rows


def check(run: Run) -> Findings:
    """Return cross-sections, numbers of a burst, spectra, electrons and the time profile."""
    spectra, curves = _spectra(run)
    electrons, plot = _electrons(run)
    rows = [*_cross_sections(), *_events(run), *spectra, *electrons, *_profile()]
    spectrum = Plot("neutrinos", "nu_e CC interactions", "E_nu [MeV]", "per MeV", tuple(curves))
    return Findings(rows, [spectrum, plot])
