"""Cold electronics: the amplifier's pulse for a unit charge, and what it is in ADC counts.

The shape is that of Wire-Cell's ``Response.cxx`` (cold electronics), for every gain and peaking time of the chip;
2.2 us stands there for the chip's setting of 2 us. Formula and scale are *nominal*. The pulser of ProtoDUNE-HD found
0.909 of the area at 2.2 us, at both gains that were used (reference section 9.1.6): ``shaper = "measured"`` has that
factor. It is just the area of the formula at 2.0 us, so at other peaking times than the preset's there is none.

>>> round(area_adc_tick(chain(14.0, 2.2, 85.45, 1.0), 512.0), 1)
143.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.errors import ConfigError

if TYPE_CHECKING:
    from streams.config import ElectronicsConfig
    from streams.response.models import Electronics

GAINS_MV_PER_FC = (4.7, 7.8, 14.0, 25.0)  # LArASIC (DUNE TDR, TPC electronics)
PEAKING_US = (0.5, 1.0, 2.0, 3.0, 2.2)  # the chip's four, and the value that Wire-Cell uses for 2 us
SHAPER_US = 10.0  # the formula holds this long at 2.2 us (Wire-Cell: 0 to 10 us)
_CHARGE_FC = 1.602176634e-4  # of an electron (SI, exact)


class Chain(NamedTuple):
    """From one electron to ADC counts: the pulse's peak and its shape."""

    adc_per_electron: float  # peak of the bare pulse, of a charge that comes all at once
    peaking_us: float


def cold_electronics(time_us: NDArray[np.float64], peaking_us: float) -> NDArray[np.float64]:
    """Return the cold electronics' answer to a unit charge at time 0, 1 at its peak (Wire-Cell ``Response.cxx``)."""
    x = np.maximum(time_us, 0.0) / peaking_us
    a, b, c = np.exp(-2.94809 * x), np.exp(-2.82833 * x), np.exp(-2.40318 * x)
    s1, c1, s2, c2 = np.sin(1.19361 * x), np.cos(1.19361 * x), np.sin(2.38722 * x), np.cos(2.38722 * x)
    s3, c3, s5, c5 = np.sin(2.5928 * x), np.cos(2.5928 * x), np.sin(5.18561 * x), np.cos(5.18561 * x)
    shape = (
        4.31054 * a
        - 2.6202 * b * (c1 * (1 + c2) + s1 * s2)
        + 0.762456 * b * (s1 * (1 - c2) + c1 * s2)
        + 0.464924 * c * (c3 * (1 + c5) + s3 * s5)
        - 0.327684 * c * (s3 * (1 - c5) + c3 * s5)
    )
    return np.asarray(np.where((time_us >= 0) & (time_us <= SHAPER_US), 10.12 * shape, 0.0))


def chain(gain_mv_per_fc: float, peaking_us: float, uv_per_adc: float, scale: float) -> Chain:
    """Return the chain of these settings; ``scale`` is 1 for the formula's own gain.

    Raises
    ------
    ConfigError : a gain or a peaking time that the chip does not have.
    """
    for name, got, allowed in (
        ("gain_mv_per_fc", gain_mv_per_fc, GAINS_MV_PER_FC),
        ("peaking_us", peaking_us, PEAKING_US),
    ):
        if got not in allowed:
            raise ConfigError(f"electronics.{name}: got {got:g}, allowed are {', '.join(map(str, allowed))}")
    return Chain(gain_mv_per_fc * _CHARGE_FC * 1000 / uv_per_adc * scale, peaking_us)


def configured(preset: Electronics, config: ElectronicsConfig) -> Chain:
    """Return the chain of a detector's ``preset`` where ``config`` does not say otherwise."""
    gain = config.gain_mv_per_fc if config.gain_mv_per_fc is not None else preset.gain_mv_per_fc
    peaking = config.peaking_us if config.peaking_us is not None else preset.peaking_us
    measured = config.shaper == "measured" and peaking == preset.peaking_us
    scale = preset.measured_scale if measured else 1.0
    return chain(gain, peaking, preset.uv_per_adc, scale)


def area_adc_tick(shaper: Chain, tick_ns: float) -> float:
    """Return the area of the pulse of 1000 electrons in ADC counts times ticks."""
    step_us = 0.001
    time = np.arange(0, SHAPER_US + step_us, step_us)
    area_us = float(cold_electronics(time, shaper.peaking_us).sum()) * step_us
    return 1000 * shaper.adc_per_electron * area_us / (1e-3 * tick_ns)
