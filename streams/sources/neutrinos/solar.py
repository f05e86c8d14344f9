"""Neutrinos of the sun: 8B and hep.

>>> flux = solar_flux("b8", 0.31)
>>> step = flux.energy_mev[1] - flux.energy_mev[0]
>>> [f"{flavour.sum() * step:.3g}" for flavour in flux.density[:3]]
['1.63e+06', '1.81e+06', '1.81e+06']
"""

from __future__ import annotations

import numpy as np

from streams.sources.neutrinos.flux import Flux, axis

#: MeV, share per MeV. Coarse tables of the neutrino spectra, monotone cubic between the points: at most 1 % of the
#: peak off the source, rates of nu_e CC by 0.05 %.
SPECTRA = {
    # Bahcall et al., PRC 54, 411 (1996), b8spectrum
    "b8": (
        (0, 0), (1, 1.302e-2), (2, 4.073e-2), (3, 7.221e-2), (4, 1.004e-1), (5, 1.208e-1), (6, 1.311e-1),
        (7, 1.306e-1), (8, 1.200e-1), (9, 1.013e-1), (10, 7.731e-2), (11, 5.167e-2), (12, 2.824e-2), (13, 1.074e-2),
        (14, 1.843e-3), (14.5, 4.780e-4), (15, 9.630e-5), (15.5, 1.350e-5), (16, 9.0e-7), (16.5, 0),
    ),
    # Bahcall and Ulrich, RMP 60, 297 (1988), hepspectrum; end 18.784 MeV
    "hep": (
        (0, 0), (1.5, 8.017e-3), (3, 2.689e-2), (4.5, 4.987e-2), (6, 7.158e-2), (7.5, 8.802e-2), (9, 9.653e-2),
        (10.5, 9.584e-2), (12, 8.606e-2), (13.5, 6.864e-2), (15, 4.638e-2), (16.5, 2.353e-2), (18, 5.600e-3),
        (18.4, 2.480e-3), (18.784, 0),
    ),
}  # fmt: skip
#: Neutrinos per cm2 and second of all flavours: 8B as measured by SNO (PRC 88, 025501 (2013): 5.25 +- 0.2), hep of
#: the standard solar model (B16-GS98, ApJ 835, 202 (2017): 7.98).
TOTAL_PER_CM2_S = {"b8": 5.25e6, "hep": 7.98e3}


def solar_flux(component: str, survival: float) -> Flux:
    """Return the flux (per cm2, MeV and second) of ``component``, of which the share ``survival`` arrives as nu_e.

    The rest arrives as nu_mu and nu_tau in equal parts. The same share at all energies: an assumption (matter effects
    and the Earth make it vary by some 0.03 above 5 MeV).
    """
    from scipy.interpolate import PchipInterpolator

    table = np.array(SPECTRA[component])
    energy = axis(0.0, float(table[-1, 0]))
    shape = PchipInterpolator(table[:, 0], table[:, 1])(energy)
    shape = shape / (shape.sum() * (energy[1] - energy[0])) * TOTAL_PER_CM2_S[component]
    other = (1 - survival) / 2
    return Flux(energy, np.outer([survival, other, other, 0, 0, 0], shape))
