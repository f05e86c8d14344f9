"""Every kind of interaction that the neutrino signals ask for: its spectra and its rate as a function of time.

>>> from streams.signals import BurstSignal
>>> [course.name for course in courses((BurstSignal(distance_kpc=10.0),))]
['nue_cc', 'es', 'anue_cc']
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.compiled import Floats
from streams.errors import ConfigError
from streams.signals import BurstSignal, FluxFile, NeutrinoSignal, Pinched, Signal, SolarSignal
from streams.sources.neutrinos.argon40 import LOWEST_MEV
from streams.sources.neutrinos.burst import PROFILE, distance_factor, phases
from streams.sources.neutrinos.cross_sections import ANUE_CC, NUE_CC
from streams.sources.neutrinos.elastic import ANUE, NUE
from streams.sources.neutrinos.flux import POINTS, Flux, Folded, axis, fold, same_flux
from streams.sources.neutrinos.flux_file import read_flux
from streams.sources.neutrinos.solar import solar_flux

_MS = 1e6  # ns
_SOLAR_MAX_MEV = 19.0


class Course(NamedTuple):
    """One kind of interaction of one signal."""

    signal: int  # place in the list of signals
    name: str  # of the origin
    interaction: str  # nue_cc, es or anue_cc
    direction: tuple[float, float, float] | None  # of the neutrinos; None: isotropic
    edges_ns: Floats  # (k + 1,) of intervals; the last edge may be infinite
    rate_hz: Floats  # (k,) per tonne of argon, or as it is where ``absolute``
    absolute: bool
    spectra: tuple[Folded, ...]
    spectrum: tuple[int, ...]  # (k,) which of them holds in an interval


def _flat(interaction: str, table: str, low_mev: float, high_mev: float) -> Folded:
    """Return interactions spread evenly over the energies at which there are any."""
    begin = {"nue_cc": max(LOWEST_MEV, NUE_CC[table][0][0]), "anue_cc": ANUE_CC[0][0]}.get(interaction, 0.0)
    energy = axis(max(low_mev, begin), high_mev)
    density = np.zeros((4, POINTS))
    density[ANUE if interaction == "anue_cc" else NUE] = 1.0
    return Folded(energy, density)


def _constant(place: int, signal: NeutrinoSignal) -> Course:
    low, high = signal.min_energy_mev, signal.max_energy_mev
    if isinstance(signal.flux, FluxFile):
        folded = fold(read_flux(signal.flux.path), signal.interaction, signal.cross_section, low, high)
    elif isinstance(signal.flux, Pinched):
        alpha, mean = signal.flux.alpha, signal.flux.mean_energy_mev
        folded = fold(same_flux(alpha, mean), signal.interaction, signal.cross_section, low, high)
    else:
        folded = _flat(signal.interaction, signal.cross_section, low, high)
    if not folded.per_tonne > 0:
        raise ConfigError(
            f"signals[{place}]: no {signal.interaction} from {low:g} to {high:g} MeV with this flux; "
            "raise max_energy_mev"
        )
    edges, rate = np.array([0.0, np.inf]), np.array([signal.rate_hz])
    name = signal.name or signal.interaction
    return Course(place, name, signal.interaction, signal.direction, edges, rate, True, (folded,), (0,))


def _burst(place: int, signal: BurstSignal) -> tuple[Course, ...]:
    factor = signal.scale * distance_factor(signal.distance_kpc)
    fluxes: list[Flux]
    if isinstance(signal.flux, FluxFile):
        fluxes = [read_flux(signal.flux.path)]
        edges_ms, until = np.array(PROFILE).T
        shares, spectrum = np.diff(until), (0,) * (len(until) - 1)
    else:
        parts = phases()
        fluxes = [flux for _, _, flux in parts]
        edges_ms = np.array([begin for begin, _, _ in parts] + [parts[-1][1]])
        shares, spectrum = np.ones(len(parts)), tuple(range(len(parts)))
    found = []
    for interaction in signal.interactions:
        limits = (signal.min_energy_mev, signal.max_energy_mev)
        spectra = tuple(fold(flux, interaction, signal.cross_section, *limits) for flux in fluxes)
        number = shares * np.array([spectra[i].per_tonne for i in spectrum]) * factor
        edges = (signal.start_ms + edges_ms) * _MS
        course = (
            interaction,
            signal.direction,
            edges,
            number / np.diff(edges) * 1e9,
            False,
            spectra,
            spectrum,
        )
        found.append(Course(place, interaction, *course))
    return tuple(found)


def _solar(place: int, signal: SolarSignal) -> tuple[Course, ...]:
    flux = solar_flux(signal.component, signal.survival)
    found = []
    for interaction in signal.interactions:
        folded = fold(flux, interaction, signal.cross_section, 0.1, _SOLAR_MAX_MEV)
        edges, rate = np.array([0.0, np.inf]), np.array([folded.per_tonne * signal.scale])
        course = (interaction, signal.direction, edges, rate, False, (folded,), (0,))
        found.append(Course(place, f"solar_{interaction}", *course))
    return tuple(found)


def courses(signals: tuple[Signal, ...]) -> tuple[Course, ...]:
    """Return the courses of all neutrino signals, signal after signal; other signals are passed over.

    Raises
    ------
    ConfigError, UserError : energies at which nothing happens, or a flux file that cannot be used.
    """
    found: list[Course] = []
    for place, signal in enumerate(signals):
        if isinstance(signal, NeutrinoSignal):
            found.append(_constant(place, signal))
        elif isinstance(signal, BurstSignal):
            found += _burst(place, signal)
        elif isinstance(signal, SolarSignal):
            found += _solar(place, signal)
    return tuple(found)
