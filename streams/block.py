"""A block: 64 ticks of the planes of one assembly, with what is true about them. The unit of every stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TICKS_PER_BLOCK = 64  # samples in one WIBEth frame (DUNE-DAQ/fddetdataformats WIBEthFrame.hpp)
TICK_NS = 512  # 1.953125 MHz sampling (fdreadoutlibs DUNEWIBEthTypeAdapter.hpp)
TIMESTAMP_PER_TICK = 32  # 62.5 MHz timestamp counts per tick (same source)
CHANNELS_PER_FACE = 480  # collection channels of one face (reference section 1.1)
COLLECTION_CHANNELS = 960  # both faces of one APA; channel 480 is the first of the second face

#: One interaction or decay. Ticks count from the start of the run and refer to the collection peak.
EVENT_DTYPE = np.dtype(
    [
        ("id", "<u8"),  # unique in the run; the same whatever else is simulated
        ("origin", "S24"),  # name of its source
        ("time_ns", "<f8"),  # from the start of the run
        ("x_mm", "<f4"),  # signed drift distance from the collection wires; positive: face 0
        ("y_mm", "<f4"),
        ("z_mm", "<f4"),  # across the collection wires
        ("energy_mev", "<f4"),  # neutrino energy, or kinetic energy of all products of a decay
        ("deposited_mev", "<f4"),  # energy left in the active argon
        ("electrons", "<f4"),  # electrons that reach the collection wires
        ("channel_first", "<i2"),  # collection channels; -1 if nothing reaches a wire
        ("channel_last", "<i2"),
        ("tick_first", "<i8"),
        ("tick_last", "<i8"),
    ]
)

#: Charge of one event in one collection channel and tick (tick of the collection peak).
CHARGE_DTYPE = np.dtype([("event", "<u8"), ("tick", "<i8"), ("channel", "<i2"), ("electrons", "<f4")])

#: Origins that a burst trigger is looking for.
NEUTRINOS = ("nue_cc", "es", "anue_cc", "solar_nue_cc", "solar_es")


@dataclass(frozen=True)
class Block:
    """64 ticks of an assembly.

    Attributes
    ----------
    first_tick : tick of row 0, from the start of the run; a multiple of 64.
    timestamp : 62.5 MHz timestamp of row 0.
    adc : uint16 array, (64, collection channels), ADC counts, 14 bits.
    events : EVENT_DTYPE array, the events whose ``tick_first`` lies in this block (empty for real data);
        events that reach no wire come with the block of their time.
    charge : CHARGE_DTYPE array, the charge whose tick lies in this block.
    induction : the other planes by name, uint16 arrays, (64, channels); those that are read out.
    missing : by plane ("U", "V", "X"), which channels have no sample in this block because their frame was lost or
        refused: bool arrays, (channels,); their samples are 0. Without an entry nothing of the plane is missing.
    """

    first_tick: int
    timestamp: int
    adc: NDArray[np.uint16]
    events: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, EVENT_DTYPE))
    charge: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, CHARGE_DTYPE))
    induction: Mapping[str, NDArray[np.uint16]] = field(default_factory=dict)
    missing: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
