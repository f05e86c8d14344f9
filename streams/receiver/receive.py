"""Receive the frames of an assembly: every good sample once, in order, and exact counts of the rest.

A source (``Links``) gives the bytes of its 40 streams; frames in them may be lost, repeated, out of order, cut short or
damaged, and their clocks may step. ``receive`` hands on spans of up to 16 blocks and says which frames are missing in
them; ``Report`` counts why. For frames out of order see ``streams.receiver.resync``. At most 32 of a stream wait.

Place 0 of a window and the seq_id of each stream there is what most of its first frames say. If the clocks of more
streams step by the same, forwards, than go on as before, the time steps, and nothing is missing for it. The frames of
a single stream whose clock steps are refused (jumped), and so are those of a clock that steps back.

One of three frames is lost:

>>> from streams.daq.wibeth import empty_frames, set_field
>>> here = identity()
>>> class Memory:
...     name, begin = "memory", 2048
...     def __init__(self):
...         self.left = {}
...         for stream, word0 in enumerate(here.word0):
...             frames = empty_frames(3)
...             frames[:, 0] = word0
...             set_field(frames, "seq_id", [7, 8, 9])
...             set_field(frames, "timestamp", [2048, 4096, 6144])
...             lost = [0, 2] if stream == 5 else [0, 1, 2]
...             self.left[stream] = frames[lost].view(np.uint8).reshape(-1)
...     def until(self, timestamp):
...         return False
...     def take(self, stream, frames):
...         return self.left.pop(stream, np.zeros(0, np.uint8))
...     def checks(self, stream, timestamp, count):
...         return np.zeros(0, np.uint64)
>>> report = Report()
>>> [(span.timestamp, span.missing[:, 5].tolist()) for span in receive([Memory()], here, report)]
[(2048, [False, True, False])]
>>> report.gaps
[Gap(window=0, stream=5, timestamp=4096, blocks=1, cause='lost')]
>>> print(report.first)
memory: stream 5 (slot 0, stream_id 65), frame 1: got seq_id 9, want 8: 1 frame is missing (a gap)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.daq import spans, wibeth
from streams.daq.wibeth import TIMESTAMP_PER_FRAME
from streams.receiver.lock import FIRST_FRAMES, Lock, first_frames, lock
from streams.receiver.place import WAIT
from streams.receiver.report import Report
from streams.receiver.stream import Stream, open_in_order
from streams.receiver.tape import Tape
from streams.receiver.together import Together
from streams.receiver.tray import blank
from streams.receiver.window import Window

__all__ = ["BLOCKS_AT_ONCE", "Identity", "Links", "Report", "Span", "identity", "receive"]

BLOCKS_AT_ONCE = 16  # 4.6 MB of frames
N_STREAMS = channel_map.N_STREAMS


class Links(Protocol):
    """The bytes of one window: a stretch of time that the source says is contiguous."""

    @property
    def name(self) -> str:
        """How messages call it, as in "run.h5: TriggerRecord000001.0000"."""

    @property
    def begin(self) -> int:
        """Timestamp of the first frame, as the source says; frames that say otherwise are believed."""

    def until(self, timestamp: int) -> bool:
        """Let the source go on to this time; False if nothing will come after what ``take`` still gives."""

    def take(self, stream: int, frames: int) -> NDArray[np.uint8]:
        """Return the next bytes of a stream, at most ``frames`` * 7 200 and any number; none if there are no more now.

        They may be overwritten at the next call for the same stream, not before.
        """

    def checks(self, stream: int, timestamp: int, count: int) -> NDArray[np.uint64]:
        """Return ``frame_checks`` of the frames with these timestamps: uint64 (count,); (0,) if the source has none.

        0 for a frame that the source does not know: no frame has that check, so it will be refused.
        """


@dataclass(frozen=True)
class Identity:
    """What the frames of an assembly are.

    Attributes
    ----------
    word0 : uint64 array, (40,), word 0 of each stream's frames with seq_id 0.
    places : where their samples go.
    """

    word0: NDArray[np.uint64]
    places: spans.Places


@dataclass(frozen=True)
class Span:
    """Some blocks, one after the other.

    Attributes
    ----------
    timestamp : 62.5 MHz, of its first sample.
    samples : uint16 array, (n, 163840), ADC counts; see ``streams.daq.spans``. Those of missing frames are 0.
    missing : bool array, (n, 40), frames that are missing; None if none is.
    window : index of the window.
    """

    timestamp: int
    samples: NDArray[np.uint16]
    missing: NDArray[np.bool_] | None
    window: int


def identity(
    crate: int = channel_map.CRATE,
    offline: NDArray[np.int16] | None = None,
    detector: int = wibeth.DETECTOR_ID,
    version: int = wibeth.VERSION,
) -> Identity:
    """Return what the frames of a crate are; ``offline`` is a table of its channels, (40, 64), if not the built-in one.

    >>> hex(identity(crate=2).word0[5])
    '0x38200001040020c4'
    """
    frame = wibeth.empty_frames(1)
    frame[0, 0] = wibeth.header_word(0, 0, crate)
    wibeth.set_field(frame, "det_id", detector)
    wibeth.set_field(frame, "version", version)
    return identity_of(int(frame[0, 0]), channel_map.offline_channels(crate) if offline is None else offline)


def identity_of(word0: int, table: NDArray[np.int16]) -> Identity:
    """Return what the frames of a crate are, from word 0 of slot 0, stream 0 and its channel map (40, 64)."""
    frames = np.full((N_STREAMS, 1), word0, np.uint64)
    slots, streams = zip(*channel_map.STREAMS, strict=True)
    wibeth.set_field(frames, "slot_id", slots)
    wibeth.set_field(frames, "stream_id", streams)
    return Identity(frames[:, 0], spans.places(table))


def receive(windows: Iterable[Links], identity: Identity, report: Report) -> Iterator[Span]:
    """Yield the spans of some windows, one after the other; ``report`` counts what was wrong.

    Spans of a window follow each other in time; blocks of which no stream has a frame are in none, but counted.
    """
    for links in windows:
        window = Window(links, identity, report, report.windows)
        report.windows += 1
        yield from _Receiver(window).spans()


class _Receiver:
    """The streams of one window."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.at = 0  # first place that is not handed on
        self.more = 0  # places that the source has to go on while nothing comes
        window.over = not window.links.until(window.links.begin + FIRST_FRAMES * TIMESTAMP_PER_FRAME)
        self.together = Together(window, BLOCKS_AT_ONCE)
        tapes = [Tape(window.links, stream) for stream in range(N_STREAMS)]
        found = self.together.lock()
        self.streams = self._streams(found, tapes) if found else self._locked(tapes)

    def spans(self) -> Iterator[Span]:
        """Yield the spans of the window."""
        window = self.window
        window.report.stretches += bool(self.streams)
        while self.streams:
            for samples in self.together.spans(self.streams, self.at):
                begin, self.at = self.at, self.at + len(samples)
                yield Span(window.time(begin), samples, None, window.index)
            samples = np.empty((BLOCKS_AT_ONCE, spans.SAMPLES_PER_BLOCK), np.uint16)
            got = np.zeros((N_STREAMS, BLOCKS_AT_ONCE), np.bool_)
            self._fill(samples, got)
            reach = max(stream.reach() for stream in self.streams)
            if reach < self.at:
                window.end_span()
                if window.over:
                    for stream in self.streams:
                        stream.holes.end()
                    return
                self.more += BLOCKS_AT_ONCE
                continue
            self.more = 0
            count = min(BLOCKS_AT_ONCE, reach + 1 - self.at)
            count, off = self._stretch(got, count)
            if count:
                yield from self._end(samples, got[:, :count])
            if off:
                self._step(off, got[:, count:])

    def _fill(self, samples: NDArray[np.uint16], got: NDArray[np.bool_]) -> None:
        """Put what there is into a span; let the source go on if a frame has not come."""
        window, end = self.window, self.at + BLOCKS_AT_ONCE
        if not window.over:
            window.over = not window.links.until(window.time(end + 1))
        open_in_order(self.streams, self.at, samples, got)
        full: list[bool] = np.all(got, axis=1).tolist()
        unfilled = [stream for stream in self.streams if not full[stream.number]]
        short = [s for s in unfilled if not s.fill(self.at, samples, got[s.number])]
        if short and not window.over:
            window.over = not window.links.until(window.time(end + WAIT + self.more))
            for stream in short:
                stream.fill(self.at, samples, got[stream.number])

    def _end(self, samples: NDArray[np.uint16], got: NDArray[np.bool_]) -> Iterator[Span]:
        """Count what is missing in a span and hand it on."""
        window, report, count = self.window, self.window.report, got.shape[1]
        whole: list[bool] = np.all(got, axis=1).tolist()
        for stream in self.streams:
            if not whole[stream.number] or len(stream.holes.refused):
                stream.give_up(self.at, got[stream.number])
        report.counts["delivered"] += got.sum(axis=1)
        report.blocks += count
        window.end_span()
        begin, self.at = self.at, self.at + count
        if all(whole):
            yield Span(window.time(begin), samples[:count], None, window.index)
            return
        table = window.identity.places
        blank(~got, table.first, table.step, samples)
        there = np.flatnonzero(got.any(axis=0))
        for piece in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1) if len(there) else ():
            low, high = int(piece[0]), int(piece[-1]) + 1
            missing = ~got[:, low:high].T
            lacks = missing if missing.any() else None
            yield Span(window.time(begin + low), samples[low:high], lacks, window.index)
        if not len(there):
            self._skip()

    def _skip(self) -> None:
        """Go on to the next place of which a stream has a frame."""
        end = min(max(s.reach() for s in self.streams) + 1, min(s.upcoming() for s in self.streams))
        if end > self.at:
            for stream in self.streams:
                stream.give_up_all(self.at, end)
            self.window.report.blocks += end - self.at
            self.at = end

    def _stretch(self, got: NDArray[np.bool_], count: int) -> tuple[int, int]:
        """Return how many places of the span come before the clock of most streams steps forwards, and by how much."""
        places = {place for stream in self.streams if stream.stepped for place in stream.stepped}
        for place in sorted(place for place in places if place < self.at + count):
            votes = Counter(s.stepped[place][0] for s in self.streams if place in s.stepped)
            off, most = votes.most_common(1)[0]
            if off > 0 and most > int(got[:, place - self.at].sum()):
                return place - self.at, off
        return count, 0

    def _step(self, off: int, got: NDArray[np.bool_]) -> None:
        """Let the clock of the window step; ``got`` are the frames after that which went by the old one."""
        self.window.base += off
        self.window.report.stretches += 1
        for stream in self.streams:
            stream.step(self.at, off, got[stream.number])

    def _streams(self, found: Lock, tapes: list[Tape]) -> list[Stream]:
        """Return the streams with their places."""
        self.window.base = found.base
        seq0 = [found.seq0.get(number, found.common) for number in range(N_STREAMS)]
        return [Stream(self.window, number, seq0[number], tape) for number, tape in enumerate(tapes)]

    def _locked(self, tapes: list[Tape]) -> list[Stream]:
        """Return the streams with their places; none if no stream has a frame."""
        window = self.window
        while True:
            first, longest = first_frames(tapes, window.identity.word0)
            found = lock(first, window.links.begin, longest)
            if found:
                return self._streams(found, tapes)
            if window.over:
                for number, tape in enumerate(tapes):
                    window.report.add("resync_bytes", number, tape.drain())
                crate = int(wibeth.get_field(window.identity.word0[:1, None], "crate_id")[0])
                nothing = f"{window.links.name}: got no frame of crate {crate}, want at least one"
                window.report.first = window.report.first or nothing
                return []
            self.more += BLOCKS_AT_ONCE
            window.over = not window.links.until(window.links.begin + self.more * TIMESTAMP_PER_FRAME)
