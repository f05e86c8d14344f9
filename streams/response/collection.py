"""Collection response: induced current of the drifting charge, shaped by the cold electronics, per tick.

The field response is an analytic stand-in (see ``streams/presets``): on-wire average only; the bipolar signal
on neighbouring collection wires, without net charge, is left out. Fixed delays are taken out: the kernel's peak is
at the tick of arrival.

>>> from streams.detector import load_detector
>>> kernel, before = collection_kernel(load_detector("fd1-hd-apa").collection)
>>> round(float(kernel.sum()), 1), int(kernel.argmax()) == before
(130.1, True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams.block import TICK_NS
from streams.response.electronics import SHAPER_US, cold_electronics

if TYPE_CHECKING:
    from streams.detector import Collection

_FINE_US = 0.001 * TICK_NS / 64  # 8 ns
_FINE_PER_TICK = 64


def induced_current(time_us: NDArray[np.float64], wires: Collection) -> NDArray[np.float64]:
    """Return the current of one electron that arrives at time 0: a Gaussian core on an exponential rise, area 1."""
    step = time_us[1] - time_us[0]
    core = np.exp(-0.5 * (time_us / wires.core_sigma_us) ** 2)
    rise = np.where(time_us < 0, np.exp(np.minimum(time_us, 0) / wires.rise_tau_us), 0.0)
    share = wires.rise_share
    return np.asarray(((1 - share) * core / core.sum() + share * rise / rise.sum()) / step)


def fine_response(wires: Collection) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times [us] (0 at the peak) and the shaped response, area 1 per us, in steps of 8 ns."""
    before = np.asarray(np.arange(-1500, 400) * _FINE_US, np.float64)
    after = np.asarray(np.arange(int(SHAPER_US / _FINE_US) + 1) * _FINE_US, np.float64)
    shaped = np.convolve(induced_current(before, wires), cold_electronics(after, wires.peaking_us))
    time = before[0] + np.arange(len(shaped)) * _FINE_US
    shaped /= shaped.sum() * _FINE_US
    return time - time[shaped.argmax()], shaped


def collection_kernel(wires: Collection) -> tuple[NDArray[np.float32], int]:
    """Return the response in ADC counts per 1000 electrons at whole ticks, and how many ticks precede the peak.

    float32 array, the sum is the measured gain ``gain_adc_tick_per_ke``; samples below 0.1 % of the peak are cut off.
    """
    _, shaped = fine_response(wires)
    peak = int(shaped.argmax())
    samples = shaped[peak % _FINE_PER_TICK :: _FINE_PER_TICK]
    large = np.flatnonzero(np.abs(samples) > 1e-3 * samples.max())
    samples = samples[large[0] : large[-1] + 1]
    kernel = samples / samples.sum() * wires.gain_adc_tick_per_ke
    return kernel.astype(np.float32), int(kernel.argmax())
