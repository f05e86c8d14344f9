"""Follow every particle of one event until it stops or leaves; what it ionises comes out as deposits.

A deposit is a piece of a track of at most about half a millimetre: position (at the edge of the active argon up to a
quarter of a millimetre beyond it, where the track is bent), energy, the electrons that escape recombination there, and
the delay of its particle. Only what is left in the active argon is recorded; particles are followed in the argon
around it too (see ``streams.transport.world``), and lost beyond that.

>>> from streams.detector import load_detector
>>> import numpy as np
>>> from streams.rng import stream
>>> volume, work = volume_of(load_detector("fd1-hd-apa")), new_work()
>>> push(work, ELECTRON, 1.0, np.array([100.0, 0.0, 50.0]), np.array([0.0, 0.0, 1.0]))
>>> n = walk(volume, work, stream(1, 0, 0, 0))
>>> round(float(work.deposits[:n, 3].sum()), 2), bool(25_000 < work.deposits[:n, 4].sum() < 31_000)
(1.0, True)
"""

from __future__ import annotations

import math

from streams.compiled import Floats, State, compiled
from streams.rng import exponential, uniform
from streams.sources.beta import ELECTRON_MEV as _ELECTRON
from streams.transport import muons
from streams.transport.argon import ALPHA, ANTIMUON, ELECTRON, GAMMA, MUON, POSITRON, at
from streams.transport.electrons import (
    ELECTRON_CUT_MEV,
    deflect,
    highland_angle,
    photon_mev,
    scatter,
    soft_share,
    step_mm,
    turn,
)
from streams.transport.gammas import COMPTON, GAMMA_CUT_MEV, PAIR, compton, free_path_mm, process
from streams.transport.work import STORED, WAITING, Work, advance, isotropic, new_work, push, store
from streams.transport.world import MARGIN_MM, Volume, gap_mm, inside, recombination, volume_of

__all__ = ["Volume", "Work", "inside", "isotropic", "new_work", "push", "recombination", "volume_of", "walk"]

DEPOSIT_MM = 0.5  # longest piece of track in one deposit
ALPHA_CHARGE = 0.015  # +- 0.01: share of an alpha's electrons that escape at 0.5 kV/cm (reference 9.1.10)
# An electron outside the active argon that cannot reach it is left there: it would need 5.4 mm per MeV (1.32 MeV
# cm2/g at the least). Only below this energy, above which it is likely to radiate.
_REACH_MM_PER_MEV, _REACH_MEV = 5.5, 1.0
_ON, _STOPPED, _OUT = 0, 1, 2


@compiled
def _fate(volume: Volume, position: Floats, kinetic: float) -> int:
    """Return whether an electron is to be followed (``_ON``), left (``_STOPPED``), or is out of the world."""
    gap = gap_mm(volume, position)
    if gap > MARGIN_MM:
        return _OUT
    return _STOPPED if kinetic < _REACH_MEV and gap > _REACH_MM_PER_MEV * kinetic else _ON


@compiled
def _follow_electron(volume: Volume, work: Work, kinetic: float, state: State) -> bool:
    """Step an electron to its end; return whether it stopped in the world."""
    argon = volume.argon
    energy = electrons = path = 0.0
    fate = _fate(volume, work.position, kinetic)
    while kinetic > ELECTRON_CUT_MEV and fate == _ON:
        step = step_mm(argon, kinetic)
        photon = photon_mev(argon, kinetic, step, state)
        half = kinetic - 0.5 * step * at(argon.collision, kinetic)
        rate = at(argon.collision, half)
        lost = min(step * (rate + soft_share(half) * at(argon.radiative, half)), kinetic)
        advance(work, step)
        kinetic -= lost
        if inside(volume, work.position):
            energy += lost
            electrons += lost * volume.electrons_per_mev * recombination(volume, rate)
            path += step
        else:
            if path > 0.0:
                store(work, step, energy, electrons)
                energy = electrons = path = 0.0
            fate = _fate(volume, work.position, kinetic)
        if photon > 0:
            photon = min(photon, kinetic)
            push(work, GAMMA, photon, work.position, work.direction, work.delay[0])
            kinetic -= photon
        if path >= DEPOSIT_MM:
            store(work, 0.5 * path, energy, electrons)
            energy = electrons = path = 0.0
        if kinetic > ELECTRON_CUT_MEV:
            scatter(argon, half, step, work.direction, state)
    if inside(volume, work.position):
        rate = at(argon.collision, max(0.5 * kinetic, 0.001))
        electrons += kinetic * volume.electrons_per_mev * recombination(volume, rate)
        store(work, 0.0, energy + kinetic, electrons)
    return fate != _OUT


