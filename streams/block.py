"""A block: 64 ticks of the collection plane, with what is true about them. The unit of every stream."""

from __future__ import annotations

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
        ("id", "<u8"),  # unique in the run, from 1
        ("origin", "<u1"),  # index into ORIGINS
        ("time_ns", "<f8"),  # from the start of the run
        ("x_mm", "<f4"),  # signed drift distance from the APA plane; positive: face 0
        ("y_mm", "<f4"),
        ("z_mm", "<f4"),  # along the collection pitch; channel = z / pitch
        ("energy_mev", "<f4"),  # neutrino energy, or kinetic energy of all products of a decay
        ("deposited_mev", "<f4"),  # energy left in the active argon
        ("electrons", "<f4"),  # electrons that reach the wires
        ("channel_first", "<i2"),  # -1 if nothing reaches a wire
        ("channel_last", "<i2"),
        ("tick_first", "<i8"),
        ("tick_last", "<i8"),
    ]
)

#: Charge of one event in one channel and tick (tick of the collection peak).
CHARGE_DTYPE = np.dtype([("event", "<u8"), ("tick", "<i8"), ("channel", "<i2"), ("electrons", "<f4")])

ORIGINS = ("nue_cc", "Ar39", "Kr85", "Ar42", "K42", "Bi214", "Tl208")  # origin 0 is the signal


@dataclass(frozen=True)
class Block:
    """64 ticks x 960 collection channels.

    Attributes
    ----------
    first_tick : tick of row 0, from the start of the run; a multiple of 64.
    timestamp : 62.5 MHz timestamp of row 0.
    adc : uint16 array, (64, 960), ADC counts, 14 bits.
    events : EVENT_DTYPE array, the events whose ``tick_first`` lies in this block (empty for real data);
        events that reach no wire come with the block of their time.
    charge : CHARGE_DTYPE array, the charge whose tick lies in this block.
    """

    first_tick: int
    timestamp: int
    adc: NDArray[np.uint16]
    events: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, EVENT_DTYPE))
    charge: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, CHARGE_DTYPE))
