"""A chain: the steps that each sample goes through, and the closing that makes hits of the result.

>>> from trigger.baselines.hits import Integral32
>>> from trigger.baselines.pedestal import Frugal
>>> from trigger.baselines.threshold import Threshold
>>> chain = Chain((Frugal(), Threshold((60, 60, 60))), Integral32(), tp_version=2)
>>> [type(step).__name__ for step in chain.steps]
['Frugal', 'Threshold']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trigger.baselines.hits import Hit


class StepChannel(Protocol):
    """A step at work on one channel."""

    def step(self, value: int, /) -> int:
        """Return what becomes of the value of one sample."""


class Step(Protocol):
    """A step as configured, for any channel."""

    def channel(self, plane: int) -> StepChannel:
        """Return the step, with its own state, for a channel of a plane (0 U, 1 V, 2 X)."""


class ClosingChannel(Protocol):
    """A closing at work on one channel."""

    def step(self, signal: int, processed: int, /) -> Hit | None:
        """Take one sample; return the hit that it closes."""


class Closing(Protocol):
    """A closing as configured, for any channel."""

    def channel(self, plane: int) -> ClosingChannel:
        """Return the closing, with its own state, for a channel of a plane."""


@dataclass(frozen=True)
class Chain:
    """What makes trigger primitives of samples.

    Attributes
    ----------
    steps : in order; the first takes the ADC counts and makes the signal over the pedestal.
    closing : makes hits.
    tp_version : version of the trigger primitives, 1 or 2.
    algorithm : number of the algorithm in TP version 1 (trgdataformats TriggerPrimitive.hpp).
    detid : detector in the TPs; None: the det_id of the frames. As a library leaves it: 0xFFFF (version 1), 0xFF (2).
    by_register : order of the TPs of a frame: False: by sample, then channel (tpglibs); True: by group of 16
        channels, then sample, then lane (fdreadoutlibs).
    """

    steps: tuple[Step, ...]
    closing: Closing
    tp_version: int
    algorithm: int = 0
    detid: int | None = None
    by_register: bool = False
