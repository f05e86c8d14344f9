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

from streams.block import TICK_NS
from streams.compiled import Floats, Integers, compiled
from streams.detector import Detector

_SPREAD = 4.0  # Gaussians are cut at this many standard deviations (6e-5 of the charge)
_MIN_SIGMA = 0.02  # of a tick or a channel: keeps the integrals finite at the wires
_TABLE = 1 << 15  # places of the hash table, a power of two
_EMPTY = np.int64(-(2**62))
_CHANNELS = 1024  # key = tick * 1024 + channel


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

    key: Integers
    electrons: Floats
    used: Integers
    filled: Integers  # (1,), how many


class Arrival(NamedTuple):
    """One deposit at the wires: where, how wide, how much."""

    face: int
    tick: float
    across: float  # channel within the face
    sigma_tick: float
    sigma_channel: float
    electrons: float


def new_cells() -> Cells:
    """Return an empty table."""
    used = np.zeros(_TABLE // 2, np.int64)
    return Cells(np.full(_TABLE, _EMPTY), np.zeros(_TABLE), used, np.zeros(1, np.int64))


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


@compiled
def _add(cells: Cells, key: int, electrons: float) -> None:
    """Add to the cell of ``key``."""
    place = (key * np.int64(2654435761)) >> np.int64(7) & np.int64(_TABLE - 1)
    while cells.key[place] != key:
        if cells.key[place] == _EMPTY:
            if cells.filled[0] >= len(cells.used):
                raise RuntimeError("the charge of one event covers more than 16384 cells")
            cells.key[place] = key
            cells.used[cells.filled[0]] = place
            cells.filled[0] += 1
            break
        place = (place + np.int64(1)) & np.int64(_TABLE - 1)
    cells.electrons[place] += electrons


@compiled
def arrive(drift: Drift, deposit: Floats, time_ns: float) -> Arrival:
    """Return how a deposit (x, y, z in mm, energy, electrons) of an event at ``time_ns`` comes to the wires."""
    distance = abs(deposit[0])
    return Arrival(
        0 if deposit[0] > 0 else 1,
        time_ns / TICK_NS + distance * drift.ticks_per_mm,
        deposit[2] * drift.channels_per_mm,
        max(drift.tick_sigma * math.sqrt(distance), _MIN_SIGMA),
        max(drift.channel_sigma * math.sqrt(distance), _MIN_SIGMA),
        deposit[4] * math.exp(-distance * drift.loss_per_mm),
    )


@compiled
def spread(drift: Drift, a: Arrival, cells: Cells) -> None:
    """Share the electrons of one arrival over the cells around it: integrals of two Gaussians."""
    root = 0.7071067811865476
    first = math.floor(a.tick - _SPREAD * a.sigma_tick + 0.5)
    last = math.floor(a.tick + _SPREAD * a.sigma_tick + 0.5)
    low = max(math.floor(a.across - _SPREAD * a.sigma_channel), 0)
    high = min(math.floor(a.across + _SPREAD * a.sigma_channel), drift.channels_per_face - 1)
    left = math.erf((low - a.across) / a.sigma_channel * root)
    for channel in range(low, high + 1):
        right = math.erf((channel + 1 - a.across) / a.sigma_channel * root)
        share = 0.25 * (right - left) * a.electrons
        left = right
        if share < 1e-3:
            continue
        before = math.erf((first - 0.5 - a.tick) / a.sigma_tick * root)
        for tick in range(first, last + 1):
            after = math.erf((tick + 0.5 - a.tick) / a.sigma_tick * root)
            key = int(tick * _CHANNELS + a.face * drift.channels_per_face + channel)
            _add(cells, key, share * (after - before))
            before = after


@compiled
def collect(cells: Cells) -> tuple[Integers, Floats]:
    """Empty the table: return the keys (tick * 1024 + channel) in rising order and the electrons, each at least 1."""
    used = cells.used[: cells.filled[0]]
    keys = np.empty(len(used), np.int64)
    kept = 0
    for place in used:
        if cells.electrons[place] >= 1.0:
            keys[kept] = cells.key[place]
            kept += 1
    keys = np.sort(keys[:kept])
    electrons = np.empty(kept)
    for place in used:
        if cells.electrons[place] >= 1.0:
            electrons[np.searchsorted(keys, cells.key[place])] = cells.electrons[place]
        cells.key[place] = _EMPTY
        cells.electrons[place] = 0.0
    cells.filled[0] = 0
    return keys, electrons


@compiled
def drift_deposits(drift: Drift, deposits: Floats, time_ns: float, cells: Cells) -> tuple[Integers, Floats]:
    """Drift the deposits (float64, (n, 5)) of an event at ``time_ns``; return what ``collect`` does."""
    for i in range(len(deposits)):
        spread(drift, arrive(drift, deposits[i], time_ns), cells)
    return collect(cells)
