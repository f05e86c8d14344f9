"""Where a decay happens in a place, and what of it leaves the material there.

The numbers of a place come from ``streams.sources.places``; this file is the compiled half. A particle that does not
leave keeps its row with a kinetic energy of 0.

Materials. Particles go straight through them. Electrons lose the energy of the same mass of argon times a factor for
the material's electrons; gammas that interact are gone (a little pessimistic: a scattered one would come out softer);
alphas have the Bragg-Kleeman range of a few hundredths of a millimetre. These are assumptions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from streams.compiled import Floats, Integers, State, compiled
from streams.rng import exponential, uniform
from streams.transport.argon import ALPHA, GAMMA, at
from streams.transport.electrons import ELECTRON_CUT_MEV, MAX_LOSS, MAX_STEP_MM
from streams.transport.work import isotropic

# Kinds of place.
VOLUME = 0  # a volume in the argon: nothing is absorbed
SHEET = 1  # a sheet between two drifts: decays at any depth, see ``_depth``
SHEET_SURFACE = 2  # the same, on its two surfaces
BODY_SURFACE = 3  # the surface of a thick body: what goes inward is gone
WALL = 4  # a wall open to both sides: decays at any depth
PLANE = 5  # a plane outside: what does not go toward the argon is gone
CAPTURE = 6  # inward neutrons of a plane, captured at an exponential depth

REACH_MM = 500.0  # no gamma of a plane is expected to come down farther away

# Columns of Places.whole, .box and .material.
KIND, FIRST, END, AXIS = range(4)
SHARE, LOW, HIGH, TOWARD = 0, 1, 4, 7
DEPTH, DENSITY, BRAGG, LENGTH, PROFILE = range(5)
COLLISION, RADIATIVE, ATTENUATION = range(3)  # rows of Places.argon


class Places(NamedTuple):
    """Places by index, each made of boxes; few arrays, because each one costs in every call.

    Attributes
    ----------
    whole : (n, 4): kind, first box, end of the boxes, axis.
    box : (boxes, 8): share, cumulated within the place; lower x, y, z; upper x, y, z [mm]; the way to the argon along
        the axis, 1 or -1, 0 for both.
    material : (n, 8): depth [mm] (thickness, mean depth of captures, or reach of the gammas of a plane); density over
        argon's times electrons per gram over argon's; alphas have the range (T / MeV)^1.5 times the third [mm];
        length of an assembly along z [mm]; decays per length as a cubic in |x| / cm, at most 1, or 0 for evenly.
    argon : (3, GRID_POINTS): collision and radiative loss [MeV/mm], attenuation of gammas [1/mm].
    """

    whole: Integers
    box: Floats
    material: Floats
    argon: Floats


@compiled
def _box(places: Places, index: int, u: float) -> int:
    """Return the box of a place at the share ``u``."""
    box = places.whole[index, FIRST]
    while places.box[box, SHARE] < u:
        box += 1
    return int(box)


@compiled
def draw_vertex(places: Places, index: int, state: State, vertex: Floats) -> None:
    """Draw a place of decay into ``vertex`` (float64, (3,): x, y, z in mm)."""
    box = _box(places, index, uniform(state))
    row = places.box[box]
    for i in range(3):
        vertex[i] = row[LOW + i] + uniform(state) * (row[HIGH + i] - row[LOW + i])
    if places.whole[index, KIND] == CAPTURE:
        depth = places.material[index, DEPTH] * exponential(state)
        vertex[places.whole[index, AXIS]] += row[TOWARD] * depth
    p = places.material[index, PROFILE:]
    if p[0] > 0.0:
        while True:
            x = abs(vertex[0]) / 10.0
            if uniform(state) < p[0] + x * (p[1] + x * (p[2] + x * p[3])):
                break
            vertex[0] = row[LOW] + uniform(state) * (row[HIGH] - row[LOW])


@compiled
def _toward(places: Places, index: int, vertex: Floats) -> int:
    """Return the way to the argon from ``vertex``, 1 or -1 along the axis of its place."""
    axis, first = places.whole[index, AXIS], places.whole[index, FIRST]
    for box in range(first, places.whole[index, END]):
        if places.box[box, LOW + axis] <= vertex[axis] <= places.box[box, HIGH + axis]:
            return int(places.box[box, TOWARD])
    return int(places.box[first, TOWARD])


@compiled
def _depth(places: Places, index: int, state: State) -> float:
    """Return how deep in its material a decay happens, in mm from the side of the argon.

    A sheet lies between two drifts and shines into both: decays happen at any depth of it, or on its near and its far
    surface in turn, and what goes toward the other drift is gone.
    """
    kind = places.whole[index, KIND]
    if kind in (SHEET, WALL):
        return float(places.material[index, DEPTH] * uniform(state))
    if kind == SHEET_SURFACE and uniform(state) < 0.5:
        return float(places.material[index, DEPTH])
    return 0.0


@compiled
def electron_after(argon: Floats, kinetic: float, path_mm: float) -> float:
    """Return what is left of an electron's energy after ``path_mm`` of argon (0: it has stopped)."""
    collision, radiative = argon[COLLISION], argon[RADIATIVE]
    while path_mm > 0.0 and kinetic > ELECTRON_CUT_MEV:
        rate = at(collision, kinetic)
        step = min(MAX_STEP_MM, MAX_LOSS * kinetic / rate, path_mm)
        half = max(kinetic - 0.5 * step * rate, ELECTRON_CUT_MEV)
        kinetic -= step * (at(collision, half) + at(radiative, half))
        path_mm -= step
    return kinetic if kinetic > ELECTRON_CUT_MEV else 0.0


