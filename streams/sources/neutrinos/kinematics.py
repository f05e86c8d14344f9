"""What an interaction shows, on average: levels, electron and visible energy, thresholds that an efficiency means.

>>> electron, visible = mean_energies(20.0)
>>> round(electron, 1), round(visible, 1)
(13.5, 17.0)
"""

from __future__ import annotations

import numpy as np

from streams.compiled import Floats
from streams.sources.neutrinos.argon40 import LOWEST_MEV, NUCLEON_MEV, Q_MEV, STRENGTHS, potassium, weight
from streams.sources.neutrinos.flux import Folded

_BOUND = STRENGTHS[:, 0] < NUCLEON_MEV


def level_shares(energy_mev: float) -> Floats:
    """Return the share (float64, one for each row of ``STRENGTHS``) of nu_e CC events that reach each level."""
    tables = potassium()
    shares = np.array([weight(tables, row, energy_mev) for row in range(len(STRENGTHS))])
    return np.asarray(shares / max(float(shares.sum()), 1e-300))


def mean_energies(energy_mev: float) -> tuple[float, float]:
    """Return the mean kinetic energy of the electron and the mean of electron and gammas [MeV] in nu_e CC.

    Above the nucleon threshold only the electron counts.
    """
    shares, kinetic = level_shares(energy_mev), energy_mev - Q_MEV - STRENGTHS[:, 0]
    electron = float((shares * kinetic).sum())
    return electron, electron + float((shares * STRENGTHS[:, 0])[_BOUND].sum())


def share_above_nucleon(folded: Folded) -> float:
    """Return the share of nu_e CC events that leave 40K above the nucleon threshold."""
    chosen = np.flatnonzero((folded.density[0] > 0) & (folded.energy_mev > LOWEST_MEV + 0.01))[::8]
    above = [level_shares(float(folded.energy_mev[i]))[~_BOUND].sum() for i in chosen]
    return float(np.average(above, weights=folded.density[0][chosen]))


def efficiency_threshold(folded: Folded, efficiency: float) -> float:
    """Return the neutrino energy [MeV] above which the share ``efficiency`` of the interactions lies."""
    until = np.cumsum(folded.density.sum(axis=0))
    half_mev = (folded.energy_mev[1] - folded.energy_mev[0]) / 2
    return float(np.interp(1 - efficiency, until / until[-1], folded.energy_mev + half_mev))
