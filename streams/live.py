"""A simulation as a source of frames: packed, numbered and checked as a readout would, without a file.

>>> zeros = {plane: np.zeros((64, n), np.uint16) for plane, n in channel_map.PLANE_CHANNELS.items()}
>>> live = LiveLinks((Block(64 * n, 2048 * n, zeros["X"], induction=zeros) for n in range(2)), crate=3)
>>> live.until(3 * 2048), len(live.take(39, 16)), len(live.take(39, 16))
(False, 14400, 0)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams import channel_map, replay
from streams.block import TICKS_PER_BLOCK, Block
from streams.config import SimulationConfig
from streams.daq import wibeth
from streams.daq.frames import check_follows, frames_of
from streams.daq.spans import frame_checks, places
from streams.files.truth_reading import NO_TRUTH, Truth
from streams.receiver.receive import Links, Span, identity, receive
from streams.receiver.report import Report

BLOCKS_AT_ONCE = 16
KEPT_CHECKS = 4096  # frames of each stream whose checks can still be asked for: 134 ms
MOST_WAITING = 256  # blocks that wait for a stream that nobody reads: 74 MB, 8.4 ms


class LiveLinks:
    """One window without end (or as long as the blocks go on), made while it is read: a ``Links``.

    Parameters
    ----------
    blocks : of all three planes, one after the other in time.
    crate : number that the frames carry.
    offline : int16 array, (40, 64), the channel map; without it the built-in one of the crate.
    name : how messages call it.
    checked : whether the frames' checks can be asked for.

    Attributes
    ----------
    begin : timestamp of the first frame.
    first_tick : tick of its first sample, from the start of the run.
    table : int16 array, (40, 64), the channel map.
    overflowed : frames that nobody took in time (256 blocks), and that were dropped.
    """

    def __init__(
        self,
        blocks: Iterable[Block],
        crate: int = channel_map.CRATE,
        offline: NDArray[np.int16] | None = None,
        name: str = "live",
        checked: bool = True,
    ) -> None:
        self.name, self._checked = name, checked
        source = iter(blocks)
        first = next(source, None)
        if first is None:
            raise ValueError(f"{name}: got no block, want at least one")
        self.begin, self.first_tick = first.timestamp, first.first_tick
        self._source: Iterator[Block] = chain([first], source)
        self.table = channel_map.offline_channels(crate) if offline is None else offline
        self._crate, self._places = crate, places(self.table)
        self._made = 0  # blocks so far
        self._waiting: deque[tuple[int, NDArray[np.uint64]]] = deque()  # first block, frames (40, n, 900)
        self._taken = np.zeros(channel_map.N_STREAMS, np.int64)  # frames of each stream
        self._checks = np.zeros((channel_map.N_STREAMS, KEPT_CHECKS), np.uint64)
        self._truth: deque[tuple[int, Truth]] = deque()
        self.overflowed = 0

    def until(self, timestamp: int) -> bool:
        """Simulate all frames before this time; False: the blocks have ended."""
        while self.begin + self._made * wibeth.TIMESTAMP_PER_FRAME < timestamp:
            chunk = list(islice(self._source, BLOCKS_AT_ONCE))
            if not chunk:
                return False
            self._add(chunk)
        return True

    def take(self, stream: int, frames: int) -> NDArray[np.uint8]:
        """Return the next frames of a stream, at most ``frames``."""
        at = int(self._taken[stream])
        for first, made in self._waiting:
            if first <= at < first + made.shape[1]:
                part = made[stream, at - first : at - first + frames]
                self._taken[stream] += len(part)
                self._forget()
                return part.reshape(-1).view(np.uint8)
        return np.zeros(0, np.uint8)

    def checks(self, stream: int, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return the checks of the frames from ``timestamp`` on; 0 for those that are not there (any more)."""
        if not self._checked:
            return np.zeros(0, np.uint64)
        number = (timestamp - self.begin) // wibeth.TIMESTAMP_PER_FRAME + np.arange(count)
        found = self._checks[stream, number % KEPT_CHECKS]
        return np.where(
            (number >= max(0, self._made - KEPT_CHECKS)) & (number < self._made), found, np.uint64(0)
        )

    def truth(self, timestamp: int) -> Truth:
        """Return events and charge of the block at ``timestamp`` (empty if there is none); forget those before it."""
        while self._truth and self._truth[0][0] < timestamp:
            self._truth.popleft()
        here = self._truth and self._truth[0][0] == timestamp
        return self._truth[0][1] if here else NO_TRUTH

    def _add(self, chunk: list[Block]) -> None:
        tick = self.first_tick + self._made * TICKS_PER_BLOCK
        check_follows(chunk, self.begin + self._made * wibeth.TIMESTAMP_PER_FRAME, tick)
        self._truth.extend((block.timestamp, (block.events, block.charge)) for block in chunk)
        frames = frames_of(chunk, self._places, self._crate)
        number = self._made + np.arange(len(chunk))
        if self._checked:
            self._checks[:, number % KEPT_CHECKS] = frame_checks(frames)
        self._waiting.append((self._made, frames))
        self._made += len(chunk)
        self._overflow()

    def _forget(self) -> None:
        slowest = int(self._taken.min())
        while self._waiting and self._waiting[0][0] + self._waiting[0][1].shape[1] <= slowest:
            self._waiting.popleft()

    def _overflow(self) -> None:
        """Drop what has waited too long for a stream that nobody reads."""
        oldest = self._made - MOST_WAITING
        behind = self._taken < oldest
        if behind.any():
            self.overflowed += int((oldest - self._taken[behind]).sum())
            self._taken[behind] = oldest
            self._forget()


def live_blocks(
    config: SimulationConfig,
    report: Report,
    *,
    through: Callable[[Iterable[Links]], Iterable[Links]] | None = None,
    strict: bool = False,
) -> Iterator[Block]:
    """Yield a simulation without end as a reader sees it: frames, faults, receiver, blocks of all planes with truth.

    Parameters
    ----------
    config : the simulation; all planes are read out, as frames hold all.
    report : counts what was wrong, while the blocks come.
    through : what is between the simulation and its reader: faults.
    strict : end with the first thing that is wrong.

    Raises
    ------
    ConfigError : a detector whose channels no published map puts on streams.
    UserError : with ``strict``, the first thing that is wrong.
    """
    from streams.files.plan import plan_of
    from streams.simulate import stream

    whole = msgspec.structs.replace(config, planes=channel_map.PLANES)
    plan = plan_of(whole)
    live = LiveLinks(stream(whole), plan.crate, plan.table(), "simulation")
    windows: Iterable[Links] = through([live]) if through else [live]
    return blocks_of(live, receive(windows, identity(plan.crate, plan.table()), report), report, strict)


def blocks_of(
    live: LiveLinks, spans: Iterable[Span], report: Report, strict: bool = False
) -> Iterator[Block]:
    """Yield the spans that were received from a live source as blocks, with their truth."""
    for span in spans:
        replay.stop_at_fault(report, strict)
        number = (span.timestamp - live.begin) // wibeth.TIMESTAMP_PER_FRAME
        times = (span.timestamp + k * wibeth.TIMESTAMP_PER_FRAME for k in range(len(span.samples)))
        tick = live.first_tick + number * TICKS_PER_BLOCK
        yield from replay.blocks_of(span, tick, live.table, map(live.truth, times))
