"""Noise that is common to the channels of one board: how much of all noise it is, and its spectrum.

A group is the channels of one plane on one front-end mother board: 60 groups in an assembly of the horizontal drift,
20 boards x (40 U, 40 V, 48 X) (Wire-Cell ``pdhd-coh-groups.jsonnet``). The planes of a board are independent of
each other here, and so are the boards: an assumption.

The spectrum is an assumption too: a damped oscillation around 40 kHz, 40 kHz wide at half its power. In ProtoDUNE-SP
noise rises below 60 kHz (voltage regulators on the boards), and a common-mode filter takes about 100 of 550 (X) and
650 electrons (U, V) away: so 316 and 346 electrons were common, 57 and 53 % of the r.m.s. (TDR draft, dune-tdr
vol-sp/ch-sp-tpcelec/sp-tpcelec-overview.tex@db7cb9b; 20 to 60 kHz: J. Wang, 2019). ProtoDUNE-HD's spectra, of 413 and
528 electrons in all, have no such rise: with this shape at most 36 % of the r.m.s. can be common (3.9 and 5.1 ADC).
The preset's 20 % lies below. What is published is all noise, so the common part is taken out of it, frequency by
frequency.

>>> round(share_of_power(2.166, 10.83), 6)
0.04
>>> round(float(own_power(np.ones(4096), 0.04).mean()), 3)
0.96
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from streams.block import TICK_NS
from streams.compiled import Floats
from streams.errors import ConfigError
from streams.noise_filter import power_of

CENTRE_KHZ = 40.0  # assumption, see above
WIDTH_KHZ = 40.0  # full width at half of the power; assumption
_MOST = 0.95  # of the power at a frequency that may be common
_TAPS = 64  # 4 decay times of the amplitude: 0.03 % of the power is cut off


def common_taps() -> Floats:
    """Return the 64 taps of the common noise's filter, sum of squares 1."""
    time_us = np.arange(_TAPS) * TICK_NS / 1000
    decay_us = 1000 / (math.pi * WIDTH_KHZ)
    taps = np.exp(-time_us / decay_us) * np.sin(2e-3 * math.pi * CENTRE_KHZ * time_us)
    return np.asarray(taps / np.sqrt(np.sum(taps**2)))


def share_of_power(coherent_adc: float, total_adc: float) -> float:
    """Return the share of the common noise in the power of all noise, 0 to less than 1.

    Raises
    ------
    ConfigError : the common noise would be as large as all noise.
    """
    if not 0 <= coherent_adc < total_adc:
        raise ConfigError(
            f"electronics.coherent_adc: got {coherent_adc:g}, want 0 to less than {total_adc:.4g} ADC, "
            "the r.m.s. of all noise"
        )
    return (coherent_adc / total_adc) ** 2


@cache
def _common_power(n: int) -> Floats:
    """Return the power of the common noise at the n frequencies of ``numpy.fft.fftfreq(n)``."""
    return power_of(common_taps(), np.abs(np.fft.fftfreq(n)))


def own_power(power: Floats, share: float) -> Floats:
    """Return the power of a channel's own noise: ``power`` of all noise less that of the common noise.

    power : float64 (n,), at the n frequencies of ``numpy.fft.fftfreq(n)``; the result has its unit. Where the
    common noise has more than 95 % of the power the own noise keeps 5 %, and is made smaller in all: then the
    total is right, but not at each frequency (from a share of 0.13 on, with the spectra of ProtoDUNE-HD).
    """
    common = _common_power(len(power))
    own = np.maximum(power - common * (share * power.mean() / common.mean()), (1 - _MOST) * power)
    return np.asarray(own * ((1 - share) * power.mean() / own.mean()))
