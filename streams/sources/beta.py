"""Beta spectra: allowed shape times the relativistic Fermi function, with the first-forbidden unique correction.

Natural units of the electron (m_e = c = hbar = 1) inside; MeV outside. The finite size of the nucleus enters by its
radius only; screening by the atom's electrons is left out (it matters below a few keV).

>>> energy, density = beta_spectrum(0.565, 19, 39, unique=True)
>>> round(1000 * float((energy * density).sum() / density.sum()))
219
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma as gamma_function
from scipy.special import loggamma

ELECTRON_MEV = 0.51099895  # CODATA 2018
ALPHA = 1 / 137.035999  # CODATA 2018
QUANTILES = 1025  # points of a quantile table


def coulomb(k: int, z: int, a: int, momentum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F_(k-1)(Z, p), the generalised Fermi function (Behrens and Jaenecke 1969), k = 1: the usual one.

    Parameters
    ----------
    z, a : charge and mass number of the daughter.
    momentum : float64 array, electron momentum in units of m_e c.
    """
    radius = 0.0029 * a ** (1 / 3) + 0.0063 * a ** (-1 / 3) - 0.017 / a  # Elton 1958, in hbar / (m_e c)
    g = np.sqrt(k * k - (ALPHA * z) ** 2)
    eta = ALPHA * z * np.sqrt(momentum**2 + 1) / momentum
    odd = float(np.prod(np.arange(1, 2 * k, 2)))
    constant = (k * odd) ** 2 * 4.0**k  # 1 for a neutral nucleus
    size = (2 * momentum * radius) ** (2 * (g - k))
    wave = np.exp(np.pi * eta + 2 * np.real(loggamma(g + 1j * eta))) / gamma_function(1 + 2 * g) ** 2
    return np.asarray(constant * size * wave)


def beta_spectrum(
    end_mev: float, z: int, a: int, *, unique: bool, points: int = 4000
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return kinetic energies [MeV] and the (unnormalised) density of beta decays there.

    Parameters
    ----------
    end_mev : largest kinetic energy.
    z, a : charge and mass number of the daughter.
    unique : first-forbidden unique: times q^2 + lambda_2 p^2.
    """
    kinetic = (np.arange(points) + 0.5) / points * end_mev
    energy = kinetic / ELECTRON_MEV + 1
    momentum = np.sqrt(energy**2 - 1)
    neutrino = (end_mev - kinetic) / ELECTRON_MEV
    first = coulomb(1, z, a, momentum)
    density = first * momentum * energy * neutrino**2
    if unique:
        g1, g2 = np.sqrt(1 - (ALPHA * z) ** 2), np.sqrt(4 - (ALPHA * z) ** 2)
        lambda_2 = coulomb(2, z, a, momentum) / first * (2 + g2) / (2 * (1 + g1))
        density = density * (neutrino**2 + lambda_2 * momentum**2)
    return kinetic, density


def quantile_table(values: NDArray[np.float64], density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values at quantiles (1 - cos(pi v)) / 2, v even in [0, 1]: dense at both ends.

    ``density`` belongs to bins of equal width whose middles are ``values``.
    """
    half = (values[1] - values[0]) / 2
    edges = np.append(values - half, values[-1] + half)
    cumulative = np.append(0.0, np.cumsum(density))
    wanted = (1 - np.cos(np.pi * np.linspace(0, 1, QUANTILES))) / 2
    return np.asarray(np.interp(wanted * cumulative[-1], cumulative, edges))
