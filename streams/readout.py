"""Readout: charge to waveforms, noise, AC coupling, pedestal, 14-bit ADC.

>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> plane = Readout(SimulationConfig(), load_detector("fd1-hd-apa"), induction=True)
>>> plane.block(0).shape
(64, 1600)
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.config import SimulationConfig
from streams.detector import Detector
from streams.noise import Noise
from streams.response import collection_kernel
from streams.rng import normal, stream

_PEDESTAL, _GAIN = 2 << 40, 3 << 40  # purposes of the per-channel random numbers


@njit(cache=True)
def _add_charge(signal, first_tick, kernel, gain, tick, channel, electrons):  # type: ignore[no-untyped-def]
    """Add the responses of charges (sorted) to float32 ``signal``; the response to ``first_tick`` begins in row 0."""
    for i in range(len(tick)):
        row = tick[i] - first_tick
        scale = np.float32(electrons[i] * np.float32(0.001)) * gain[channel[i]]
        for k in range(len(kernel)):
            signal[row + k, channel[i]] += scale * kernel[k]


@njit(cache=True, fastmath={"contract"})
def _digitise(white, taps, scale, signal, coupling, droop, pedestal, top, out):  # type: ignore[no-untyped-def]
    """Filter the noise, add the coupled signal and the pedestal, round and clip, row by row, into uint16 ``out``."""
    channels = out.shape[1]
    row = np.empty(channels, np.float32)
    before = len(taps) - 1
    for t in range(out.shape[0]):
        row[:] = 0.0
        for k in range(len(taps)):
            tap = taps[k] * scale
            source = white[t + before - k]
            for c in range(channels):
                row[c] += tap * source[c]
        for c in range(channels):
            coupled = signal[t, c] - droop[c]
            droop[c] += coupling * coupled
            value = row[c] + coupled + pedestal[c]
            value = min(max(value, np.float32(0.0)), top)
            out[t, c] = np.uint16(np.int32(value + np.float32(0.5)))


def _per_channel(seed: int, purpose: int, plane: int, channels: int) -> NDArray[np.float64]:
    return np.array([normal(stream(seed, purpose, plane, c)) for c in range(channels)])


class Readout:
    """The channels of the collection plane, or of both induction planes, block after block.

    Pedestals differ from channel to channel by ``pedestal_spread_adc`` and the gain by ``gain_spread``, both drawn
    once from the seed. The AC coupling acts on the signal; the published noise spectrum already has it.
    """

    def __init__(self, config: SimulationConfig, detector: Detector, *, induction: bool) -> None:
        plane = detector.induction_plane if induction else detector.collection_plane
        number = int(induction)
        self.channels = plane.channels
        spread = plane.pedestal_spread_adc * _per_channel(config.seed, _PEDESTAL, number, plane.channels)
        self.pedestal = (plane.pedestal_adc + spread).astype(np.float32)
        gain = 1 + detector.collection.gain_spread * _per_channel(config.seed, _GAIN, number, plane.channels)
        self.gain = gain.astype(np.float32)
        self.kernel, self.before = collection_kernel(detector.collection)
        self._noise = Noise(config.seed, number, plane.noise_fir, plane.channels)
        self._scale = np.float32(plane.noise_rms_adc * config.noise_scale)
        rc_ns = config.ac_coupling_ms * 1e6
        self._coupling = np.float32(TICK_NS / rc_ns if rc_ns else 0.0)
        self._droop = np.zeros(plane.channels, np.float32)
        self._top = np.float32(2**detector.adc_bits - 1)
        self._signal = np.zeros((TICKS_PER_BLOCK + len(self.kernel), plane.channels), np.float32)

    def add(
        self,
        first_tick: int,
        tick: NDArray[np.int64],
        channel: NDArray[np.int64],
        electrons: NDArray[np.float32],
    ) -> None:
        """Put the charge on the wires whose response begins in the block at ``first_tick``.

        That is the charge of the 64 ticks from ``first_tick + before`` on, in the order of the truth.
        """
        shifted = first_tick + self.before
        _add_charge(self._signal, shifted, self.kernel, self.gain, tick, channel, electrons)

    def block(self, first_tick: int) -> NDArray[np.uint16]:
        """Return the ADC counts, uint16 (64, channels), of the block at ``first_tick`` and go on to the next."""
        out = np.empty((TICKS_PER_BLOCK, self.channels), np.uint16)
        white = self._noise.white(first_tick, TICKS_PER_BLOCK)
        coupling, droop = self._coupling, self._droop
        _digitise(
            white, self._noise.taps, self._scale, self._signal, coupling, droop, self.pedestal, self._top, out
        )
        self.advance()
        return out

    def advance(self) -> None:
        """Go on by one block without reading it."""
        rest = self._signal.shape[0] - TICKS_PER_BLOCK
        self._signal[:rest] = self._signal[TICKS_PER_BLOCK:].copy()
        self._signal[rest:] = 0
