"""How many interactions the argon of an assembly sees, and when.

>>> from streams.signals import BurstSignal
>>> round(expected(BurstSignal(distance_kpc=10.0), "nue_cc", 40_000.0))
903
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers
from streams.detector import Detector, active_faces
from streams.signals import Signal
from streams.sources.neutrinos.courses import Course, courses


class Channel(NamedTuple):
    """One source of neutrino interactions in one assembly."""

    signal: int  # place in the list of signals
    name: str  # of the origin
    edges_ns: Floats  # (k + 1,) of intervals, may begin before 0; the last edge may be infinite
    rate_hz: Floats  # (k,)
    spectrum: Integers  # (k,) the index for draw_neutrino in each interval


def argon_tonnes(detector: Detector, position: str) -> float:
    """Return the argon [t] in front of the active faces of an assembly at ``position``."""
    faces = len(active_faces(detector, position))
    volume_cm3 = detector.drift_mm * detector.height_mm * detector.length_mm / 1000
    return float(faces * volume_cm3 * detector.drift.density_g_per_cm3 * 1e-6)


def _rate_hz(course: Course, argon_t: float) -> Floats:
    return course.rate_hz if course.absolute else course.rate_hz * argon_t


def channels(
    signals: tuple[Signal, ...], detector: Detector, position: str = "central"
) -> tuple[Channel, ...]:
    """Return every source of neutrino interactions; ``spectrum`` counts as ``neutrino_tables(signals)`` does."""
    found, first = [], 0
    for course in courses(signals):
        index = first + np.array(course.spectrum, np.int64)
        rate = _rate_hz(course, argon_tonnes(detector, position))
        found.append(Channel(course.signal, course.name, course.edges_ns, rate, index))
        first += len(course.spectra)
    return tuple(found)


def rate_profile(
    signal: Signal, detector: Detector, position: str = "central", interaction: str = "nue_cc"
) -> tuple[Floats, Floats]:
    """Return edges [ns], float64 (k + 1,), and the rate [Hz], (k,), of one interaction in an assembly."""
    for course in courses((signal,)):
        if course.interaction == interaction:
            return course.edges_ns, _rate_hz(course, argon_tonnes(detector, position))
    return np.array([0.0, np.inf]), np.array([0.0])


def expected(signal: Signal, interaction: str, argon_t: float) -> float:
    """Return the interactions in ``argon_t`` tonnes: of a burst in all, of a steady source per second."""
    for course in courses((signal,)):
        if course.interaction == interaction:
            rate = _rate_hz(course, argon_t)
            if np.isinf(course.edges_ns[-1]):
                return float(rate.sum())
            return float((rate * np.diff(course.edges_ns)).sum() / 1e9)
    return 0.0
