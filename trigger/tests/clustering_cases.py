"""Streams of TPs from a seed, the same on any machine, and a digest of what an algorithm makes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.daq.tp import TP
from streams.daq.trigger_objects import TA
from trigger.activities.base import Activity


def tps(seed: int, count: int, gap: int, channels: int, first: int = 10**9) -> NDArray[np.void]:
    """Return TPs in time order, on average ``gap`` counts apart; now and then a track of up to 24 of them."""
    draw = Random(seed).randrange
    rows: list[tuple[int, int]] = []
    time = first
    while len(rows) < count:
        time += draw(2 * gap)
        channel = draw(channels)
        rows.append((time, channel))
        if draw(60) == 0:
            for _ in range(draw(2, 24)):
                channel = (channel + draw(3)) % channels
                rows.append((time + draw(1500), channel))
    rows = sorted(rows[:count])
    made = np.zeros(count, TP)
    made["version"], made["type"], made["algorithm"] = 1, 1, 1
    made["time_start"], made["channel"] = [time for time, _ in rows], [channel for _, channel in rows]
    for name, low, high in (
        ("detid", 1, 6),
        ("samples_over_threshold", 1, 40),
        ("samples_to_peak", 0, 20),
        ("adc_peak", 30, 400),
        ("adc_integral", 100, 6000),
    ):
        made[name] = [draw(low, high) for _ in range(count)]
    return made


def digest(made: Iterable[Sequence[NDArray[np.void]]]) -> str:
    """Return 16 hexadecimal digits of the fields of TAs (TCs) and of what is in them, in their order."""
    found = hashlib.sha256()
    for data, inputs in made:
        for fields, rows in ((data.dtype.names, data), (inputs.dtype.names, inputs)):
            for name in fields or ():
                found.update(np.asarray(rows[name]).astype("<i8").tobytes())
    return found.hexdigest()[:16]


def in_parts(stream: NDArray[np.void], parts: int) -> list[NDArray[np.void]]:
    """Return a stream in chunks of different lengths, one of them empty."""
    cuts = [0, *sorted(Random(parts).randrange(len(stream)) for _ in range(parts - 2))]
    return np.split(stream, cuts)


def made_of(**fields: Any) -> NDArray[np.void]:
    """Return TPs with these fields, the others 0."""
    made = np.zeros(len(next(iter(fields.values()))), TP)
    for name, values in fields.items():
        made[name] = values
    return made


def activity(start: int = 1, n_tps: int = 1, **fields: int) -> Activity:
    """Return a TA with these fields, the others 0."""
    row = np.zeros(1, TA)
    for name, value in {"time_start": start, **fields}.items():
        row[name] = value
    return Activity(row[0], np.zeros(n_tps, TP))
