"""The argon around one assembly: the active box, what lies around it, and how argon ionises.

Argon outside the active box is followed to ``MARGIN_MM`` and not recorded: gammas come back from there. That stands
for the neighbours' argon and for the argon behind the planes of the external sources; structures (field cage, cathode
and wires, the 6 cm between the two faces of an assembly) are argon too or have no thickness. Assumptions.

>>> from streams.detector import load_detector
>>> volume = volume_of(load_detector("fd1-hd-apa"))
>>> inside(volume, np.array([-100.0, 0.0, 50.0])), gap_mm(volume, np.array([3610.0, 0.0, -5.0]))
(True, 10.0)
>>> round(float(escaping(load_detector("fd1-hd-apa").drift, np.array([2.106]))[0]), 3)  # reference 9.6
0.705
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, compiled
from streams.detector import Detector, Drift, active_faces
from streams.transport.argon import ArgonTables, argon_tables

MARGIN_MM = 500.0  # e^-2.5 of gammas of 2.6 MeV go as far, and few of them come back


class Volume(NamedTuple):
    """The active argon and how it ionises."""

    argon: ArgonTables
    half_x_mm: float
    half_y_mm: float
    length_mm: float
    electrons_per_mev: float
    box_alpha: float
    box_xi_mm_per_mev: float  # xi = this times dE/dx in MeV/mm
    low_x_mm: float  # of the active box: 0 where face 1 has no drift
    high_x_mm: float
    density_g_per_cm3: float


def volume_of(detector: Detector, position: str = "central") -> Volume:
    """Return the volume of ``detector``: the drifts of the faces that are active at ``position``."""
    d = detector.drift
    xi = d.box_beta * 10 / (d.density_g_per_cm3 * d.field_kv_per_cm)
    size = (detector.drift_mm, detector.height_mm / 2, detector.length_mm)
    faces = active_faces(detector, position)
    low, high = (-detector.drift_mm if 1 in faces else 0.0), (detector.drift_mm if 0 in faces else 0.0)
    tables = argon_tables(d.density_g_per_cm3)
    return Volume(tables, *size, 1e6 / d.w_ion_ev, d.box_alpha, xi, low, high, d.density_g_per_cm3)


@compiled
def inside(volume: Volume, position: Floats) -> bool:
    """Return whether a position (x, y, z in mm) lies in the active argon."""
    x, y, z = position[0], position[1], position[2]
    across = volume.low_x_mm < x < volume.high_x_mm and abs(y) < volume.half_y_mm
    return bool(across and 0.0 <= z < volume.length_mm)


@compiled
def gap_mm(volume: Volume, position: Floats) -> float:
    """Return how far a position is from the active box along the axis where it is farthest (0: inside)."""
    x, y, z = position[0], position[1], position[2]
    beyond = max(volume.low_x_mm - x, x - volume.high_x_mm)
    beyond = max(beyond, abs(y) - volume.half_y_mm)
    return float(max(max(beyond, -z), max(z - volume.length_mm, 0.0)))


@compiled
def recombination(volume: Volume, de_dx_mev_per_mm: float) -> float:
    """Return the share of electrons that escape: modified box model, ln(alpha + xi) / xi, at most 1."""
    xi = volume.box_xi_mm_per_mev * de_dx_mev_per_mm
    return min(max(math.log(volume.box_alpha + xi) / xi, 0.0), 1.0)


def escaping(drift: Drift, de_dx_mev_per_cm: Floats) -> Floats:
    """Return the share of electrons that escape recombination for an array of dE/dx [MeV/cm], by the same model."""
    xi = (
        drift.box_beta
        / (drift.density_g_per_cm3 * drift.field_kv_per_cm)
        * np.asarray(de_dx_mev_per_cm, float)
    )
    small = xi < 1e-6  # less than any track leaves
    share = np.log(drift.box_alpha + xi) / np.where(small, 1.0, xi)
    return np.where(small, 0.0, np.clip(share, 0.0, 1.0))
