"""Muons in liquid argon: restricted loss, delta electrons as particles, scattering, decay and capture at rest.

Collisions below ``DELTA_CUT_MEV`` lose energy continuously (Bethe with density effect, restricted); harder ones make
electrons, with the spectrum of a spin-1/2 particle, which gives the straggling. Radiation and collisions above
``DELTA_MAX_MEV`` are left out: at 283 GeV a muon loses 2.5 MeV/cm here of 5.1 in all; the rest is rare showers.

>>> round(10 * lost_mev_per_mm(266.0, 1.396, 1e9), 2)  # PDG: 2.105 MeV/cm at the minimum
2.1
"""

from __future__ import annotations

import math

from streams.compiled import State, compiled
from streams.rng import uniform
from streams.sources.beta import ELECTRON_MEV as _ELECTRON

MUON_MEV = 105.6583755  # Particle Data Group
MICHEL_END_MEV = (MUON_MEV**2 + _ELECTRON**2) / (2 * MUON_MEV)  # 52.83: largest total energy of the electron
LIFETIME_NS = 2197.0  # Particle Data Group
# mu- bound to argon: capture 1.273 +- 0.065 per microsecond (Suzuki, Measday, Roalsvig, Phys. Rev. C 35, 2212), decay
# 0.4552 (1 - 2.5 (14.89 / 137)^2) (Mukhopadhyay, Phys. Rep. 30, 1): mean life 583 ns, 74 % are captured.
_CAPTURE_PER_US, _BOUND_DECAY_PER_US = 1.2727, 0.4418
BOUND_LIFETIME_NS = 1000 / (_CAPTURE_PER_US + _BOUND_DECAY_PER_US)
CAPTURE_SHARE = _CAPTURE_PER_US / (_CAPTURE_PER_US + _BOUND_DECAY_PER_US)

DELTA_CUT_MEV = 0.1  # range 0.15 mm
DELTA_MAX_MEV = 100.0  # end of the tables of electrons
MUON_CUT_MEV = 1.0  # below, the rest is left where the muon is: its range is 0.2 mm
_K_ARGON = 0.307075 * 18 / 39.948  # MeV cm2/g (Particle Data Group)
_EXCITATION_MEV = 188e-6  # as for electrons
# Density effect of liquid argon, as for electrons: -C, x0, x1, a, k (At. Data Nucl. Data Tables 30, 261).
_C, _X0, _X1, _A, _POWER = 5.2146, 0.2, 3.0, 0.19559, 3.0


@compiled
def hardest_mev(kinetic_mev: float) -> float:
    """Return the largest energy that a muon can give to an electron."""
    gamma = kinetic_mev / MUON_MEV + 1.0
    ratio = _ELECTRON / MUON_MEV
    return 2.0 * _ELECTRON * (gamma * gamma - 1.0) / (1.0 + 2.0 * gamma * ratio + ratio * ratio)


@compiled
def lost_mev_per_mm(kinetic_mev: float, density_g_per_cm3: float, cut_mev: float) -> float:
    """Return the mean loss by collisions that give less than ``cut_mev`` to an electron."""
    gamma = kinetic_mev / MUON_MEV + 1.0
    square = gamma * gamma - 1.0
    beta2 = square / (gamma * gamma)
    most = hardest_mev(kinetic_mev)
    cut = min(cut_mev, most)
    x = 0.5 * math.log10(square)
    delta = 0.0
    if x >= _X0:
        delta = 2.0 * math.log(10.0) * x - _C
        if x < _X1:
            delta += _A * (_X1 - x) ** _POWER
    logarithm = 0.5 * math.log(2.0 * _ELECTRON * square * cut / _EXCITATION_MEV**2)
    bracket = logarithm - 0.5 * beta2 * (1.0 + cut / most) - 0.5 * delta
    return _K_ARGON / beta2 * bracket * density_g_per_cm3 / 10.0


@compiled
def delta_mev(kinetic_mev: float, density_g_per_cm3: float, step_mm: float, state: State) -> float:
    """Return the energy of the delta electron of one step, or 0 for none."""
    hardest = hardest_mev(kinetic_mev)
    top = min(hardest, DELTA_MAX_MEV)
    if top <= DELTA_CUT_MEV:
        return 0.0
    total = kinetic_mev + MUON_MEV
    beta2 = 1.0 - (MUON_MEV / total) ** 2
    low, high = 1.0 / DELTA_CUT_MEV, 1.0 / top
    mean = 0.5 * _K_ARGON * density_g_per_cm3 / 10.0 / beta2 * (low - high) * step_mm
    if uniform(state) >= mean:
        return 0.0
    energy: float = 1.0 / (low - uniform(state) * (low - high))  # density 1 / T^2
    accept = 1.0 - beta2 * energy / hardest + 0.5 * (energy / total) ** 2
    return energy if uniform(state) < accept else 0.0


@compiled
def delta_cosine(kinetic_mev: float, delta: float) -> float:
    """Return the cosine of the angle between a muon and its delta electron."""
    total = kinetic_mev + MUON_MEV
    momentum = math.sqrt(kinetic_mev * (kinetic_mev + 2 * MUON_MEV))
    return min(delta * (total + _ELECTRON) / (momentum * math.sqrt(delta * (delta + 2 * _ELECTRON))), 1.0)


@compiled
def michel_mev(state: State) -> float:
    """Return the kinetic energy of the electron of a muon's decay: total energy x E_max, density x^2 (3 - 2 x)."""
    while True:
        x = uniform(state)
        if uniform(state) < x * x * (3.0 - 2.0 * x):
            return max(x * MICHEL_END_MEV - _ELECTRON, 0.0)


@compiled
def range_mm(kinetic_mev: float, density_g_per_cm3: float) -> float:
    """Return the path of a muon that loses the mean of all collisions, down to ``MUON_CUT_MEV``."""
    path = 0.0
    while kinetic_mev > MUON_CUT_MEV:
        lost = 0.02 * kinetic_mev
        path += lost / lost_mev_per_mm(kinetic_mev - 0.5 * lost, density_g_per_cm3, 1e9)
        kinetic_mev -= lost
    return path


@compiled
def backwards_mev(path_mm: float, density_g_per_cm3: float) -> float:
    """Return the kinetic energy of a muon that stops after ``path_mm``."""
    kinetic = MUON_CUT_MEV
    while path_mm > 0.0:
        step = 0.02 * kinetic / lost_mev_per_mm(kinetic, density_g_per_cm3, 1e9)
        kinetic += 0.02 * kinetic * min(path_mm / step, 1.0)
        path_mm -= step
    return kinetic
