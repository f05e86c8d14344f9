"""Pedestals: a frugal one that follows the samples, and one that is fixed after a start period.

>>> channel = Frugal(initial=100, accum_limit=2).channel(plane=0)
>>> [channel.step(sample) for sample in (103, 103, 103, 103)]
[3, 3, 2, 2]
"""

from __future__ import annotations

from dataclasses import dataclass

from trigger.baselines.arithmetic import saturated, wrapped

#: Pedestal before the first sample, one over 14 bits (DUNE-DAQ/tpglibs AVXFrugalPedestalSubtractProcessor.hpp).
TPGLIBS_INITIAL = 0x4000


@dataclass(frozen=True)
class Frugal:
    """A pedestal that moves by one count when the samples lie on one side ``accum_limit`` + 1 times in balance.

    Attributes
    ----------
    initial : pedestal before the first sample [ADC counts]; None: the first sample (fdreadoutlibs).
    accum_limit : balance that is still tolerated [samples], 1 to 32766.
    """

    initial: int | None = TPGLIBS_INITIAL
    accum_limit: int = 10

    def channel(self, plane: int) -> FrugalChannel:
        """Return the pedestal of one channel; the same on every plane."""
        return FrugalChannel(self.initial, self.accum_limit)


@dataclass(frozen=True)
class Fixed:
    """A frugal pedestal for ``start_period`` samples that then stays as it is (tpglibs).

    Attributes
    ----------
    initial : pedestal before the first sample [ADC counts].
    accum_limit : as in ``Frugal``.
    start_period : samples that the pedestal follows, 0 to 65535.
    """

    initial: int = TPGLIBS_INITIAL
    accum_limit: int = 10
    start_period: int = 1000

    def channel(self, plane: int) -> FixedChannel:
        """Return the pedestal of one channel; the same on every plane."""
        return FixedChannel(FrugalChannel(self.initial, self.accum_limit), self.start_period)


@dataclass
class FrugalChannel:
    """The frugal pedestal of one channel."""

    pedestal: int | None
    accum_limit: int
    accum: int = 0

    def step(self, sample: int) -> int:
        """Move the pedestal with the sample, then return the sample over the moved pedestal."""
        pedestal = sample if self.pedestal is None else self.pedestal
        self.accum += (sample > pedestal) - (sample < pedestal)
        if self.accum > self.accum_limit:
            pedestal, self.accum = saturated(pedestal + 1), 0
        elif self.accum < -self.accum_limit:
            pedestal, self.accum = saturated(pedestal - 1), 0
        self.pedestal = pedestal
        return wrapped(sample - pedestal)


@dataclass
class FixedChannel:
    """The fixed pedestal of one channel."""

    frugal: FrugalChannel
    left: int

    def step(self, sample: int) -> int:
        """Return the sample over the pedestal, which moves in the start period only."""
        if self.left:
            self.left -= 1
            return self.frugal.step(sample)
        return wrapped(sample - (self.frugal.pedestal or 0))
