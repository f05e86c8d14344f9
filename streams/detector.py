"""The detector: geometry, activities and readout constants, read from a preset.

>>> load_detector("fd1-hd-apa").planes["X"].channels
960
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from streams.errors import ConfigError
from streams.response.models import Electronics, ResponseModel

T = TypeVar("T")
Corner = Literal["top left", "top right", "bottom left", "bottom right"]


class Drift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Liquid argon between the wires and the cathode."""

    velocity_mm_per_us: float
    field_kv_per_cm: float
    density_g_per_cm3: float
    longitudinal_cm2_per_s: float
    transverse_cm2_per_s: float
    w_ion_ev: float
    box_alpha: float
    box_beta: float  # (kV/cm) (g/cm2) / MeV


class Plane(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One plane of wires (or strips): where they are, and their pedestals; see ``streams.geometry.planes``."""

    channels: int
    kind: Literal["wrapped", "straight"]  # wrapped: around both faces; straight: one channel per wire
    corner: Corner  # where face 0 begins; left: small z
    angle_deg: float  # between wires and the y axis, away from the corner
    pitch_mm: float
    first_mm: float  # from the corner to the first wire, at right angles to it
    wires: int  # on one face
    y_mm: tuple[float, float]  # lower and upper end of the wires
    z_mm: tuple[float, float]
    distance_mm: float  # from the collection plane, toward the drift
    wire_length_mm: float  # of one channel, all its segments
    pedestal_adc: float
    pedestal_spread_adc: float


class Noise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Noise of the channels of one plane at the preset's gain; the r.m.s. is linear in the length of the wire."""

    rms_adc: float  # of a channel of the plane's ``wire_length_mm``, all noise together
    open_share: float  # r.m.s. of a channel without a wire, relative to that
    taps: tuple[float, ...]  # filter in time that gives the spectrum
    coherent_adc: float  # r.m.s. of the part that is common to the plane's channels on one FEMB


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class of places in the module: which faces have a drift, and which planes outside are near."""

    active_faces: tuple[int, ...]
    external: tuple[str, ...] = ()  # of EXTERNAL
    count: int = 0  # assemblies of this class in the module; 0: an idealised class


class Detector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One anode plane assembly with its two faces."""

    faces: int
    drift_mm: float
    height_mm: float
    length_mm: float
    tick_ns: float
    adc_bits: int
    det_id: int  # DUNE's number of the detector in the data (detdataformats DetID)
    faces_per_10kt: int
    fembs: int
    asics_per_femb: int
    drift: Drift
    planes: dict[str, Plane]  # U, V, X in this order; X collects
    noise: dict[str, Noise]  # of each plane
    positions: dict[str, Position]
    electronics: Electronics
    response: ResponseModel
    channel_map: Literal["pd2hd", "even"] = "even"  # how channels are shared by the FEMBs


def active_faces(detector: Detector, position: str) -> tuple[int, ...]:
    """Return the faces that have a drift at ``position``; the others see noise only.

    >>> active_faces(load_detector("fd1-hd-apa"), "outer")
    (0,)

    Raises
    ------
    ConfigError : there is no such position.
    """
    if position not in detector.positions:
        raise ConfigError(f"position: got {position!r}, allowed are {', '.join(detector.positions)}")
    return detector.positions[position].active_faces


def per_10kt(detector: Detector, position: str) -> float:
    """Return the factor from a rate in one assembly at ``position`` to the rate per 10 kt: per active face x 200.

    >>> detector = load_detector("fd1-hd-apa")
    >>> per_10kt(detector, "central"), per_10kt(detector, "outer")
    (100.0, 200.0)
    """
    return detector.faces_per_10kt / len(active_faces(detector, position))


def load_detector(name: str) -> Detector:
    """Return the detector of the preset ``name``, or of a TOML file if ``name`` is the path of one.

    Raises
    ------
    ConfigError : no such preset or file, or one that cannot be used; names the file and the key.
    """
    if name.endswith(".toml") or "/" in name:
        try:
            data = Path(name).read_bytes()
        except OSError as error:
            raise ConfigError(f"detector: cannot read preset {name}: {error.strerror}") from error
        return _detector(name, data)
    preset = files("streams.presets") / f"{name}.toml"
    if name not in presets():
        allowed = f"allowed are {', '.join(presets())}, or the path of a TOML file"
        raise ConfigError(f"detector: no preset {name!r}, {allowed}")
    return _detector(name, preset.read_bytes())


def presets() -> tuple[str, ...]:
    """Return the names of the detectors that come with the project.

    >>> "fd1-hd-apa" in presets()
    True
    """
    names = (item.name for item in files("streams.presets").iterdir())
    return tuple(sorted(name[:-5] for name in names if name.endswith(".toml")))


@cache
def _detector(name: str, data: bytes) -> Detector:
    """Decode and check a preset."""
    try:
        raw = msgspec.toml.decode(data)
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"detector preset {name}: {error}") from error
    return detector_of(name, raw)


def detector_of(name: str, raw: dict[str, Any]) -> Detector:
    """Return the detector that the tables of a preset describe; ``name`` is what errors call it.

    Raises
    ------
    ConfigError : names the preset and the first key that cannot be used.
    """
    from streams.geometry.consistency import fault

    try:
        for table, kind in (("planes", Plane), ("noise", Noise), ("positions", Position)):
            inner = raw.get(table)
            for key, value in inner.items() if isinstance(inner, dict) else ():
                _convert(value, kind, f"{table}.{key}")
        detector = _convert(raw, Detector, "")
    except ValueError as error:
        raise ConfigError(f"detector preset {name}: {error}") from error
    wrong = fault(detector)
    if wrong:
        raise ConfigError(f"detector preset {name}: {wrong}")
    return detector


def _convert(value: object, kind: type[T], where: str) -> T:
    """Return ``value`` as ``kind``; an error names the key, ``where`` included."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at `$")
        key = (where + place.rstrip("`")).strip(".")
        raise ValueError(f"{key}: {sentence}" if key else sentence) from error
