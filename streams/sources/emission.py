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
from streams.transport.argon import ALPHA, GAMMA, ArgonTables, at
from streams.transport.electrons import ELECTRON_CUT_MEV, step_mm

# Kinds of place.
VOLUME = 0  # a volume in the argon: nothing is absorbed
SHEET = 1  # a sheet between two drifts: decays at any depth, see ``_depth``
SHEET_SURFACE = 2  # the same, on its two surfaces
BODY_SURFACE = 3  # the surface of a thick body: what goes inward is gone
WALL = 4  # a wall open to both sides: decays at any depth
PLANE = 5  # a plane outside: what does not go toward the argon is gone
REACH_MM = 500.0  # no gamma of a plane is expected to come down farther away
CAPTURE = 6  # inward neutrons of a plane, captured at an exponential depth


class Places(NamedTuple):
    """Places by index; each is made of boxes, ``first[i]`` to ``first[i + 1]``."""

    kind: Integers  # (n,)
    first: Integers  # (n + 1,)
    share: Floats  # (boxes,), cumulated within the place, last one 1
    low: Floats  # (boxes, 3) mm
    high: Floats  # (boxes, 3) mm
    toward: Integers  # (boxes,): 1 or -1, the way to the argon along ``axis``; 0 for both
    axis: Integers  # (n,)
    depth_mm: (
        Floats  # (n,): thickness of the material, mean depth of captures, reach of the gammas of a plane
    )
    density: Floats  # (n,): g/cm3 over the argon's, times the material's electrons per gram over argon's
    bragg_mev_mm: Floats  # (n,): alphas have the range (T / MeV)^1.5 times this
    profile: (
        Floats  # (n, 4): decays per mm go as this polynomial in |x| / cm, over its largest value; 0: evenly
    )
    argon: ArgonTables
    length_mm: float  # of an assembly along z, where the next one follows


@compiled
def _box(places: Places, index: int, u: float) -> int:
    """Return the box of a place at the share ``u``."""
    box = places.first[index]
    while places.share[box] < u:
        box += 1
    return int(box)


@compiled
def draw_vertex(places: Places, index: int, state: State, vertex: Floats) -> None:
    """Draw a place of decay into ``vertex`` (float64, (3,): x, y, z in mm)."""
    box = _box(places, index, uniform(state))
    low, high = places.low[box], places.high[box]
    for i in range(3):
        vertex[i] = low[i] + uniform(state) * (high[i] - low[i])
    if places.kind[index] == CAPTURE:
        axis = places.axis[index]
        vertex[axis] += places.toward[box] * places.depth_mm[index] * exponential(state)
    p = places.profile[index]
    if p[0] > 0.0:
        while True:
            x = abs(vertex[0]) / 10.0
            if uniform(state) < p[0] + x * (p[1] + x * (p[2] + x * p[3])):
                break
            vertex[0] = low[0] + uniform(state) * (high[0] - low[0])


@compiled
def _toward(places: Places, index: int, vertex: Floats) -> int:
    """Return the way to the argon from ``vertex``, 1 or -1 along the axis of its place."""
    axis = places.axis[index]
    for box in range(places.first[index], places.first[index + 1]):
        if places.low[box, axis] <= vertex[axis] <= places.high[box, axis]:
            return int(places.toward[box])
    return int(places.toward[places.first[index]])


@compiled
def _depth(places: Places, index: int, state: State) -> float:
    """Return how deep in its material a decay happens, in mm from the side of the argon.

    A sheet lies between two drifts that are alike. Its decays are counted half for each of them, so all they send
    out is sent into this one: from any depth of the whole sheet, or from its near and its far surface in turn.
    """
    kind = places.kind[index]
    if kind in (SHEET, WALL):
        return float(places.depth_mm[index] * uniform(state))
    if kind == SHEET_SURFACE and uniform(state) < 0.5:
        return float(places.depth_mm[index])
    return 0.0


@compiled
def electron_after(argon: ArgonTables, kinetic: float, path_mm: float) -> float:
    """Return what is left of an electron's energy after ``path_mm`` of argon (0: it has stopped)."""
    while path_mm > 0.0 and kinetic > ELECTRON_CUT_MEV:
        step = min(step_mm(argon, kinetic), path_mm)
        half = max(kinetic - 0.5 * step * at(argon.collision, kinetic), ELECTRON_CUT_MEV)
        kinetic -= step * (at(argon.collision, half) + at(argon.radiative, half))
        path_mm -= step
    return kinetic if kinetic > ELECTRON_CUT_MEV else 0.0


@compiled
def _left(places: Places, index: int, particle: Floats, path_mm: float, state: State) -> float:
    """Return the energy that a particle has left after ``path_mm`` of the material of its place."""
    kinetic = particle[1]
    if path_mm <= 0.0 or kinetic <= 0.0:
        return float(kinetic)
    if particle[0] == ALPHA:
        left = kinetic**1.5 - path_mm / places.bragg_mev_mm[index]
        return float(max(left, 0.0) ** (2.0 / 3.0))
    equal = path_mm * places.density[index]  # mm of argon
    if particle[0] == GAMMA:
        argon = places.argon
        total = at(argon.compton, kinetic) + at(argon.photo, kinetic) + at(argon.pair, kinetic)
        return float(kinetic) if exponential(state) > total * equal else 0.0
    return electron_after(places.argon, kinetic, equal)


@compiled
def _into_own_row(places: Places, index: int, vertex: Floats, particle: Floats) -> None:
    """Shift a vertex on a plane by whole assemblies along z, so that the gamma would come down in this one.

    All assemblies of a row are alike, so a gamma of this one's part of the plane that enters the next one stands for
    one that enters here. Where it would come down is taken at the reach of most gammas.
    """
    reach = min(places.depth_mm[index] / abs(particle[2 + places.axis[index]]), REACH_MM)
    vertex[2] -= places.length_mm * math.floor((vertex[2] + reach * particle[4]) / places.length_mm)


@compiled
def absorb(places: Places, index: int, state: State, vertex: Floats, particles: Floats, n: int) -> None:
    """Let ``n`` particles of a decay at ``vertex`` leave the material of their place.

    ``particles`` (float64, (rows, 6): kind, MeV, direction, delay) are changed in place: the energy is what is left,
    0 for gone; a direction (0, 0, 0), which means isotropic, is drawn here where it matters.
    """
    kind, axis = places.kind[index], places.axis[index]
    if kind in (VOLUME, CAPTURE):
        return
    toward, depth = _toward(places, index, vertex), _depth(places, index, state)
    for i in range(n):
        row = particles[i]
        if row[2] == 0.0 and row[3] == 0.0 and row[4] == 0.0:
            w, azimuth = 2.0 * uniform(state) - 1.0, 2.0 * math.pi * uniform(state)
            across = math.sqrt(1.0 - w * w)
            row[2], row[3], row[4] = across * math.cos(azimuth), across * math.sin(azimuth), w
        if kind in (SHEET, SHEET_SURFACE):
            row[2 + axis] = toward * abs(row[2 + axis])
        elif kind != WALL and row[2 + axis] * toward <= 0.0:
            row[1] = 0.0
            continue
        if kind == PLANE and axis != 2:
            _into_own_row(places, index, vertex, row)
        if depth > 0.0:
            row[1] = _left(places, index, row, depth / max(abs(row[2 + axis]), 1e-6), state)
