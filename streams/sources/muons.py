"""Cosmic muons at 4 850 feet: how many cross an assembly, from where, with which energy, and which of them stop.

Rate: 0.065 Hz per 10 kt (reference 9.1.14) cross a module of 58 x 14.5 x 12 m; an assembly sees its share of the
projected area, averaged over the directions. Zenith angles follow the depth-intensity curve of Mei and Hime
(astro-ph/0512125) under a flat overburden; energies go as (E + 501 GeV)^-3.77 (the same paper's form; the constant
gives the measured mean of 283 GeV); 1.37 positive for each negative one (MINOS far detector). All are assumptions
about the site: no mountain profile, no bundles, energies do not depend on the angle.

>>> from streams.detector import load_detector
>>> muons = muon_tables(load_detector("fd1-hd-apa"), "central")
>>> round(86_400 * muons.rate_hz)  # a day
175
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, State, compiled
from streams.detector import Detector
from streams.rng import uniform
from streams.transport.argon import ANTIMUON, MUON
from streams.transport.muons import backwards_mev
from streams.transport.world import volume_of

RATE_HZ = 0.065  # per module of 10 kt (reference 9.1.14; DUNE TDR: 0.2589 per second in four)
MODULE_MM = (14_500.0, 12_000.0, 58_000.0)  # x, y, z of a module's argon (DUNE TDR)
DEPTH_KMWE = 4.3  # Mei and Hime, Homestake
# Mei and Hime, equation 4: cm-2 s-1 sr-1 and km of water.
_INTENSITY = ((8.60e-6, 0.45), (0.44e-6, 0.87))
SPECTRAL_INDEX = 3.77
SOFT_MEV = 283_000.0 * (SPECTRAL_INDEX - 2)  # mean energy 283 GeV
POSITIVE_SHARE = 1.37 / 2.37
_ANGLES = 512


class Muons(NamedTuple):
    """Muons that cross the active argon of one assembly."""

    rate_hz: float
    stopping: float  # share that is made to stop; below 0: as the energies have it
    box_mm: Floats  # (2, 3): lower and upper corner of the active box
    cosine: Floats  # (n,), of the zenith angle at even quantiles of the muons that cross a sphere
    density: float


def zenith() -> tuple[Floats, Floats]:
    """Return cosines of the zenith angle and the intensity there (not normalised): flat overburden."""
    cosine = (np.arange(_ANGLES) + 0.5) / _ANGLES
    slant = DEPTH_KMWE / cosine
    return cosine, np.asarray(sum(a * np.exp(-slant / length) for a, length in _INTENSITY) / cosine)


def projected_mm2(size_mm: tuple[float, ...] | Floats) -> float:
    """Return the area of a box across the direction, averaged over the muons."""
    cosine, weight = zenith()
    x, y, z = size_mm
    sine = np.sqrt(1 - cosine**2) * 2 / math.pi  # mean of |cos| of the azimuth
    area = x * z * cosine + (y * z + x * y) * sine
    return float((area * weight).sum() / weight.sum())


def muon_tables(
    detector: Detector,
    position: str,
    scale: float = 1.0,
    rate_hz: float | None = None,
    stopping: float | None = None,
) -> Muons:
    """Return the muons of an assembly; the arguments are those of ``streams.signals.MuonSignal``."""
    volume = volume_of(detector, position)
    low = np.array([volume.low_x_mm, -volume.half_y_mm, 0.0])
    high = np.array([volume.high_x_mm, volume.half_y_mm, volume.length_mm])
    natural = RATE_HZ * projected_mm2(high - low) / projected_mm2(MODULE_MM)
    cosine, weight = zenith()
    table = np.interp(np.linspace(0, 1, _ANGLES), np.append(0, np.cumsum(weight)) / weight.sum(),
                      np.append(0, cosine + 0.5 / _ANGLES))  # fmt: skip
    rate = scale * natural if rate_hz is None else rate_hz
    return Muons(
        rate, -1.0 if stopping is None else stopping, np.array([low, high]), table, volume.density_g_per_cm3
    )


@compiled
def _sides(muons: Muons) -> Floats:
    """Return the areas of the box across x, y and z [mm2]."""
    size = muons.box_mm[1] - muons.box_mm[0]
    return np.array([size[1] * size[2], size[0] * size[2], size[0] * size[1]])


@compiled
def _direction(muons: Muons, state: State) -> Floats:
    """Draw a direction by its intensity times the area that the box shows to it."""
    sides = _sides(muons)
    most = math.sqrt(np.sum(sides * sides))
    while True:
        place = uniform(state) * (len(muons.cosine) - 1)
        cell = int(place)
        cosine = muons.cosine[cell] + (place - cell) * (muons.cosine[cell + 1] - muons.cosine[cell])
        sine, azimuth = math.sqrt(max(1.0 - cosine * cosine, 0.0)), 2.0 * math.pi * uniform(state)
        direction = np.array([sine * math.cos(azimuth), -cosine, sine * math.sin(azimuth)])
        if uniform(state) * most < np.sum(sides * np.abs(direction)):
            return direction


@compiled
def _enter(muons: Muons, direction: Floats, state: State, vertex: Floats) -> None:
    """Draw where a muon enters the box: a side by its projected area, then anywhere on it."""
    size = muons.box_mm[1] - muons.box_mm[0]
    areas = _sides(muons) * np.abs(direction)
    u, axis = uniform(state) * areas.sum(), 0
    while axis < 2 and u >= areas[axis]:
        u -= areas[axis]
        axis += 1
    for i in range(3):
        vertex[i] = muons.box_mm[0, i] + uniform(state) * size[i]
    vertex[axis] = muons.box_mm[0, axis] if direction[axis] > 0 else muons.box_mm[1, axis]


@compiled
def path_mm(muons: Muons, vertex: Floats, direction: Floats) -> float:
    """Return the length of a straight path from ``vertex`` on the box to its other side."""
    length = 1e9
    for i in range(3):
        if direction[i] != 0.0:
            end = muons.box_mm[1, i] if direction[i] > 0 else muons.box_mm[0, i]
            length = min(length, (end - vertex[i]) / direction[i])
    return length


@compiled
def draw_muon(muons: Muons, state: State, vertex: Floats, particles: Floats) -> tuple[int, float]:
    """Draw one muon: ``vertex`` on the side where it enters, the first row of ``particles`` (float64, (rows, 6)).

    Returns
    -------
    the number of particles, 1, and the kinetic energy [MeV].
    """
    direction = _direction(muons, state)
    _enter(muons, direction, state, vertex)
    u = uniform(state)
    if muons.stopping >= 0.0 and uniform(state) < muons.stopping:
        energy = backwards_mev(u * path_mm(muons, vertex, direction), muons.density)
    else:
        energy = SOFT_MEV * ((1.0 - u) ** (-1.0 / (SPECTRAL_INDEX - 1.0)) - 1.0)
    particles[0, :] = 0.0
    particles[0, 0] = ANTIMUON if uniform(state) < POSITIVE_SHARE else MUON
    particles[0, 1] = energy
    particles[0, 2:5] = direction
    return 1, energy
