"""Channels that do not work as the others: dead, noisy, with bits that stick, with codes that stick.

Channels have their offline number in the assembly: U, then V, then X. A *dead* channel reads its pedestal, without
noise or signal. A *noisy* one has all its noise multiplied. *Stuck bits* show one value whatever the sample is.
*Sticky codes* are the fault of ProtoDUNE-SP's ADC: now and then the six low bits of a sample read 0x00 or 0x3f;
here they do so at random, with the nearer of the two (an assumption).

>>> adc = np.array([[0x1234], [0x123F]], np.uint16)
>>> stick_bits(adc, 0, 0x0003, 0x0001)
>>> [hex(value) for value in adc[:, 0]]
['0x1235', '0x123d']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.limits import refuse
from streams.rng import stream, uniform

if TYPE_CHECKING:
    from streams.config import ElectronicsConfig
    from streams.detector import Detector

_STICKY = 5 << 40  # purpose of the random numbers
_LOW = 0x3F


def checked_faults(electronics: ElectronicsConfig, detector: Detector) -> None:
    """Check the lists of channels.

    Raises
    ------
    ConfigError : a channel that the detector does not have, a factor, a mask or a probability out of range.
    """
    channels = sum(plane.channels for plane in detector.planes.values())
    for name in ("dead_channels", "noisy_channels", "stuck_bits", "sticky_codes"):
        for channel in getattr(electronics, name):
            wrong = not 0 <= channel < channels
            refuse(wrong, f"electronics.{name}: got channel {channel}, want 0 to {channels - 1}")
    for channel, factor in electronics.noisy_channels.items():
        wrong = not 0 <= factor <= 100
        refuse(wrong, f"electronics.noisy_channels.{channel}: got {factor}, want a factor of 0 to 100")
    top = 2**detector.adc_bits - 1
    for channel, bits in electronics.stuck_bits.items():
        wrong = not all(0 <= number <= top for number in bits)
        refuse(
            wrong, f"electronics.stuck_bits.{channel}: got {list(bits)}, want mask and value of 0 to {top}"
        )
    for channel, chance in electronics.sticky_codes.items():
        wrong = not 0 <= chance <= 1
        refuse(wrong, f"electronics.sticky_codes.{channel}: got {chance}, want a probability of 0 to 1")


def stick_bits(adc: NDArray[np.uint16], channel: int, mask: int, value: int) -> None:
    """Let the bits of ``mask`` show those of ``value`` in column ``channel`` of ``adc``."""
    adc[:, channel] = (adc[:, channel] & np.uint16(~mask & 0xFFFF)) | np.uint16(value & mask)


@compiled
def stick_codes(
    adc: NDArray[np.uint16], channel: int, chance: float, seed: int, offline: int, first_tick: int
) -> None:
    """Let the six low bits of a sample in column ``channel`` read 0x00 or 0x3f, whichever is nearer, by ``chance``."""
    for t in range(len(adc)):
        if uniform(stream(seed, _STICKY, offline, first_tick + t)) < chance:
            high = adc[t, channel] & np.uint16(0xFFFF - _LOW)
            adc[t, channel] = high | np.uint16(_LOW if adc[t, channel] & np.uint16(0x20) else 0)
