"""Neutrinos of one core collapse: spectra by phase, the published time profile, rates with distance.

>>> begin, end, flux = phases()[4]  # the peak of the neutronisation
>>> begin, end, f"{flux.density[0].sum() * 0.05:.1e}"  # nu_e per cm2 at 10 kpc
(7.0, 10.0, '4.3e+09')
"""

from __future__ import annotations

import math

import numpy as np

from streams.compiled import Floats
from streams.sources.neutrinos.cross_sections import MAX_ENERGY_MEV
from streams.sources.neutrinos.flux import Flux, axis, pinched

REFERENCE_KPC = 10.0
_CM_PER_KPC = 3.0856775814913673e21  # IAU 2015
_MEV_PER_ERG = 624150.907446  # SI 2019

# Core collapse of 8.8 solar masses, Huedepohl et al., PRL 104, 251101 (2010), as digitised in SNOwGLoBES/snowglobes
# fluxes/garching, averaged over each interval: from and to [ms after bounce], then for nu_e, anti-nu_e and each of the
# other four the luminosity [1e51 erg/s], mean energy [MeV] and pinching. Total 1.6e53 erg, a low one: SN 1987A had
# 3e53. Against the 300 intervals there the interactions move by 0.1 %. Infall: before 0; neutronisation: to 50 ms;
# accretion: to 200 ms; cooling: after (DUNE TDR, ch-snb-lowe).
_NONE = (0.0, 1.0, 2.0)
PHASES = (
    (-20, -10, (30.4, 8.30, 4.87), _NONE, _NONE),
    (-10, 0, (88.0, 8.26, 4.87), _NONE, _NONE),
    (0, 4, (113, 8.81, 4.51), _NONE, _NONE),
    (4, 7, (301, 12.10, 4.44), _NONE, _NONE),
    (7, 10, (339, 12.26, 4.02), _NONE, _NONE),
    (10, 15, (233, 11.86, 3.85), (0.252, 10.58, 3.83), (0.57, 13.19, 2.78)),
    (15, 25, (119, 10.37, 3.86), (3.34, 11.35, 4.05), (9.98, 13.49, 2.93)),
    (25, 50, (52.2, 8.78, 3.63), (25.4, 11.88, 4.12), (27.1, 13.41, 3.06)),
    (50, 100, (32.5, 9.05, 3.36), (33.3, 12.28, 4.05), (24.5, 13.39, 3.01)),
    (100, 200, (19.5, 9.61, 3.21), (21.3, 12.55, 3.72), (16.9, 13.24, 2.81)),
    (200, 350, (12.0, 9.74, 3.21), (12.6, 12.76, 3.35), (12.8, 13.11, 2.67)),
    (350, 500, (9.14, 9.89, 3.21), (9.53, 12.89, 3.17), (10.6, 13.06, 2.59)),
    (500, 750, (7.62, 10.06, 3.21), (8.05, 12.95, 3.07), (8.50, 13.02, 2.54)),
    (750, 1000, (6.43, 10.18, 3.19), (6.89, 13.02, 2.96), (7.33, 12.98, 2.50)),
    (1000, 1500, (5.35, 10.23, 3.18), (5.66, 12.96, 2.86), (6.05, 12.80, 2.45)),
    (1500, 2000, (4.31, 10.18, 3.18), (4.43, 12.68, 2.72), (4.88, 12.47, 2.41)),
    (2000, 3000, (3.08, 9.84, 3.18), (3.27, 12.03, 2.54), (3.50, 11.73, 2.37)),
    (3000, 4500, (1.88, 9.19, 3.10), (1.96, 10.77, 2.30), (2.04, 10.43, 2.27)),
    (4500, 6500, (1.04, 8.33, 2.95), (1.08, 9.21, 2.19), (1.09, 9.01, 2.25)),
    (6500, 9000, (0.449, 7.03, 2.66), (0.467, 7.38, 2.27), (0.447, 7.36, 2.34)),
)  # fmt: skip

# Time profile of interactions for a flux without time: [ms after bounce], share until then. plasorak/Clustering
# BurstTrigger/data/TimeProfile.root (h_MarlTime and, to 50 ms, h_MarlTimeZoom), divided by its 0.9984. The
# h_MarlTime of SNTheoryDistributions.root is the same one bin (100 ms) later: hence "22 % by 0.2 s" elsewhere.
PROFILE = (
    (0, 0.0), (3, 0.0071), (5, 0.0179), (8, 0.0578), (10, 0.0779), (15, 0.1061), (20, 0.1212), (30, 0.1398),
    (50, 0.1645), (100, 0.2239), (200, 0.3150), (300, 0.3865), (500, 0.5099), (1000, 0.6619), (2000, 0.8066),
    (5000, 0.9459), (10000, 1.0),
)  # fmt: skip


def phases() -> tuple[tuple[float, float, Flux], ...]:
    """Return of each interval its begin and end [ms after bounce] and its flux at 10 kpc (per cm2 and MeV)."""
    energy = axis(0.0, MAX_ENERGY_MEV)
    area_cm2 = 4 * math.pi * (REFERENCE_KPC * _CM_PER_KPC) ** 2
    found = []
    for begin, end, nue, anue, other in PHASES:
        density: list[Floats] = []
        for luminosity, mean, alpha in (nue, other, other, anue, other, other):
            number = luminosity * 1e51 * (end - begin) / 1000 * _MEV_PER_ERG / mean
            density.append(number / area_cm2 * pinched(energy, alpha, mean))
        found.append((float(begin), float(end), Flux(energy, np.array(density))))
    return tuple(found)


def distance_factor(distance_kpc: float) -> float:
    """Return flux at ``distance_kpc`` over flux at 10 kpc."""
    return (REFERENCE_KPC / distance_kpc) ** 2
