"""Supernova nu_e on argon: energies of the interactions and strengths of the levels of 40K.

>>> energies, density = interaction_spectrum(2.5, 9.5, 5.0, 70.0, flat=False)
>>> 15 < float((energies * density).sum() / density.sum()) < 20
True
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Q_MEV = 1.505  # T_e = E_nu - Q - E_x (reference section 9.1.3)
#: Excitation above which a nucleon leaves 40K: its share of the energy is lost, no gammas are made.
PARTICLE_THRESHOLD_MEV = 7.58

# nu_e CC cross section, MeV and cm2 (SNOwGLoBES table "marley1"; interpolated in both logarithms and
# continued above 50 MeV with the last slope, an assumption).
_ENERGY_MEV = (5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0)
_SIGMA_CM2 = (1.08e-43, 1.98e-42, 5.24e-42, 2.14e-41, 5.26e-41, 1.83e-40, 4.12e-40, 7.39e-40)

# (E_x MeV, B) of nu_e capture: Gamow-Teller below 8 MeV Bhattacharya 2009, above Cheoun 2012 (those over 0.1), as
# tabulated for MARLEY; Fermi strength 4 to the isobaric analogue state. They decide shares of levels, not the total.
STRENGTHS = (
    (2.28987, 1.64), (2.73036, 1.49), (3.1465, 0.06), (3.517, 0.16), (3.84027, 0.44), (4.3837, 4.00), (4.508, 0.86),
    (4.765, 0.48), (5.18989, 0.59), (5.681, 0.21), (6.118, 0.48), (6.790, 0.71), (7.468, 0.06), (7.795, 0.14),
    (7.952, 0.97), (11.59108, 1.3225), (13.01664, 0.1493), (13.51028, 0.2312), (14.31002, 0.1692), (14.47307, 4.4717),
    (15.34914, 0.1422), (15.51062, 0.4259), (16.23323, 5.2888), (18.42558, 0.9677), (19.02422, 0.5470),
    (20.32009, 0.1085), (20.94568, 2.0523), (21.95297, 0.3711), (22.07659, 0.1826),
)  # fmt: skip


def cross_section_cm2(energy_mev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the nu_e CC cross section on 40Ar at ``energy_mev`` (float64 array, 5 MeV or more)."""
    x, y = np.log(_ENERGY_MEV), np.log(_SIGMA_CM2)
    wanted = np.log(energy_mev)
    inside = np.interp(wanted, x, y)
    slope = (y[-1] - y[-2]) / (x[-1] - x[-2])
    return np.asarray(np.exp(inside + slope * np.maximum(wanted - x[-1], 0)))


def interaction_spectrum(
    alpha: float, mean_mev: float, low_mev: float, high_mev: float, *, flat: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return neutrino energies [MeV] and the density of interactions: pinched flux times cross section, or flat."""
    points = 2000
    energy = low_mev + (np.arange(points) + 0.5) / points * (high_mev - low_mev)
    if flat:
        return energy, np.ones(points)
    flux = (energy / mean_mev) ** alpha * np.exp(-(alpha + 1) * energy / mean_mev)
    return energy, flux * cross_section_cm2(energy)
