"""Fluxes of six flavours, and what they make in argon.

>>> flux = same_flux(2.5, 9.5)
>>> share = flux.density[0] * (flux.energy_mev[1] - flux.energy_mev[0])
>>> round(float(share.sum()), 3), round(float((share * flux.energy_mev).sum()), 2)
(1.0, 9.5)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats
from streams.sources.neutrinos.argon40 import LOWEST_MEV
from streams.sources.neutrinos.cross_sections import (
    ATOMS_PER_TONNE,
    ELECTRONS_PER_ATOM,
    MAX_ENERGY_MEV,
    anue_cc_cm2,
    nue_cc_cm2,
)
from streams.sources.neutrinos.elastic import ANUE, NUE, elastic_cm2

POINTS = 2000  # of an energy axis
# Flavours of each kind: nu_e; anti-nu_e; nu_mu and nu_tau; their antineutrinos.
_KINDS = ((0,), (3,), (1, 2), (4, 5))


class Flux(NamedTuple):
    """Neutrinos per cm2 and MeV (of a burst: in all; of a steady source: per second)."""

    energy_mev: Floats  # (n,), even steps
    density: Floats  # (6, n): nu_e, nu_mu, nu_tau and their antineutrinos


class Folded(NamedTuple):
    """Interactions of one kind per tonne of argon."""

    energy_mev: Floats  # (POINTS,) middles of even bins
    density: (
        Floats  # (4, POINTS) per MeV, by neutrino: nu_e, anti-nu_e, nu_mu and nu_tau, their antineutrinos
    )

    @property
    def per_tonne(self) -> float:
        """Interactions per tonne, all energies and neutrinos."""
        return float(self.density.sum() * (self.energy_mev[1] - self.energy_mev[0]))


def axis(low_mev: float, high_mev: float) -> Floats:
    """Return the middles (float64, (POINTS,)) of even bins from ``low_mev`` to ``high_mev``."""
    return np.asarray(low_mev + (np.arange(POINTS) + 0.5) / POINTS * (high_mev - low_mev))


def pinched(energy_mev: Floats, alpha: float, mean_mev: float) -> Floats:
    """Return the pinched-thermal density [1/MeV], normalised to 1 (Keil, Raffelt and Janka, ApJ 590, 971)."""
    log_norm = (alpha + 1) * math.log(alpha + 1) - math.lgamma(alpha + 1) - math.log(mean_mev)
    scaled = energy_mev / mean_mev
    return np.asarray(np.exp(log_norm + alpha * np.log(scaled) - (alpha + 1) * scaled))


def same_flux(alpha: float, mean_mev: float) -> Flux:
    """Return the flux in which each of the six flavours has the same pinched spectrum, 1 per cm2 each."""
    energy = axis(0.0, MAX_ENERGY_MEV)
    return Flux(energy, np.tile(pinched(energy, alpha, mean_mev), (6, 1)))


def fold(flux: Flux, interaction: str, table: str, low_mev: float, high_mev: float) -> Folded:
    """Return the interactions of ``flux`` from ``low_mev`` to ``high_mev``.

    Parameters
    ----------
    interaction : nue_cc, es or anue_cc.
    table : of the nu_e cross-section, default or marley1.
    """
    energy = axis(low_mev, high_mev)
    density = np.zeros((4, POINTS))
    for kind, flavours in enumerate(_KINDS):
        flux_here = sum(np.interp(energy, flux.energy_mev, flux.density[f], 0.0, 0.0) for f in flavours)
        if interaction == "es":
            density[kind] = flux_here * elastic_cm2(energy, kind) * ELECTRONS_PER_ATOM
        elif interaction == "nue_cc" and kind == NUE:
            density[kind] = flux_here * nue_cc_cm2(energy, table) * (energy > LOWEST_MEV)
        elif interaction == "anue_cc" and kind == ANUE:
            density[kind] = flux_here * anue_cc_cm2(energy)
    return Folded(energy, density * ATOMS_PER_TONNE)
