"""Pulses of deposits at known places, from the real stream: what comes out of the whole chain for a known charge.

Deposits are given to the simulation as a file of segments: 40 of half a millimetre at each place, event after event;
noise, coupling and backgrounds are off, so a pulse is the response alone, in whole counts.

>>> place = np.array([[TICK_MM, 0.0, 1000.0]])
>>> found = pulses(Asked(place, ElectronicsConfig(shaper="nominal"), planes=("X",)))
>>> wave = found.waves["X"][0, WIRES]
>>> bool(abs(wave.argmax() - BEFORE) <= 1), bool(18 < 1000 * wave.max() / found.electrons[0] < 30)
(True, True)
"""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from msgspec.structs import replace

from streams.block import TICKS_PER_BLOCK
from streams.compiled import Floats, Integers
from streams.config import ElectronicsConfig, SimulationConfig
from streams.detector import Detector, load_detector
from streams.geometry.planes import plane_geometry, wire_at
from streams.signals import SegmentsSignal
from streams.simulate import stream

TICK_MM = 1.6 * 0.512  # drift of one tick: 1.6 mm/us (reference 1.1), 512 ns
WIRES = 3  # neighbours to each side that are looked at
BEFORE, AFTER = 150, 150  # ticks around the arrival
_SPACING = 384  # ticks from event to event
_PIECES, _ENERGY_MEV, _LENGTH_CM = 40, 0.2, 0.05  # about 200 000 electrons at one place
_DTYPE = np.dtype([("event_id", "u4"), ("t0_start", "f8"), ("dE", "f8")]
                  + [(f"{axis}_{end}", "f8") for end in ("start", "end") for axis in "xyz"])  # fmt: skip


class Asked(NamedTuple):
    """Where charge is put (float64, (n, 3), mm), and how it is read."""

    places: Floats
    electronics: ElectronicsConfig
    planes: tuple[str, ...] = ("U", "V", "X")
    seed: int = 1


class Pulses(NamedTuple):
    """What came out.

    Attributes
    ----------
    waves : by plane float64 (n, 2 WIRES + 1, BEFORE + AFTER) ADC counts above the pedestal, on the channel over
        which the charge is (in the middle) and its neighbours; row BEFORE is the tick of arrival.
    electrons : (n,) that reach the wires, by the truth.
    late_tick : (n,) time of the event and drift, in ticks, less the whole tick that is row BEFORE.
    """

    waves: dict[str, Floats]
    electrons: Floats
    late_tick: Floats


def _written(path: Path, places: Floats) -> SegmentsSignal:
    rows = np.zeros(len(places) * _PIECES, _DTYPE)
    rows["event_id"], rows["dE"] = np.repeat(np.arange(len(places)), _PIECES), _ENERGY_MEV
    for column, axis in enumerate("xyz"):
        rows[f"{axis}_start"] = rows[f"{axis}_end"] = np.repeat(places[:, column], _PIECES) / 10
    rows["y_start"] -= _LENGTH_CM / 2
    rows["y_end"] += _LENGTH_CM / 2
    with h5py.File(path, "w") as file:
        file["segments"] = rows
    return SegmentsSignal(str(path), start_ms=1e-6 * 512 * _SPACING, spacing_ms=1e-6 * 512 * _SPACING)


def _channels(detector: Detector, plane: str, places: Floats) -> Integers:
    """Return the channel over which each charge is and its neighbours' (int64, (n, 2 WIRES + 1)), -1: none."""
    geometry = plane_geometry(detector, plane)
    found = np.full((len(places), 2 * WIRES + 1), -1)
    for row, (x, y, z) in zip(found, places, strict=True):
        face = 0 if x > 0 else 1
        wire = wire_at(geometry, face, y, z)
        for k in range(-WIRES, WIRES + 1):
            if wire >= 0 and 0 <= wire + k < geometry.wires:
                row[WIRES + k] = geometry.channel_of[face, wire + k]
    return found


def pulses(asked: Asked) -> Pulses:
    """Return the pulses of charge at these places."""
    with tempfile.TemporaryDirectory() as folder:
        signal = _written(Path(folder) / "places.h5", asked.places)
        quiet = replace(asked.electronics, noise_scale=0.0, ac_coupling_ms=0.0)
        return _read(SimulationConfig(seed=asked.seed, planes=asked.planes, backgrounds={"all": 0.0},
                                      signals=(signal,), electronics=quiet), asked)  # fmt: skip


def _read(config: SimulationConfig, asked: Asked) -> Pulses:
    """Run the stream and cut out what surrounds each arrival."""
    detector, n = load_detector(config.detector), len(asked.places)
    exact = _SPACING * (1 + np.arange(n)) + np.abs(asked.places[:, 0]) / TICK_MM
    arrival = np.rint(exact).astype(np.int64)
    channels = {plane: _channels(detector, plane, asked.places) for plane in asked.planes}
    waves = {plane: np.zeros((n, 2 * WIRES + 1, BEFORE + AFTER)) for plane in asked.planes}
    electrons = np.zeros(n)
    blocks = int(arrival.max() + AFTER) // TICKS_PER_BLOCK + 1
    for block in islice(stream(config), blocks):
        for event in block.events:
            electrons[round(float(event["time_ns"]) / 512) // _SPACING - 1] = event["electrons"]
        samples = {**block.induction, "X": block.adc}
        for i in np.flatnonzero(
            (arrival + AFTER > block.first_tick) & (arrival - BEFORE < block.first_tick + 64)
        ):
            offset = int(block.first_tick - (arrival[i] - BEFORE))
            low, high = max(-offset, 0), min(TICKS_PER_BLOCK, BEFORE + AFTER - offset)
            for plane, chosen in channels.items():
                part = samples[plane][low:high, chosen[i]].T
                waves[plane][i, :, offset + low : offset + high] = np.where(chosen[i][:, None] < 0, 0, part)
    pedestal = {plane: wave[:, :, :10].mean(axis=2, keepdims=True) for plane, wave in waves.items()}
    return Pulses(
        {plane: wave - pedestal[plane] for plane, wave in waves.items()}, electrons, exact - arrival
    )
