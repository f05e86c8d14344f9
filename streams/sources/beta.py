"""Beta spectra: allowed shape times the relativistic Fermi function, with the factors of unique forbidden transitions.

Natural units of the electron (m_e = c = hbar = 1) inside; MeV outside. The finite size of the nucleus enters by its
radius only; screening by the atom's electrons is left out (it matters below a few keV).

>>> energy, density = beta_spectrum(0.565, 19, 39, unique=1)
>>> round(1000 * float((energy * density).sum() / density.sum()))
219
"""

from __future__ import annotations

from math import factorial

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


def unique_factor(
    degree: int, z: int, momentum: NDArray[np.float64], neutrino: NDArray[np.float64], a: int
) -> NDArray[np.float64]:
    """Return the shape factor of a unique forbidden transition (Behrens and Jaenecke 1969); degree 0: 1.

    sum over k = 1 .. degree + 1 of lambda_k p^2(k-1) q^2(degree+1-k) / ((2k-1)! (2 degree + 3 - 2k)!).
    """
    g1 = np.sqrt(1 - (ALPHA * z) ** 2)
    total = np.zeros_like(momentum)
    for k in range(1, degree + 2):
        weight = 1.0
        if k > 1:
            ratio = coulomb(k, z, a, momentum) / coulomb(1, z, a, momentum)
            weight = ratio * (k + np.sqrt(k * k - (ALPHA * z) ** 2)) / (k * (1 + g1))
        powers = momentum ** (2 * (k - 1)) * neutrino ** (2 * (degree + 1 - k))
        total += weight * powers / (factorial(2 * k - 1) * factorial(2 * degree + 3 - 2 * k))
    return total * factorial(2 * degree + 1)


def beta_spectrum(
    end_mev: float,
    z: int,
    a: int,
    *,
    unique: int = 0,
    shape: tuple[float, float, float] = (0.0, 0.0, 0.0),
    points: int = 4000,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return kinetic energies [MeV] and the (unnormalised) density of beta decays there.

    Parameters
    ----------
    end_mev : largest kinetic energy.
    z, a : charge and mass number of the daughter.
    unique : degree of a unique forbidden transition; 0: the allowed shape.
    shape : measured factor 1 + s0 W + s1 / W + s2 W^2, W the total energy in electron masses.
    """
    kinetic = (np.arange(points) + 0.5) / points * end_mev
    energy = kinetic / ELECTRON_MEV + 1
    momentum = np.sqrt(energy**2 - 1)
    neutrino = (end_mev - kinetic) / ELECTRON_MEV
    density = coulomb(1, z, a, momentum) * momentum * energy * neutrino**2
    if unique:
        density = density * unique_factor(unique, z, momentum, neutrino, a)
    if any(shape):
        density = density * (1 + shape[0] * energy + shape[1] / energy + shape[2] * energy**2)
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
