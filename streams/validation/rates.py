"""Rates of the backgrounds: of the table of sources, and counted in the real stream.

In the stream rare sources are scaled up, so that each gives some hundreds of events; what is found is per unit scale.
A cathode lies between two drifts: its decays are simulated once for each, so half of them count.

>>> [row.verdict for row in _table()].count("NO")
0
"""

from __future__ import annotations

import math
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK
from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.simulate import stream
from streams.sources.places import drifts
from streams.sources.table import sources
from streams.validation.beta import sample
from streams.validation.row import Findings, Plot, Row, Run

_SOURCE = "dunesim model v3.4 / 3.6 (reference 9.4)"
#: Bq in a central assembly and half a unit of the last digit given (reference 9.4; 208Tl: 0.359 of 15.2, 9.1.4).
BQ = {
    "Ar39": (140_100, 50), "Kr85": (15_900, 50), "Ar42": (12.8, 0.05), "K42": (2.55, 0.005), "Rn222": (139, 0.5),
    "Po218": (120, 0.5), "Pb214": (82, 0.5), "Bi214": (45.5, 0.05), "Pb212": (15.2, 0.05), "Tl208": (5.4, 0.05),
    "K42-plated": (12.8, 0.05), "Po218-plated": (24, 0.5), "Pb214-plated": (70, 0.5), "Bi214-plated": (116, 0.5),
    "Pb210-plated": (116, 0.5), "Po210-plated": (116, 0.5), "Pb212-plated": (39, 0.5), "K40-cathode": (153, 0.5),
    "Bi214-cathode": (112, 0.5), "Ac228-cathode": (157, 0.5),
}  # fmt: skip
#: Gammas per second of the boards along one edge (reference 9.4): members of the chain, wanted.
BOARDS = {
    "238U": (("Th234", "Pa234m", "Ra226", "Pb214", "Bi214", "Pb210", "Bi210"), 294),
    "232Th": (("Ra228", "Ac228", "Ra224", "Pb212", "Bi212", "Tl208"), 526),
    "40K": (("K40",), 19),
}
_DRIFT_TICKS = 2.25e6 / 512  # reference 1.1
_EACH_HZ = 3000.0  # of a rare source, scaled up


class Counted(NamedTuple):
    """Events of a stretch of the stream."""

    events: NDArray[np.void]
    seconds: float
    scale: dict[str, float]
    sides: dict[str, int]  # from which a decay is seen: a cathode's are made for each of its two drifts


def count(run: Run, names: tuple[str, ...] = tuple(BQ)) -> Counted:
    """Return the events of these sources that happen in the first part of a stream of collection samples."""
    known = {source.name: source for source in sources(SimulationConfig(), load_detector("fd1-hd-apa"))}
    scale = {name: max(_EACH_HZ / known[name].rate_hz, 1.0) for name in names}
    scale.update({name: 1.0 for name in ("Ar39", "Kr85") if name in names})
    config = SimulationConfig(seed=run.seed, planes=("X",), backgrounds={"all": 0.0, **scale})
    blocks = run.count(2400)
    after = math.ceil(_DRIFT_TICKS / TICKS_PER_BLOCK) + 2  # events come with their charge
    events = np.concatenate([block.events for block in islice(stream(config), blocks + after)])
    end_ns = blocks * TICKS_PER_BLOCK * 512.0
    within = (events["time_ns"] >= 0) & (events["time_ns"] < end_ns)
    sides = {name: drifts(known[name].place) for name in names}
    return Counted(events[within], 1e-9 * end_ns, scale, sides)


def _table() -> list[Row]:
    rates = {
        source.name: source.rate_hz for source in sources(SimulationConfig(), load_detector("fd1-hd-apa"))
    }
    return [
        Row("rates", f"{name}, table", wanted, _SOURCE, rates[name], 0, half + 0.003 * wanted, "Bq")
        for name, (wanted, half) in BQ.items()
    ]


