"""Running sums RS = R x RS + S x sample, of the samples or of their absolute values, in two numerics.

R and S are in tenths. tpglibs divides each part by ten first and adds with saturation; fdreadoutlibs multiplies
first, in 16 bits that wrap, subtracts a pedestal from the sum, and goes on from what is left.

>>> channel = RunSum(absolute=True, memory_factor=(8, 8, 8), scale_factor=(10, 10, 10)).channel(plane=2)
>>> [channel.step(sample) for sample in (100, 100, -100, 0, 0)]
[100, 180, 244, 192, 152]
"""

from __future__ import annotations

from dataclasses import dataclass

from trigger.baselines.arithmetic import saturated, tenth, wrapped
from trigger.baselines.pedestal import FrugalChannel

PerPlane = tuple[int, int, int]  # U, V, X


@dataclass(frozen=True)
class RunSum:
    """The running sum of tpglibs (AVXRunSumProcessor, AVXAbsRunSumProcessor).

    Attributes
    ----------
    absolute : whether it sums absolute values.
    memory_factor, scale_factor : R and S of each plane in tenths, -32768 to 32767.
    """

    absolute: bool = True
    memory_factor: PerPlane = (8, 8, 8)
    scale_factor: PerPlane = (10, 10, 10)

    def channel(self, plane: int) -> RunSumChannel:
        """Return the running sum of one channel."""
        return RunSumChannel(self.absolute, self.memory_factor[plane], self.scale_factor[plane])


@dataclass(frozen=True)
class FdRunSum:
    """The running sum of fdreadoutlibs (ProcessAbsRSAVX2.hpp, ProcessStandardRSAVX2.hpp @7fa1f86).

    Attributes
    ----------
    absolute : AbsRS (True) or StandardRS, which adds the sample unscaled before it divides by ten.
    memory_factor : R of each plane in tenths.
    scale_factor : S in tenths; StandardRS has none.
    accum_limit : of the pedestal of the sum.
    """

    absolute: bool = True
    memory_factor: PerPlane = (8, 8, 8)
    scale_factor: int = 5
    accum_limit: int = 10

    def channel(self, plane: int) -> FdRunSumChannel:
        """Return the running sum of one channel."""
        pedestal = FrugalChannel(0, self.accum_limit)
        return FdRunSumChannel(self.absolute, self.memory_factor[plane], self.scale_factor, pedestal)


@dataclass
class RunSumChannel:
    """The running sum of one channel in tpglibs."""

    absolute: bool
    memory_factor: int
    scale_factor: int
    total: int = 0

    def step(self, sample: int) -> int:
        """Return the sum with this sample: each part is divided first, then multiplied, then added."""
        if self.absolute:
            sample = wrapped(abs(sample))
        remembered = wrapped(tenth(self.total) * self.memory_factor)
        self.total = saturated(remembered + wrapped(tenth(sample) * self.scale_factor))
        return self.total


@dataclass
class FdRunSumChannel:
    """The running sum of one channel in fdreadoutlibs."""

    absolute: bool
    memory_factor: int
    scale_factor: int
    pedestal: FrugalChannel
    total: int = 0

    def step(self, sample: int) -> int:
        """Return the sum with this sample over its pedestal: multiplied first, in 16 bits, then divided."""
        new = wrapped(wrapped(abs(sample)) * self.scale_factor) if self.absolute else sample
        self.total = self.pedestal.step(tenth(wrapped(self.total * self.memory_factor + new)))
        return self.total
