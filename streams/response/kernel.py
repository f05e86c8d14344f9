"""Kernels: the waveform of one electron on the wires around it, in ADC counts at whole ticks.

The field response is folded with the pulse of the cold electronics, exactly at the ticks. Fixed delays are taken
out: time 0 is midway between the earliest and the latest collection peak over the impacts. So a deposit's collection
peak is within a tick of its arrival (0.82 at the most: without diffusion, at the border of a cell), and U and V come
earlier by their true delay. The drift up to there has the detector's velocity; the last centimetres have the
response's own, which differs by at most a few per cent and is a fixed delay: taken out too. Charge that starts nearer
than the response's start is treated as if it had come by.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK
from streams.compiled import Integers, Singles
from streams.response import strips, thin_wires
from streams.response.electronics import SHAPER_US, Chain, cold_electronics, configured
from streams.response.field import FieldResponse, reach
from streams.response.models import ThinWires
from streams.response.wirecell import read

if TYPE_CHECKING:
    from streams.config import ElectronicsConfig
    from streams.detector import Detector

#: Of what is left out of a kernel, summed over all blocks whose waveforms overlap; the rest of 0.1 ADC is for the
#: ends of the Gaussians.
NEGLECTED_ADC = 0.075
LEVELS = 36
FEWEST = (
    250.0  # electrons nearby at level 0; at level n there are up to 2^(n/2) times as many, 4.6e7 at the last
)
_NOTHING = 1e-10  # ADC counts per electron: ends of a kernel
_SPREAD_TICKS = 40  # of diffusion, at most


class PlaneKernel(NamedTuple):
    """The waveforms of one plane; usable in compiled code.

    ``table[i, reach + k, j]`` is the waveform at tick ``first + j`` on the wire k places after the one in whose
    cell, in bin i, the electron arrives at tick 0.
    """

    table: Singles  # (impacts, 2 reach + 1, ticks): ADC counts per electron
    first: int  # negative: ticks before the collection peak
    reach: int
    windows: Integers  # (LEVELS, 2 reach + 1, 2): first and one past the last j that count


def _sampled(
    current: NDArray[np.float64], period_us: float, chain: Chain, time_us: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return shaped currents (..., samples) at these times after the start: (..., times), in ADC per electron."""
    started = (np.arange(current.shape[-1]) + 0.5) * period_us
    pulse = cold_electronics(time_us[None, :] - started[:, None], chain.peaking_us)
    return np.asarray(current @ pulse) * (period_us * chain.adc_per_electron)


@lru_cache(maxsize=16)
def zero_us(response: FieldResponse, chain: Chain) -> float:
    """Return the time after the start [us] midway between the earliest and the latest collection peak, by impact."""
    current = response.current["X"]
    own = current[:, reach(current)]
    peaks = (own.mean(axis=0).argmax() + 0.5) * response.period_us + np.zeros(len(own))
    for before, after, step in ((1.0, 6.0, 0.1), (0.1, 0.1, 0.002)):
        for impact, peak in enumerate(peaks):
            time = np.arange(peak - before, peak + after, step).astype(np.float64)
            peaks[impact] = time[_sampled(own[impact], response.period_us, chain, time).argmax()]
    return float(peaks.min() + peaks.max()) / 2


def windows_of(table: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return between which ticks a wire's waveform counts for the electrons nearby of each level."""
    blocks = -(-(table.shape[2] + _SPREAD_TICKS) // TICKS_PER_BLOCK) + 1
    size = np.abs(table).max(axis=0)  # (wires, ticks)
    windows = np.zeros((LEVELS, len(size), 2), np.int64)
    for level in range(LEVELS):
        for wire, row in enumerate(size):
            large = np.flatnonzero(row > NEGLECTED_ADC / blocks / (FEWEST * 2.0 ** (level / 2)))
            if len(large):
                windows[level, wire] = large[0], large[-1] + 1
    return windows


@lru_cache(maxsize=16)
def kernel_of(response: FieldResponse, plane: str, chain: Chain, tick_ns: float) -> PlaneKernel:
    """Return the kernel of ``plane`` for one field response and one electronics chain."""
    tick_us, period_us = 1e-3 * tick_ns, response.period_us
    zero = zero_us(response, chain)
    current = response.current[plane]
    first = int(np.ceil(-zero / tick_us))
    last = int((current.shape[-1] * period_us + SHAPER_US - zero) / tick_us)
    ticks = np.arange(first, last + 1).astype(np.float64)
    table = _sampled(current, period_us, chain, zero + ticks * tick_us).astype(np.float32)
    used = np.flatnonzero((np.abs(table) > _NOTHING).any(axis=(0, 1)))
    table = np.ascontiguousarray(table[:, :, used[0] : used[-1] + 1])
    return PlaneKernel(table, first + int(used[0]), reach(current), windows_of(table))


def plane_kernel(detector: Detector, plane: str, config: ElectronicsConfig) -> PlaneKernel:
    """Return the kernel of ``plane`` (U, V or X) of a detector, by the file of ``config`` or by the preset's model.

    Raises
    ------
    UserError : a file that cannot be used.
    ConfigError : a gain or peaking time that the electronics does not have.
    """
    if config.field_response:
        response = read(config.field_response)
    elif isinstance(detector.response, ThinWires):
        response = thin_wires.field_response(detector.response)
    else:
        response = strips.field_response(detector.response)
    return kernel_of(response, plane, configured(detector.electronics, config), detector.tick_ns)