@compiled
def _left(places: Places, index: int, particle: Floats, path_mm: float, state: State) -> float:
    """Return the energy that a particle has left after ``path_mm`` of the material of its place."""
    kinetic = particle[1]
    if path_mm <= 0.0 or kinetic <= 0.0:
        return float(kinetic)
    if particle[0] == ALPHA:
        left = kinetic**1.5 - path_mm / places.material[index, BRAGG]
        return float(max(left, 0.0) ** (2.0 / 3.0))
    equal = path_mm * places.material[index, DENSITY]  # mm of argon
    if particle[0] == GAMMA:
        gone = exponential(state) < at(places.argon[ATTENUATION], kinetic) * equal
        return 0.0 if gone else float(kinetic)
    return electron_after(places.argon, kinetic, equal)


@compiled
def _into_own_row(places: Places, index: int, vertex: Floats, particle: Floats) -> None:
    """Shift a vertex on a plane by whole assemblies along z, so that the gamma would come down in this one.

    All assemblies of a row are alike, so a gamma of this one's part of the plane that enters the next one stands for
    one that enters here. Where it would come down is taken at the reach of most gammas.
    """
    reach = min(places.material[index, DEPTH] / abs(particle[2 + places.whole[index, AXIS]]), REACH_MM)
    length = places.material[index, LENGTH]
    vertex[2] -= length * math.floor((vertex[2] + reach * particle[4]) / length)


@compiled
def absorb(places: Places, index: int, state: State, vertex: Floats, particles: Floats, n: int) -> None:
    """Let ``n`` particles of a decay at ``vertex`` leave the material of their place.

    ``particles`` (float64, (rows, 6): kind, MeV, direction, delay) are changed in place: the energy is what is left,
    0 for gone; a direction (0, 0, 0), which means isotropic, is drawn here where it matters.
    """
    kind, axis = places.whole[index, KIND], places.whole[index, AXIS]
    if kind in (VOLUME, CAPTURE):
        return
    toward, depth = _toward(places, index, vertex), _depth(places, index, state)
    for i in range(n):
        row = particles[i]
        if row[2] == 0.0 and row[3] == 0.0 and row[4] == 0.0:
            isotropic(row[2:5], state)
        if kind != WALL and row[2 + axis] * toward <= 0.0:
            row[1] = 0.0
            continue
        if kind == PLANE and axis != 2:
            _into_own_row(places, index, vertex, row)
        if depth > 0.0:
            row[1] = _left(places, index, row, depth / max(abs(row[2 + axis]), 1e-6), state)
