"""nu_e on 40Ar: which level of 40K is reached, and the angle of the electron.

The strengths decide the shares of the levels and the angles; the total follows the tabulated cross-section, since
with the plain formula they give 37-42 % more (reference section 9.1.2). Share of a level: B p_e E_e F(19, E_e).

>>> round(float(STRENGTHS[STRENGTHS[:, 2] == 1][0, 0]), 4), round(NUCLEON_MEV, 2)  # the isobaric analogue state
(4.3837, 7.58)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, State, compiled
from streams.rng import exponential, uniform
from streams.sources.beta import ELECTRON_MEV, coulomb
from streams.sources.levels import load_scheme
from streams.transport.argon import ELECTRON, GAMMA

Q_MEV = 1.505  # T_e = E_nu - Q - E_x (reference section 9.1.3)
#: Above this excitation a nucleon leaves 40K (S_p; S_n is 7.80 MeV). What it carries is left out, and no gammas are
#: made: a neutron is captured later and elsewhere (reference section 9.1.3).
NUCLEON_MEV = 7.58
LOWEST_MEV = Q_MEV + 2.28987  # least neutrino energy with an open level
ISOMER_KEV, ISOMER_MEAN_NS = 1643.64, 336.0 / math.log(2)  # ENSDF: half-life 0.336 microseconds

# (E_x MeV, B, 1 for Fermi) as tabulated for MARLEY (data/react/ve40ArCC_Bhattacharya2009.react): Gamow-Teller below
# 8 MeV Bhattacharya et al., PRC 80, 055501 (2009); above Cheoun et al., EPJ A 48, 137 (2012), those of 0.01 and more
# (0.2 % of the strength is left out); Fermi strength N - Z = 4 to the isobaric analogue state.
STRENGTHS = np.array([
    (2.28987, 1.64, 0), (2.73036, 1.49, 0), (3.1465, 0.06, 0), (3.517, 0.16, 0), (3.84027, 0.44, 0),
    (4.3837, 4.00, 1), (4.508, 0.86, 0), (4.765, 0.48, 0), (5.18989, 0.59, 0), (5.681, 0.21, 0), (6.118, 0.48, 0),
    (6.79, 0.71, 0), (7.468, 0.06, 0), (7.795, 0.14, 0), (7.952, 0.97, 0), (11.5911, 1.323, 0), (13.0166, 0.1493, 0),
    (13.5103, 0.2312, 0), (14.31, 0.1692, 0), (14.3429, 0.03669, 0), (14.3682, 0.02044, 0), (14.4731, 4.472, 0),
    (15.3491, 0.1422, 0), (15.5106, 0.4259, 0), (16.2332, 5.289, 0), (18.4256, 0.9677, 0), (18.4747, 0.01404, 0),
    (19.0242, 0.547, 0), (19.5646, 0.01459, 0), (20.3201, 0.1085, 0), (20.9457, 2.052, 0), (21.8726, 0.01325, 0),
    (21.953, 0.3711, 0), (22.0766, 0.1826, 0), (22.9145, 0.02798, 0), (26.0876, 0.01092, 0), (26.4701, 0.1117, 0),
    (27.7207, 0.1535, 0), (28.5759, 0.03078, 0), (29.1683, 0.01826, 0), (29.511, 0.07972, 0), (30.633, 0.07217, 0),
    (33.1324, 0.01674, 0), (33.1968, 0.02069, 0), (37.9736, 0.1563, 0), (39.9096, 0.04669, 0), (48.6961, 0.01075, 0),
    (55.8583, 0.05916, 0),
])  # fmt: skip


class Potassium(NamedTuple):
    """The strengths, the levels of 40K below the nucleon threshold, and the Fermi function."""

    strength: Floats  # (n, 3): excitation energy [MeV], B, 1 for Fermi and 0 for Gamow-Teller
    reached: Integers  # (n,) level, or -1 above the nucleon threshold
    level_mev: Floats
    gamma_first: Integers  # (levels + 1,)
    gamma_share: Floats  # cumulated within the level
    gamma_level: Integers  # level reached
    isomer: int  # the level that lives ISOMER_MEAN_NS
    fermi: Floats  # F(19, T) at T = 0, 0.1, 0.2 ... MeV


def potassium() -> Potassium:
    """Return the tables of the final states of nu_e on 40Ar."""
    levels = load_scheme("K40_star").level
    known = np.array([level.energy_kev / 1000 for level in levels])
    shares = [np.cumsum([share for _, share, _ in level.gammas]) for level in levels]
    reached = [int(np.abs(known - mev).argmin()) if mev < NUCLEON_MEV else -1 for mev in STRENGTHS[:, 0]]
    kinetic = np.maximum(np.arange(1001) * 0.1, 0.01) / ELECTRON_MEV
    return Potassium(
        STRENGTHS,
        np.array(reached),
        known,
        np.cumsum([0] + [len(level.gammas) for level in levels]),
        np.concatenate([share / share[-1] for share in shares if len(share)]),
        np.array([below for level in levels for below, _, _ in level.gammas]),
        int(np.abs(known - ISOMER_KEV / 1000).argmin()),
        coulomb(1, 19, 40, np.sqrt(kinetic * (kinetic + 2))),
    )


@compiled
def weight(tables: Potassium, strength: int, energy_mev: float) -> float:
    """Return B p_e E_e F of one strength for a neutrino of ``energy_mev``; 0 where its level cannot be reached."""
    kinetic = energy_mev - Q_MEV - tables.strength[strength, 0]
    if kinetic <= 0.0:
        return 0.0
    cell = min(int(kinetic * 10.0), len(tables.fermi) - 2)
    fermi = tables.fermi[cell] + (kinetic * 10.0 - cell) * (tables.fermi[cell + 1] - tables.fermi[cell])
    momentum = math.sqrt(kinetic * (kinetic + 2.0 * ELECTRON_MEV))
    value: float = tables.strength[strength, 1] * momentum * (kinetic + ELECTRON_MEV) * fermi
    return value


@compiled
def draw_strength(tables: Potassium, energy_mev: float, state: State) -> int:
    """Return the row of ``tables.strength`` that a neutrino of ``energy_mev`` (LOWEST_MEV or more) uses."""
    total, last = 0.0, 0
    for i in range(len(tables.strength)):
        share = weight(tables, i, energy_mev)
        total += share
        if share > 0.0:
            last = i
    wanted = uniform(state) * total
    for i in range(last):
        wanted -= weight(tables, i, energy_mev)
        if wanted < 0.0:
            return i
    return last


@compiled
def draw_cosine(slope: float, state: State) -> float:
    """Return a cosine c distributed as 1 + ``slope`` c (slope from -1 to 1)."""
    u = uniform(state)
    return (4.0 * u - 2.0 + slope) / (1.0 + math.sqrt(max(1.0 - slope * (2.0 - slope - 4.0 * u), 0.0)))


@compiled
def angle_slope(kinetic_mev: float, fermi: bool) -> float:
    """Return b in 1 + b cos: beta of the electron for Fermi, -beta / 3 for Gamow-Teller (DUNE TDR, ch-snb-lowe)."""
    beta = math.sqrt(kinetic_mev * (kinetic_mev + 2.0 * ELECTRON_MEV)) / (kinetic_mev + ELECTRON_MEV)
    return beta if fermi else -beta / 3.0


@compiled
def draw_capture(tables: Potassium, energy_mev: float, state: State, particles: Floats) -> tuple[int, float]:
    """Fill in the electron (its direction not) and the gammas of one capture.

    Returns
    -------
    the number of particles, and the cosine between electron and neutrino.
    """
    row = draw_strength(tables, energy_mev, state)
    kinetic = max(energy_mev - Q_MEV - tables.strength[row, 0], 0.0)
    particles[0, 0], particles[0, 1], particles[0, 5] = ELECTRON, kinetic, 0.0
    cosine = draw_cosine(angle_slope(kinetic, tables.strength[row, 2] == 1.0), state)
    n, level, delay_ns = 1, tables.reached[row], 0.0
    while level >= 0 and tables.gamma_first[level] < tables.gamma_first[level + 1]:
        if level == tables.isomer:
            delay_ns += ISOMER_MEAN_NS * exponential(state)
        gamma = tables.gamma_first[level]
        u = uniform(state)
        while tables.gamma_share[gamma] < u:
            gamma += 1
        below = tables.gamma_level[gamma]
        particles[n, 0], particles[n, 1] = GAMMA, tables.level_mev[level] - tables.level_mev[below]
        particles[n, 2], particles[n, 3], particles[n, 4], particles[n, 5] = 0.0, 0.0, 0.0, delay_ns
        n, level = n + 1, below
    return n, cosine
