"""Readout of one plane: signal of the wires to counts, with noise, AC coupling, pedestals and faulty channels.

Whatever is random is a function of seed, plane, channel and tick, so a plane's samples depend neither on how the run
is cut nor on which other planes are read out.

>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> plane = PlaneReadout(SimulationConfig(), load_detector("fd1-hd-apa"), "U")
>>> plane.block(0, np.zeros((64, plane.channels), np.float32)).shape
(64, 800)
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from streams import adc
from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.channel_noise import ChannelNoise, plane_noise
from streams.coherent import common_taps
from streams.compiled import Integers, Singles
from streams.config import ElectronicsConfig, SimulationConfig, seed_of
from streams.detector import Detector
from streams.faults import checked_faults, stick_bits, stick_codes
from streams.geometry.groups import groups
from streams.noise_filter import padded
from streams.rng import key, normal, stream
from streams.white import TILE, quantiles

T = TypeVar("T")

# Purposes of random numbers, apart from those of events.
_WHITE, _PEDESTAL, _GAIN, _COMMON = (n << 40 for n in (1, 2, 3, 4))


class PlaneReadout:
    """The channels of one plane, block after block.

    Pedestals differ from channel to channel by ``pedestal_spread_adc`` and the gain by ``gain_spread``, both drawn
    once from the seed. The AC coupling acts on the signal; the published noise spectrum already has it.

    Attributes
    ----------
    channels : of the plane.
    gain, pedestal : float64 (channels,), relative gain, and pedestal in ADC.
    clipped : int64 (channels,), samples so far that were below 0 or above the highest count.
    """

    def __init__(self, config: SimulationConfig, detector: Detector, plane: str) -> None:
        checked_faults(config.electronics, detector)
        shape, number = detector.planes[plane], list(detector.planes).index(plane)
        self.channels = shape.channels
        self._seed = seed = seed_of(config)
        spread = shape.pedestal_spread_adc * _per_channel(seed, _PEDESTAL, number, shape.channels)
        self.pedestal = shape.pedestal_adc + spread
        spread = detector.electronics.gain_spread * _per_channel(seed, _GAIN, number, shape.channels)
        self.gain = 1 + spread
        before = list(detector.planes.values())[:number]
        self._first = sum(other.channels for other in before)  # offline number of channel 0
        self._faults = config.electronics
        noise = plane_noise(config.electronics, detector, plane)
        self._own = _source(key(seed, _WHITE, number, 0), noise.taps, self.channels)
        group = groups(detector)[plane].femb
        common = int(group.max()) + 1 if noise.common_adc.any() else 0
        self._common = _source(key(seed, _COMMON, number, 0), padded(common_taps()), common)
        self._chain = self._new_chain(config.electronics, detector, noise, group)
        self.clipped = self._chain.clipped
        self._next_tick: int | None = None

    def _new_chain(
        self, electronics: ElectronicsConfig, detector: Detector, noise: ChannelNoise, group: Integers
    ) -> adc.Chain:
        gain, own, common = self.gain.copy(), noise.own_adc.copy(), noise.common_adc.copy()
        for channel, factor in self._mine(electronics.noisy_channels).items():
            total = factor * np.hypot(own[channel], common[channel])
            common[channel] *= min(factor, 1.0)  # what others share with it stays
            own[channel] = np.sqrt(total**2 - common[channel] ** 2)
        for channel in self._mine(dict.fromkeys(electronics.dead_channels)):
            gain[channel] = own[channel] = common[channel] = 0.0
        lanes = adc.new_lanes(self.channels)
        slot, share = adc.by_group(common, group if common.any() else np.zeros_like(group))
        rows = {adc.GAIN: gain, adc.PEDESTAL: self.pedestal, adc.OWN: own}
        for row, values in rows.items():
            lanes[:, row : row + TILE] = adc.by_tile(values)
        lanes[:, adc.FIRST : adc.FIRST + TILE], lanes[:, adc.SECOND : adc.SECOND + TILE] = (
            share[:, 0],
            share[:, 1],
        )
        rc_ns = electronics.ac_coupling_ms * 1e6
        coupling = np.float32(TICK_NS / rc_ns if rc_ns else 0.0)
        top = np.float32(2**detector.adc_bits - 1)
        return adc.Chain(lanes, slot, share, coupling, top, np.zeros(self.channels, np.int64))

    def _mine(self, by_channel: dict[int, T]) -> dict[int, T]:
        """Return what concerns this plane, by the plane's own numbers."""
        return {
            offline - self._first: value
            for offline, value in by_channel.items()
            if self._first <= offline < self._first + self.channels
        }

    def block(self, first_tick: int, signal: Singles) -> NDArray[np.uint16]:
        """Return the ADC counts, uint16 (64, channels), of the block at ``first_tick``.

        signal : float32 (64, channels), ADC at nominal gain, before coupling. The coupling goes on from the block
        before; the noise is that of these ticks, whatever was read before.
        """
        self._check(signal)
        out = np.empty((TICKS_PER_BLOCK, self.channels), np.uint16)
        if self._next_tick != first_tick:
            adc.restart(self._own, first_tick)
            adc.restart(self._common, first_tick)
        self._next_tick = first_tick + TICKS_PER_BLOCK
        adc.digitise(self._own, self._common, self._chain, first_tick, signal, out)
        for channel, (mask, value) in self._mine(self._faults.stuck_bits).items():
            stick_bits(out, channel, mask, value)
        for channel, chance in self._mine(self._faults.sticky_codes).items():
            stick_codes(out, channel, chance, self._seed, self._first + channel, first_tick)
        return out

    def skip(self, signal: Singles) -> None:
        """Go on by one block without reading it: the coupling follows ``signal`` (64, channels)."""
        self._check(signal)
        adc.couple(self._chain, signal)

    def kept(self) -> tuple[Singles, Integers]:
        """Return the droop of the coupling, float32 (tiles, 32), and the samples clipped so far, int64 (channels,).

        The noise is not kept: it is a function of the tick, and is made again.
        """
        return self._chain.lanes[:, adc.DROOP : adc.DROOP + TILE].copy(), self.clipped.copy()

    def put_back(self, droop: Singles, clipped: Integers) -> None:
        """Go on from what ``kept`` returned.

        Raises
        ------
        ValueError : it is of another plane.
        """
        own = self._chain.lanes[:, adc.DROOP : adc.DROOP + TILE]
        for mine, other in ((own, droop), (self.clipped, clipped)):
            if other.shape != mine.shape or other.dtype != mine.dtype:
                raise ValueError(f"got {other.dtype} {other.shape}, want {mine.dtype} {mine.shape}")
            mine[:] = other
        self._next_tick = None

    def _check(self, signal: Singles) -> None:
        want = (TICKS_PER_BLOCK, self.channels)
        if signal.shape != want or signal.dtype != np.float32:
            raise ValueError(f"signal: got {signal.dtype} {signal.shape}, want float32 {want}")


def _source(start: np.uint64, taps: Singles, channels: int) -> adc.Source:
    """Return a source of noise for ``channels`` (or groups)."""
    history = np.zeros((-(-channels // TILE), len(taps) * TILE), np.float32)
    return adc.Source(np.uint64(start), quantiles(), taps, history)


def _per_channel(seed: int, purpose: int, plane: int, channels: int) -> NDArray[np.float64]:
    return np.array([normal(stream(seed, purpose, plane, c)) for c in range(channels)])
