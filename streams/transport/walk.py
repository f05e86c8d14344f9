"""Follow every particle of one event until it stops or leaves; what it ionises comes out as deposits.

A deposit is a piece of a track of at most about half a millimetre: position, energy, and the electrons that escape
recombination there. What leaves the active argon of the assembly is lost, and nothing comes in from outside.

>>> from streams.detector import load_detector
>>> from streams.rng import stream
>>> volume, work = volume_of(load_detector("fd1-hd-apa")), new_work()
>>> push(work, ELECTRON, 1.0, np.array([100.0, 0.0, 50.0]), np.array([0.0, 0.0, 1.0]))
>>> n = walk(volume, work, stream(1, 0, 0, 0))
>>> round(float(work.deposits[:n, 3].sum()), 2), bool(25_000 < work.deposits[:n, 4].sum() < 31_000)
(1.0, True)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, State, compiled
from streams.detector import Detector
from streams.rng import uniform
from streams.sources.beta import ELECTRON_MEV as _ELECTRON
from streams.transport.argon import ELECTRON, GAMMA, POSITRON, ArgonTables, argon_tables, at
from streams.transport.electrons import ELECTRON_CUT_MEV, photon_mev, scatter, soft_share, step_mm, turn
from streams.transport.gammas import COMPTON, GAMMA_CUT_MEV, PAIR, compton, free_path_mm, process

MAX_DEPOSITS = 16384
MAX_STACK = 512
DEPOSIT_MM = 0.5  # longest piece of track in one deposit
_WAITING, _STORED = 0, 1  # places in Work.counter


class Volume(NamedTuple):
    """The active argon and how it ionises."""

    argon: ArgonTables
    half_x_mm: float
    half_y_mm: float
    length_mm: float
    electrons_per_mev: float
    box_alpha: float
    box_xi_mm_per_mev: float  # xi = this times dE/dx in MeV/mm


class Work(NamedTuple):
    """What is being followed: reused from event to event."""

    stack: Floats  # (MAX_STACK, 8): kind, energy MeV, position mm, direction
    deposits: Floats  # (MAX_DEPOSITS, 5): x, y, z mm, energy MeV, free electrons
    position: Floats  # (3,), of the particle that is followed
    direction: Floats  # (3,)
    counter: Integers  # (2,): particles that wait, deposits stored


def volume_of(detector: Detector) -> Volume:
    """Return the volume of ``detector``."""
    d = detector.drift
    xi = d.box_beta * 10 / (d.density_g_per_cm3 * d.field_kv_per_cm)
    size = (detector.drift_mm, detector.height_mm / 2, detector.length_mm)
    return Volume(argon_tables(d.density_g_per_cm3), *size, 1e6 / d.w_ion_ev, d.box_alpha, xi)


def new_work() -> Work:
    """Return room for the particles and the deposits of one event."""
    counts = np.zeros(2, np.int64)
    return Work(np.zeros((MAX_STACK, 8)), np.zeros((MAX_DEPOSITS, 5)), np.zeros(3), np.zeros(3), counts)


@compiled
def recombination(volume: Volume, de_dx_mev_per_mm: float) -> float:
    """Return the share of electrons that escape: modified box model, ln(alpha + xi) / xi, at most 1."""
    xi = volume.box_xi_mm_per_mev * de_dx_mev_per_mm
    return min(max(math.log(volume.box_alpha + xi) / xi, 0.0), 1.0)


@compiled
def push(work: Work, kind: int, energy_mev: float, position: Floats, direction: Floats) -> None:
    """Let a particle wait to be followed."""
    n = work.counter[_WAITING]
    if n >= MAX_STACK:
        raise RuntimeError("more than 512 particles of one event wait to be followed")
    work.stack[n, 0], work.stack[n, 1] = kind, energy_mev
    work.stack[n, 2:5] = position
    work.stack[n, 5:8] = direction
    work.counter[_WAITING] = n + 1


@compiled
def _store(work: Work, position: Floats, energy: float, electrons: float) -> None:
    n = work.counter[_STORED]
    if n >= MAX_DEPOSITS:
        raise RuntimeError("an event has more than 16384 deposits")
    work.deposits[n, 0:3] = position
    work.deposits[n, 3], work.deposits[n, 4] = energy, electrons
    work.counter[_STORED] = n + 1


@compiled
def isotropic(direction: Floats, state: State) -> None:
    """Fill in a random unit vector."""
    w, azimuth = 2.0 * uniform(state) - 1.0, 2.0 * math.pi * uniform(state)
    across = math.sqrt(1.0 - w * w)
    direction[0], direction[1], direction[2] = across * math.cos(azimuth), across * math.sin(azimuth), w


@compiled
def inside(volume: Volume, position: Floats) -> bool:
    """Return whether a position (x, y, z in mm) lies in the active argon."""
    x, y, z = position[0], position[1], position[2]
    return bool(abs(x) < volume.half_x_mm and abs(y) < volume.half_y_mm and 0.0 <= z < volume.length_mm)


@compiled
def _follow_electron(volume: Volume, work: Work, kinetic: float, state: State) -> bool:
    """Step an electron to its end; return whether it stopped inside."""
    argon = volume.argon
    energy = electrons = path = 0.0
    while kinetic > ELECTRON_CUT_MEV:
        step = step_mm(argon, kinetic)
        photon = photon_mev(argon, kinetic, step, state)
        half = kinetic - 0.5 * step * at(argon.collision, kinetic)
        rate = at(argon.collision, half)
        lost = min(step * (rate + soft_share(half) * at(argon.radiative, half)), kinetic)
        work.position[:] += step * work.direction
        if not inside(volume, work.position):
            _store(work, work.position - step * work.direction, energy, electrons)
            return False
        energy += lost
        electrons += lost * volume.electrons_per_mev * recombination(volume, rate)
        path += step
        kinetic -= lost
        if photon > 0:
            photon = min(photon, kinetic)
            push(work, GAMMA, photon, work.position, work.direction)
            kinetic -= photon
        if path >= DEPOSIT_MM:
            _store(work, work.position - 0.5 * path * work.direction, energy, electrons)
            energy = electrons = path = 0.0
        if kinetic > ELECTRON_CUT_MEV:
            scatter(argon, half, step, work.direction, state)
    rate = at(argon.collision, max(0.5 * kinetic, 0.001))
    electrons += kinetic * volume.electrons_per_mev * recombination(volume, rate)
    _store(work, work.position, energy + kinetic, electrons)
    return True


@compiled
def _annihilate(work: Work, state: State) -> None:
    """Let the two gammas of a positron at rest wait."""
    isotropic(work.direction, state)
    push(work, GAMMA, _ELECTRON, work.position, work.direction)
    push(work, GAMMA, _ELECTRON, work.position, -work.direction)


@compiled
def _scatter_compton(work: Work, energy: float, state: State) -> float:
    """Scatter the gamma that is followed; its electron waits. Return the photon's energy."""
    left, cosine = compton(energy, state)
    kinetic = energy - left
    azimuth = 2.0 * math.pi * uniform(state)
    electron = work.direction.copy()
    momentum = math.sqrt(kinetic * (kinetic + 2 * _ELECTRON))
    if momentum > 0:
        turn(electron, min((energy - left * cosine) / momentum, 1.0), azimuth + math.pi)
    push(work, ELECTRON, kinetic, work.position, electron)
    turn(work.direction, cosine, azimuth)
    return left


