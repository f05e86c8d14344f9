"""What an electron radiates in all: by continuous slowing down, and photon by photon.

A tabulated yield (NIST) lets an electron slow down continuously. One that loses its energy photon by photon radiates
more: R(T), the mean radiated energy, grows faster than T, so what a hard photon takes away beforehand would have
been radiated less efficiently later. Both follow from the stopping powers; the second from

    S_coll dR/dT = S_rad - integral n(k) (R(T) - R(T - k)) dk

with n(k) the spectrum of photons per length, (4/3 - 4/3 y + y^2) / y, y = k / T, scaled to S_rad.

>>> energy, collision = np.geomspace(0.01, 10, 200), np.ones(200)
>>> bool((continuous(energy, collision, 1e-3 * energy)[50:] < by_photons(energy, collision, 1e-3 * energy)[50:]).all())
True
"""

from __future__ import annotations

import numpy as np

from streams.compiled import Floats

_EDGES = np.geomspace(1e-5, 1.0, 400)  # of y
_Y, _WIDTH = np.sqrt(_EDGES[1:] * _EDGES[:-1]), np.diff(_EDGES)
_NUMBER = (4 / 3 - 4 / 3 * _Y + _Y**2) / _Y * _WIDTH
_NUMBER_PER_LOSS = _NUMBER / (_NUMBER * _Y).sum()  # photons in each step of y for a loss of T


def continuous(energy: Floats, collision: Floats, radiative: Floats) -> Floats:
    """Return the radiated energy of electrons that slow down continuously, from the lowest energy on.

    energy, collision, radiative : float64 (n,), kinetic energy and stopping powers there, any unit of length.
    """
    share = radiative / (collision + radiative)
    steps = 0.5 * (share[1:] + share[:-1]) * np.diff(energy)
    return np.asarray(np.append(0.0, np.cumsum(steps)) + share[0] * energy[0])


def by_photons(energy: Floats, collision: Floats, radiative: Floats) -> Floats:
    """Return the mean radiated energy of electrons that lose it photon by photon."""
    radiated = np.zeros(len(energy))
    radiated[0] = radiative[0] / (collision[0] + radiative[0]) * energy[0]
    for i in range(1, len(energy)):
        here = 0.5 * (energy[i] + energy[i - 1])
        s_coll, s_rad = np.interp(here, energy, collision), np.interp(here, energy, radiative)
        photons = _NUMBER_PER_LOSS * s_rad / here
        left = np.interp(here * (1 - _Y), energy[:i], radiated[:i])
        # R(here) is radiated[i - 1] and half a step at the slope that is looked for.
        slope = (s_rad - (photons * (radiated[i - 1] - left)).sum()) / (
            s_coll + photons.sum() * (here - energy[i - 1])
        )
        radiated[i] = radiated[i - 1] + slope * (energy[i] - energy[i - 1])
    return np.asarray(radiated)
