"""Built-in field response of wire planes: electrostatics of thin wires in two dimensions.

No shape is fitted: electrons follow the field lines between the biased wires, and by the theorem of Shockley and
Ramo a wire's current is the change of its weighting potential along the path. Wires are line charges, the mesh
behind them is a mirror; all planes have the same pitch and lie above one another, as in the Garfield calculation
of ``dune-garfield-1d565`` (Wire-Cell). Fitted to it are seven numbers of the preset: radius, place of the mesh, drift
field, two of the drift velocity, and how far from the middle and the border of a cell the first and last electron
starts (exactly there it would never come down). No diffusion: that is part of the arrival.

>>> from streams.detector import load_detector
>>> response = field_response(load_detector("fd1-hd-apa").response)
>>> response.current["X"].shape[:2], round(float(response.current["X"][3].sum()) * response.period_us, 2)
((10, 21), 1.0)
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.errors import ConfigError
from streams.response.field import FieldResponse, whole_cell
from streams.response.models import ThinWires

REACH = 10  # neighbours to each side
_SIDE = 20  # grounded wires to each side of the one that is looked at
_PERIOD_US = 0.1
_STEP_MM = (0.01, 0.5)  # along the path: a tenth of the distance to the nearest wire, within these limits
_MOST_STEPS = 5000  # of a path; 340 are usual

Array = NDArray[np.float64]


class _Paths(NamedTuple):
    """Where the electrons are (steps, electrons): across and above the wires [mm], time [us]."""

    across: Array
    above: Array
    time: Array


def _row(across: Array, above: Array, pitch: float) -> Array:
    """Return the potential of an endless row of unit line charges at (n pitch, 0)."""
    k = 2 * np.pi / pitch
    return np.asarray(-0.5 * np.log(2 * (np.cosh(k * above) - np.cos(k * across))))


def _line_charges(model: ThinWires) -> Array:
    """Return the line charge of each plane's wires that gives them their bias in the drift field [V]."""
    height = np.array(model.height_mm)
    apart = height[:, None] - height[None, :]
    mirrored = height[:, None] + height[None, :] + 2 * model.mesh_mm
    own = np.eye(len(height), dtype=bool)
    matrix = _row(np.zeros_like(apart), np.where(own, model.radius_mm, apart), model.pitch_mm)
    matrix -= _row(np.zeros_like(apart), mirrored, model.pitch_mm)
    lifted = 100 * model.field_kv_per_cm * (height + model.mesh_mm)  # kV/cm = 100 V/mm
    return np.asarray(np.linalg.solve(matrix, np.array(model.bias_v) + lifted), np.float64)


def _velocity(model: ThinWires, charges: Array, across: Array, above: Array) -> tuple[Array, Array]:
    """Return the velocity of electrons across and above the wires [mm/us]."""
    k = 2 * np.pi / model.pitch_mm
    field_across, field_above = np.zeros_like(across), np.full_like(above, 100 * model.field_kv_per_cm)
    for charge, height in zip(charges, model.height_mm, strict=True):
        for sign, place in ((1, height), (-1, -height - 2 * model.mesh_mm)):
            common = sign * charge * 0.5 * k / (np.cosh(k * (above - place)) - np.cos(k * across))
            field_across += common * np.sin(k * across)
            field_above += common * np.sinh(k * (above - place))
    field = np.hypot(field_across, field_above)
    speed = model.velocity_mm_per_us * (field / 50) ** model.velocity_power / field  # 0.5 kV/cm = 50 V/mm
    return -field_across * speed, -field_above * speed


def _to_wire(model: ThinWires, across: Array, above: Array) -> Array:
    """Return the distance to the nearest wire of any plane."""
    nearest = across - model.pitch_mm * np.round(across / model.pitch_mm)
    return np.asarray(np.min([np.hypot(nearest, above - height) for height in model.height_mm], axis=0))


def _check(model: ThinWires) -> None:
    """Refuse wires that cannot be.

    Raises
    ------
    ConfigError : what does not fit.
    """
    height, starts = model.height_mm, model.starts
    for said, fits in (
        ("height_mm: want 4 heights (grid, U, V, X) that fall to 0", len(height) == 4 and height[3] == 0),
        ("height_mm: want each plane below the one before", all(a > b for a, b in pairwise(height))),
        ("bias_v: want 4 voltages", len(model.bias_v) == 4),
        ("pitch_mm: want more than 0", model.pitch_mm > 0),
        ("radius_mm: want more than 0, less than a quarter of the pitch", 0 < model.radius_mm < model.pitch_mm / 4),
        ("mesh_mm: want more than radius_mm", model.mesh_mm > model.radius_mm),
        ("start_mm: want at least a pitch above the grid", model.start_mm > height[0] + model.pitch_mm),
        ("starts: want 6 rising parts of a pitch between 0 and 0.5", starts[0] > 0 and starts[5] < 0.5),
        ("starts: want 6 rising parts of a pitch", all(a < b for a, b in pairwise(starts))),
        ("velocity_mm_per_us, field_kv_per_cm: want more than 0",
         model.velocity_mm_per_us > 0 and model.field_kv_per_cm > 0),
    ):  # fmt: skip
        if not fits:
            raise ConfigError(f"preset: response.{said}")


