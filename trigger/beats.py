"""The bits on the wires into ``front_end``: 8 channels of one tick per beat, group by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK

LANES = 8  # samples per beat
ADC_BITS = 14  # bits per sample of a WIBEth frame (DUNE-DAQ/fddetdataformats WIBEthFrame.hpp)


def pack_block(adc: NDArray[np.uint16]) -> list[int]:
    """Return the beats of a block: groups of 8 channels outer, 64 ticks inner, channel 8g in the low bits.

    Parameters
    ----------
    adc : uint16 array, (64, n_channels), ADC counts below 2**14; n_channels is a multiple of 8.

    >>> pack_block(np.eye(64, 8, dtype=np.uint16))[:3] == [1, 1 << 14, 1 << 28]
    True
    """
    samples = adc.reshape(TICKS_PER_BLOCK, -1, LANES).swapaxes(0, 1).reshape(-1, LANES).tolist()
    return [sum(sample << (ADC_BITS * lane) for lane, sample in enumerate(beat)) for beat in samples]


def unpack_block(beats: Sequence[int]) -> NDArray[np.uint16]:
    """Return the block, uint16 (64, n_channels), whose beats these are.

    >>> adc = np.arange(64 * 16, dtype=np.uint16).reshape(64, 16)
    >>> bool((unpack_block(pack_block(adc)) == adc).all())
    True
    """
    mask = (1 << ADC_BITS) - 1
    lanes = np.array([[beat >> (ADC_BITS * k) & mask for k in range(LANES)] for beat in beats], np.uint16)
    groups = len(beats) // TICKS_PER_BLOCK
    return (
        lanes.reshape(groups, TICKS_PER_BLOCK, LANES).swapaxes(0, 1).reshape(TICKS_PER_BLOCK, groups * LANES)
    )
