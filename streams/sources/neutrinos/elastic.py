"""Elastic scattering on electrons: the weak cross-section at tree level, and its recoil electron.

d sigma / dT = 2 G_F^2 m / pi (gL^2 + gR^2 (1 - T/E)^2 - gL gR m T / E^2) ('t Hooft 1971; Marciano and Parsa,
J. Phys. G 29, 2629). Radiative corrections, left out, take 0.6 % at 10 MeV; the mixing angle of the Z mass, 0.2312,
would add 1.6 %.

>>> f"{elastic_cm2(np.array([10.0]), NUE)[0]:.2e}"  # SNOwGLoBES xs_nue_e.dat, with radiative corrections: 8.95e-44
'9.00e-44'
"""

from __future__ import annotations

import math

import numpy as np

from streams.compiled import Floats, State, compiled
from streams.rng import uniform
from streams.sources.beta import ELECTRON_MEV

FERMI_PER_GEV2 = 1.1663788e-5  # G_F / (hbar c)^3, Particle Data Group 2022
GEV2_CM2 = 0.3893793721e-27  # (hbar c)^2, Particle Data Group 2022
SIN2_WEINBERG = 0.22305  # 1 - (m_W / m_Z)^2, on shell, Particle Data Group 2022
_MEV2_CM2 = GEV2_CM2 * 1e6
_SCALE_CM2_PER_MEV = 2 * (FERMI_PER_GEV2 * 1e-6) ** 2 * ELECTRON_MEV * _MEV2_CM2 / math.pi

NUE, ANUE, NUX, ANUX = 0, 1, 2, 3  # nu_e; anti-nu_e; nu_mu or nu_tau; their antineutrinos
#: (gL, gR) of each; an antineutrino has the two exchanged.
COUPLINGS = np.array([
    (0.5 + SIN2_WEINBERG, SIN2_WEINBERG),
    (SIN2_WEINBERG, 0.5 + SIN2_WEINBERG),
    (SIN2_WEINBERG - 0.5, SIN2_WEINBERG),
    (SIN2_WEINBERG, SIN2_WEINBERG - 0.5),
])  # fmt: skip


def elastic_cm2(energy_mev: Floats, kind: int) -> Floats:
    """Return the cross-section [cm2] on one electron, all recoils, for the neutrino ``kind`` at ``energy_mev``."""
    left, right = COUPLINGS[kind]
    most = 2 * energy_mev**2 / (ELECTRON_MEV + 2 * energy_mev)  # largest recoil
    integral = left**2 * most + right**2 * energy_mev / 3 * (1 - (1 - most / energy_mev) ** 3)
    integral = integral - left * right * ELECTRON_MEV * most**2 / (2 * energy_mev**2)
    return np.asarray(_SCALE_CM2_PER_MEV * integral)


@compiled
def draw_recoil(energy_mev: float, left: float, right: float, state: State) -> tuple[float, float]:
    """Return the electron's kinetic energy [MeV] and the cosine of its angle to the neutrino."""
    most = 2.0 * energy_mev**2 / (ELECTRON_MEV + 2.0 * energy_mev)
    mixed = left * right * ELECTRON_MEV / energy_mev**2
    bound = left**2 + right**2 + max(-mixed * most, 0.0)
    while True:
        kinetic = most * uniform(state)
        value = left**2 + right**2 * (1.0 - kinetic / energy_mev) ** 2 - mixed * kinetic
        if uniform(state) * bound < value:
            break
    slope = math.sqrt(kinetic / (kinetic + 2.0 * ELECTRON_MEV))
    return kinetic, min((1.0 + ELECTRON_MEV / energy_mev) * slope, 1.0)