@compiled
def _decay(work: Work, kind: int, state: State) -> None:
    """Let the electron of a muon at rest wait; a negative muon may be captured, which leaves nothing here."""
    if kind == MUON and uniform(state) < muons.CAPTURE_SHARE:
        return
    life = muons.BOUND_LIFETIME_NS if kind == MUON else muons.LIFETIME_NS
    isotropic(work.direction, state)
    delay = work.delay[0] + life * exponential(state)
    electron = ELECTRON if kind == MUON else POSITRON
    push(work, electron, muons.michel_mev(state), work.position, work.direction, delay)


@compiled
def _follow_muon(volume: Volume, work: Work, kind: int, kinetic: float, state: State) -> None:
    """Step a muon until it stops, leaves, or makes a delta electron: then both wait, the electron comes first."""
    density = volume.density_g_per_cm3
    energy = electrons = path = 0.0
    while kinetic > muons.MUON_CUT_MEV:
        rate = muons.lost_mev_per_mm(kinetic, density, muons.DELTA_CUT_MEV)
        step = min(DEPOSIT_MM, 0.05 * kinetic / rate)
        lost = min(
            step * muons.lost_mev_per_mm(kinetic - 0.5 * step * rate, density, muons.DELTA_CUT_MEV), kinetic
        )
        delta = min(muons.delta_mev(kinetic, density, step, state), kinetic - lost)
        advance(work, step)
        if inside(volume, work.position):
            energy += lost
            electrons += lost * volume.electrons_per_mev * recombination(volume, lost / step)
            path += step
        elif gap_mm(volume, work.position) > MARGIN_MM:
            return
        kinetic -= lost
        if path >= 0.9 * DEPOSIT_MM or (path > 0.0 and delta > 0.0):
            store(work, 0.5 * path, energy, electrons)
            energy = electrons = path = 0.0
        deflect(highland_angle(volume.argon, kinetic, step, muons.MUON_MEV), work.direction, state)
        if delta > 0.0:
            push(work, kind, kinetic - delta, work.position, work.direction, work.delay[0])
            turn(work.direction, muons.delta_cosine(kinetic, delta), 2.0 * math.pi * uniform(state))
            push(work, ELECTRON, delta, work.position, work.direction, work.delay[0])
            return
    if inside(volume, work.position):
        rate = muons.lost_mev_per_mm(muons.MUON_CUT_MEV, density, 1e9)
        electrons += kinetic * volume.electrons_per_mev * recombination(volume, rate)
        store(work, 0.0, energy + kinetic, electrons)
    _decay(work, kind, state)


@compiled
def _annihilate(work: Work, state: State) -> None:
    """Let the two gammas of a positron at rest wait."""
    isotropic(work.direction, state)
    push(work, GAMMA, _ELECTRON, work.position, work.direction, work.delay[0])
    push(work, GAMMA, _ELECTRON, work.position, -work.direction, work.delay[0])


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
    push(work, ELECTRON, kinetic, work.position, electron, work.delay[0])
    turn(work.direction, cosine, azimuth)
    return left


@compiled
def _follow_gamma(volume: Volume, work: Work, energy: float, state: State) -> None:
    """Follow a gamma until it is absorbed or leaves; its electrons wait."""
    while True:
        advance(work, free_path_mm(volume.argon, energy, state))
        if gap_mm(volume, work.position) > MARGIN_MM:
            return
        what = process(volume.argon, energy, state)
        if what == COMPTON:
            energy = _scatter_compton(work, energy, state)
            if energy > GAMMA_CUT_MEV:
                continue
        elif what == PAIR:
            share = uniform(state)
            kinetic = energy - 2 * _ELECTRON
            push(work, ELECTRON, share * kinetic, work.position, work.direction, work.delay[0])
            push(work, POSITRON, (1 - share) * kinetic, work.position, work.direction, work.delay[0])
            return
        push(work, ELECTRON, energy, work.position, work.direction, work.delay[0])
        return


@compiled
def walk(volume: Volume, work: Work, state: State) -> int:
    """Follow the particles that wait and all that they make; return the number of rows of ``work.deposits``."""
    work.counter[STORED] = 0
    while work.counter[WAITING] > 0:
        work.counter[WAITING] -= 1
        row = work.stack[work.counter[WAITING]]
        kind, energy = int(row[0]), row[1]
        for i in range(3):
            work.position[i], work.direction[i] = row[2 + i], row[5 + i]
        work.delay[0] = row[8]
        if kind == GAMMA and energy > GAMMA_CUT_MEV:
            _follow_gamma(volume, work, energy, state)
        elif kind in (MUON, ANTIMUON):
            _follow_muon(volume, work, kind, energy, state)
        elif kind == ALPHA:
            if inside(volume, work.position):
                store(work, 0.0, energy, ALPHA_CHARGE * energy * volume.electrons_per_mev)
        elif _follow_electron(volume, work, energy, state) and kind == POSITRON:
            _annihilate(work, state)
    return int(work.counter[STORED])
