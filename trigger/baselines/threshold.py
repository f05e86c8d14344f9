"""The threshold step of tpglibs: what is not over it becomes zero; what is goes on unchanged.

>>> channel = Threshold((60, 60, 30)).channel(plane=0)
>>> [channel.step(value) for value in (59, 60, 61, -5)]
[0, 0, 61, 0]
"""

from __future__ import annotations

from dataclasses import dataclass

from trigger.baselines.running_sum import PerPlane


@dataclass(frozen=True)
class Threshold:
    """Strictly over ``threshold`` [ADC counts], one for each plane, -32768 to 32767 (AVXThresholdProcessor)."""

    threshold: PerPlane = (100, 100, 100)

    def channel(self, plane: int) -> ThresholdChannel:
        """Return the threshold of one channel."""
        return ThresholdChannel(self.threshold[plane])


@dataclass
class ThresholdChannel:
    """The threshold of one channel; it has no state."""

    threshold: int

    def step(self, value: int) -> int:
        """Return the value if it is over the threshold, else 0."""
        return value if value > self.threshold else 0