def stream_rows(counted: Counted, names: tuple[str, ...] = tuple(BQ)) -> list[Row]:
    """Return the rate of each source in the stream, with its counting error and nothing else allowed."""
    rows = []
    for name in names:
        wanted, half = BQ[name]
        exposure = counted.seconds * counted.scale[name] * counted.sides[name]
        found = float((counted.events["origin"] == name.encode()).sum()) / exposure
        sigma = math.sqrt(wanted / exposure)
        rows.append(Row("rates", f"{name}, counted in the stream", wanted, _SOURCE, found, sigma, half, "Bq"))
    return rows


def _argon39(counted: Counted) -> list[Row]:
    """Return 39Ar per drift, per crop, per channel, and how evenly it lies over the channels."""
    own = counted.events[counted.events["origin"] == b"Ar39"]
    seen = own[own["channel_first"] >= 0]
    ticks = counted.seconds / 512e-9
    n, root = len(own), math.sqrt(len(own))
    channel = np.where(own["x_mm"] > 0, 0, 480) + (own["z_mm"] / 4.792).astype(int)  # pitch: reference 1.1
    per_channel = np.bincount(channel, minlength=960).astype(float)
    crop = len(seen) * 64 / 960 * 512 / ticks  # 64 channels x 64 pixels of 8 ticks
    spread = float(per_channel.var() / per_channel.mean())
    deposited = 1000 * own["deposited_mev"].astype(float)
    depth = np.abs(own["x_mm"].astype(float))
    source = "reference 9.4"
    even, mean = "39Ar, variance over mean of the counts per channel", 1000 * 0.2188
    depth_mm, energy = (
        (float(depth.mean()), float(depth.std()) / root),
        (float(deposited.mean()), float(deposited.std()) / root),
    )
    return [
        Row("rates", "39Ar per drift of 2.25 ms", 315, source, n / ticks * _DRIFT_TICKS, 315 / root, 0.5),
        Row("rates", "39Ar per X channel", 146, source, n / counted.seconds / 960, 146 / root, 0.5, "Hz"),
        Row(
            "rates",
            "39Ar per crop of 64 channels x 512 ticks",
            2.4,
            "reference 9.1.13",
            crop,
            2.4 / root,
            0.05,
        ),
        Row("rates", even, 1, "Poisson", spread, math.sqrt(2 / 960), 0.0),
        Row("rates", "39Ar, mean distance from the wires", 1800, "even in 3.6 m", *depth_mm, 0.0, "mm"),
        Row(
            "rates",
            "39Ar, mean energy left in the argon",
            mean,
            "ICRP-107 (reference 9.3)",
            *energy,
            0.01 * mean,
            "keV",
        ),
    ]


def _boards(run: Run) -> list[Row]:
    """Return the gammas per second that leave decays in the boards."""
    rates = {
        source.name: source.rate_hz for source in sources(SimulationConfig(), load_detector("fd1-hd-apa"))
    }
    rows, decays = [], run.count(4000)
    for chain, (members, wanted) in BOARDS.items():
        each = {name: len(sample(name, decays, run.seed).gammas) / decays for name in members}
        found = sum(rates[f"{name}-boards"] * gammas for name, gammas in each.items())
        note = "weak lines are left out of the level schemes"
        rows.append(
            Row("rates", f"gammas of {chain} in the boards", wanted, _SOURCE, found, unit="Hz", note=note)
        )
    return rows


def check(run: Run) -> Findings:
    """Return the rates of the table, those counted, and what 39Ar looks like."""
    counted = count(run)
    found = stream_rows(counted)
    place = np.arange(len(found), dtype=float)
    ratio = np.array([row.found for row in found], float) / np.array([row.wanted for row in found], float)
    band = 3 * np.array([row.sigma for row in found]) / np.array([row.wanted for row in found], float)
    curves = (("3 standard deviations", place, 1 + band), ("", place, 1 - band))
    plot = Plot("rates", "rates in the stream over reference 9.4", "", "found / wanted", curves,
                (("found", place, ratio),), labels=tuple(BQ))  # fmt: skip
    return Findings([*_table(), *found, *_argon39(counted), *_boards(run)], [plot])
