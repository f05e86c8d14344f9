"""Closings: from a channel's values over threshold to its hits, as tpglibs (two versions) and fdreadoutlibs do.

A closing sees two values of each sample: ``signal``, over the pedestal, and ``processed``, the end of the chain.
tpglibs looks at ``processed`` alone; fdreadoutlibs compares ``processed`` and sums ``signal``.

>>> channel = Integral32().channel(plane=0)
>>> [channel.step(0, value) for value in (0, 70, 90, 0)]
[None, None, None, Hit(samples_over_threshold=2, samples_to_peak=1, adc_integral=160, adc_peak=90)]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from trigger.baselines.arithmetic import INT16_MAX, saturated, wrapped


class Hit(NamedTuple):
    """A closed hit of one channel; the integral and the peak in ADC counts."""

    samples_over_threshold: int
    samples_to_peak: int
    adc_integral: int
    adc_peak: int


NOTHING = Hit(0, 0, 0, 0)


@dataclass(frozen=True)
class Integral16:
    """tpglibs at 28e50e5: a 16-bit integral that saturates, which closes the hit early."""

    by_register: ClassVar[bool] = False

    def channel(self, plane: int) -> Integral16Channel:
        """Return the closing of one channel."""
        return Integral16Channel()


@dataclass(frozen=True)
class Integral32:
    """tpglibs from 062a464 on: a 32-bit integral of two 16-bit halves."""

    by_register: ClassVar[bool] = False

    def channel(self, plane: int) -> Integral32Channel:
        """Return the closing of one channel."""
        return Integral32Channel()


@dataclass(frozen=True)
class FallingEdge:
    """fdreadoutlibs at 7fa1f86: compares with the threshold itself; charge and peak are those of the signal.

    Attributes
    ----------
    threshold : one for all planes, -32768 to 32767.
    saturating : whether the charge saturates (AbsRS, StandardRS) or wraps (SimpleThreshold).
    """

    by_register: ClassVar[bool] = True
    threshold: int = 120
    saturating: bool = False

    def channel(self, plane: int) -> FallingEdgeChannel:
        """Return the closing of one channel."""
        return FallingEdgeChannel(self.threshold, self.saturating)


@dataclass
class Integral16Channel:
    """The open hit of one channel, 16-bit integral."""

    open: Hit = NOTHING

    def step(self, signal: int, processed: int) -> Hit | None:
        """Take one sample; return the hit that it closes."""
        samples, to_peak, integral, peak = self.open
        closes = integral != 0 and processed == 0
        integral = min(integral + (processed & 0xFFFF), 0xFFFF)
        closes = closes or integral == 0xFFFF
        if processed > peak:
            to_peak, peak = samples, processed
        if processed > 0:
            samples = min(samples + 1, INT16_MAX)
        hit = Hit(samples, to_peak, integral, peak)
        self.open = NOTHING if closes else hit
        return hit if closes and samples else None


@dataclass
class Integral32Channel:
    """The open hit of one channel, 32-bit integral."""

    open: Hit = NOTHING

    def step(self, signal: int, processed: int) -> Hit | None:
        """Take one sample; return the hit that it closes."""
        samples, to_peak, integral, peak = self.open
        closes = samples != 0 and processed == 0
        high, low = integral >> 16, (integral & 0xFFFF) + (processed & 0xFFFF)
        if low > 0xFFFF:
            high = min(high + 1, 0xFFFF)
        integral = high << 16 | low & 0xFFFF
        if processed > peak:
            to_peak, peak = samples, processed
        if processed > 0:
            samples = min(samples + 1, INT16_MAX)
        hit = Hit(samples, to_peak, integral, peak)
        self.open = NOTHING if closes else hit
        return hit if closes else None


@dataclass
class FallingEdgeChannel:
    """The open hit of one channel in fdreadoutlibs."""

    threshold: int
    saturating: bool
    open: Hit = NOTHING
    was_over: bool = False

    def step(self, signal: int, processed: int) -> Hit | None:
        """Take one sample; return the hit that it closes. The peak is not bound to samples over threshold."""
        samples, to_peak, charge, peak = self.open
        over = processed > self.threshold
        left = self.was_over and not over
        self.was_over = over
        if over:
            charge = saturated(charge + signal) if self.saturating else wrapped(charge + signal)
        if signal > peak:
            to_peak, peak = samples, signal
        if over:
            samples = min(samples + 1, INT16_MAX)
        self.open = NOTHING if left else Hit(samples, to_peak, charge, peak)
        return Hit(samples, to_peak, charge & 0xFFFF, peak) if left and charge else None
