"""Decays and neutron captures as flat arrays, so that compiled code draws any of them the same way.

An event is one branch: its beta, alpha or neutrino, then gammas and conversion electrons down to the ground state,
then the alpha of the daughter where it follows within the event (212Po, 214Po).

>>> import numpy as np
>>> from streams.rng import stream
>>> decays, particles = decay_tables(("K42", "Ar40_n")), np.zeros((64, 6))
>>> n = draw_decay(decays, 1, stream(1, 1, 0, 0), particles)
>>> round(float(particles[:n, 1].sum()), 4)
6.0991
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, State, compiled
from streams.errors import ConfigError
from streams.rng import exponential, uniform
from streams.sources.beta import QUANTILES, beta_spectrum, quantile_table
from streams.sources.levels import Branch, Level, load_nuclide, nuclide_names
from streams.sources.spectrum_file import evenly, read_spectrum
from streams.transport.argon import ALPHA, ELECTRON, GAMMA

_NONE, _BETA, _ALPHA = 0, 1, 2  # what a way sends out first

# Columns of ``Decays.way``: cumulated share (last one of a nuclide 1), what goes first, the alpha's energy [MeV], row
# of beta_mev, level fed, energy [MeV] and mean life [ns] of the daughter's alpha (0: none).
_SHARE, _KIND, _MEV, _TABLE, _LEVEL, _THEN_MEV, _THEN_NS = range(7)
# Columns of ``Decays.level``: energy [MeV], mean life [ns] (0 where it does not matter), first gamma, end of gammas.
_HEIGHT_MEV, _LIFE_NS, _FIRST, _END = range(4)
# Columns of ``Decays.gamma``: cumulated share (last one of a level 1), level reached, chance of a conversion electron.
_CHANCE, _REACHED, _CONVERTED = range(3)


class Decays(NamedTuple):
    """Ways to decay by nuclide, then the levels of all daughters one after the other.

    Few arrays on purpose: every array of a tuple costs time in each call that takes the tuple.
    """

    first: Integers  # (nuclides + 1,), ways of nuclide i are first[i] to first[i + 1]
    way: Floats  # (ways, 7)
    beta_mev: Floats  # (betas, QUANTILES)
    level: Floats  # (levels, 4)
    gamma: Floats  # (gammas, 3)


class _Builder:
    """Collects levels and ways of one branch after the other."""

    def __init__(self) -> None:
        self.way: list[tuple[float, ...]] = []
        self.first = [0]
        self.beta: list[Floats] = []
        self.level: list[tuple[float, ...]] = []
        self.gamma: list[tuple[float, ...]] = []

    def levels(self, levels: tuple[Level, ...]) -> int:
        """Append ``levels``; return the index of the first one."""
        offset = len(self.level)
        for level in levels:
            first, end = len(self.gamma), len(self.gamma) + len(level.gammas)
            self.level.append((level.energy_kev / 1000, level.half_life_ns / math.log(2), first, end))
            total = sum(share for _, share, _ in level.gammas)
            cumulated = np.cumsum([share / total for _, share, _ in level.gammas])
            for number, (reached, _, coefficient) in enumerate(level.gammas, 1):
                share = 1.0 if number == len(level.gammas) else float(cumulated[number - 1])
                self.gamma.append((share, offset + reached, coefficient / (1 + coefficient)))
        return offset

    def branch(self, branch: Branch, share: float) -> None:
        """Append the ways of a branch that takes ``share`` of the decays."""
        offset, total = self.levels(branch.levels), sum(level.fed for level in branch.levels)
        then_ns = 1000 * branch.then_half_life_us / math.log(2)
        for index, level in enumerate(branch.levels):
            if level.fed <= 0:
                continue
            kind, energy_mev = _NONE, (branch.q_kev - level.energy_kev) / 1000
            if branch.mode == "beta":
                kind = _BETA
                self.beta.append(_beta_table(energy_mev, branch.z, branch.a, level.unique, branch.shape))
            elif branch.mode == "alpha":
                kind, energy_mev = _ALPHA, energy_mev * branch.a / (branch.a + 4)  # the rest is recoil, lost
            row = (share * level.fed / total, kind, energy_mev, max(len(self.beta) - 1, 0), offset + index)
            self.way.append((*row, branch.then_alpha_kev / 1000, then_ns))

    def spectrum(self, path: str) -> None:
        """Append single electrons of the spectrum in the file ``path`` as the next nuclide."""
        self.beta.append(quantile_table(*evenly(*read_spectrum(path))))
        self.way.append((1.0, _BETA, 0.0, len(self.beta) - 1, self.levels((Level(0.0, 1.0, ()),)), 0.0, 0.0))
        self.first.append(len(self.way))

    def nuclide(self, name: str) -> None:
        """Append the ways of the nuclide ``name``."""
        branches = load_nuclide(name).branch
        total = sum(branch.share for branch in branches)
        for branch in branches:
            self.branch(branch, branch.share / total)
        self.first.append(len(self.way))


@lru_cache(maxsize=1024)
def _beta_table(end_mev: float, z: int, a: int, unique: int, shape: tuple[float, float, float]) -> Floats:
    """Return the quantiles of a beta spectrum; several assemblies of a run share it."""
    return quantile_table(*beta_spectrum(end_mev, z, a, unique=unique, shape=shape))


def decay_tables(names: tuple[str, ...]) -> Decays:
    """Return the tables of ``names``; the index of a nuclide is its place there. The path of a .txt file is a spectrum.

    Raises
    ------
    ConfigError : a nuclide or capture without a level scheme.
    """
    build = _Builder()
    for name in names:
        if name.endswith(".txt"):
            build.spectrum(name)
            continue
        if name not in nuclide_names():
            raise ConfigError(
                f"no level scheme of nuclide {name!r}, allowed are {', '.join(nuclide_names())}"
            )
        build.nuclide(name)
    if not names:
        build.nuclide("Ar39")  # tables are never empty: compiled code takes them all
        build.first = [0]
    way = np.array(build.way, np.float64)
    for first, last in pairwise(build.first):
        way[first:last, _SHARE] = np.cumsum(way[first:last, _SHARE])
        way[last - 1, _SHARE] = 1.0
    beta = np.array(build.beta).reshape(len(build.beta), QUANTILES)
    gamma = np.array(build.gamma, np.float64).reshape(-1, 3)
    return Decays(np.array(build.first), way, beta, np.array(build.level, np.float64), gamma)


@compiled
def from_quantiles(table: Floats, u: float) -> float:
    """Return the value at quantile ``u`` of a table made by ``quantile_table``."""
    place = math.acos(1.0 - 2.0 * u) / math.pi * (len(table) - 1)
    index = min(int(place), len(table) - 2)
    value: float = table[index] + (place - index) * (table[index + 1] - table[index])
    return value


@compiled
def _put(particles: Floats, n: int, kind: int, energy_mev: float, delay_ns: float) -> int:
    """Write one particle of no direction yet; return the number of particles."""
    particles[n, :] = 0.0
    particles[n, 0], particles[n, 1], particles[n, 5] = kind, energy_mev, delay_ns
    return n + 1


@compiled
def cascade(decays: Decays, level: int, state: State, particles: Floats, n: int) -> int:
    """Append gammas and conversion electrons from ``level`` to the ground state; return the number of particles."""
    delay_ns = 0.0
    while decays.level[level, _FIRST] < decays.level[level, _END]:
        if decays.level[level, _LIFE_NS] > 0.0:
            delay_ns += exponential(state) * decays.level[level, _LIFE_NS]
        u = uniform(state)
        gamma = int(decays.level[level, _FIRST])
        while decays.gamma[gamma, _CHANCE] < u:
            gamma += 1
        kind = ELECTRON if uniform(state) < decays.gamma[gamma, _CONVERTED] else GAMMA
        below = int(decays.gamma[gamma, _REACHED])
        energy_mev = decays.level[level, _HEIGHT_MEV] - decays.level[below, _HEIGHT_MEV]
        n = _put(particles, n, kind, energy_mev, delay_ns)
        level = below
    return n


@compiled
def draw_decay(decays: Decays, index: int, state: State, particles: Floats) -> int:
    """Draw one decay (or capture) of nuclide ``index``.

    Parameters
    ----------
    particles : float64 array, (64, 6): kind, kinetic energy MeV, direction (0, 0, 0: isotropic), delay ns; filled in.

    Returns
    -------
    number of particles; 0 where only a neutrino left (40K to the ground state of 40Ar).
    """
    u = uniform(state)
    way = decays.first[index]
    while decays.way[way, _SHARE] < u:
        way += 1
    n, kind = 0, int(decays.way[way, _KIND])
    if kind == _BETA:
        table = decays.beta_mev[int(decays.way[way, _TABLE])]
        n = _put(particles, n, ELECTRON, from_quantiles(table, uniform(state)), 0.0)
    elif kind == _ALPHA:
        n = _put(particles, n, ALPHA, decays.way[way, _MEV], 0.0)
    n = cascade(decays, int(decays.way[way, _LEVEL]), state, particles, n)
    if decays.way[way, _THEN_MEV] > 0.0:
        delay_ns = exponential(state) * decays.way[way, _THEN_NS]
        n = _put(particles, n, ALPHA, decays.way[way, _THEN_MEV], delay_ns)
    return n
