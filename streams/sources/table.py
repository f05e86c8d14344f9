"""The sources of one assembly: the rows of a table, scaled as asked, as rates.

>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> found = sources(SimulationConfig(backgrounds={"all": 0, "Ar39": 1}), load_detector("fd1-hd-apa"))
>>> [(source.name, source.kind, source.place, round(source.rate_hz)) for source in found]
[('Ar39', 'decay', 'argon', 140107)]
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from streams.detector import Detector
from streams.errors import ConfigError
from streams.limits import MAX_RATE_HZ, refuse
from streams.sources.model import Entry, Kind, load_model
from streams.sources.places import NAMES, size

if TYPE_CHECKING:
    from streams.config import SimulationConfig

# CPU of one event on one core: transport alone takes 6 us (39Ar) to 70 us (208Tl), 56 us (capture on 40Ar) and 3 us
# (gamma from outside, of which 5 % are seen); drift and signal come on top.
SECONDS_PER_EVENT: dict[Kind, float] = {"decay": 3e-5, "capture": 2e-4, "spectrum": 1e-5}


class Source(msgspec.Struct, frozen=True):
    """One background source of one assembly."""

    name: str  # unique, at most 24 ASCII letters
    group: str
    kind: Kind
    what: str  # nuclide, capture or spectrum
    place: str
    rate_hz: float  # in this assembly, scale included
    note: str  # where the number comes from


class Cost(msgspec.Struct, frozen=True):
    """What one second of detector time takes."""

    events: float
    cpu_seconds: float  # one core, estimated: SECONDS_PER_EVENT


def cost(found: tuple[Source, ...]) -> Cost:
    """Return the number of events and the estimated CPU time per second of detector time."""
    events = sum(source.rate_hz for source in found)
    return Cost(events, sum(source.rate_hz * SECONDS_PER_EVENT[source.kind] for source in found))


def _nominal_hz(entry: Entry, detector: Detector, position: str) -> float:
    """Return the rate of ``entry`` before any scale."""
    try:
        extent = size(detector, position, entry.place)
    except ConfigError as error:
        raise ConfigError(f"source {entry.name}: {error}") from error
    seen = extent > 0 or entry.place not in NAMES
    if entry.unit == "Bq":
        return entry.activity if seen else 0.0
    return entry.activity * extent


def key_of(entry: Entry, scales: Mapping[str, float]) -> str:
    """Return the key of ``scales`` that counts for ``entry``: its name, else its group, else all; empty for none."""
    return next((key for key in (entry.name, entry.group, "all") if key in scales), "")


def check_names(where: str, scales: Mapping[str, float], entries: tuple[Entry, ...]) -> None:
    """Refuse names that the table does not have; ``where`` is the configuration's word for ``scales``."""
    names = [entry.name for entry in entries]
    groups = list(dict.fromkeys(entry.group for entry in entries))
    for name in scales:
        if name not in names and name not in groups and name != "all":
            raise ConfigError(
                f"{where}: unknown source {name!r}, allowed are {', '.join(names)}, "
                f"the groups {', '.join(groups)}, and all"
            )


def _check_scales(scales: Mapping[str, float], entries: tuple[Entry, ...]) -> None:
    """Refuse names that the table does not have and factors that are none."""
    check_names("backgrounds", scales, entries)
    for name, scale in scales.items():
        refuse(not 0 <= scale < math.inf, f"backgrounds.{name}: got {scale}, want a factor of at least 0")


def span(seconds: float) -> str:
    """Return a duration in words: seconds, hours, days or years."""
    for unit, length in (("years", 3.156e7), ("days", 86400.0), ("hours", 3600.0)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} seconds"


def sources(config: SimulationConfig, detector: Detector) -> tuple[Source, ...]:
    """Return the sources of ``config`` that have a rate, in the order of the table.

    A scale of ``config.backgrounds`` belongs to a source's name, to a group or to all; the most exact one counts.

    Raises
    ------
    ConfigError : a table that cannot be used, an unknown name, a factor below 0, or more than ``MAX_RATE_HZ`` of one.
    """
    entries, scales = load_model(config.model), config.backgrounds
    _check_scales(scales, entries)
    found = []
    for entry in entries:
        key = key_of(entry, scales)
        scale = scales.get(key, 1.0)
        branching = entry.branching if config.chain_branching == "physical" else 1.0
        nominal_hz = branching * _nominal_hz(entry, detector, config.position)
        rate_hz = scale * nominal_hz
        if rate_hz > MAX_RATE_HZ:
            lasts = span(rate_hz * SECONDS_PER_EVENT[entry.kind])
            raise ConfigError(
                f"backgrounds.{key or entry.name}: a factor of {scale:g} makes {rate_hz:.3g} events of {entry.name} "
                f"per second of detector time, about {lasts} of one core for each second; "
                f"want at most {MAX_RATE_HZ / nominal_hz:.3g} ({MAX_RATE_HZ:.0e} events per second)"
            )
        if rate_hz > 0:
            found.append(
                Source(entry.name, entry.group, entry.kind, entry.what, entry.place, rate_hz, entry.note)
            )
    return tuple(found)
