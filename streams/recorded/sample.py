"""A sample: what a file of recorded waveforms gives to the stream, at ticks of 512 ns, in the planes of an assembly.

>>> Part(taken=np.array([True, False])).bad.tolist()
[False, False]
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Part:
    """What a sample has of one plane; either counts or a signal.

    Attributes
    ----------
    taken : bool (channels,), the plane's channels that the file has.
    counts : uint16 (ticks, channels), ADC counts as recorded; None if the file has no counts.
    signal : float32 (ticks, channels), ADC at nominal gain above the pedestal, before noise and AC coupling.
    bad : bool (channels,), channels that the file calls bad.
    """

    taken: NDArray[np.bool_]
    counts: NDArray[np.uint16] | None = None
    signal: NDArray[np.float32] | None = None
    bad: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def __post_init__(self) -> None:
        if not len(self.bad):
            object.__setattr__(self, "bad", np.zeros(len(self.taken), np.bool_))


@dataclass(frozen=True)
class Sample:
    """A file's waveforms.

    Attributes
    ----------
    ticks : of 512 ns.
    parts : by plane; planes without an entry are not in the file.
    told : what was done with the file, as names and sentences for a summary.
    """

    ticks: int
    parts: dict[str, Part]
    told: dict[str, str]
