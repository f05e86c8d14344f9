"""Draw one event: the particles that leave its vertex.

>>> import numpy as np
>>> from streams.config import SimulationConfig
>>> from streams.rng import stream
>>> from streams.sources.tables import source_tables
>>> particles = np.zeros((64, 2))
>>> n, total = draw_event(source_tables(SimulationConfig()), 1, stream(1, 1, 0, 0), particles)
>>> n, bool(0 < total < 0.565)
(1, True)
"""

from __future__ import annotations

import math

import numpy as np

from streams.compiled import Floats, State, compiled
from streams.rng import uniform
from streams.sources.beta import ELECTRON_MEV as _ELECTRON
from streams.sources.neutrino import Q_MEV as _Q
from streams.sources.tables import SourceTables
from streams.transport.argon import ELECTRON, GAMMA


@compiled
def from_quantiles(table: Floats, u: float) -> float:
    """Return the value at quantile ``u`` of a table made by ``quantile_table``."""
    place = math.acos(1.0 - 2.0 * u) / math.pi * (len(table) - 1)
    index = min(int(place), len(table) - 2)
    value: float = table[index] + (place - index) * (table[index + 1] - table[index])
    return value


@compiled
def _cascade(tables: SourceTables, level: int, state: State, particles: Floats, n: int) -> int:
    """Append gammas and conversion electrons from ``level`` to the ground state; return the number of particles."""
    while tables.gamma_first[level] < tables.gamma_first[level + 1]:
        u = uniform(state)
        gamma = tables.gamma_first[level]
        while tables.gamma_share[gamma] < u:
            gamma += 1
        particles[n, 0] = ELECTRON if uniform(state) < tables.converted[gamma] else GAMMA
        particles[n, 1] = tables.level_mev[level] - tables.level_mev[tables.gamma_level[gamma]]
        n += 1
        level = tables.gamma_level[gamma]
    return n


@compiled
def _draw_neutrino(tables: SourceTables, state: State, particles: Floats) -> tuple[int, float]:
    """Fill in the products of one nu_e CC interaction; return (number of particles, neutrino energy MeV)."""
    neutrino = from_quantiles(tables.neutrino_mev, uniform(state))
    n_levels = tables.strength.shape[0]
    cumulative = np.zeros(n_levels)
    total = 0.0
    for i in range(n_levels):
        kinetic = neutrino - _Q - tables.strength[i, 0]
        if kinetic > 0:
            cell = min(int(kinetic * 10.0), len(tables.fermi) - 2)
            share = kinetic * 10.0 - cell
            fermi = tables.fermi[cell] + share * (tables.fermi[cell + 1] - tables.fermi[cell])
            momentum = math.sqrt(kinetic * (kinetic + 2 * _ELECTRON))
            total += tables.strength[i, 1] * momentum * (kinetic + _ELECTRON) * fermi
        cumulative[i] = total
    wanted = uniform(state) * total
    chosen = 0
    while cumulative[chosen] <= wanted and chosen < n_levels - 1:
        chosen += 1
    particles[0, 0] = ELECTRON
    particles[0, 1] = max(neutrino - _Q - tables.strength[chosen, 0], 0.0)
    n = 1
    if tables.strength_level[chosen] >= 0:
        n = _cascade(tables, tables.strength_level[chosen], state, particles, n)
    return n, neutrino


@compiled
def draw_event(
    tables: SourceTables,
    origin: int,
    state: State,
    particles: Floats,
) -> tuple[int, float]:
    """Draw the particles of one event of ``origin`` into ``particles`` (float64, (64, 2): kind, MeV).

    Returns
    -------
    the number of particles, and the event's energy [MeV]: the neutrino's, or the kinetic energy of a decay's products.
    """
    if origin == 0:
        return _draw_neutrino(tables, state, particles)
    u = uniform(state)
    branch = tables.branch_first[origin]
    while tables.branch_share[branch] < u:
        branch += 1
    particles[0, 0] = ELECTRON
    particles[0, 1] = from_quantiles(tables.beta_mev[branch], uniform(state))
    n = _cascade(tables, tables.branch_level[branch], state, particles, 1)
    total = 0.0
    for i in range(n):
        total += particles[i, 1]
    return n, total
