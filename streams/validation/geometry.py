"""Wires, volume and channel map of the horizontal drift against the published files and numbers.

>>> [row.verdict for row in _counts(load_detector("fd1-hd-apa"))].count("NO")
0
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams import channel_map, channel_map_file
from streams.compiled import Floats
from streams.detector import Detector, load_detector, per_10kt
from streams.geometry import wires_file
from streams.geometry.planes import plane_geometry, segments
from streams.validation.row import Findings, Row, Run, absent

_WRAP = "wires file, counted (reference 9.1.14)"
_DETECTOR = "fd1-hd-apa"
_WIRES = "detector/protodunehd-wires-larsoft-v1.json.bz2"
_MAP = "detector/PD2HDChannelMap_v6.txt"


def _counts(detector: Detector) -> list[Row]:
    """Return volume, mass, numbers of wires and pieces, and the factors to rates per 10 kt."""
    litres = detector.faces * detector.drift_mm * detector.height_mm * detector.length_mm / 1e9
    source = "reference 9.4"
    rows = [
        Row("geometry", "argon of both faces", 99.4, source, litres, 0, 0.1, "m3"),
        Row("geometry", "argon of both faces, mass", 138.7, source, litres * detector.drift.density_g_per_cm3,
            0, 0.14, "t"),
        Row("geometry", "Hz per 10 kt for 1 Hz in a central assembly", 100, "reference 9.1.1",
            per_10kt(detector, "central"), 0, 0),
        Row("geometry", "Hz per 10 kt for 1 Hz in an outer assembly", 200, "reference 9.1.1",
            per_10kt(detector, "outer"), 0, 0),
    ]  # fmt: skip
    lengths = []
    for plane in "UV":
        pieces = segments(detector, plane)
        per_channel = np.bincount(pieces["channel"])
        metres = np.hypot(pieces["y1"] - pieces["y0"], pieces["z1"] - pieces["z0"]) / 1000
        lengths.append(np.bincount(pieces["channel"], metres))
        found = (plane_geometry(detector, plane).wires, (per_channel == 3).sum(), (per_channel == 2).sum())
        names = ("wires on a face", "channels of three pieces", "channels of two pieces")
        for name, wanted, value in zip(names, (1148, 696, 104), found, strict=True):
            rows.append(Row("geometry", f"{plane}, {name}", wanted, _WRAP, float(value), 0, 0))
    shortest, longest = float(np.min(lengths)), float(np.max(lengths))
    rows.append(Row("geometry", "U and V, shortest channel", 7.37, _WRAP, shortest, 0, 0.005, "m"))
    rows.append(Row("geometry", "U and V, longest channel", 7.40, _WRAP, longest, 0, 0.005, "m"))
    return rows


def _ends(rows: NDArray[np.void]) -> Floats:
    return np.column_stack([rows[name] for name in ("y0", "z0", "y1", "z1")])


def _end_points(detector: Detector, run: Run) -> list[Row]:
    """Return the largest distance of an end point from the published one; the file's own origin is fitted."""
    path, source = run.file(_WIRES), "WireCell/wire-cell-data protodunehd-wires-larsoft-v1"
    names = {plane: f"{plane}, farthest end point of all pieces, ProtoDUNE-HD anode 0" for plane in "UVX"}
    if path is None:
        return [absent("geometry", name, source, _WIRES) for name in names.values()]
    published = wires_file.read(path)
    rows, shift = [], None
    for number, (plane, name) in enumerate(names.items()):
        want = published[(published["anode"] == 0) & (published["plane"] == number)]
        want = np.sort(want, order=["channel", "segment"])
        away = _ends(want) - _ends(segments(detector, plane))
        if shift is None:  # one origin for all planes
            shift = np.tile(np.median(away.reshape(-1, 2), axis=0), 2)
        farthest = float(np.abs(away - shift).max())
        rows.append(Row("geometry", name, 0, source, farthest, 0, 1.0, "mm"))
    return rows


def _map(run: Run) -> list[Row]:
    """Return how many channels differ from DUNE's own channel map."""
    path, source = run.file(_MAP), "DUNE-DAQ/detchannelmaps PD2HDChannelMap_v6"
    name = "channels of crates 1 to 4 that the rule puts elsewhere"
    if path is None:
        return [absent("geometry", name, source, _MAP)]
    wrong = sum(
        int((found.offline != channel_map.offline_channels(crate)).sum())
        for crate, found in channel_map_file.read(path).items()
    )
    return [Row("geometry", name, 0, source, float(wrong), 0, 0)]


def check(run: Run) -> Findings:
    """Return volume, wires, end points and channel map."""
    detector = load_detector(_DETECTOR)
    return Findings([*_counts(detector), *_end_points(detector, run), *_map(run)], [])
