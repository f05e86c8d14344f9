"""Every source of a run, backgrounds and signals alike: what it is, where, how often, and its tables.

>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> from streams.signals import NeutrinoSignal
>>> config = SimulationConfig(backgrounds={"all": 0.0, "Ar39": 1.0}, signals=(NeutrinoSignal(rate_hz=5.0),))
>>> [(source.name, round(source.rate_hz)) for source in every_source(config, load_detector("fd1-hd-apa"))]
[('Ar39', 140107), ('nue_cc', 5)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streams.config import SimulationConfig
from streams.detector import Detector
from streams.errors import ConfigError
from streams.schedule import Schedule, Steps, schedule_of
from streams.signals import CalibrationSignal, MuonSignal
from streams.sources.calibration import calibration_of, place_of
from streams.sources.decays import decay_tables
from streams.sources.event import CALIBRATION, DECAY, MUON, NEUTRINO, SPECTRUM, EventTables
from streams.sources.model import load_model
from streams.sources.muons import Muons, muon_tables
from streams.sources.neutrinos.draw import neutrino_tables
from streams.sources.neutrinos.rates import channels
from streams.sources.places import drifts, place_tables
from streams.sources.spectra import spectrum_tables
from streams.sources.table import sources

MOST_SOURCES = 1024  # an event's id has ten bits for its source
_KIND = {"decay": DECAY, "capture": DECAY, "spectrum": SPECTRUM}


class Every(NamedTuple):
    """One source as the simulation runs it."""

    name: str  # origin of its events
    number: int  # the same whatever else is simulated; part of the ids
    kind: int  # one of those in streams.sources.event
    what: str  # nuclide, capture or spectrum of a DECAY or SPECTRUM
    row: int  # of a NEUTRINO or CALIBRATION in its tables
    place: str
    rate_hz: float  # constant part; of a cathode, all decays that can shine into this drift (places.drifts)
    steps: Steps = ()  # (from [ns], to [ns], rate [Hz])


def origins(config: SimulationConfig) -> tuple[str, ...]:
    """Return the names of all backgrounds in the table of ``config``, and of its signals that are no neutrinos."""
    signals = (s.name for s in config.signals if isinstance(s, CalibrationSignal | MuonSignal))
    return (*(entry.name for entry in load_model(config.model)), *signals)


def every_source(config: SimulationConfig, detector: Detector) -> tuple[Every, ...]:
    """Return the sources of ``config`` that have a rate, backgrounds first.

    Raises
    ------
    ConfigError : what the tables of the backgrounds and the signals refuse, or too many sources.
    """
    numbers = {entry.name: number for number, entry in enumerate(load_model(config.model))}
    found = [
        Every(s.name, numbers[s.name], _KIND[s.kind], s.what, 0, s.place, s.rate_hz * drifts(s.place))
        for s in sources(config, detector)
    ]
    number = len(numbers)
    for channel in channels(config.signals, detector, config.position):
        for spectrum in dict.fromkeys(channel.spectrum.tolist()):
            mine = np.flatnonzero(channel.spectrum == spectrum)
            steps = [(channel.edges_ns[k], channel.edges_ns[k + 1], channel.rate_hz[k]) for k in mine]
            always = len(steps) == 1 and np.isinf(steps[0][1]) and steps[0][0] <= 0
            rate_hz = float(steps[0][2]) if always else 0.0
            place, shown = "argon", [] if always else steps
            found.append(Every(channel.name, number, NEUTRINO, "", spectrum, place, rate_hz, shown))
            number += 1
    for row, signal in enumerate(_calibrations(config)):
        place = place_of(signal)
        found.append(Every(signal.name, number + row, CALIBRATION, "", row, place, signal.rate_hz))
    number += len(_calibrations(config))
    for muons in config.signals:
        if isinstance(muons, MuonSignal):
            rate_hz = _muons(config, detector).rate_hz
            found.append(Every(muons.name, number, MUON, "", 0, "argon", rate_hz))
            number += 1
    if number > MOST_SOURCES - len(config.signals):
        raise ConfigError(
            f"model {config.model} and signals: got {number} sources, want at most {MOST_SOURCES}"
        )
    return tuple(found)


def _calibrations(config: SimulationConfig) -> list[CalibrationSignal]:
    return [signal for signal in config.signals if isinstance(signal, CalibrationSignal)]


def _muons(config: SimulationConfig, detector: Detector) -> Muons:
    """Return the tables of the one muon signal; those of 4 850 feet if there is none."""
    given = [signal for signal in config.signals if isinstance(signal, MuonSignal)]
    if len(given) > 1:
        raise ConfigError(f"signals: got {len(given)} of kind muons, want at most one")
    signal = given[0] if given else MuonSignal()
    return muon_tables(detector, config.position, signal.scale, signal.rate_hz, signal.stopping)


def schedule_for(every: Sequence[Every]) -> Schedule:
    """Return when the sources happen; the second one of a name has a random stream of its own."""
    seen: dict[str, int] = {}
    keys = []
    for source in every:
        count = seen[source.name] = seen.get(source.name, 0) + 1
        keys.append(source.name if count == 1 else f"{source.name}/{count}")
    return schedule_of(keys, [s.rate_hz for s in every], [s.steps for s in every])


def event_tables(every: Sequence[Every], config: SimulationConfig, detector: Detector) -> EventTables:
    """Return the tables from which events are drawn; a source's index there is its place in ``every``."""
    places = tuple(dict.fromkeys(source.place for source in every)) or ("argon",)
    nuclides = tuple(dict.fromkeys(source.what for source in every if source.kind == DECAY))
    spectra = tuple(dict.fromkeys(source.what for source in every if source.kind == SPECTRUM))
    names = {DECAY: nuclides, SPECTRUM: spectra}
    row = [names[s.kind].index(s.what) if s.kind in names else s.row for s in every]
    single = [calibration_of(signal, detector, config.position) for signal in _calibrations(config)]
    return EventTables(
        np.array([source.kind for source in every], np.int64),
        np.array(row, np.int64),
        np.array([places.index(source.place) for source in every], np.int64),
        place_tables(detector, config.position, places),
        decay_tables(nuclides),
        neutrino_tables(config.signals),
        spectrum_tables(spectra),
        _muons(config, detector),
        np.array([one.kind for one in single], np.int64),
        np.array([one.energy_mev for one in single], np.float64),
        np.array([one.direction for one in single], np.float64).reshape(-1, 3),
    )
