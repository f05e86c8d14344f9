"""The detector: geometry, activities and readout constants, read from a preset.

>>> load_detector("fd1-hd-apa").channels
960
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from streams.errors import ConfigError


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
    corner: Literal[
        "top left", "top right", "bottom left", "bottom right"
    ]  # where face 0 begins; left: small z
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


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class of places in the module: which faces have a drift, and which planes outside are near."""

    active_faces: tuple[int, ...]
    external: tuple[str, ...] = ()  # of EXTERNAL
    count: int = 0  # assemblies of this class in the module; 0: an idealised class


class OldPlane(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Noise and pedestal of the channels of one plane."""

    channels: int
    pedestal_adc: float
    pedestal_spread_adc: float
    noise_rms_adc: float
    noise_fir: tuple[float, ...]


class Collection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Field response and gain of the collection wires."""

    gain_adc_tick_per_ke: float
    gain_spread: float
    peaking_us: float
    core_sigma_us: float
    rise_share: float
    rise_tau_us: float


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
    positions: dict[str, Position]
    collection: Collection
    collection_plane: OldPlane
    induction_plane: OldPlane
    activity_bq: dict[str, float]
    channel_map: Literal["pd2hd", "even"] = "even"  # how channels are shared by the FEMBs

    @property
    def channels(self) -> int:
        """Collection channels of all faces."""
        return self.planes["X"].channels

    @property
    def channels_per_face(self) -> int:
        """Collection channels of one face."""
        return self.planes["X"].wires

    @property
    def pitch_mm(self) -> float:
        """Pitch of the collection wires."""
        return self.planes["X"].pitch_mm


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


@cache
def load_detector(name: str) -> Detector:
    """Return the detector of the preset ``name``.

    Raises
    ------
    ConfigError : there is no such preset.
    """
    presets = {
        item.name[:-5]: item for item in files("streams.presets").iterdir() if item.name.endswith(".toml")
    }
    if name not in presets:
        raise ConfigError(f"detector: no preset {name!r}, allowed are {', '.join(sorted(presets))}")
    return msgspec.toml.decode(presets[name].read_bytes(), type=Detector)
