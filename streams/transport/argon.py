"""Liquid argon for electrons and gammas: stopping powers and attenuation on logarithmic grids.

>>> tables = argon_tables(1.396)
>>> round(float(collision_mev_cm2_per_g(np.array([1.0]))[0]), 2)  # NIST method: 1.370
1.37
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, compiled
from streams.sources.beta import ELECTRON_MEV

ELECTRON, POSITRON, GAMMA, ALPHA, MUON, ANTIMUON = range(6)  # kinds of particle
RADIATION_LENGTH_G_PER_CM2 = 19.55  # Particle Data Group; 14.0 cm
GRID_LOW_MEV, GRID_HIGH_MEV, GRID_POINTS = 1e-3, 110.0, 1024
GRID_PER_LOG = (GRID_POINTS - 1) / math.log(GRID_HIGH_MEV / GRID_LOW_MEV)
_GRID_LOG_LOW = math.log(GRID_LOW_MEV)

# Radiative stopping power: MeV, MeV cm2/g (reference section 9.2; constant below 0.1 MeV, where it does not matter).
_RADIATIVE = (
    (0.001, 0.1, 0.5, 1, 5, 10, 20, 50, 110),
    (0.008, 0.0100, 0.0162, 0.0275, 0.160, 0.359, 0.795, 2.19, 5.15),
)

# Attenuation, cm2/g, on the grid of NIST XCOM: MeV, incoherent, photoelectric, pair (atom and electrons).
# Constant below 10 keV, where the transport ends.
_XCOM = np.array([
    (0.010, 0.09288, 62.32, 0), (0.015, 0.1105, 19.27, 0), (0.020, 0.1213, 8.207, 0), (0.030, 0.1316, 2.403, 0),
    (0.040, 0.1351, 0.9909, 0), (0.050, 0.1359, 0.4946, 0), (0.060, 0.1353, 0.2793, 0), (0.080, 0.1322, 0.1127, 0),
    (0.100, 0.1280, 0.05564, 0), (0.150, 0.1176, 0.01544, 0), (0.200, 0.1087, 0.00628, 0),
    (0.300, 0.09518, 0.001832, 0), (0.400, 0.08554, 0.0007979, 0), (0.500, 0.07822, 0.0004345, 0),
    (0.600, 0.07244, 0.0002721, 0), (0.800, 0.06369, 0.0001381, 0), (1.000, 0.05730, 8.587e-05, 0),
    (1.250, 0.05125, 5.504e-05, 4.26e-05), (1.500, 0.04658, 3.978e-05, 2.272e-4), (2.0, 0.03977, 2.471e-05, 8.864e-4),
    (3.0, 0.03130, 1.355e-05, 0.00251), (4.0, 0.02609, 9.197e-06, 0.00407), (5.0, 0.02254, 6.919e-06, 0.005468),
    (6.0, 0.01993, 5.531e-06, 0.006726), (8.0, 0.0163, 3.935e-06, 0.008867), (10.0, 0.01388, 3.048e-06, 0.01063),
    (15.0, 0.01027, 1.945e-06, 0.01391), (20.0, 0.008246, 1.427e-06, 0.01629), (30.0, 0.006003, 9.297e-07, 0.01961),
    (50.0, 0.003983, 5.477e-07, 0.02365), (100.0, 0.002246, 2.7e-07, 0.02844), (110.0, 0.00209, 2.45e-07, 0.0289),
])  # fmt: skip


class ArgonTables(NamedTuple):
    """Per millimetre of liquid argon, on the common logarithmic grid of kinetic (or photon) energy."""

    collision: Floats  # MeV/mm
    radiative: Floats  # MeV/mm
    compton: Floats  # 1/mm
    photo: Floats  # 1/mm
    pair: Floats  # 1/mm
    radiation_length_mm: float


def collision_mev_cm2_per_g(kinetic_mev: Floats) -> Floats:
    """Return the electron collision stopping power of liquid argon (Berger and Seltzer, NBSIR 82-2550).

    Mean excitation energy 188 eV; density effect with Sternheimer's parameters of liquid argon
    (At. Data Nucl. Data Tables 30, 261).
    """
    tau = kinetic_mev / ELECTRON_MEV
    beta2 = tau * (tau + 2) / (tau + 1) ** 2
    f = (1 - beta2) * (1 + tau**2 / 8 - (2 * tau + 1) * math.log(2))
    x = np.log10(np.sqrt(tau * (tau + 2)))
    c, x0, x1, a, k = 5.2146, 0.2000, 3.0000, 0.19559, 3.0
    delta = 2 * math.log(10) * x - c + np.where(x < x1, a * np.maximum(x1 - x, 0) ** k, 0)
    delta = np.where(x < x0, 0, delta)
    excitation = 188e-6 / ELECTRON_MEV
    bracket = np.log(tau**2 * (tau + 2) / (2 * excitation**2)) + f - delta
    return np.asarray(0.1535375 * 18 / 39.948 / beta2 * bracket)


def argon_tables(density_g_per_cm3: float) -> ArgonTables:
    """Return the tables for liquid argon of this density."""
    energy = np.geomspace(GRID_LOW_MEV, GRID_HIGH_MEV, GRID_POINTS)
    log_energy, log_xcom = np.log(energy), np.log(_XCOM[:, 0])
    per_mm = density_g_per_cm3 / 10
    compton, photo = (np.exp(np.interp(log_energy, log_xcom, np.log(_XCOM[:, i]))) for i in (1, 2))
    # Close to its threshold pair production goes as (1 - 2 m / E)^3: what is left of it is smooth.
    rows = _XCOM[:, 3] > 0
    smooth = _XCOM[rows, 3] / (1 - 2 * ELECTRON_MEV / _XCOM[rows, 0]) ** 3
    pair = np.interp(log_energy, log_xcom[rows], smooth) * np.maximum(1 - 2 * ELECTRON_MEV / energy, 0) ** 3
    radiative = np.exp(np.interp(log_energy, np.log(_RADIATIVE[0]), np.log(_RADIATIVE[1])))
    columns = (collision_mev_cm2_per_g(energy), radiative, compton, photo, pair)
    collision, radiative, compton, photo, pair = (np.ascontiguousarray(column * per_mm) for column in columns)
    length_mm = 10 * RADIATION_LENGTH_G_PER_CM2 / density_g_per_cm3
    return ArgonTables(collision, radiative, compton, photo, pair, length_mm)


@compiled
def at(table: Floats, energy_mev: float) -> float:
    """Return ``table`` at an energy, linear between the points of the grid."""
    place = (math.log(energy_mev) - _GRID_LOG_LOW) * GRID_PER_LOG
    place = min(max(place, 0.0), GRID_POINTS - 1.001)
    index = int(place)
    value: float = table[index] + (place - index) * (table[index + 1] - table[index])
    return value
