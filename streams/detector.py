"""The detector: geometry, activities and readout constants, read from a preset.

>>> load_detector("fd1-hd-apa").channels
960
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

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
    channels_per_face: int
    pitch_mm: float
    drift_mm: float
    height_mm: float
    adc_bits: int
    drift: Drift
    collection: Collection
    collection_plane: Plane
    induction_plane: Plane
    activity_bq: dict[str, float]

    @property
    def channels(self) -> int:
        """Collection channels of all faces."""
        return self.faces * self.channels_per_face

    @property
    def length_mm(self) -> float:
        """Extent of a face across its collection wires."""
        return self.channels_per_face * self.pitch_mm


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
