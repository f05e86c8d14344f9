"""Drift: when, where and how wide the charge of a deposit comes to the wires, and its truth on collection wires.

A deposit at |x| arrives |x| / v after its event, less what is attached on the way, spread by Gaussians along and
across the drift. The truth of a cell (collection channel, tick) is the integral over it; tick k means arrivals within
half a tick of k: the collection response has its peak there. What arrives beyond the ends of the wires is in none,
as it is in no waveform. Cells with less than one electron of an event are left out of the truth; the waveforms are
made of the arrivals themselves. Numbers of electrons are expectation values (their own fluctuation is a hundred
electrons, the noise 400).

>>> from streams.detector import load_detector
>>> d = drift_of(load_detector("fd1-hd-apa"), 10.4)
>>> round(1000 / d.ticks_per_mm / 1000, 3), round(float(np.exp(-3600 * d.loss_per_mm)), 3)
(0.819, 0.805)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, compiled
from streams.detector import Detector
from streams.geometry.planes import PlaneGeometry, covers, place_mm
from streams.response.arrivals import ELECTRONS, FACE, SIGMA_MM, SIGMA_TICK, TICK, Y_MM, Z_MM

SPREAD = 4.0  # Gaussians are cut at this many standard deviations (6e-5 of the charge)
_MIN_SIGMA = 0.02  # of a tick or a pitch: keeps the integrals finite at the wires
CHANNELS = 4096  # key of a cell = tick * CHANNELS + channel


class Drift(NamedTuple):
    """The drift in units of ticks and millimetres."""

    ticks_per_mm: float
    tick_ns: float
    loss_per_mm: float
    tick_sigma: float  # sigma = this times sqrt(|x| in mm)
    mm_sigma: float


class Cells(NamedTuple):
    """Cells of one event as they come, several entries for one cell; the arrays grow."""

    keys: Integers
    electrons: Floats


def drift_of(detector: Detector, lifetime_ms: float) -> Drift:
    """Return the drift of ``detector`` with this electron lifetime."""
    d = detector.drift
    ticks_per_mm = 1000 / (d.velocity_mm_per_us * detector.tick_ns)
    # sigma^2 = 2 D t: 1 cm2/s = 1e-4 mm2/us
    along = math.sqrt(2 * d.longitudinal_cm2_per_s * 1e-4 / d.velocity_mm_per_us)
    across = math.sqrt(2 * d.transverse_cm2_per_s * 1e-4 / d.velocity_mm_per_us)
    loss_per_mm = 1 / (d.velocity_mm_per_us * lifetime_ms * 1000)
    return Drift(ticks_per_mm, float(detector.tick_ns), loss_per_mm, along * ticks_per_mm, across)


@compiled
def arrive(drift: Drift, deposit: Floats, time_ns: float, arrival: Floats) -> None:
    """Fill in one arrival (float64, (7,)) of a deposit (x, y, z mm, energy, electrons, delay ns)."""
    distance = abs(deposit[0])
    arrival[TICK] = (time_ns + deposit[5]) / drift.tick_ns + distance * drift.ticks_per_mm
    arrival[FACE] = 0.0 if deposit[0] > 0 else 1.0
    arrival[Y_MM] = deposit[1]
    arrival[Z_MM] = deposit[2]
    arrival[SIGMA_TICK] = max(drift.tick_sigma * math.sqrt(distance), _MIN_SIGMA)
    arrival[SIGMA_MM] = drift.mm_sigma * math.sqrt(distance)
    arrival[ELECTRONS] = deposit[4] * math.exp(-distance * drift.loss_per_mm)


@compiled
def _spread(plane: PlaneGeometry, a: Floats, cells: Cells, filled: int) -> tuple[Cells, int]:
    """Append the cells of one arrival from ``filled`` on: integrals of two Gaussians."""
    if not covers(plane, a[Y_MM], a[Z_MM]):
        return cells, filled
    root = 0.7071067811865476
    face = int(a[FACE])
    across = place_mm(plane, face, a[Y_MM], a[Z_MM]) / plane.pitch_mm
    sigma = max(a[SIGMA_MM] / plane.pitch_mm, _MIN_SIGMA)
    first = math.floor(a[TICK] - SPREAD * a[SIGMA_TICK] + 0.5)
    last = math.floor(a[TICK] + SPREAD * a[SIGMA_TICK] + 0.5)
    low = max(math.floor(across - SPREAD * sigma), 0)
    high = min(math.floor(across + SPREAD * sigma), plane.wires - 1)
    left = math.erf((low - across) / sigma * root)
    for wire in range(low, high + 1):
        right = math.erf((wire + 1 - across) / sigma * root)
        share = 0.25 * (right - left) * a[ELECTRONS]
        left = right
        if share < 1e-3:
            continue
        while filled + last - first + 1 > len(cells.keys):
            keys = np.concatenate((cells.keys, np.empty(len(cells.keys), np.int64)))
            cells = Cells(keys, np.concatenate((cells.electrons, np.empty(len(cells.electrons)))))
        before = math.erf((first - 0.5 - a[TICK]) / a[SIGMA_TICK] * root)
        for tick in range(first, last + 1):
            after = math.erf((tick + 0.5 - a[TICK]) / a[SIGMA_TICK] * root)
            cells.keys[filled] = tick * CHANNELS + plane.channel_of[face, wire]
            cells.electrons[filled] = share * (after - before)
            filled += 1
            before = after
    return cells, filled


@compiled
def truth(plane: PlaneGeometry, arrivals: Floats, cells: Cells) -> tuple[Cells, int]:
    """Put the cells of the arrivals (float64, (n, 7)) of one event at the head of ``cells``; return how many.

    Keys (tick * CHANNELS + channel) rise, each once, with at least one electron.
    """
    filled = 0
    for i in range(len(arrivals)):
        cells, filled = _spread(plane, arrivals[i], cells, filled)
    order = np.argsort(cells.keys[:filled], kind="mergesort")
    keys, electrons = cells.keys[:filled][order], cells.electrons[:filled][order]
    kept = i = 0
    while i < filled:
        total, key = 0.0, keys[i]
        while i < filled and keys[i] == key:
            total += electrons[i]
            i += 1
        if total >= 1.0:
            cells.keys[kept], cells.electrons[kept] = key, total
            kept += 1
    return cells, kept
