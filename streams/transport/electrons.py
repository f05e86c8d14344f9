"""Electrons and positrons: steps of continuous loss, multiple scattering and bremsstrahlung.

Collisions lose energy continuously (no delta rays as particles, no straggling). Bremsstrahlung photons above
``PHOTON_CUT_MEV`` are made one by one along the electron, with the complete-screening shape
(4/3 - 4/3 y + y^2) / y, y = k / T, scaled to the radiative stopping power; softer ones are lost continuously.
Directions change by the Highland angle of each step.

>>> from streams.transport.argon import argon_tables
>>> round(csda_range_mm(argon_tables(1.396), 1.0), 1)  # reference section 9.2: 4.26 mm
4.3
"""

from __future__ import annotations

import math

from streams.compiled import Floats, State, compiled
from streams.rng import exponential, uniform
from streams.sources.beta import ELECTRON_MEV as _ELECTRON
from streams.transport.argon import ArgonTables, at

ELECTRON_CUT_MEV = 0.020  # below, the rest is left where the electron is: its range is 10 micrometres
PHOTON_CUT_MEV = 0.050  # softest bremsstrahlung photon that is made
MAX_STEP_MM = 0.5  # a tenth of the pitch, 0.6 tick of drift
_HIGHLAND_LOG = 1.0 + 0.038 * math.log(0.1)
MAX_LOSS = 0.15  # largest share of the energy lost in one step


@compiled
def step_mm(tables: ArgonTables, kinetic_mev: float) -> float:
    """Return the length of the next step: at most ``MAX_STEP_MM`` and ``MAX_LOSS`` of the energy."""
    return min(MAX_STEP_MM, MAX_LOSS * kinetic_mev / at(tables.collision, kinetic_mev))


@compiled
def _shape_above(y: float) -> float:
    """Return the integral over (4/3 - 4/3 y + y^2) / y from ``y`` to 1: photons per unit of S_rad / T."""
    return -4.0 / 3.0 * math.log(y) - 4.0 / 3.0 * (1.0 - y) + 0.5 * (1.0 - y * y)


@compiled
def soft_share(kinetic_mev: float) -> float:
    """Return the share of the radiative loss that goes into photons below ``PHOTON_CUT_MEV``."""
    y = min(PHOTON_CUT_MEV / kinetic_mev, 1.0)
    return 4.0 / 3.0 * y - 2.0 / 3.0 * y * y + y * y * y / 3.0


@compiled
def photon_mev(tables: ArgonTables, kinetic_mev: float, step: float, state: State) -> float:
    """Return the energy of the photon radiated in one step, or 0 for none."""
    if kinetic_mev <= PHOTON_CUT_MEV:
        return 0.0
    cut = PHOTON_CUT_MEV / kinetic_mev
    mean = at(tables.radiative, kinetic_mev) / kinetic_mev * _shape_above(cut) * step
    if uniform(state) >= mean:
        return 0.0
    while True:
        y: float = cut ** uniform(state)  # density 1 / y between the cut and 1
        if uniform(state) * 4.0 / 3.0 < 4.0 / 3.0 - 4.0 / 3.0 * y + y * y:
            return y * kinetic_mev


@compiled
def highland_angle(
    tables: ArgonTables, kinetic_mev: float, step: float, mass_mev: float = _ELECTRON
) -> float:
    """Return the r.m.s. plane scattering angle of one step (Highland, as in the Review of Particle Physics).

    The logarithm is taken at a tenth of a radiation length, so that short steps add up to the formula's value there.
    """
    beta_momentum = kinetic_mev * (kinetic_mev + 2 * mass_mev) / (kinetic_mev + mass_mev)
    thickness = step / tables.radiation_length_mm
    return 13.6 / beta_momentum * math.sqrt(thickness) * _HIGHLAND_LOG


@compiled
def turn(direction: Floats, cosine: float, azimuth: float) -> None:
    """Turn a unit vector (float64 array, (3,)) in place by a polar angle and an azimuth about itself."""
    sine = math.sqrt(max(1.0 - cosine * cosine, 0.0))
    a, b = sine * math.cos(azimuth), sine * math.sin(azimuth)
    u, v, w = direction[0], direction[1], direction[2]
    across = math.sqrt(u * u + v * v)
    if across < 1e-8:
        sign = 1.0 if w > 0 else -1.0
        direction[0], direction[1], direction[2] = a, b, sign * cosine
        return
    direction[0] = u * cosine + (a * u * w - b * v) / across
    direction[1] = v * cosine + (a * v * w + b * u) / across
    direction[2] = w * cosine - a * across


@compiled
def deflect(angle: float, direction: Floats, state: State) -> None:
    """Turn ``direction`` by two Gaussian angles in planes, each with the r.m.s. ``angle``: Rayleigh in space."""
    polar = angle * math.sqrt(2.0 * exponential(state))
    turn(direction, math.cos(min(polar, math.pi)), 2.0 * math.pi * uniform(state))


@compiled
def scatter(
    tables: ArgonTables,
    kinetic_mev: float,
    step: float,
    direction: Floats,
    state: State,
) -> None:
    """Turn ``direction`` by the multiple scattering of one step."""
    deflect(highland_angle(tables, kinetic_mev, step, _ELECTRON), direction, state)


@compiled
def csda_range_mm(tables: ArgonTables, kinetic_mev: float) -> float:
    """Return the path of an electron in the same steps with continuous losses only, radiation included."""
    path = 0.0
    while kinetic_mev > ELECTRON_CUT_MEV:
        step = step_mm(tables, kinetic_mev)
        middle = kinetic_mev - 0.5 * step * (
            at(tables.collision, kinetic_mev) + at(tables.radiative, kinetic_mev)
        )
        kinetic_mev -= step * (at(tables.collision, middle) + at(tables.radiative, middle))
        path += step
    return path + 0.5 * kinetic_mev / at(tables.collision, max(kinetic_mev, 0.002))
