"""Draw one neutrino interaction: the particles that leave its vertex.

>>> import numpy as np
>>> from streams.rng import stream
>>> from streams.signals import NeutrinoSignal
>>> tables, particles = neutrino_tables((NeutrinoSignal(rate_hz=1.0),)), np.zeros((64, 6))
>>> n, energy_mev = draw_neutrino(tables, 0, stream(1, 1, 0, 0), particles)
>>> n >= 1, bool(abs(energy_mev - particles[:n, 1].sum() - 1.505) < 0.01)
(True, True)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, State, compiled
from streams.rng import uniform
from streams.signals import Signal
from streams.sources.beta import QUANTILES, quantile_table
from streams.sources.decays import from_quantiles
from streams.sources.neutrinos.argon40 import Potassium, angle_slope, draw_capture, draw_cosine, potassium
from streams.sources.neutrinos.courses import Course, courses
from streams.sources.neutrinos.elastic import COUPLINGS, draw_recoil
from streams.transport.argon import ELECTRON, POSITRON

NUE_CC, ES, ANUE_CC = 0, 1, 2
_INTERACTIONS = {"nue_cc": NUE_CC, "es": ES, "anue_cc": ANUE_CC}
#: anti-nu_e on 40Ar: mass of 40Cl less that of 40Ar, 7.482 MeV (AME 2020), and two electrons. T_e+ = E_nu - this.
#: Nothing is published on the levels of 40Cl: all the energy goes to the positron (an assumption: gammas would carry
#: a part of it; above 5.83 MeV of excitation a neutron leaves). The angle is that of Gamow-Teller. The decay of 40Cl
#: (1.35 minutes) is left out.
ANUE_THRESHOLD_MEV = 7.482 + 2 * 0.51099895


class Neutrinos(NamedTuple):
    """Spectra of interactions, one after the other, and the final states."""

    interaction: Integers  # (spectra,) NUE_CC, ES or ANUE_CC
    direction: Floats  # (spectra, 3) of the neutrinos, a unit vector; 0, 0, 0: isotropic
    share: Floats  # (spectra, 4) of nu_e, anti-nu_e, nu_mu and nu_tau, their antineutrinos; cumulated
    energy_mev: Floats  # (spectra, 4, QUANTILES)
    couplings: Floats  # (4, 2): gL, gR
    potassium: Potassium


def _direction(course: Course) -> Floats:
    vector = np.array(course.direction or (0.0, 0.0, 0.0), np.float64)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-300))


def neutrino_tables(signals: tuple[Signal, ...]) -> Neutrinos:
    """Return the spectra of all neutrino signals, in the order of ``rates.channels``."""
    interaction, direction, share, energy = [], [], [], []
    for course in courses(signals):
        for energies, density in course.spectra:
            interaction.append(_INTERACTIONS[course.interaction])
            direction.append(_direction(course))
            share.append(np.cumsum(density.sum(axis=1)) / max(float(density.sum()), 1e-300))
            energy.append(
                [quantile_table(energies, part) if part.any() else np.zeros(QUANTILES) for part in density]
            )
    return Neutrinos(
        np.array(interaction, np.int64),
        np.array(direction, np.float64).reshape(-1, 3),
        np.array(share, np.float64).reshape(-1, 4),
        np.array(energy, np.float64).reshape(-1, 4, QUANTILES),
        COUPLINGS,
        potassium(),
    )


@compiled
def _aim(axis: Floats, cosine: float, state: State, particle: Floats) -> None:
    """Set the direction (columns 2 to 4) at the angle of ``cosine`` to ``axis``; isotropic if that is 0, 0, 0."""
    if axis[0] == 0.0 and axis[1] == 0.0 and axis[2] == 0.0:
        cosine = 2.0 * uniform(state) - 1.0
    phi = 2.0 * math.pi * uniform(state)
    sine = math.sqrt(max(1.0 - cosine * cosine, 0.0))
    a, b = sine * math.cos(phi), sine * math.sin(phi)
    x, y, z = axis[0], axis[1], axis[2]
    if z < -0.999999 or (x == 0.0 and y == 0.0 and z == 0.0):  # along -z, or isotropic
        particle[2], particle[3], particle[4] = a, -b, -cosine
        return
    # the rotation of z onto the axis, without the square root of a cross product (Frisvad 2012)
    c = 1.0 / (1.0 + z)
    particle[2] = a * (1.0 - x * x * c) - b * x * y * c + cosine * x
    particle[3] = -a * x * y * c + b * (1.0 - y * y * c) + cosine * y
    particle[4] = -a * x - b * y + cosine * z


@compiled
def draw_neutrino(neutrinos: Neutrinos, index: int, state: State, particles: Floats) -> tuple[int, float]:
    """Draw the products of one interaction of spectrum ``index`` into ``particles`` (float64, (64, 6)).

    Columns: kind, kinetic MeV, direction x, y, z (0, 0, 0: isotropic, to be drawn by the caller), delay [ns].

    Returns
    -------
    the number of particles, and the energy of the neutrino [MeV].
    """
    u, kind = uniform(state), 0
    while neutrinos.share[index, kind] <= u and kind < 3:
        kind += 1
    energy = from_quantiles(neutrinos.energy_mev[index, kind], uniform(state))
    n, cosine = 1, 0.0
    if neutrinos.interaction[index] == NUE_CC:
        n, cosine = draw_capture(neutrinos.potassium, energy, state, particles)
    else:
        particles[0, 5] = 0.0
        if neutrinos.interaction[index] == ES:
            left, right = neutrinos.couplings[kind, 0], neutrinos.couplings[kind, 1]
            particles[0, 0] = ELECTRON
            particles[0, 1], cosine = draw_recoil(energy, left, right, state)
        else:
            kinetic = max(energy - ANUE_THRESHOLD_MEV, 0.0)
            particles[0, 0], particles[0, 1] = POSITRON, kinetic
            cosine = draw_cosine(angle_slope(kinetic, False), state)
    _aim(neutrinos.direction[index], cosine, state, particles[0])
    return n, energy
