"""Level schemes: which levels a decay feeds, and by which gammas each level goes down.

>>> scheme = load_scheme("Tl208")
>>> scheme.level[1].energy_kev, scheme.level[1].gammas
(2614.529, ((0, 1.0, 0.0025),))
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of the daughter."""

    energy_kev: float
    fed: float  # share of the decays that end here (any unit: normalised over the scheme)
    gammas: tuple[tuple[int, float, float], ...]  # (level reached, share, conversion coefficient)
    unique: bool = False  # first-forbidden unique transition


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The levels of one daughter, in the order of energy; a gamma carries the difference of two levels.

    A converted transition gives an electron of the whole energy: the X-rays that fill its place are absorbed nearby.
    """

    z_daughter: int
    a: int
    q_kev: float
    level: tuple[Level, ...]


@cache
def load_scheme(name: str) -> Scheme:
    """Return the level scheme ``streams/sources/levels/<name>.toml``."""
    return msgspec.toml.decode(
        (files("streams.sources") / "levels" / f"{name}.toml").read_bytes(), type=Scheme
    )
