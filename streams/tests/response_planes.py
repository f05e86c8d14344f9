"""Planes of both presets with built-in and published responses, and arrivals over their wires, for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from streams.config import ElectronicsConfig
from streams.detector import load_detector
from streams.geometry.planes import plane_geometry
from streams.response.arrivals import begin_tick
from streams.response.kernel import plane_kernel
from streams.response.wires import WireSignal

SHARED = Path(__file__).parents[3] / "shared/data/response"
FILES = {
    "fd1-hd-apa": SHARED / "dune-garfield-1d565.json.bz2",
    "fd2-vd-bottom": SHARED / "dunevd-resp-isoc3views.json.bz2",
}
SOURCES = ["fd1-hd-apa", "fd2-vd-bottom", "fd1-hd-apa file", "fd2-vd-bottom file"]
BLOCK = 64


@cache
def plane(source, name):
    """Return kernel and geometry of a plane; ``source`` is a preset, with ' file' for its published response."""
    preset = source.removesuffix(" file")
    path = FILES[preset] if source.endswith(" file") else None
    if path and not path.exists():
        pytest.skip(f"{path} is absent")
    detector = load_detector(preset)
    config = ElectronicsConfig(shaper="nominal", field_response=str(path or ""))
    return plane_kernel(detector, name, config), plane_geometry(detector, name)


def signal_of(kernel, geometry, arrivals, ticks, first_tick=0):
    """Return the signal (ticks, channels) from tick 0 on, block after block from ``first_tick``."""
    signal = WireSignal(kernel, geometry, 4.0)
    begins = begin_tick(arrivals, signal.before)
    assert begins.min() >= first_tick
    blocks = []
    for tick in range(first_tick, ticks, BLOCK):
        signal.add(arrivals[(begins >= tick) & (begins < tick + BLOCK)], tick)
        blocks.append(signal.take().copy())
    return np.concatenate(blocks)[-first_tick:]


def arrival(geometry, tick, wire, part=0.5, sigma_tick=1.5, sigma_mm=1.5, electrons=6e3, face=0, along=0.0):
    """Return an arrival over ``wire`` of a face, a part of a pitch into its cell, ``along`` mm from its middle."""
    p = (wire + part) * geometry.pitch_mm + geometry.offset_mm[face]
    normal = np.array([geometry.normal_y[face], geometry.normal_z[face]])
    middle = np.array([geometry.low_y + geometry.high_y, geometry.low_z + geometry.high_z]) / 2
    wire_way = np.array([normal[1], -normal[0]])
    y, z = middle + normal * (p - middle @ normal) + wire_way * along
    return [tick, face, y, z, sigma_tick, sigma_mm, electrons]
