"""A chain: the steps that each sample goes through, and the closing that makes hits of the result.

>>> from trigger.baselines.hits import Integral32
>>> from trigger.baselines.pedestal import Frugal
>>> from trigger.baselines.threshold import Threshold
>>> chain = Chain((Frugal(), Threshold((60, 60, 60))), Integral32(), tp_version=2)
>>> [type(step).__name__ for step in chain.steps]
['Frugal', 'Threshold']
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from trigger.baselines.cuts import Cuts
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
    """A closing as configured, for any channel.

    Order of the TPs of a frame: without ``by_register`` by sample, then channel (tpglibs); with it by group of 16
    channels, then sample, then lane (fdreadoutlibs).
    """

    by_register: ClassVar[bool]

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
    detid : detector in the TPs; None: the det_id of the frames, as DUNE's processors set it; tpglibs alone leaves
        0xFFFF (TP version 1) or 0xFF (2).
    cuts : which TPs are dropped after they are made.
    old : tpglibs 28e50e5, whose channel numbers wrap at 16 bits and whose time over threshold is in samples.
    """

    steps: tuple[Step, ...]
    closing: Closing
    tp_version: int
    algorithm: int = 0
    detid: int | None = None
    cuts: Cuts = field(default_factory=Cuts)
    old: bool = False

    def offline(self, channels: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return the channel numbers as they come out in TPs: of 16 bits, or of 24 in version 2."""
        if self.old:
            return channels.astype(np.int16).astype(np.int32)
        return (channels & 0xFFFFFF if self.tp_version == 2 else channels).astype(np.int32)
