"""The parameters of the built-in algorithms, by DUNE's names and with DUNE's defaults and ranges.

``Tpglibs``: DUNE-DAQ/appmodel trigger.schema.xml (processing steps and sot_minima); ``Fdreadoutlibs``:
DUNE-DAQ/readoutlibs readoutconfig.jsonnet @6cfe528. Thresholds are 16-bit signed in both codes.

>>> read(Tpglibs, {"plane0": 60, "plane2": "30"}, "simple_threshold").thresholds
(60, 100, 30)
>>> read(Fdreadoutlibs, {"tpg_treshold": 60}, "simple_threshold")
Traceback (most recent call last):
streams.errors.ConfigError: simple_threshold: got the parameter tpg_treshold, want one of tpg_threshold, \
tpg_rs_memory_factor, tpg_rs_scale_factor, tpg_frugal_streaming_accumulator_limit, \
enable_simple_threshold_on_collection, tp_timeout, tpg_channel_mask
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from streams import toml
from trigger.baselines.running_sum import PerPlane

Int16 = Annotated[int, Meta(ge=-32768, le=32767)]
Limit = Annotated[
    int, Meta(ge=1, le=32766)
]  # balance; upstream 0 to 255 (tpglibs), any int16 (fdreadoutlibs)
Tenths = Annotated[int, Meta(ge=0, le=10)]
Scale = Annotated[int, Meta(ge=1, le=10)]
Count16 = Annotated[int, Meta(ge=0, le=65535)]
Channel = Annotated[int, Meta(ge=0, le=0xFFFFFF)]


class Tpglibs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of tpglibs; planes 0, 1, 2 are U, V, X in the horizontal drift."""

    plane0: Int16 = 100  # threshold [ADC counts]
    plane1: Int16 = 100
    plane2: Int16 = 100
    memory_factor_plane0: Tenths = 8  # R of a running sum, in tenths
    memory_factor_plane1: Tenths = 8
    memory_factor_plane2: Tenths = 8
    scale_factor_plane0: Scale = 10  # S of a running sum, in tenths
    scale_factor_plane1: Scale = 10
    scale_factor_plane2: Scale = 10
    accum_limit: Limit = 10  # balance that a frugal pedestal tolerates [samples]
    start_period: Count16 = 1000  # of the fixed pedestal [samples]
    pedestal: Literal["frugal", "fixed"] = "frugal"  # which step is the first
    second_pedestal: bool = False  # whether a frugal pedestal is taken off the running sum
    sot_minimum_plane0: Count16 = 1  # shorter TPs are dropped [samples]
    sot_minimum_plane1: Count16 = 1
    sot_minimum_plane2: Count16 = 1
    channel_mask: tuple[Channel, ...] = ()  # offline channels without TPs

    @property
    def thresholds(self) -> PerPlane:
        """The threshold of each plane."""
        return self.plane0, self.plane1, self.plane2

    @property
    def memory_factors(self) -> PerPlane:
        """R of each plane, in tenths."""
        return self.memory_factor_plane0, self.memory_factor_plane1, self.memory_factor_plane2

    @property
    def scale_factors(self) -> PerPlane:
        """S of each plane, in tenths."""
        return self.scale_factor_plane0, self.scale_factor_plane1, self.scale_factor_plane2

    @property
    def sot_minima(self) -> PerPlane:
        """The shortest TP of each plane [samples]."""
        return self.sot_minimum_plane0, self.sot_minimum_plane1, self.sot_minimum_plane2


class Fdreadoutlibs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of fdreadoutlibs."""

    tpg_threshold: Int16 = 120  # [ADC counts], on all planes
    tpg_rs_memory_factor: Annotated[float, Meta(ge=0, le=10)] = 0.8  # R; its tenths are cut to an integer
    tpg_rs_scale_factor: Annotated[int, Meta(ge=1, le=10)] = 2  # 1/S; 10 over it is cut to an integer
    tpg_frugal_streaming_accumulator_limit: Limit = 10  # balance that pedestals tolerate [samples]
    enable_simple_threshold_on_collection: bool = (
        False  # R = 0 on plane 0: that is what upstream's code asks for
    )
    tp_timeout: Annotated[int, Meta(ge=0)] = 218_750  # longer TPs are suppressed [62.5 MHz counts]
    tpg_channel_mask: tuple[Channel, ...] = ()  # offline channels without TPs


Settings = TypeVar("Settings", Tpglibs, Fdreadoutlibs)


def read(kind: type[Settings], parameters: Mapping[str, Any], where: str) -> Settings:
    """Return the settings from names and values, which may be text.

    Raises
    ------
    ConfigError : an unknown name, or a value of the wrong kind or out of range.
    """
    return toml.convert(parameters, kind, where, strict=False)