def _paths(model: ThinWires) -> _Paths:
    """Follow electrons that start 0 to half a pitch before the wire at 0, until each is on its wire of X."""
    charges = _line_charges(model)
    across = -np.array(model.starts) * model.pitch_mm
    above, time = np.full_like(across, model.start_mm), np.zeros_like(across)
    steps = [(across, above, time)]
    free = np.full(len(across), True)
    for _ in range(_MOST_STEPS):
        length = np.clip(0.1 * _to_wire(model, across, above), *_STEP_MM) * free
        right, up = _velocity(model, charges, across, above)
        half = 0.5 * length / np.hypot(right, up)
        right, up = _velocity(model, charges, across + half * right, above + half * up)
        step = length / np.hypot(right, up)
        across, above, time = across + step * right, above + step * up, time + step
        free &= (_to_wire(model, across, above) > model.radius_mm) & (above > -model.mesh_mm)
        steps.append((across, above, time))
        if not free.any():
            break
    if not (np.hypot(across, above) < 2 * model.radius_mm).all():
        raise ConfigError(
            "preset: response: electrons do not end on the wires of X: check bias_v against the heights and the field"
        )
    return _Paths(*(np.array(column) for column in zip(*steps, strict=True)))


def _weights(model: ThinWires, plane: int) -> Array:
    """Return the line charges (planes, wires) that put wire 0 of ``plane`` at 1 and all other wires at 0."""
    place = np.arange(-_SIDE, _SIDE + 1) * model.pitch_mm
    across = np.tile(place, len(model.height_mm))
    above = np.repeat(model.height_mm, len(place))
    right = across[:, None] - across[None, :]
    distance = np.hypot(right, above[:, None] - above[None, :])
    np.fill_diagonal(distance, model.radius_mm)
    mirrored = np.hypot(right, above[:, None] + above[None, :] + 2 * model.mesh_mm)
    wanted = np.zeros(len(across))
    wanted[plane * len(place) + _SIDE] = 1.0
    return np.linalg.solve(np.log(mirrored / distance), wanted).reshape(len(model.height_mm), -1)


def _potentials(model: ThinWires, paths: _Paths) -> Array:
    """Return the potential of a unit line charge at each wire: (steps, electrons, planes, wires)."""
    wires = np.arange(-_SIDE - REACH, _SIDE + REACH + 1) * model.pitch_mm
    right = paths.across[..., None, None] - wires
    above, height = paths.above[..., None, None], np.array(model.height_mm)[:, None]
    distance = np.maximum(np.hypot(right, above - height), model.radius_mm)
    return np.asarray(np.log(np.hypot(right, above + height + 2 * model.mesh_mm) / distance))


def _currents(time: Array, potential: Array) -> Array:
    """Return the currents (electrons, wires, samples) of potentials (steps, electrons, wires)."""
    clock = np.arange(0, time.max() + 2 * _PERIOD_US, _PERIOD_US)
    return np.array(
        [
            [np.diff(np.interp(clock, time[:, e], wire)) / _PERIOD_US for wire in potential[:, e].T]
            for e in range(time.shape[1])
        ]
    )


@cache
def field_response(model: ThinWires) -> FieldResponse:
    """Return the response of U, V and X (planes 1 to 3 of the model; plane 0 is the grid, without channels).

    Raises
    ------
    ConfigError : wires that cannot be, or that do not collect on X.
    """
    _check(model)
    paths = _paths(model)
    potentials = _potentials(model, paths)
    width = 2 * _SIDE + 1
    current = {}
    for plane, name in enumerate("UVX", start=1):
        weights = _weights(model, plane)
        around = [  # o - REACH is the place of the wire that is looked at
            np.tensordot(potentials[..., o : o + width], weights, 2) for o in range(2 * REACH + 1)
        ]
        current[name] = whole_cell(_currents(paths.time, np.stack(around, axis=-1)))
    return FieldResponse(_PERIOD_US, current)
