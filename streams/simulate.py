"""The simulated detector stream: endless blocks of one assembly's collection plane, in constant memory.

At tick 0 the detector is in its steady state: decays from one drift time before are included, with negative times.

>>> from itertools import islice
>>> from streams.config import SimulationConfig
>>> blocks = list(islice(stream(SimulationConfig(seed=5)), 2))
>>> [b.first_tick for b in blocks], blocks[0].adc.shape, blocks[0].adc.dtype
([0, 64], (64, 960), dtype('uint16'))
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, TICK_NS, TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from streams.config import SimulationConfig, checked
from streams.detector import load_detector
from streams.generate import Generator, Happened
from streams.readout import Readout

#: Blocks simulated in one go; any number gives the same bytes.
_BLOCKS_AT_ONCE = 16
#: Blocks ahead of the one given out: its waveforms begin a few ticks before the charge arrives.
_AHEAD = 2


class _Pending:
    """Events and charge that wait for their block, in the order of tick, event, channel."""

    def __init__(self) -> None:
        self.events = np.zeros(0, EVENT_DTYPE)
        self.event_tick = np.zeros(0, np.int64)
        self.charge = np.zeros(0, CHARGE_DTYPE)

    def add(self, happened: Happened) -> None:
        """Take in what happened after everything that is here already."""
        charge = np.concatenate((self.charge, happened.charge))
        self.charge = charge[np.argsort(charge["tick"], kind="stable")]
        events = happened.events
        own = np.floor(events["time_ns"] / TICK_NS).astype(np.int64)
        tick = np.where(events["electrons"] > 0, events["tick_first"], own)
        last = np.where(events["electrons"] > 0, events["tick_last"], own)
        # What began before the run but ends in it comes with the first block.
        tick = np.where((tick < 0) & (last >= 0), 0, tick)
        ticks, events = np.concatenate((self.event_tick, tick)), np.concatenate((self.events, events))
        order = np.argsort(ticks, kind="stable")
        self.event_tick, self.events = ticks[order], events[order]

    def events_before(self, tick: int) -> NDArray[np.void]:
        """Take out the events before ``tick``."""
        n = int(np.searchsorted(self.event_tick, tick))
        taken, self.events, self.event_tick = self.events[:n], self.events[n:], self.event_tick[n:]
        return taken


def stream(config: SimulationConfig, *, blocks_at_once: int = _BLOCKS_AT_ONCE) -> Iterator[Block]:
    """Yield blocks of 64 ticks x 960 channels without end, with their truth.

    Parameters
    ----------
    config : checked first (``ConfigError``).
    blocks_at_once : blocks simulated in one go; the stream is the same for any number.
    """
    return _blocks(checked(config), blocks_at_once)


def _blocks(config: SimulationConfig, blocks_at_once: int) -> Iterator[Block]:
    generator = Generator(config)
    readout = Readout(config, load_detector(config.detector), induction=False)
    pending = _Pending()
    first = -generator.drift_blocks - _AHEAD
    generated = first  # blocks of time that have happened
    begun = np.zeros(0, CHARGE_DTYPE)  # charge whose response has begun but whose tick is still to come
    for number in count(first):
        while generated < number + _AHEAD:
            pending.add(generator.run(generated, blocks_at_once))
            generated += blocks_at_once
        tick = number * TICKS_PER_BLOCK
        end = tick + TICKS_PER_BLOCK
        n = int(np.searchsorted(pending.charge["tick"], end + readout.before))
        starting, pending.charge = pending.charge[:n], pending.charge[n:]
        readout.add(tick, starting["tick"], starting["channel"], starting["electrons"])
        known = np.concatenate((begun, starting))
        n = int(np.searchsorted(known["tick"], end))
        charge, begun = known[:n], known[n:]
        events = pending.events_before(end)
        if number < 0:
            readout.advance()
            continue
        stamp = config.first_timestamp + TIMESTAMP_PER_TICK * tick
        yield Block(tick, stamp, readout.block(tick), events, charge)


def induction(config: SimulationConfig) -> Iterator[NDArray[np.uint16]]:
    """Yield uint16 (64, 1600) blocks of the U then the V channels: pedestal and noise, on the same ticks."""
    config = checked(config)
    readout = Readout(config, load_detector(config.detector), induction=True)
    return (readout.block(number * TICKS_PER_BLOCK) for number in count())
