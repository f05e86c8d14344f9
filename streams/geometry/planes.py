"""Wires of a plane by one rule: parallel lines across a rectangle, counted from one of its corners.

The plane is the rectangle ``y_mm`` x ``z_mm`` of the preset. Wire 0 is the one nearest to ``corner`` (at
``first_mm`` from it), the next ones follow at the pitch; ``angle_deg`` is between wires and the y axis. A place
belongs to the nearest wire, at most half a pitch away; beyond the first or last wire, or beyond the rectangle, it
belongs to none.

Straight planes have one channel per wire: face after face, in the order of the wires.
Wrapped planes (U and V of the horizontal drift) run around both faces like a helix: half of the channels begin at
the board of each face, where they are wires 0 to half - 1. A wire that comes to the side goes on across the other
face, half a board further: wire n + half there. So the ``segment`` of wire n is n // half, and its channel began on
the face where n // half is even. The second face is the mirror image of the first (corner left <-> right).

>>> from streams.detector import load_detector
>>> u = plane_geometry(load_detector("fd1-hd-apa"), "U")
>>> u.channel_of.shape, u.channel_of[0, :2].tolist(), u.channel_of[0, 400:402].tolist()
((2, 1148), [0, 1], [400, 401])
>>> n = wire_at(u, 0, 2990.0, 2290.0)
>>> int(n), int(u.channel_of[0, n]), int(wire_at(u, 0, 5000.0, 0.0))
(2, 2, -1)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Floats, Integers, compiled

if TYPE_CHECKING:
    from streams.detector import Detector, Plane

#: One straight piece of a wire. Places in mm; (y0, z0) is the lower end; ``channel`` counts within the plane.
SEGMENT_DTYPE = np.dtype(
    [("channel", "i4"), ("segment", "i4"), ("face", "i4"), ("wire", "i4")]
    + [(name, "f8") for name in ("y0", "z0", "y1", "z1")]
)


class PlaneGeometry(NamedTuple):
    """One plane, for compiled code: wire = floor(p / pitch), p = y normal_y[f] + z normal_z[f] - offset_mm[f]."""

    channels: int
    normal_y: Floats  # (faces,)
    normal_z: Floats  # (faces,)
    offset_mm: Floats  # (faces,)
    pitch_mm: float
    wires: int  # on each face
    channel_of: Integers  # (faces, wires), 0 to channels - 1
    low_y: float  # the rectangle of the plane [mm]
    high_y: float
    low_z: float
    high_z: float


def _corner(plane: Plane, face: int) -> tuple[float, float, int, int]:
    """Return y and z [mm] of the corner where ``face`` begins, and the signs of the ways into the plane."""
    down = plane.corner.startswith("top")
    left = plane.corner.endswith("left") != (plane.kind == "wrapped" and face == 1)
    y, z = plane.y_mm[1 if down else 0], plane.z_mm[0 if left else 1]
    return y, z, -1 if down else 1, 1 if left else -1


def _channel_of(plane: Plane, faces: int) -> NDArray[np.int64]:
    """Return the channel of each face and wire: int64 (faces, wires)."""
    face, wire = np.meshgrid(np.arange(faces), np.arange(plane.wires), indexing="ij")
    if plane.kind == "straight":
        return face * plane.wires + wire
    half = plane.channels // 2
    began = (face + wire // half) % 2
    return began * half + wire % half


def plane_geometry(detector: Detector, plane: str) -> PlaneGeometry:
    """Return the geometry of ``plane`` (U, V or X)."""
    shape = detector.planes[plane]
    sine, cosine = math.sin(math.radians(shape.angle_deg)), math.cos(math.radians(shape.angle_deg))
    normals = []
    for face in range(detector.faces):
        y, z, into_y, into_z = _corner(shape, face)
        normal_y, normal_z = into_y * sine, into_z * cosine
        normals.append(
            (normal_y, normal_z, y * normal_y + z * normal_z + shape.first_mm - shape.pitch_mm / 2)
        )
    normal_y_, normal_z_, offset = (np.array(column) for column in zip(*normals, strict=True))
    return PlaneGeometry(
        shape.channels, normal_y_, normal_z_, offset, shape.pitch_mm, shape.wires,
        _channel_of(shape, detector.faces), *shape.y_mm, *shape.z_mm,
    )  # fmt: skip


@compiled
def place_mm(geometry: PlaneGeometry, face: int, y: float, z: float) -> float:
    """Return how far (y, z) lies along the pitch [mm]: wire n is at (n + 1/2) pitch."""
    return float(y * geometry.normal_y[face] + z * geometry.normal_z[face] - geometry.offset_mm[face])


@compiled
def covers(geometry: PlaneGeometry, y: float, z: float) -> bool:
    """Return whether the wires reach as far as (y, z) [mm]."""
    return bool(geometry.low_y <= y <= geometry.high_y and geometry.low_z <= z <= geometry.high_z)


@compiled
def wire_at(geometry: PlaneGeometry, face: int, y: float, z: float) -> int:
    """Return the wire of ``face`` nearest to (y, z) [mm], or -1 where there is none."""
    if not covers(geometry, y, z):
        return -1
    wire = math.floor(place_mm(geometry, face, y, z) / geometry.pitch_mm)
    return wire if 0 <= wire < geometry.wires else -1


def _clipped(geometry: PlaneGeometry, face: int) -> tuple[NDArray[np.float64], ...]:
    """Return y0, z0, y1, z1 [mm] where the lines of all wires of ``face`` cross the rectangle, lower end first."""
    normal_y, normal_z = geometry.normal_y[face], geometry.normal_z[face]
    p = (np.arange(geometry.wires) + 0.5) * geometry.pitch_mm + geometry.offset_mm[face]
    # The line is p n + t (nz, -ny); t is bounded by both pairs of sides (a wire along y only by the first pair).
    ends = [np.sort((np.array([[geometry.low_y], [geometry.high_y]]) - p * normal_y) / normal_z, axis=0)]
    if normal_y:
        sides = np.array([[geometry.low_z], [geometry.high_z]])
        ends.append(np.sort((p * normal_z - sides) / normal_y, axis=0))
    first = np.max([pair[0] for pair in ends], axis=0)
    last = np.min([pair[1] for pair in ends], axis=0)
    lower, upper = (first, last) if normal_z > 0 else (last, first)
    return tuple(
        value
        for t in (lower, upper)
        for value in (p * normal_y + t * normal_z, p * normal_z - t * normal_y)
    )  # fmt: skip


def segments(detector: Detector, plane: str) -> NDArray[np.void]:
    """Return the straight pieces of all wires of ``plane``: (n,) of ``SEGMENT_DTYPE``, by channel and segment."""
    geometry, shape = plane_geometry(detector, plane), detector.planes[plane]
    half = shape.channels // 2 if shape.kind == "wrapped" else shape.wires
    pieces = []
    for face in range(detector.faces):
        piece = np.zeros(geometry.wires, SEGMENT_DTYPE)
        wire = np.arange(geometry.wires)
        piece["channel"], piece["face"], piece["wire"] = geometry.channel_of[face], face, wire
        piece["segment"] = wire // half
        piece["y0"], piece["z0"], piece["y1"], piece["z1"] = _clipped(geometry, face)
        pieces.append(piece)
    everything = np.concatenate(pieces)
    return everything[np.lexsort((everything["segment"], everything["channel"]))]
