"""Every source of a run, backgrounds and signals alike: what it is, where, how often, and its tables.

>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> from streams.signals import NeutrinoSignal
>>> config = SimulationConfig(backgrounds={"all": 0.0, "Ar39": 1.0}, signals=(NeutrinoSignal(rate_hz=5.0),))
>>> [(source.name, round(source.rate_hz)) for source in every_source(config, load_detector("fd1-hd-apa"))]
[('Ar39', 140107), ('nue_cc', 5)]
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from streams.block import NEUTRINOS
from streams.config import SimulationConfig
from streams.detector import Detector
from streams.errors import ConfigError
from streams.limits import MAX_RATE_HZ
from streams.schedule import Schedule, Steps, key_of, schedule_of
from streams.signals import BurstSignal, CalibrationSignal, MuonSignal, SolarSignal
from streams.signals import origins as origins_of
from streams.sources.calibration import calibration_of, place_of
from streams.sources.decays import decay_tables
from streams.sources.event import CALIBRATION, DECAY, MUON, NEUTRINO, SPECTRUM, EventTables
from streams.sources.model import load_model
from streams.sources.muons import Muons, muon_tables
from streams.sources.neutrinos.draw import neutrino_tables
from streams.sources.neutrinos.rates import channels
from streams.sources.places import drifts, place_tables
from streams.sources.spectra import spectrum_tables
from streams.sources.table import sources, span

SECONDS_PER_EVENT = 1e-2  # CPU of one neutrino of 20 MeV, transport and signal on three planes (measured)
_SIGNALS = 1 << 17  # an event's id has 18 bits for its source; backgrounds have the lower numbers
_KIND = {"decay": DECAY, "capture": DECAY, "spectrum": SPECTRUM}


class Every(NamedTuple):
    """One source as the simulation runs it."""

    name: str  # origin of its events
    key: str  # of its random streams: no other source has it, and no other source changes it
    number: int  # part of the ids of its events; made of the table or the key
    kind: int  # one of those in streams.sources.event
    what: str  # nuclide, capture or spectrum of a DECAY or SPECTRUM
    row: int  # of a NEUTRINO or CALIBRATION in its tables
    place: str
    rate_hz: float  # constant part; of a cathode, all decays that can shine into this drift (places.drifts)
    steps: Steps = ()  # (from [ns], to [ns], rate [Hz])


def origins(config: SimulationConfig) -> tuple[str, ...]:
    """Return the names of all backgrounds in the table of ``config``, and of its signals that are no neutrinos."""
    signals = (name for signal in config.signals for name in origins_of(signal) if name not in NEUTRINOS)
    return tuple(dict.fromkeys((*(entry.name for entry in load_model(config.model)), *signals)))


def number_of(key: str, taken: Collection[int]) -> int:
    """Return the number of a signal's source: 17 bits of its key and one above them, the next that is not taken.

    Two of ten signals have the same 17 bits in one of 3 000 runs; only then a number depends on another signal.
    """
    number = key_of(key) % _SIGNALS
    while number + _SIGNALS in taken:
        number = (number + 1) % _SIGNALS
    return number + _SIGNALS


def _neutrinos(config: SimulationConfig, detector: Detector) -> list[Every]:
    """Return the sources of neutrinos: one for each interaction of a signal and each of its spectra."""
    found = []
    for channel in channels(config.signals, detector, config.position):
        signal = config.signals[channel.signal]
        for phase, spectrum in enumerate(dict.fromkeys(channel.spectrum.tolist())):
            mine = np.flatnonzero(channel.spectrum == spectrum)
            steps = [(channel.edges_ns[k], channel.edges_ns[k + 1], channel.rate_hz[k]) for k in mine]
            _check_cost(f"signals[{channel.signal}]", channel.name, max(step[2] for step in steps))
            always = len(steps) == 1 and np.isinf(steps[0][1]) and steps[0][0] <= 0
            rate_hz = float(steps[0][2]) if always else 0.0
            key = channel.name
            if isinstance(signal, BurstSignal):
                key = f"burst/{channel.name}\n{phase}"
            elif isinstance(signal, SolarSignal):
                key = f"{signal.component}/{channel.name}"
            shown = [] if always else steps
            found.append(Every(channel.name, key, 0, NEUTRINO, "", spectrum, "argon", rate_hz, shown))
    return found


def _check_cost(where: str, name: str, rate_hz: float) -> None:
    """Refuse a signal that is scaled until its events cannot be simulated."""
    if rate_hz > MAX_RATE_HZ:
        raise ConfigError(
            f"{where}: makes up to {rate_hz:.3g} events of {name} per second of detector time, about "
            f"{span(rate_hz * SECONDS_PER_EVENT)} of one core for each second; want at most {MAX_RATE_HZ:.0e}: "
            "give a smaller scale or a larger distance"
        )


def every_source(config: SimulationConfig, detector: Detector) -> tuple[Every, ...]:
    """Return the sources of ``config`` that have a rate, backgrounds first.

    Raises
    ------
    ConfigError : what the tables of the backgrounds and the signals refuse.
    """
    numbers = {entry.name: number for number, entry in enumerate(load_model(config.model))}
    backgrounds = [
        Every(s.name, s.name, numbers[s.name], _KIND[s.kind], s.what, 0, s.place, s.rate_hz * drifts(s.place))
        for s in sources(config, detector)
    ]
    signals = _neutrinos(config, detector)
    for row, one in enumerate(_calibrations(config)):
        place, key = place_of(one), f"calibration/{one.name}"
        signals.append(Every(one.name, key, 0, CALIBRATION, "", row, place, one.rate_hz))
    for muons in config.signals:
        if isinstance(muons, MuonSignal):
            rate_hz = _muons(config, detector).rate_hz
            signals.append(Every(muons.name, "muons", 0, MUON, "", 0, "argon", rate_hz))
    return (*backgrounds, *_numbered(signals))


def _numbered(signals: Sequence[Every]) -> list[Every]:
    """Return ``signals`` with numbers; the second one of a key gets a key of its own.

    What follows a line's end in a key is a phase. Phases share a number: no two of them are in one block.
    """
    found, numbers, known = [], dict[str, int](), set[str]()
    for signal in signals:
        source, end, phase = signal.key.partition("\n")
        whole, again = source, 1
        while whole + end + phase in known:
            again += 1
            whole = f"{source}/{again}"
        known.add(whole + end + phase)
        if whole + end not in numbers:
            numbers[whole + end] = number_of(whole + end, numbers.values())
        found.append(signal._replace(key=whole + end + phase, number=numbers[whole + end]))
    return found


def _calibrations(config: SimulationConfig) -> list[CalibrationSignal]:
    return [signal for signal in config.signals if isinstance(signal, CalibrationSignal)]


def _muons(config: SimulationConfig, detector: Detector) -> Muons:
    """Return the tables of the one muon signal; those of 4 850 feet if there is none."""
    signal = next((signal for signal in config.signals if isinstance(signal, MuonSignal)), MuonSignal())
    return muon_tables(detector, config.position, signal.scale, signal.rate_hz, signal.stopping)


def schedule_for(every: Sequence[Every]) -> Schedule:
    """Return when the sources happen."""
    return schedule_of([s.key for s in every], [s.rate_hz for s in every], [s.steps for s in every])


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
