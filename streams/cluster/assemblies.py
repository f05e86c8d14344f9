"""The 150 assemblies of a module by number: where each one hangs, and its configuration.

Assumption: number = 6 x place along the beam (0 to 24) + 3 x row (0 bottom, 1 top) + place across (0 to 2). The outer
places across are 0 and 2, with the same face toward the argon (one is the other's mirror image). Another assumption:
assemblies are independent. Each has random streams of its own; a muon or a gamma does not cross into the next one,
and the interactions of a burst are drawn for each.

>>> place_of(0), place_of(76), place_of(149).position
(Place(along=0, row='bottom', across=0, position='bottom_outer_end'), \
Place(along=12, row='top', across=1, position='top'), 'top_outer_end')
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgspec

from streams.config import MOST_CRATE, SimulationConfig
from streams.detector import load_detector
from streams.limits import refuse

ALONG, ROWS, ACROSS = 25, ("bottom", "top"), 3  # 25 along the beam, 2 high, 3 across (reference section 1.1)
ASSEMBLIES = ALONG * len(ROWS) * ACROSS


class Place(NamedTuple):
    """Where an assembly hangs, and the class of such places in the detector's preset."""

    along: int
    row: str
    across: int
    position: str


def place_of(number: int) -> Place:
    """Return the place of assembly ``number``, 0 to 149."""
    along, rest = divmod(number, len(ROWS) * ACROSS)
    row, across = divmod(rest, ACROSS)
    parts = [ROWS[row]]
    if across in (0, ACROSS - 1):
        parts.append("outer")
    if along in (0, ALONG - 1):
        parts.append("end")
    return Place(along, ROWS[row], across, "_".join(parts))


def assembly(config: SimulationConfig, number: int) -> SimulationConfig:
    """Return the configuration of assembly ``number`` of the module whose run is ``config``: its crate counts on.

    >>> one = assembly(SimulationConfig(crate=1), 76)
    >>> one.apa, one.crate, one.position
    (76, 77, 'top')
    """
    place = place_of(number)
    return msgspec.structs.replace(config, apa=number, crate=config.crate + number, position=place.position)


def check_module(config: SimulationConfig, apas: int) -> None:
    """Refuse what a run of the first ``apas`` assemblies of a module cannot be.

    Raises
    ------
    ConfigError : names the key, the value got and what is allowed.
    """
    refuse(
        not 1 <= apas <= ASSEMBLIES, f"--apas: got {apas}, want 1 to {ASSEMBLIES}, as many as a module has"
    )
    free = SimulationConfig()
    refuse(
        config.position != free.position,
        f"position: got {config.position!r}, with --apas the place follows from the number: leave position out",
    )
    refuse(config.apa != free.apa, f"apa: got {config.apa}, with --apas they count from 0: leave apa out")
    last = config.crate + apas - 1
    refuse(
        last > MOST_CRATE, f"crate: got {config.crate}, so the last one is {last}, want at most {MOST_CRATE}"
    )
    positions = load_detector(config.detector).positions
    have = {name: found.count for name, found in positions.items() if found.count}
    want = Counter(place_of(number).position for number in range(ASSEMBLIES))
    refuse(
        have != want,
        f"detector {config.detector}: its positions count {sum(have.values())} assemblies, want the {ASSEMBLIES} of a "
        "module as in fd1-hd-apa",
    )
