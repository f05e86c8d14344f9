"""Samples that never came, before the front end: zero signal instead, the same for every level of the ladder.

A channel without a sample is given its own pedestal of that moment, so that it adds nothing and its pedestal stays. In
a new window, whose pedestals start at its first samples, that is the last one known from before. A channel that has
never sent anything is given 0; when its first sample comes, a new window begins, in which its pedestal starts there.

>>> from trigger.frontend import FastFrontEnd
>>> adc, lost = np.full((64, 960), 900, np.uint16), {"X": np.arange(960) == 7}
>>> front_end = FastFrontEnd()
>>> made = fed([Block(0, 0, adc), Block(64, 2048, adc * (np.arange(960) != 7), missing=lost)], front_end)
>>> [(int(one.adc[0, 7]), one.begins, one.missing) for one in made]
[(900, False, 0), (900, False, 1)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from trigger.frontend import FastFrontEnd, FrontEnd


@dataclass(frozen=True)
class Fed:
    """What the front end is given of a block.

    Attributes
    ----------
    adc : uint16 array, (64, channels), a count for every sample.
    begins : a window ends before this block, and another begins with it.
    missing : channels whose samples never came.
    block : as it came.
    """

    adc: NDArray[np.uint16]
    begins: bool
    missing: int
    block: Block


def filled(blocks: Iterable[Block], front_end: FrontEnd | FastFrontEnd) -> Iterator[Fed]:
    """Yield what to give to ``front_end``, which the caller does (``restart`` first if ``begins``) before the next.

    Parameters
    ----------
    blocks : a stream; ``missing["X"]`` says which channels have no sample.
    front_end : its pedestals are what is given to channels that are missing.
    """
    seen: NDArray[np.bool_] | None = None  # channels that have sent anything
    expected: tuple[int, int] | None = None  # tick and timestamp
    for block in blocks:
        channels = block.adc.shape[1]
        seen = np.zeros(channels, np.bool_) if seen is None else seen
        known = front_end.pedestals  # 0 for a channel that has never sent anything
        known = np.zeros(channels, np.int32) if known is None else known
        lost = block.missing.get("X")
        new = ~seen if lost is None else ~(seen | lost)
        here = block.first_tick, block.timestamp
        begins = expected is not None and (here != expected or bool(new.any()))
        seen = seen | new
        expected = here[0] + TICKS_PER_BLOCK, here[1] + TICKS_PER_BLOCK * TIMESTAMP_PER_TICK
        if lost is None:
            yield Fed(block.adc, begins, 0, block)
        else:
            adc = np.where(lost, known.astype(np.uint16), block.adc)
            yield Fed(adc, begins, int(np.count_nonzero(lost)), block)


def fed(blocks: Iterable[Block], front_end: FrontEnd | FastFrontEnd) -> Iterator[Fed]:
    """Do as ``filled`` and feed the front end as well: what it is given, for whoever does not need the pixels."""
    for one in filled(blocks, front_end):
        if one.begins:
            front_end.restart()
        front_end.pixels(one.adc)
        yield one
