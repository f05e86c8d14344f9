"""Read a table of backgrounds: one row per source, from ``streams/sources/models`` or a user's own TOML file.

>>> model = load_model("v3.6")
>>> [(entry.name, entry.kind, entry.what, entry.place) for entry in model][0]
('Ar39', 'decay', 'Ar39', 'argon')
>>> [entry.name for entry in model if entry.place == "frame"][:3]
['Co60-frame', 'Th234-frame', 'Pa234m-frame']
"""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from streams.errors import ConfigError
from streams.limits import MOST_LETTERS, named
from streams.sources.chains import CHAINS
from streams.sources.levels import load_nuclide, nuclide_names
from streams.sources.places import NAMES as PLACES
from streams.sources.places import PLANES
from streams.sources.spectra import NAMES as SPECTRA
from streams.sources.spectrum_file import read_spectrum
from streams.toml import load

Kind = Literal["decay", "capture", "spectrum"]
EVENTS = ("nuclide", "chain", "beta", "capture", "spectrum")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the file, as a physicist writes it."""

    name: str  # of a chain: what follows the member's name
    group: str
    activity: float
    unit: str
    place: str = ""
    places: tuple[str, ...] = ()
    nuclide: str = ""
    chain: str = ""
    beta: str = ""  # path of a spectrum of single electrons (streams/sources/spectrum_file.py)
    capture: str = ""
    spectrum: str = ""  # of single gammas: a name or a path
    share: float = 1.0
    source: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: tuple[Row, ...]


class Entry(msgspec.Struct, frozen=True):
    """One source at one place, with its nominal activity."""

    name: str
    group: str
    kind: Kind
    what: str  # nuclide, capture, spectrum, or the path of a spectrum
    place: str
    activity: float  # share included
    unit: str
    branching: float  # of a chain's member
    note: str


def model_names() -> tuple[str, ...]:
    """Return the names of the tables that come with the program."""
    folder = files("streams.sources") / "models"
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml")))


def _units(place: str) -> tuple[str, ...]:
    """Return the units in which the activity of ``place`` may be given."""
    if place in PLANES or place.startswith("neutron_"):
        return "1/cm2/s", "Bq"
    return ("Bq/cm3", "Bq") if place in PLACES else ("Bq",)


def _known_events() -> dict[str, tuple[str, ...]]:
    captures = tuple(n for n in nuclide_names() if load_nuclide(n).branch[0].mode == "neutron_capture")
    decays = tuple(n for n in nuclide_names() if n not in captures)
    return {"nuclide": decays, "chain": tuple(CHAINS), "capture": captures}


def _wrong(row: Row) -> str:
    """Return what is wrong with ``row``, empty if nothing is."""
    given = [key for key in EVENTS if getattr(row, key)]
    if len(given) != 1:
        return f"got {' and '.join(given) or 'none'} of {', '.join(EVENTS)}, want one of them"
    allowed = _known_events().get(given[0], ())
    if allowed and getattr(row, given[0]) not in allowed:
        return f"unknown {given[0]} {getattr(row, given[0])!r}, allowed are {', '.join(allowed)}"
    if row.beta or row.spectrum.endswith(".txt"):
        try:
            read_spectrum(row.beta or row.spectrum)
        except ConfigError as error:
            return str(error)
    if row.spectrum and row.spectrum not in SPECTRA and not row.spectrum.endswith(".txt"):
        return (
            f"unknown spectrum {row.spectrum!r}, allowed are {', '.join(SPECTRA)} or the path of a .txt file"
        )
    if bool(row.place) == bool(row.places):
        return "want either place or places"
    for place in row.places or (row.place,):
        if place not in PLACES and not place.startswith(("point:", "box:")):
            return f"unknown place {place!r}, allowed are {', '.join(PLACES)}, point:x,y,z and box:x0,x1,..."
        if row.unit not in _units(place):
            return f"unit: got {row.unit!r}, want {' or '.join(_units(place))} for place {place}"
    for key in ("activity", "share"):
        if not 0 <= getattr(row, key) < math.inf:
            return f"{key}: got {getattr(row, key)}, want at least 0"
    if not row.group:
        return "group: got nothing, want a word by which sources are scaled together"
    return ""


def _entries(row: Row) -> list[Entry]:
    """Return the sources of one row."""
    kind: Kind = "capture" if row.capture else "spectrum" if row.spectrum else "decay"
    members = [(row.name, row.nuclide or row.beta or row.capture or row.spectrum, 1.0)]
    if row.chain:
        end = f"-{row.name}" if row.name else ""
        members = [(m.nuclide + end, m.nuclide, m.branching) for m in CHAINS[row.chain]]
    activity, found = row.activity * row.share, []
    for place in row.places or (row.place,):
        end = "-" + place.removeprefix("neutron_").removeprefix("outer_") if row.places else ""
        for name, what, branching in members:
            found.append(
                Entry(name + end, row.group, kind, what, place, activity, row.unit, branching, row.source)
            )
    return found


def _checked(path: str, rows: tuple[Row, ...]) -> tuple[Entry, ...]:
    """Return all sources of the file ``path``, each name once."""
    entries: dict[str, Entry] = {}
    for number, row in enumerate(rows, 1):
        where = f"{path}: source {number} ({row.name!r})"
        wrong = _wrong(row)
        if wrong:
            raise ConfigError(f"{where}: {wrong}")
        for entry in _entries(row):
            name = entry.name
            if not named(name):
                raise ConfigError(f"{where}: name {name!r}: want 1 to {MOST_LETTERS} ASCII letters")
            if name in entries:
                raise ConfigError(f"{where}: the name {name!r} is there twice")
            entries[name] = entry
    groups = {row.group for row in rows} | {"all"}
    both = sorted(groups & set(entries))
    if both:
        raise ConfigError(f"{path}: {both[0]!r} is the name of a source and of a group, want different names")
    return tuple(entries.values())


def _beside(folder: Path, row: Row) -> Row:
    """Return ``row`` with the paths of its spectra taken from the folder of the table."""
    if row.beta:
        return msgspec.structs.replace(row, beta=str(folder / row.beta))
    if row.spectrum.endswith(".txt"):
        return msgspec.structs.replace(row, spectrum=str(folder / row.spectrum))
    return row


@cache
def _built_in(model: str) -> tuple[Entry, ...]:
    text = (files("streams.sources") / "models" / f"{model}.toml").read_bytes()
    return _checked(f"model {model}", msgspec.toml.decode(text, type=_File).source)


def load_model(model: str) -> tuple[Entry, ...]:
    """Return the sources of a table: a name of ``model_names`` or the path of a TOML file.

    Raises
    ------
    ConfigError : no such table, or a row that cannot be used: file and row are named.
    """
    if model in model_names():
        return _built_in(model)
    if not model.endswith(".toml"):
        raise ConfigError(
            f"model: no table {model!r}, allowed are {', '.join(model_names())} and the path of a .toml file"
        )
    rows = (_beside(Path(model).parent, row) for row in load(Path(model), _File).source)
    return _checked(model, tuple(rows))
