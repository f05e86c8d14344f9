"""Gammas: free path, Compton scattering, photoelectric effect, pair production. Coherent scattering is left out.

>>> from streams.rng import stream
>>> energy, cosine = compton(1.0, stream(1, 0, 0, 0))
>>> bool(0.2 < energy < 1.0), bool(-1 <= cosine <= 1)
(True, True)
"""

from __future__ import annotations

import numpy as np

from streams.compiled import State, compiled
from streams.rng import exponential, uniform
from streams.sources.beta import ELECTRON_MEV as _ELECTRON
from streams.transport.argon import ArgonTables, at

GAMMA_CUT_MEV = 0.010  # below, the photon is absorbed where it is (mean free path 0.1 mm)
COMPTON, PHOTO, PAIR = 0, 1, 2


@compiled
def attenuation_per_mm(tables: ArgonTables, energy_mev: float) -> float:
    """Return the chance of an interaction per mm."""
    return at(tables.compton, energy_mev) + at(tables.photo, energy_mev) + at(tables.pair, energy_mev)


@compiled
def free_path_mm(tables: ArgonTables, energy_mev: float, state: State) -> float:
    """Return the distance to the next interaction."""
    return exponential(state) / attenuation_per_mm(tables, energy_mev)


@compiled
def process(tables: ArgonTables, energy_mev: float, state: State) -> int:
    """Return which process happens: ``COMPTON``, ``PHOTO`` or ``PAIR``."""
    compton_, photo = at(tables.compton, energy_mev), at(tables.photo, energy_mev)
    pair = at(tables.pair, energy_mev)
    u = uniform(state) * (compton_ + photo + pair)
    if u < compton_:
        return COMPTON
    return PHOTO if u < compton_ + photo else PAIR


@compiled
def compton(energy_mev: float, state: State) -> tuple[float, float]:
    """Draw a Klein-Nishina scattering; return the photon's energy [MeV] and the cosine of its angle.

    Composition and rejection on e = E' / E, density (1/e + e) (1 - e sin^2 / (1 + e^2)) (Butcher and Messel 1960).
    """
    scale = energy_mev / _ELECTRON
    low = 1.0 / (1.0 + 2.0 * scale)
    first, second = -np.log(low), 0.5 * (1.0 - low * low)
    while True:
        if uniform(state) * (first + second) < first:
            e = low ** uniform(state)
        else:
            e = np.sqrt(low * low + (1.0 - low * low) * uniform(state))
        t = (1.0 - e) / (scale * e)
        if uniform(state) < 1.0 - e * t * (2.0 - t) / (1.0 + e * e):
            return e * energy_mev, 1.0 - t
