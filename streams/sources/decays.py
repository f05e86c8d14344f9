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
from typing import NamedTuple

import numpy as np

from streams.compiled import Floats, Integers, State, compiled
from streams.errors import ConfigError
from streams.rng import exponential, uniform
from streams.sources.beta import QUANTILES, beta_spectrum, quantile_table
from streams.sources.levels import Branch, Level, load_nuclide, nuclide_names
from streams.sources.spectrum_file import evenly, read_spectrum
from streams.transport.argon import ALPHA, ELECTRON, GAMMA

MOST_PARTICLES = 64
_NONE, _BETA, _ALPHA = 0, 1, 2  # what a branch sends out first


class Decays(NamedTuple):
    """Ways to decay by nuclide, then the levels of all daughters one after the other; shares are cumulated."""

    way_first: Integers  # (nuclides + 1,), ways of nuclide i are first[i] to first[i + 1]
    way_share: Floats  # last one of a nuclide 1
    way_kind: Integers  # nothing, beta or alpha
    way_mev: Floats  # of the alpha
    way_beta: Integers  # row of beta_mev
    way_level: Integers  # level fed
    then_mev: Floats  # the daughter's alpha; 0: none
    then_ns: Floats  # its mean life
    beta_mev: Floats  # (betas, QUANTILES)
    level_mev: Floats
    level_ns: Floats  # mean life; 0 where it does not matter
    gamma_first: Integers  # (levels + 1,)
    gamma_share: Floats  # last one of a level 1
    gamma_level: Integers  # level reached
    converted: Floats  # chance that an electron goes instead of the gamma


class _Builder:
    """Collects levels and ways of one branch after the other."""

    def __init__(self) -> None:
        self.way: list[tuple[float, int, float, int, int, float, float]] = []
        self.way_first = [0]
        self.beta: list[Floats] = []
        self.level: list[tuple[float, float]] = []
        self.gamma: list[tuple[float, int, float]] = []
        self.gamma_first = [0]

    def levels(self, levels: tuple[Level, ...]) -> int:
        """Append ``levels``; return the index of the first one."""
        offset = len(self.level)
        for level in levels:
            self.level.append((level.energy_kev / 1000, level.half_life_ns / math.log(2)))
            total = sum(share for _, share, _ in level.gammas)
            cumulated = np.cumsum([share / total for _, share, _ in level.gammas])
            for number, (reached, _, coefficient) in enumerate(level.gammas):
                share = 1.0 if number == len(level.gammas) - 1 else float(cumulated[number])
                self.gamma.append((share, offset + reached, coefficient / (1 + coefficient)))
            self.gamma_first.append(len(self.gamma))
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
                spectrum = beta_spectrum(
                    energy_mev, branch.z, branch.a, unique=level.unique, shape=branch.shape
                )
                self.beta.append(quantile_table(*spectrum))
            elif branch.mode == "alpha":
                kind, energy_mev = _ALPHA, energy_mev * branch.a / (branch.a + 4)  # the rest is recoil, lost
            row = (share * level.fed / total, kind, energy_mev, max(len(self.beta) - 1, 0), offset + index)
            self.way.append((*row, branch.then_alpha_kev / 1000, then_ns))

    def spectrum(self, path: str) -> None:
        """Append single electrons of the spectrum in the file ``path`` as the next nuclide."""
        self.beta.append(quantile_table(*evenly(*read_spectrum(path))))
        self.way.append((1.0, _BETA, 0.0, len(self.beta) - 1, self.levels((Level(0.0, 1.0, ()),)), 0.0, 0.0))
        self.way_first.append(len(self.way))

    def nuclide(self, name: str) -> None:
        """Append the ways of the nuclide ``name``."""
        branches = load_nuclide(name).branch
        total = sum(branch.share for branch in branches)
        for branch in branches:
            self.branch(branch, branch.share / total)
        self.way_first.append(len(self.way))


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
        build.way_first = [0]
    share, kind, mev, beta, level, then_mev, then_ns = (
        np.array(column) for column in zip(*build.way, strict=True)
    )
    for first, last in zip(build.way_first, build.way_first[1:], strict=False):
        share[first:last] = np.cumsum(share[first:last])
        share[last - 1] = 1.0
    level_mev, level_ns = (np.array(column) for column in zip(*build.level, strict=True))
    gammas = build.gamma or [(1.0, 0, 0.0)]
    gamma_share, gamma_level, converted = (np.array(column) for column in zip(*gammas, strict=True))
    return Decays(
        np.array(build.way_first), share, kind, mev, beta, level, then_mev, then_ns,
        np.array(build.beta or [np.zeros(QUANTILES)]), level_mev, level_ns,
        np.array(build.gamma_first), gamma_share, gamma_level, converted,
    )  # fmt: skip


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
    while decays.gamma_first[level] < decays.gamma_first[level + 1]:
        if decays.level_ns[level] > 0.0:
            delay_ns += exponential(state) * decays.level_ns[level]
        u = uniform(state)
        gamma = decays.gamma_first[level]
        while decays.gamma_share[gamma] < u:
            gamma += 1
        kind = ELECTRON if uniform(state) < decays.converted[gamma] else GAMMA
        energy_mev = decays.level_mev[level] - decays.level_mev[decays.gamma_level[gamma]]
        n = _put(particles, n, kind, energy_mev, delay_ns)
        level = decays.gamma_level[gamma]
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
    way = decays.way_first[index]
    while decays.way_share[way] < u:
        way += 1
    n = 0
    if decays.way_kind[way] == _BETA:
        energy_mev = from_quantiles(decays.beta_mev[decays.way_beta[way]], uniform(state))
        n = _put(particles, n, ELECTRON, energy_mev, 0.0)
    elif decays.way_kind[way] == _ALPHA:
        n = _put(particles, n, ALPHA, decays.way_mev[way], 0.0)
    n = cascade(decays, decays.way_level[way], state, particles, n)
    if decays.then_mev[way] > 0.0:
        n = _put(particles, n, ALPHA, decays.then_mev[way], exponential(state) * decays.then_ns[way])
    return n
