"""What is true about the last stretch of a stream: events and charge, kept only as long as they are needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, NEUTRINOS, TICKS_PER_BLOCK, Block


class Truth:
    """A window of truth that moves along a stream, in constant memory.

    >>> from streams.block import CHARGE_DTYPE, EVENT_DTYPE
    >>> event = np.zeros(1, EVENT_DTYPE)
    >>> event["id"], event["origin"], event["tick_last"] = 7, b"Ar39", 5
    >>> charge = np.array([(7, 5, 100, 6000.0)], CHARGE_DTYPE)
    >>> block = Block(0, 0, np.zeros((64, 960), np.uint16), event, charge)
    >>> truth = Truth()
    >>> _ = list(truth.watch([block]))
    >>> truth.origin(7), len(truth.charge(0, 64)), len(truth.charge(6, 64))
    ('Ar39', 1, 0)
    """

    def __init__(self) -> None:
        self._events: dict[int, np.void] = {}
        self._charge: deque[tuple[int, NDArray[np.void]]] = deque()
        self.seen = False  # whether any event or charge has come

    def watch(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Hand ``blocks`` through and remember what is true about them."""
        for block in blocks:
            for event in block.events:
                self._events[int(event["id"])] = event
            self.seen |= len(block.events) > 0 or len(block.charge) > 0
            if len(block.charge):
                self._charge.append((block.first_tick, block.charge))
            yield block

    def charge(self, first_tick: int, end_tick: int) -> NDArray[np.void]:
        """Return the charge (CHARGE_DTYPE) with ``first_tick <= tick < end_tick``, in the stream's order."""
        kept = [
            part[(part["tick"] >= first_tick) & (part["tick"] < end_tick)]
            for start, part in self._charge
            if start < end_tick and start + TICKS_PER_BLOCK > first_tick
        ]
        return np.concatenate(kept) if kept else np.zeros(0, CHARGE_DTYPE)

    def event(self, identity: int) -> np.void:
        """Return one event (EVENT_DTYPE); an event whose block was never seen has the origin "unknown" and zeros."""
        if identity in self._events:
            return self._events[identity]
        unknown = np.zeros(1, EVENT_DTYPE)
        unknown["id"], unknown["origin"] = identity, b"unknown"
        return unknown[0]  # type: ignore[no-any-return]

    def origin(self, identity: int) -> str:
        """Return the name of an event's origin, ``"unknown"`` if its block was never seen."""
        name: bytes = self.event(identity)["origin"]
        return name.decode()

    def neutrinos(self) -> NDArray[np.uint64]:
        """Return the ids of the neutrino interactions in the window, ascending."""
        ids = [i for i, event in self._events.items() if event["origin"].decode() in NEUTRINOS]
        return np.array(sorted(ids), np.uint64)

    def forget(self, before_tick: int) -> None:
        """Drop the charge and the events that end before ``before_tick``."""
        while self._charge and self._charge[0][0] + TICKS_PER_BLOCK <= before_tick:
            self._charge.popleft()
        self._events = {i: e for i, e in self._events.items() if int(e["tick_last"]) >= before_tick}
