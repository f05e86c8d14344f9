"""Read field responses of Wire-Cell as they are published (``*.json``, ``*.json.bz2``).

A file has three planes; each has 6 paths for each of 21 (or 11) wires. A path starts ``origin`` (100 mm) before the
collection plane at ``pitchpos`` relative to wire 0: at 0 to half a pitch before each wire, in tenths of a pitch. The
other half of each cell is the mirror image. Currents are in electrons per ns, negative for collected electrons.
The pitch of the file only scales: what counts is the place as a part of the pitch.

>>> read("nothing.json")
Traceback (most recent call last):
streams.errors.UserError: nothing.json: field response cannot be read: No such file or directory
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError
from streams.packed import read_packed
from streams.response.field import FieldResponse, whole_cell

PERIOD_NS = 100.0  # of all published files, to 0.1 %
_PERIOD_TOLERANCE = 1e-3
_PLANES = ("U", "V", "X")  # plane 0, 1, 2 in the file
_PATHS = 6  # per wire: 0 to 0.5 pitch


class _Array(msgspec.Struct):
    elements: list[float]


class _Current(msgspec.Struct):
    array: _Array


class _Path(msgspec.Struct):
    current: _Current
    pitchpos: float


class _OnePath(msgspec.Struct):
    PathResponse: _Path


class _Plane(msgspec.Struct):
    planeid: int
    pitch: float
    paths: list[_OnePath]


class _OnePlane(msgspec.Struct):
    PlaneResponse: _Plane


class _Response(msgspec.Struct):
    planes: list[_OnePlane]
    period: float  # ns
    origin: float  # mm
    speed: float  # mm / ns


class _File(msgspec.Struct):
    FieldResponse: _Response


def _decode(path: Path) -> _Response:
    text = read_packed(path, "field response")
    try:
        return msgspec.json.decode(text, type=_File).FieldResponse
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if b"NaN" in text or b"Infinity" in text:
            error_text = "it has NaN or Infinity where a current should be"
        else:
            error_text = str(error)
        raise UserError(
            f"{path}: field response is not Wire-Cell's JSON: {error_text}; give a file as in wire-cell-data"
        ) from None


def _nodes(path: Path, name: str, plane: _Plane) -> NDArray[np.float64]:
    """Return the currents [electrons per us] as ``whole_cell`` wants them: (6, wires, samples)."""
    wires = len(plane.paths) // _PATHS
    where = f"{path}: field response, plane {name}"
    if len(plane.paths) != _PATHS * wires or wires % 2 == 0:
        raise UserError(
            f"{where}: got {len(plane.paths)} paths, want {_PATHS} for each of an odd number of wires"
        )
    if not plane.pitch > 0:
        raise UserError(f"{where}: got a pitch of {plane.pitch:g} mm, want more than 0")
    by_place = {
        round(10 * p.PathResponse.pitchpos / plane.pitch): p.PathResponse.current.array.elements
        for p in plane.paths
    }
    # An electron that starts i tenths before wire 0 is -10 o - i tenths from the wire o places further.
    wanted = [[-10 * o - i for o in range(-(wires // 2), wires // 2 + 1)] for i in range(_PATHS)]
    missing = [place for row in wanted for place in row if place not in by_place]
    if missing:
        raise UserError(
            f"{where}: no path at {missing[0] / 10:g} pitches, want 0 to 0.5 pitch before each of {wires} wires"
        )
    lengths = {len(by_place[place]) for row in wanted for place in row}
    if len(lengths) != 1 or 0 in lengths:
        raise UserError(f"{where}: got paths of {sorted(lengths)} samples, want one length")
    return -1e3 * np.array([[by_place[place] for place in row] for row in wanted])


@lru_cache(maxsize=4)
def _read(path: Path, stamp: tuple[int, int]) -> FieldResponse:
    response = _decode(path)
    if abs(response.period / PERIOD_NS - 1) > _PERIOD_TOLERANCE:
        raise UserError(
            f"{path}: field response is sampled every {response.period:g} ns, want {PERIOD_NS:g} ns within 0.1 %:"
            " resample it"
        )
    planes = {plane.PlaneResponse.planeid: plane.PlaneResponse for plane in response.planes}
    for number, name in enumerate(_PLANES):
        if number not in planes:
            raise UserError(f"{path}: field response has no plane {number} ({name}), want 0, 1 and 2")
    return FieldResponse(
        response.period * 1e-3,
        {name: whole_cell(_nodes(path, name, planes[number])) for number, name in enumerate(_PLANES)},
    )


def read(path: str | Path) -> FieldResponse:
    """Return the field response of a Wire-Cell file.

    Raises
    ------
    UserError : what is wrong with the file, in one sentence.
    """
    place = Path(path)
    try:
        stat = place.stat()
    except OSError as error:
        raise UserError(f"{place}: field response cannot be read: {error.strerror}") from None
    return _read(place, (stat.st_mtime_ns, stat.st_size))
