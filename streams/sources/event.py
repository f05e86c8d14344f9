"""Draw one event of any source: its vertex, the particles that leave it, and their directions.

>>> import numpy as np
>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> from streams.rng import stream
>>> from streams.sources.every import event_tables, every_source
>>> config, detector = SimulationConfig(), load_detector("fd1-hd-apa")
>>> tables = event_tables(every_source(config, detector), config, detector)
>>> particles, vertex = np.zeros((64, 6)), np.zeros(3)
>>> n, energy = draw_event(tables, 0, stream(1, 1, 0, 0), particles, vertex)  # 39Ar
>>> n, bool(0 < energy < 0.565), bool(abs(np.linalg.norm(particles[0, 2:5]) - 1) < 1e-12)
(1, True, True)
"""

from __future__ import annotations

from typing import NamedTuple

from streams.compiled import Floats, Integers, State, compiled
from streams.sources.calibration import Calibration, draw_calibration
from streams.sources.decays import Decays, draw_decay
from streams.sources.emission import Places, absorb, draw_vertex
from streams.sources.muons import Muons, draw_muon
from streams.sources.neutrinos.draw import Neutrinos, draw_neutrino
from streams.sources.spectra import Spectra, draw_spectrum
from streams.transport.work import isotropic

DECAY, NEUTRINO, SPECTRUM, MUON, CALIBRATION = 0, 1, 2, 3, 4  # kinds of source


class EventTables(NamedTuple):
    """All that events are drawn from; sources by index."""

    kind: Integers  # (sources,)
    row: Integers  # (sources,), in the tables of its kind
    place: Integers  # (sources,), in ``places``
    places: Places
    decays: Decays
    neutrinos: Neutrinos
    spectra: Spectra
    muons: Muons
    particle: Integers  # of each calibration source: kind
    particle_mev: Floats
    aim: Floats  # (calibrations, 3); 0, 0, 0: isotropic


@compiled
def _particles(
    tables: EventTables, kind: int, row: int, state: State, particles: Floats
) -> tuple[int, float]:
    """Draw the particles of an event that is no muon; return their number and the energy of the neutrino."""
    if kind == NEUTRINO:
        return draw_neutrino(tables.neutrinos, row, state, particles)
    if kind == SPECTRUM:
        return draw_spectrum(tables.spectra, row, state, particles), 0.0
    if kind == CALIBRATION:
        source = Calibration(tables.particle[row], tables.particle_mev[row], tables.aim[row])
        return draw_calibration(source, state, particles), 0.0
    return draw_decay(tables.decays, row, state, particles), 0.0


@compiled
def draw_event(
    tables: EventTables, source: int, state: State, particles: Floats, vertex: Floats
) -> tuple[int, float]:
    """Draw one event of ``source`` into ``particles`` (float64, (64, 6)) and ``vertex`` (float64, (3,), mm).

    Columns of a particle: kind, kinetic MeV (what is left where it enters the argon), direction, delay [ns].

    Returns
    -------
    the number of particles, and the energy of the event [MeV]: of the neutrino, or of all products of a decay.
    """
    kind, row = tables.kind[source], tables.row[source]
    if kind == MUON:
        return draw_muon(tables.muons, state, vertex, particles)
    n, neutrino = _particles(tables, kind, row, state, particles)
    total = 0.0
    for i in range(n):
        if particles[i, 2] == 0.0 and particles[i, 3] == 0.0 and particles[i, 4] == 0.0:
            isotropic(particles[i, 2:5], state)
        total += particles[i, 1]
    draw_vertex(tables.places, tables.place[source], state, vertex)
    absorb(tables.places, tables.place[source], state, vertex, particles, n)
    return n, neutrino if kind == NEUTRINO else total
