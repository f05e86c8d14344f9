"""Readout: charge to waveforms, noise, AC coupling, pedestal, 14-bit ADC.

>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> plane = Readout(SimulationConfig(), load_detector("fd1-hd-apa"), induction=True)
>>> plane.block(0).shape
(64, 1600)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.compiled import Integers, Singles, compiled
from streams.config import SimulationConfig
from streams.detector import Detector
from streams.noise import Noise
from streams.response import collection_kernel
from streams.rng import normal, stream

_PEDESTAL, _GAIN = 2 << 40, 3 << 40  # purposes of the per-channel random numbers


class _Analog(NamedTuple):
    """What stands between the wires and the counts: noise filter, coupling, pedestal, range."""

    taps: Singles  # times the noise's r.m.s.
    coupling: np.float32  # of a tick; 0: none
    droop: Singles  # (channels,), state of the coupling
    pedestal: Singles
    top: np.float32


@compiled
def _add_charge(
    signal: Singles,
    kernel: Singles,
    gain: Singles,
    row: Integers,
    channel: NDArray[np.int16],
    electrons: Singles,
) -> None:
    """Add the response of each charge to ``signal`` from its ``row`` on."""
    for i in range(len(row)):
        scale = np.float32(electrons[i] * np.float32(0.001)) * gain[channel[i]]
        for k in range(len(kernel)):
            signal[row[i] + k, channel[i]] += scale * kernel[k]


@compiled
def _digitise(white: Singles, signal: Singles, analog: _Analog, out: NDArray[np.uint16]) -> None:
    """Filter the noise, add the coupled signal and the pedestal, round and clip, tick by tick."""
    channels = out.shape[1]
    row = np.empty(channels, np.float32)
    before = len(analog.taps) - 1
    for t in range(out.shape[0]):
        row[:] = 0.0
        for k in range(len(analog.taps)):
            tap = analog.taps[k]
            source = white[t + before - k]
            for c in range(channels):
                row[c] += tap * source[c]
        for c in range(channels):
            coupled = signal[t, c] - analog.droop[c]
            analog.droop[c] += analog.coupling * coupled
            value = row[c] + coupled + analog.pedestal[c]
            value = min(max(value, np.float32(0.0)), analog.top)
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
        taps = self._noise.taps * np.float32(plane.noise_rms_adc * config.noise_scale)
        rc_ns = config.ac_coupling_ms * 1e6
        coupling = np.float32(TICK_NS / rc_ns if rc_ns else 0.0)
        top = np.float32(2**detector.adc_bits - 1)
        self._analog = _Analog(taps, coupling, np.zeros(plane.channels, np.float32), self.pedestal, top)
        self._signal = np.zeros((TICKS_PER_BLOCK + len(self.kernel), plane.channels), np.float32)

    def add(
        self,
        first_tick: int,
        tick: NDArray[np.int64],
        channel: NDArray[np.int16],
        electrons: NDArray[np.float32],
    ) -> None:
        """Put the charge on the wires whose response begins in the block at ``first_tick``.

        That is the charge of the 64 ticks from ``first_tick + before`` on, in the order of the truth.
        """
        row = tick - (first_tick + self.before)
        _add_charge(self._signal, self.kernel, self.gain, row, channel, electrons)

    def block(self, first_tick: int) -> NDArray[np.uint16]:
        """Return the ADC counts, uint16 (64, channels), of the block at ``first_tick`` and go on to the next."""
        out = np.empty((TICKS_PER_BLOCK, self.channels), np.uint16)
        white = self._noise.white(first_tick, TICKS_PER_BLOCK)
        _digitise(white, self._signal, self._analog, out)
        self.advance()
        return out

    def advance(self) -> None:
        """Go on by one block without reading it."""
        rest = self._signal.shape[0] - TICKS_PER_BLOCK
        self._signal[:rest] = self._signal[TICKS_PER_BLOCK:].copy()
        self._signal[rest:] = 0
