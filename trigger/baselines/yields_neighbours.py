"""What of an interaction one assembly sees, and what four do: the published events have two by two of them.

``python -m trigger.baselines.yields_neighbours`` follows the same interactions in one assembly, in two by two (twice
the height, twice the length), and in argon without end. Columns: energy left in the argon, and cubes of 15 mm that
anything is left in: electrons and what gammas kick out, the places that TPs come from.

>>> one, four = seen(1, events=20), seen(2, events=20)
>>> one.mev < four.mev, one.cubes < four.cubes
(True, True)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.rng import stream
from streams.sources.event import draw_event
from streams.sources.every import event_tables, every_source
from streams.transport.walk import new_work, push, volume_of, walk
from trigger.baselines.yields_production import PRESET, interactions

CUBE_MM = 15.0  # about three wires
ENDLESS = 100


class Seen(NamedTuple):
    """Means of an interaction and their errors."""

    mev: float
    mev_error: float
    cubes: float
    cubes_error: float


def seen(across: int, events: int, seed: int = 7) -> Seen:
    """Return what ``across`` by ``across`` assemblies see of interactions that begin anywhere in them."""
    config = SimulationConfig(backgrounds={"all": 0.0}, signals=(interactions(1.0),))
    detector = load_detector(PRESET)
    tables = event_tables(every_source(config, detector), config, detector)
    one, work = volume_of(detector), new_work()
    volume = one._replace(half_y_mm=across * one.half_y_mm, length_mm=across * one.length_mm)
    if across == ENDLESS:
        volume = volume._replace(low_x_mm=-1e6, high_x_mm=1e6)
    particles, vertex = np.zeros((64, 6)), np.zeros(3)
    found = np.zeros((events, 2))
    for n in range(events):
        state = stream(seed, 0, 0, n)
        count, _ = draw_event(tables, 0, state, particles, vertex)
        place = vertex * (1, across, across)
        for particle in particles[:count]:
            if particle[1] > 0:
                push(work, int(particle[0]), particle[1], place, particle[2:5].copy(), particle[5])
        deposits = work.deposits[: walk(volume, work, state)]
        found[n] = deposits[:, 3].sum(), len(np.unique(deposits[:, :3] // CUBE_MM, axis=0))
    mean, error = found.mean(axis=0), found.std(axis=0) / np.sqrt(events)
    return Seen(float(mean[0]), float(error[0]), float(mean[1]), float(error[1]))


def main() -> None:
    """Print what one assembly, four, and endless argon see."""
    from streams.console import console

    for across, name in ((1, "one assembly"), (2, "two by two"), (ENDLESS, "argon without end")):
        of = seen(across, 10_000)
        console.print(
            f"{name}: {of.mev:.2f} +- {of.mev_error:.2f} MeV, {of.cubes:.2f} +- {of.cubes_error:.2f} cubes"
        )


if __name__ == "__main__":
    main()
