"""Drift: attenuation, diffusion, and the charge of each channel and tick.

A deposit at |x| arrives |x| / v after its event, spread by Gaussians along and across the drift; the charge of a
cell (channel, tick) is the integral over it. Tick k means arrivals within half a tick of k: the response of the
readout has its peak there. Cells with less than one electron of an event are dropped, on the wires and in the truth.
Numbers of electrons are expectation values (their own fluctuation is a hundred electrons, the noise 400).

>>> from streams.detector import load_detector
>>> d = drift_of(load_detector("fd1-hd-apa"), 10.4)
>>> round(1000 / d.ticks_per_mm / 1000, 3), round(float(np.exp(-3600 * d.loss_per_mm)), 3)
(0.819, 0.805)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streams.block import TICK_NS
from streams.detector import Detector

_SPREAD = 4.0  # Gaussians are cut at this many standard deviations (6e-5 of the charge)
_MIN_SIGMA = 0.02  # of a tick or a channel: keeps the integrals finite at the wires
_TABLE = 1 << 15  # places of the hash table, a power of two
_EMPTY = np.int64(-(2**62))
_CHANNELS = np.int64(1024)  # key = tick * 1024 + channel


class Drift(NamedTuple):
    """The drift in units of ticks and channels."""

    ticks_per_mm: float
    loss_per_mm: float
    channels_per_mm: float
    channels_per_face: int
    tick_sigma: float  # sigma = this times sqrt(|x| in mm)
    channel_sigma: float


class Cells(NamedTuple):
    """The cells of one event: a hash table by key, and the places in use."""

    key: NDArray[np.int64]
    electrons: NDArray[np.float64]
    used: NDArray[np.int64]


def new_cells() -> Cells:
    """Return an empty table."""
    return Cells(np.full(_TABLE, _EMPTY), np.zeros(_TABLE), np.zeros(_TABLE // 2, np.int64))


def drift_of(detector: Detector, lifetime_ms: float) -> Drift:
    """Return the drift of ``detector`` with this electron lifetime."""
    d = detector.drift
    ticks_per_mm = 1000 / (d.velocity_mm_per_us * TICK_NS)
    # sigma^2 = 2 D t: 1 cm2/s = 1e-4 mm2/us
    along = math.sqrt(2 * d.longitudinal_cm2_per_s * 1e-4 / d.velocity_mm_per_us)
    across = math.sqrt(2 * d.transverse_cm2_per_s * 1e-4 / d.velocity_mm_per_us)
    return Drift(
        ticks_per_mm, 1 / (d.velocity_mm_per_us * lifetime_ms * 1000), 1 / detector.pitch_mm,
        detector.channels_per_face, along * ticks_per_mm, across / detector.pitch_mm,
    )  # fmt: skip


@njit(cache=True)
def _add(cells, n_used, key, electrons):  # type: ignore[no-untyped-def]
    """Add to the cell of ``key``; return the number of cells in use."""
    place = (key * np.int64(2654435761)) >> np.int64(7) & np.int64(_TABLE - 1)
    while cells.key[place] != key:
        if cells.key[place] == _EMPTY:
            if n_used >= _TABLE // 2:
                raise RuntimeError("the charge of one event covers more than 16384 cells")
            cells.key[place] = key
            cells.used[n_used] = place
            n_used += 1
            break
        place = (place + np.int64(1)) & np.int64(_TABLE - 1)
    cells.electrons[place] += electrons
    return n_used


@njit(cache=True)
def _spread(drift, cells, n_used, tick, across, face, sigma_tick, sigma_channel, electrons):  # type: ignore[no-untyped-def]
    """Share ``electrons`` over the cells around (tick, channel ``across``); return the number of cells in use."""
    root = 0.7071067811865476
    first = math.floor(tick - _SPREAD * sigma_tick + 0.5)
    last = math.floor(tick + _SPREAD * sigma_tick + 0.5)
    low = max(math.floor(across - _SPREAD * sigma_channel), 0)
    high = min(math.floor(across + _SPREAD * sigma_channel), drift.channels_per_face - 1)
    left = math.erf((low - across) / sigma_channel * root)
    for channel in range(low, high + 1):
        right = math.erf((channel + 1 - across) / sigma_channel * root)
        share = 0.25 * (right - left) * electrons
        left = right
        if share < 1e-3:
            continue
        before = math.erf((first - 0.5 - tick) / sigma_tick * root)
        for t in range(first, last + 1):
            after = math.erf((t + 0.5 - tick) / sigma_tick * root)
            key = np.int64(t) * _CHANNELS + np.int64(face * drift.channels_per_face + channel)
            n_used = _add(cells, n_used, key, share * (after - before))
            before = after
    return n_used


@njit(cache=True)
def drift_deposits(
    drift: Drift, deposits: NDArray[np.float64], n: int, time_ns: float, cells: Cells
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Drift the first ``n`` deposits of an event at ``time_ns``.

    Returns
    -------
    keys (tick * 1024 + channel) in rising order, and the electrons there, each at least 1. ``cells`` is empty again.
    """
    n_used = 0
    for i in range(n):
        distance = abs(deposits[i, 0])
        electrons = deposits[i, 4] * math.exp(-distance * drift.loss_per_mm)
        tick = time_ns / TICK_NS + distance * drift.ticks_per_mm
        sigma_tick = max(drift.tick_sigma * math.sqrt(distance), _MIN_SIGMA)
        sigma_channel = max(drift.channel_sigma * math.sqrt(distance), _MIN_SIGMA)
        across = deposits[i, 2] * drift.channels_per_mm
        face = 0 if deposits[i, 0] > 0 else 1
        n_used = _spread(drift, cells, n_used, tick, across, face, sigma_tick, sigma_channel, electrons)
    keys = np.empty(n_used, np.int64)
    kept = 0
    for i in range(n_used):
        if cells.electrons[cells.used[i]] >= 1.0:
            keys[kept] = cells.key[cells.used[i]]
            kept += 1
    keys = np.sort(keys[:kept])
    electrons_out = np.empty(kept)
    for i in range(n_used):
        place = cells.used[i]
        if cells.electrons[place] >= 1.0:
            electrons_out[np.searchsorted(keys, cells.key[place])] = cells.electrons[place]
        cells.key[place] = _EMPTY
        cells.electrons[place] = 0.0
    return keys, electrons_out