@compiled
def _follow_gamma(volume: Volume, work: Work, energy: float, state: State) -> None:
    """Follow a gamma until it is absorbed or leaves; its electrons wait."""
    while True:
        work.position[:] += free_path_mm(volume.argon, energy, state) * work.direction
        if not inside(volume, work.position):
            return
        what = process(volume.argon, energy, state)
        if what == COMPTON:
            energy = _scatter_compton(work, energy, state)
            if energy > GAMMA_CUT_MEV:
                continue
        elif what == PAIR:
            share = uniform(state)
            kinetic = energy - 2 * _ELECTRON
            push(work, ELECTRON, share * kinetic, work.position, work.direction)
            push(work, POSITRON, (1 - share) * kinetic, work.position, work.direction)
            return
        push(work, ELECTRON, energy, work.position, work.direction)
        return


@compiled
def walk(volume: Volume, work: Work, state: State) -> int:
    """Follow the particles that wait and all that they make; return the number of rows of ``work.deposits``."""
    work.counter[_STORED] = 0
    while work.counter[_WAITING] > 0:
        work.counter[_WAITING] -= 1
        row = work.stack[work.counter[_WAITING]]
        kind, energy = int(row[0]), row[1]
        work.position[:] = row[2:5]
        work.direction[:] = row[5:8]
        if kind == GAMMA and energy > GAMMA_CUT_MEV:
            _follow_gamma(volume, work, energy, state)
        elif _follow_electron(volume, work, energy, state) and kind == POSITRON:
            _annihilate(work, state)
    return int(work.counter[_STORED])
