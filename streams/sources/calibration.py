"""Single particles of one energy: a calibration source, at one place or anywhere in the argon.

>>> from streams.detector import load_detector
>>> from streams.signals import CalibrationSignal
>>> signal = CalibrationSignal("gamma", 1.461, 10.0, position_mm=(100, 0, 500))
>>> source = calibration_of(signal, load_detector("fd1-hd-apa"))
>>> place_of(signal), source.energy_mev
('point:100,0,500', 1.461)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, State, compiled
from streams.detector import Detector
from streams.errors import ConfigError
from streams.rng import uniform
from streams.signals import CalibrationSignal
from streams.sources.muons import POSITIVE_SHARE
from streams.transport.argon import ALPHA, ANTIMUON, ELECTRON, GAMMA, MUON, POSITRON
from streams.transport.world import inside, volume_of

KINDS = {"electron": ELECTRON, "positron": POSITRON, "gamma": GAMMA, "alpha": ALPHA, "muon": MUON}


class Calibration(NamedTuple):
    """One particle: its kind, kinetic energy and direction (0, 0, 0: isotropic)."""

    kind: int
    energy_mev: float
    direction: Floats  # (3,)


def place_of(signal: CalibrationSignal) -> str:
    """Return the place (see ``streams.sources.places``) of a calibration source."""
    if signal.position_mm is None:
        return "argon"
    return "point:" + ",".join(f"{value:.12g}" for value in signal.position_mm)


def calibration_of(signal: CalibrationSignal, detector: Detector, position: str = "central") -> Calibration:
    """Return the particle of ``signal``.

    Raises
    ------
    ConfigError : a position outside the active argon.
    """
    if signal.position_mm is not None:
        where = np.array(signal.position_mm, np.float64)
        if not (np.isfinite(where).all() and inside(volume_of(detector, position), where)):
            raise ConfigError(
                f"{signal.name}: position_mm: got {signal.position_mm}, want a place in the active argon"
                f" at position {position!r}: x toward the cathode, y up, z along the wires' row"
            )
    direction = np.array(signal.direction or (0.0, 0.0, 0.0), np.float64)
    length = math.sqrt(float(direction @ direction))
    return Calibration(KINDS[signal.particle], signal.energy_mev, direction / (length or 1.0))


@compiled
def draw_calibration(source: Calibration, state: State, particles: Floats) -> int:
    """Fill the first row of ``particles`` (float64, (rows, 6)); return the number of particles, 1.

    A muon is positive or negative as at the site, so that its Michel electrons are.
    """
    particles[0, :] = 0.0
    particles[0, 0], particles[0, 1] = source.kind, source.energy_mev
    particles[0, 2:5] = source.direction
    if source.kind == MUON and uniform(state) < POSITIVE_SHARE:
        particles[0, 0] = ANTIMUON
    return 1
