"""The places where backgrounds come from: argon, cathode, frame, boards, planes outside; how large, and where.

Names, for an assembly of the horizontal drift (sizes in cm3 for what has a volume, in cm2 for planes):

====================  ============================================================================================
argon                 the drifts of the active faces, evenly
argon_po218, ...      the same with the profiles along the drift of dunesim's model (ions drift to the cathode)
cathode               FR4, 3 mm, decays at any depth; shared by two drifts: half of it counts for each, see ``drifts``
cathode_surface       the same sheet, decays on its surfaces (what plates out)
frame                 steel tubes of the APA's frame, in the plane of the wires
boards                4 x 16 cm along the APA's edge, 1 cm outside the drift; followed as argon
pds                   surfaces of ten photon detectors between the faces
top, bottom, end      planes 25 cm outside the drift; isotropic, half goes inward
outer_wall            plane behind 40 cm of argon at the wall side of an outer APA
neutron_top, ...      captures of the neutrons that go inward there, exponential with 40 cm from the plane
point:x,y,z           one point, mm
box:x0,x1,y0,y1,z0,z1  a box, mm
====================  ============================================================================================

For a vertical drift (one face) frame, boards and pds are not described, their size is 0; the plane on the side of the
charge plane is top or bottom.

>>> from streams.detector import load_detector
>>> detector = load_detector("fd1-hd-apa")
>>> round(size(detector, "central", "argon") / 1e6, 1), round(size(detector, "central", "cathode"))
(99.4, 41403)
>>> size(detector, "central", "top"), round(1.05104 * size(detector, "top", "top"))  # reference 9.5: 190 000 /s
(0.0, 189844)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.detector import Detector, active_faces
from streams.errors import ConfigError
from streams.sources import emission
from streams.sources.emission import Places, absorb, draw_vertex
from streams.transport.argon import argon_tables

__all__ = ["NAMES", "Places", "absorb", "draw_vertex", "drifts", "place_tables", "size"]

CATHODE_MM = 3.0  # FR4 (dunesim v3.4; reference section 5)
FR4_G_PER_CM3 = 1.75  # dunesim v3.4
STEEL_G_PER_CM3 = 7.93  # dunesim gdml
# Electrons per gram over argon's 18 / 39.95: FR4 as 60 % glass (Z/A 0.50) and 40 % epoxy (0.54); steel 0.466.
FR4_ELECTRONS, STEEL_ELECTRONS = 0.515 / 0.4506, 0.466 / 0.4506
# Bragg-Kleeman: range in air 3.18 mm (T / MeV)^1.5, in a material 3.2e-4 sqrt(A) / density times that.
FR4_BRAGG_MM = 3.18 * 3.2e-4 * math.sqrt(20.0) / FR4_G_PER_CM3
STEEL_BRAGG_MM = 3.18 * 3.2e-4 * math.sqrt(56.0) / STEEL_G_PER_CM3
# Assumption: tubes of 102 x 76 mm, walls 3 mm, three of the height and two of the length, and four ribs: 240 kg.
FRAME_CM3 = 30_000.0
FRAME_WALL_MM = 3.0
FRAME_TUBE_MM = 102.0
BOARDS_MM = (40.0, 160.0, 2325.0)  # 2 x 2 cm, 16 cm, width of the frame (dunesim v3.6; reference 9.4)
BOARDS_GAP_MM = 10.0  # dunesim v3.6: from 601 cm on, where the drift ends at 600 cm
PDS_COUNT, PDS_MM = 10, (23.0, 118.0, 2092.0)  # dunesim v3.4: the size of an Arapuca
PLANE_GAP_MM = 250.0  # dunesim v3.4: planes 25 cm outside
PLANE_X_MM = 150.0  # dunesim v3.4: they reach 375 cm where the drift ends at 360 cm
PLANE_Z_MM = 14450.0 / 6  # dunesim v3.4: six assemblies along 14.45 m
PLANE_REACH_MM = 100.0  # into the drift, of most gammas that reach it
CAPTURE_MM = 400.0  # reference 9.5; assumption
_SKIN_MM = 1e-3  # vertices on a surface lie this far inside the argon

# dunesim v3.4: decays per length as a polynomial in |x| / cm.
_PROFILES = {
    "argon_po218": (936.088, 2.81714, -0.00403933, -1.24485e-06),
    "argon_pb214": (590.016, 1.83392, 0.00012101, -5.42539e-06),
    "argon_bi214": (263.835, 1.32691, -0.000128904, -1.64996e-06),
    "argon_pb210": (259.482, 1.58444, -0.00214077, 1.95097e-06),
}
PLANES = ("top", "bottom", "end", "outer_wall")
_CAPTURES = tuple(f"neutron_{name.removeprefix('outer_')}" for name in PLANES)
#: Every name but those of points and boxes.
NAMES = ("argon", *_PROFILES, "cathode", "cathode_surface", "frame", "boards", "pds", *PLANES, *_CAPTURES)


class _Place(NamedTuple):
    """One place before it is laid out in arrays."""

    kind: int
    boxes: tuple[
        tuple[tuple[float, float], tuple[float, float], tuple[float, float]], ...
    ]  # x, y, z ranges, mm
    toward: tuple[int, ...] = ()
    axis: int = 0
    depth_mm: float = 0.0
    density: float = 0.0
    bragg_mm: float = 1.0
    profile: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)


def _given(name: str) -> _Place:
    """Return the place that a name such as ``point:100,0,500`` describes."""
    what, _, text = name.partition(":")
    wanted = {"point": 3, "box": 6}.get(what)
    if wanted is None:
        raise ConfigError(
            f"place: got {name!r}, allowed are {', '.join(NAMES)}, point:x,y,z and box:x0,x1,..."
        )
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != wanted or not all(math.isfinite(number) for number in numbers):
        raise ConfigError(f"place: got {name!r}, want {wanted} numbers in mm after {what!r}:")
    low, high = (numbers, numbers) if wanted == 3 else (numbers[0::2], numbers[1::2])
    if any(a > b for a, b in zip(low, high, strict=True)):
        raise ConfigError(f"place: got {name!r}, want each lower end of the box before its upper end")
    return _Place(emission.VOLUME, (((low[0], high[0]), (low[1], high[1]), (low[2], high[2])),))


def _vertical_plane(detector: Detector, name: str) -> _Place:
    """Return a plane outside of a vertical drift: x points up or down, from the charge plane to the cathode."""
    x, half = (-PLANE_GAP_MM, detector.drift_mm), detector.height_mm / 2
    y, z = (-half, half), (0.0, detector.length_mm)
    if name == "outer_wall":
        return _Place(emission.PLANE, ((x, (-half - PLANE_GAP_MM,) * 2, z),), (1,), 1)
    if name == "end":
        return _Place(emission.PLANE, ((x, y, (-PLANE_GAP_MM,) * 2),), (1,), 2)
    return _Place(emission.PLANE, (((-PLANE_GAP_MM,) * 2, y, z),), (1,), 0)


def _plane(detector: Detector, position: str, name: str) -> _Place:
    """Return a plane outside, whether this position sees it or not."""
    faces = active_faces(detector, position)
    x = (
        -detector.drift_mm - PLANE_X_MM if 1 in faces else 0.0,
        detector.drift_mm + PLANE_X_MM if 0 in faces else 0.0,
    )
    half = detector.height_mm / 2
    if detector.faces == 1:
        return _vertical_plane(detector, name)
    middle = detector.length_mm / 2
    z = (middle - PLANE_Z_MM / 2, middle + PLANE_Z_MM / 2)
    tall = (-half - PLANE_GAP_MM / 2, half + PLANE_GAP_MM / 2)
    if name == "outer_wall":
        return _Place(emission.PLANE, (((_SKIN_MM,) * 2, tall, z),), (1,), 0, PLANE_REACH_MM)
    if name == "end":
        return _Place(emission.PLANE, ((x, tall, (-PLANE_GAP_MM,) * 2),), (1,), 2)
    sign = 1 if name == "top" else -1
    return _Place(
        emission.PLANE,
        ((x, (sign * (half + PLANE_GAP_MM),) * 2, z),),
        (-sign,),
        1,
        PLANE_GAP_MM + PLANE_REACH_MM,
    )


def _boards(detector: Detector, position: str) -> _Place:
    """Return the boards, above the drift or, in the bottom row, below it."""
    sign = -1 if "bottom" in detector.positions[position].external else 1
    edge = detector.height_mm / 2 + BOARDS_GAP_MM
    y = sorted((sign * edge, sign * (edge + BOARDS_MM[1])))
    middle = detector.length_mm / 2
    z = (middle - BOARDS_MM[2] / 2, middle + BOARDS_MM[2] / 2)
    return _Place(emission.VOLUME, (((-BOARDS_MM[0] / 2, BOARDS_MM[0] / 2), (y[0], y[1]), z),))


def _frame(detector: Detector) -> _Place:
    """Return the tubes: three upright, two across, all in the plane of the wires."""
    half, long, t = detector.height_mm / 2, detector.length_mm, FRAME_TUBE_MM
    x = (0.0, 0.0)
    upright = [(x, (-half, half), (z, z + t)) for z in (0.0, (long - t) / 2, long - t)]
    across = [(x, (y, y + t), (0.0, long)) for y in (-half, half - t)]
    density = STEEL_G_PER_CM3 * STEEL_ELECTRONS
    boxes = (*upright, *across)
    return _Place(emission.WALL, boxes, (0,) * 5, 0, FRAME_WALL_MM, density, STEEL_BRAGG_MM)


def _pds(detector: Detector, faces: tuple[int, ...]) -> _Place:
    """Return the surfaces of the photon detectors that face a drift, evenly along the height."""
    spacing = detector.height_mm / PDS_COUNT
    z = (detector.length_mm / 2 - PDS_MM[2] / 2, detector.length_mm / 2 + PDS_MM[2] / 2)
    boxes, toward = [], []
    for face in (0, 1):
        x = _SKIN_MM * (1 - 2 * face)
        for i in range(PDS_COUNT):
            y = (i + 0.5) * spacing - detector.height_mm / 2
            boxes.append(((x, x), (y - PDS_MM[1] / 2, y + PDS_MM[1] / 2), z))
            toward.append(1 - 2 * face)
    return _Place(emission.BODY_SURFACE, tuple(boxes), tuple(toward), 0)


def _place(detector: Detector, position: str, name: str) -> _Place:
    """Return the place of this name."""
    faces = active_faces(detector, position)
    drift, half, z = detector.drift_mm, detector.height_mm / 2, (0.0, detector.length_mm)
    signs = [1 - 2 * face for face in faces]
    if name == "argon" or name in _PROFILES:
        boxes = tuple(((min(0.0, s * drift), max(0.0, s * drift)), (-half, half), z) for s in signs)
        p = np.array(_PROFILES.get(name, (0.0,) * 4))
        most = np.polynomial.Polynomial(p)(np.linspace(0, drift / 10, 1000)).max()
        return _Place(emission.VOLUME, boxes, profile=tuple(p / most) if p[0] else tuple(p))
    if name in ("cathode", "cathode_surface"):
        boxes = tuple(((s * (drift - _SKIN_MM),) * 2, (-half, half), z) for s in signs)
        kind = emission.SHEET if name == "cathode" else emission.SHEET_SURFACE
        density = FR4_G_PER_CM3 * FR4_ELECTRONS
        return _Place(kind, boxes, tuple(-s for s in signs), 0, CATHODE_MM, density, FR4_BRAGG_MM)
    if name == "frame":
        return _frame(detector)
    if name == "boards":
        return _boards(detector, position)
    if name == "pds":
        return _pds(detector, faces)
    if name in PLANES:
        return _plane(detector, position, name)
    if name in NAMES:
        plane = name.removeprefix("neutron_")
        found = _plane(detector, position, "outer_wall" if plane == "wall" else plane)
        return found._replace(kind=emission.CAPTURE, depth_mm=CAPTURE_MM)
    return _given(name)


def _extent(ranges: tuple[tuple[float, float], ...]) -> float:
    """Return the volume [mm3] of a box, or the area or length of a flat one."""
    return math.prod(high - low for low, high in ranges if high > low)


def size(detector: Detector, position: str, place: str) -> float:
    """Return what an activity is to be multiplied with: cm3 of a volume, cm2 of a plane outside.

    A plane that this position does not see has the size 0; points and boxes too have 0, their rate is given as such.
    """
    found = _place(detector, position, place)
    faces = active_faces(detector, position)
    if place in ("cathode", "cathode_surface"):
        return len(faces) * detector.height_mm * detector.length_mm * CATHODE_MM / 2 / 1000
    if place in ("frame", "boards", "pds") and detector.faces == 1:
        return 0.0
    if place == "frame":
        return FRAME_CM3
    if place == "pds":
        return PDS_COUNT * math.prod(PDS_MM) / 1000
    if found.kind in (emission.PLANE, emission.CAPTURE):
        plane = place.removeprefix("neutron_").replace("outer_", "").replace("wall", "outer_wall")
        return _extent(found.boxes[0]) / 100 if plane in detector.positions[position].external else 0.0
    return sum(_extent(box) for box in found.boxes) / 1000 if place in NAMES else 0.0


def drifts(place: str) -> int:
    """Return how many drifts a place shines into: the rate of ``size`` is a share of one in so many of its decays.

    A cathode is a sheet between two drifts. All of its decays are simulated for each of them, from one side: what goes
    to the other side is gone. So the gammas of one decay that fall into one drift are the right ones together.

    >>> drifts("cathode"), drifts("cathode_surface"), drifts("argon")
    (2, 2, 1)
    """
    return 2 if place in ("cathode", "cathode_surface") else 1


def place_tables(detector: Detector, position: str, names: tuple[str, ...]) -> Places:
    """Return the places ``names`` as arrays; the index of a place is its place in ``names``.

    Raises
    ------
    ConfigError : a name is not known, or the position is not.
    """
    found = [_place(detector, position, name) for name in names]
    density, argon = detector.drift.density_g_per_cm3, argon_tables(detector.drift.density_g_per_cm3)
    rows: list[tuple[float, ...]] = []
    whole, material = [], []
    for place in found:
        parts = np.cumsum([_extent(box) for box in place.boxes])
        whole.append((place.kind, len(rows), len(rows) + len(parts), place.axis))
        for ranges, part, way in zip(place.boxes, parts, place.toward or (0,) * len(parts), strict=True):
            rows.append((part / parts[-1], *(low for low, _ in ranges), *(high for _, high in ranges), way))
        of_argon = place.density / density
        material.append((place.depth_mm, of_argon, place.bragg_mm, detector.length_mm, *place.profile))
    curves = np.array([argon.collision, argon.radiative, argon.compton + argon.photo + argon.pair])
    return Places(
        np.array(whole, np.int64).reshape(-1, 4), np.array(rows, np.float64).reshape(-1, 8),
        np.array(material, np.float64).reshape(-1, 8), curves,
    )  # fmt: skip
