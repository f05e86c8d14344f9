"""Level schemes: by which branches a nuclide decays, which levels it feeds, and how each level goes down.

One file per nuclide in ``streams/sources/levels``; a neutron capture has the same form, its branch feeds the capture
state. Every file names the source of its numbers.

>>> beta = load_nuclide("Tl208").branch[0]
>>> beta.mode, beta.q_kev, beta.levels[1].energy_kev, beta.levels[1].gammas
('beta', 4999.0, 2614.529, ((0, 1.0, 0.00247),))
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Mode = Literal["beta", "alpha", "electron_capture", "neutron_capture"]


class Level(msgspec.Struct, frozen=True, array_like=True):
    """One level of the daughter: a row of the table ``levels``."""

    energy_kev: float
    fed: float  # share of the branch that ends here (any unit: normalised over the branch)
    gammas: tuple[tuple[int, float, float], ...]  # (level reached, share, conversion coefficient)
    unique: int = 0  # degree of a unique forbidden beta transition; 0: the allowed shape
    half_life_ns: float = 0.0  # where it matters to the readout


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to decay; levels in the order of energy, a gamma carries the difference of two levels.

    A converted transition gives an electron of the whole energy: the X-rays that fill its place are absorbed nearby.
    """

    mode: Mode
    share: float  # of the decays (any unit: normalised over the nuclide)
    z: int  # charge number of the daughter
    a: int  # mass number of the daughter
    q_kev: float
    levels: tuple[Level, ...]
    shape: tuple[float, float, float] = (0.0, 0.0, 0.0)  # measured factor 1 + s0 W + s1 / W + s2 W^2
    then_alpha_kev: float = 0.0  # the daughter's alpha, part of the same event
    then_half_life_us: float = 0.0


class Nuclide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that leaves one decay (or one capture)."""

    nuclide: str
    branch: tuple[Branch, ...]


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The levels of one daughter alone."""

    z_daughter: int
    a: int
    q_kev: float
    level: tuple[Level, ...]


def _read(name: str) -> bytes:
    return (files("streams.sources") / "levels" / f"{name}.toml").read_bytes()


@cache
def nuclide_names() -> tuple[str, ...]:
    """Return the names of all nuclides and captures that have a level scheme."""
    names = sorted(
        item.name[:-5]
        for item in (files("streams.sources") / "levels").iterdir()
        if item.name.endswith(".toml") and b"[[branch]]" in item.read_bytes()
    )
    return tuple(names)


@cache
def load_nuclide(name: str) -> Nuclide:
    """Return the scheme of the decay or capture ``streams/sources/levels/<name>.toml``."""
    return msgspec.toml.decode(_read(name), type=Nuclide)


@cache
def load_scheme(name: str) -> Scheme:
    """Return the levels of a daughter that has a file of its own, ``streams/sources/levels/<name>.toml``."""
    return msgspec.toml.decode(_read(name), type=Scheme)
