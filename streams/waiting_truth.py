"""Events and true charge of a running simulation that wait for the block with which they come.

>>> waiting = WaitingTruth(512.0)
>>> [len(part) for part in waiting.before(64)]
[0, 0]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE
from streams.compiled import Integers
from streams.generate import Happened


class WaitingTruth:
    """Events and charge that wait for their block, in the order of tick, then of event."""

    def __init__(self, tick_ns: float) -> None:
        self._tick_ns = tick_ns
        self.events, self._event_tick = np.zeros(0, EVENT_DTYPE), np.zeros(0, np.int64)
        self.charge = np.zeros(0, CHARGE_DTYPE)

    def add(self, happened: Happened) -> None:
        """Take in what happened after everything that is here already."""
        charge = np.concatenate((self.charge, happened.charge))
        self.charge = charge[np.argsort(charge["tick"], kind="stable")]
        ticks = np.concatenate((self._event_tick, self._ticks(happened.events)))
        events = np.concatenate((self.events, happened.events))
        order = np.argsort(ticks, kind="stable")
        self._event_tick, self.events = ticks[order], events[order]

    def _ticks(self, events: NDArray[np.void]) -> Integers:
        """Return the tick with whose block each event comes."""
        own = np.floor(events["time_ns"] / self._tick_ns).astype(np.int64)
        tick = np.where(events["electrons"] > 0, events["tick_first"], own)
        last = np.where(events["electrons"] > 0, events["tick_last"], own)
        # What began before the run but ends in it comes with the first block.
        return np.where((tick < 0) & (last >= 0), 0, tick)

    def before(self, tick: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Take out the events and the charge before ``tick``."""
        n = int(np.searchsorted(self._event_tick, tick))
        events, self.events, self._event_tick = self.events[:n], self.events[n:], self._event_tick[n:]
        n = int(np.searchsorted(self.charge["tick"], tick))
        charge, self.charge = self.charge[:n], self.charge[n:]
        return events, charge

    def restore(self, events: NDArray[np.void], charge: NDArray[np.void]) -> None:
        """Go on with ``events`` and ``charge`` that wait."""
        if events.dtype != EVENT_DTYPE or charge.dtype != CHARGE_DTYPE:
            raise ValueError(f"truth: got {events.dtype} and {charge.dtype}")
        self.events, self._event_tick, self.charge = events, self._ticks(events), charge
