"""What a preset says about its electronics and its built-in field response."""

from __future__ import annotations

import msgspec


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen struct that refuses keys that it does not know."""


class Electronics(_Struct, frozen=True):
    """Cold electronics and ADC of one detector."""

    gain_mv_per_fc: float
    peaking_us: float
    uv_per_adc: float
    measured_scale: float  # pulser over formula, at this peaking time
    gain_spread: float  # r.m.s. from channel to channel


class ThinWires(_Struct, frozen=True, tag_field="model", tag="wires"):
    """Planes of parallel wires above a grounded mesh; see ``streams.response.thin_wires``."""

    pitch_mm: float
    height_mm: tuple[float, ...]  # of grid, U, V, X above X
    bias_v: tuple[float, ...]  # of the same
    radius_mm: float  # of a wire
    mesh_mm: float  # below X
    field_kv_per_cm: float  # far above the wires
    velocity_mm_per_us: float  # at 0.5 kV/cm
    velocity_power: float  # the velocity goes with this power of the field
    start_mm: float  # electrons start here, above X
    starts: tuple[float, float, float, float, float, float]  # [pitch] before a wire: about 0, 0.1, ... 0.5


class Strips(_Struct, frozen=True, tag_field="model", tag="strips"):
    """Strips on perforated boards; see ``streams.response.strips``."""

    board_us: float  # time through a board
    gap_us: float  # time from U to V
    gap_power: float  # of time, in the gap
    blur: float  # [pitch]


ResponseModel = ThinWires | Strips
