"""Follow every particle of one event until it stops or leaves; what it ionises comes out as deposits.

A deposit is a piece of a track of at most about half a millimetre: position, energy, and the electrons that escape
recombination there. What leaves the active argon of the assembly is lost, and nothing comes in from outside.

>>> from streams.detector import load_detector
>>> from streams.rng import stream
>>> volume = volume_of(load_detector("fd1-hd-apa"))
>>> stack = new_stack(); push(stack, 0, ELECTRON, 1.0, np.array([100.0, 0.0, 50.0]), np.array([0.0, 0.0, 1.0]))
1
>>> deposits = np.empty((MAX_DEPOSITS, 5))
>>> n = walk(volume, stack, 1, deposits, stream(1, 0, 0, 0))
>>> round(float(deposits[:n, 3].sum()), 2), bool(25_000 < deposits[:n, 4].sum() < 31_000)
(1.0, True)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streams.detector import Detector
from streams.rng import uniform
from streams.sources.beta import ELECTRON_MEV as _ELECTRON
from streams.transport.argon import ELECTRON, GAMMA, POSITRON, ArgonTables, argon_tables, at
from streams.transport.electrons import (
    ELECTRON_CUT_MEV,
    photon_mev,
    scatter,
    soft_share,
    step_mm,
    turn,
)  # fmt: skip
from streams.transport.gammas import COMPTON, GAMMA_CUT_MEV, PAIR, compton, free_path_mm, process

MAX_DEPOSITS = 16384
MAX_STACK = 512
DEPOSIT_MM = 0.5  # longest piece of track in one deposit


class Volume(NamedTuple):
    """The active argon and how it ionises."""

    argon: ArgonTables
    half_x_mm: float
    half_y_mm: float
    length_mm: float
    electrons_per_mev: float
    box_alpha: float
    box_xi_mm_per_mev: float  # xi = this times dE/dx in MeV/mm


def volume_of(detector: Detector) -> Volume:
    """Return the volume of ``detector``."""
    d = detector.drift
    return Volume(
        argon_tables(d.density_g_per_cm3), detector.drift_mm, detector.height_mm / 2, detector.length_mm,
        1e6 / d.w_ion_ev, d.box_alpha, d.box_beta * 10 / (d.density_g_per_cm3 * d.field_kv_per_cm),
    )  # fmt: skip


@njit(cache=True)
def recombination(volume: Volume, de_dx_mev_per_mm: float) -> float:
    """Return the share of electrons that escape: modified box model, ln(alpha + xi) / xi, at most 1."""
    xi = volume.box_xi_mm_per_mev * de_dx_mev_per_mm
    return min(max(math.log(volume.box_alpha + xi) / xi, 0.0), 1.0)


def new_stack() -> NDArray[np.float64]:
    """Return room for the particles of one event: rows of kind, energy MeV, position mm, direction."""
    return np.zeros((MAX_STACK, 8))


@njit(cache=True)
def push(stack, n, kind, energy_mev, position, direction):  # type: ignore[no-untyped-def]
    """Put a particle on the stack of ``n``; return ``n + 1``."""
    if n >= MAX_STACK:
        raise RuntimeError("more than 512 particles of one event wait to be followed")
    stack[n, 0], stack[n, 1] = kind, energy_mev
    stack[n, 2:5] = position
    stack[n, 5:8] = direction
    return n + 1


@njit(cache=True)
def isotropic(direction: NDArray[np.float64], state: NDArray[np.uint64]) -> None:
    """Fill in a random unit vector."""
    w, azimuth = 2.0 * uniform(state) - 1.0, 2.0 * math.pi * uniform(state)
    across = math.sqrt(1.0 - w * w)
    direction[0], direction[1], direction[2] = across * math.cos(azimuth), across * math.sin(azimuth), w


@njit(cache=True)
def inside(volume: Volume, position: NDArray[np.float64]) -> bool:
    """Return whether a position (x, y, z in mm) lies in the active argon."""
    if abs(position[0]) >= volume.half_x_mm or abs(position[1]) >= volume.half_y_mm:
        return False
    return 0.0 <= position[2] < volume.length_mm


@njit(cache=True)
def _store(deposits, n, position, energy, electrons):  # type: ignore[no-untyped-def]
    if n >= MAX_DEPOSITS:
        raise RuntimeError("an event has more than 16384 deposits")
    deposits[n, 0], deposits[n, 1], deposits[n, 2] = position[0], position[1], position[2]
    deposits[n, 3], deposits[n, 4] = energy, electrons
    return n + 1


@njit(cache=True)
def _follow_electron(volume, kinetic, position, direction, stack, waiting, deposits, n, state):  # type: ignore[no-untyped-def]
    """Step an electron to its end; return (particles waiting, deposits, whether it stopped inside)."""
    argon = volume.argon
    energy = electrons = path = 0.0
    middle = np.zeros(3)
    while kinetic > ELECTRON_CUT_MEV:
        step = step_mm(argon, kinetic)
        photon = photon_mev(argon, kinetic, step, state)
        half = kinetic - 0.5 * step * at(argon.collision, kinetic)
        rate = at(argon.collision, half)
        lost = min(step * (rate + soft_share(half) * at(argon.radiative, half)), kinetic)
        middle[:] = position + 0.5 * step * direction
        position += step * direction
        if not inside(volume, position):
            if energy > 0:
                n = _store(deposits, n, position - step * direction, energy, electrons)
            return waiting, n, False
        energy += lost
        electrons += lost * volume.electrons_per_mev * recombination(volume, rate)
        path += step
        kinetic -= lost
        if photon > 0:
            photon = min(photon, kinetic)
            waiting = push(stack, waiting, GAMMA, photon, position, direction)
            kinetic -= photon
        if path >= DEPOSIT_MM:
            n = _store(deposits, n, middle, energy, electrons)
            energy = electrons = path = 0.0
        if kinetic > ELECTRON_CUT_MEV:
            scatter(argon, half, step, direction, state)
    if kinetic > 0:
        energy += kinetic
        rate = at(argon.collision, max(0.5 * kinetic, 0.001))
        electrons += kinetic * volume.electrons_per_mev * recombination(volume, rate)
    if energy > 0:
        n = _store(deposits, n, position, energy, electrons)
    return waiting, n, True


@njit(cache=True)
def _annihilate(position, stack, waiting, state):  # type: ignore[no-untyped-def]
    """Put the two gammas of a positron at rest on the stack."""
    direction = np.empty(3)
    isotropic(direction, state)
    waiting = push(stack, waiting, GAMMA, _ELECTRON, position, direction)
    return push(stack, waiting, GAMMA, _ELECTRON, position, -direction)


@njit(cache=True)
def _scatter_compton(energy, position, direction, stack, waiting, state):  # type: ignore[no-untyped-def]
    """Scatter a gamma: the electron goes on the stack, ``direction`` turns; return (photon energy, waiting)."""
    left, cosine = compton(energy, state)
    kinetic = energy - left
    azimuth = 2.0 * math.pi * uniform(state)
    electron = direction.copy()
    momentum = math.sqrt(kinetic * (kinetic + 2 * _ELECTRON))
    if momentum > 0:
        turn(electron, min((energy - left * cosine) / momentum, 1.0), azimuth + math.pi)
    waiting = push(stack, waiting, ELECTRON, kinetic, position, electron)
    turn(direction, cosine, azimuth)
    return left, waiting


@njit(cache=True)
def _follow_gamma(volume, energy, position, direction, stack, waiting, state):  # type: ignore[no-untyped-def]
    """Follow a gamma to its absorption; its electrons go on the stack. Return how many wait."""
    while True:
        position += free_path_mm(volume.argon, energy, state) * direction
        if not inside(volume, position):
            return waiting
        what = process(volume.argon, energy, state)
        if what == COMPTON:
            energy, waiting = _scatter_compton(energy, position, direction, stack, waiting, state)
            if energy > GAMMA_CUT_MEV:
                continue
        elif what == PAIR:
            share = uniform(state)
            kinetic = energy - 2 * _ELECTRON
            waiting = push(stack, waiting, ELECTRON, share * kinetic, position, direction)
            return push(stack, waiting, POSITRON, (1 - share) * kinetic, position, direction)
        return push(stack, waiting, ELECTRON, energy, position, direction)


@njit(cache=True)
def walk(
    volume: Volume,
    stack: NDArray[np.float64],
    waiting: int,
    deposits: NDArray[np.float64],
    state: NDArray[np.uint64],
) -> int:
    """Follow the ``waiting`` particles on ``stack`` and all that they make.

    Parameters
    ----------
    deposits : float64 array, (MAX_DEPOSITS, 5), filled with x, y, z in mm, energy in MeV, free electrons.

    Returns
    -------
    the number of deposits.
    """
    n = 0
    position, direction = np.empty(3), np.empty(3)
    while waiting > 0:
        waiting -= 1
        kind, energy = int(stack[waiting, 0]), stack[waiting, 1]
        position[:] = stack[waiting, 2:5]
        direction[:] = stack[waiting, 5:8]
        if kind == GAMMA and energy > GAMMA_CUT_MEV:
            waiting = _follow_gamma(volume, energy, position, direction, stack, waiting, state)
            continue
        waiting, n, stopped = _follow_electron(
            volume, energy, position, direction, stack, waiting, deposits, n, state
        )
        if kind == POSITRON and stopped:
            waiting = _annihilate(position, stack, waiting, state)
    return n
