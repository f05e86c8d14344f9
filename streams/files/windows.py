"""Windows of a run: one record of one crate, with its 40 streams in order and when they begin.

>>> stream_of(Place(crate=1, slot=0, stream_id=64)), stream_of(Place(crate=1, slot=9, stream_id=0))
(4, -1)
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.daq import wibeth
from streams.files.file_facts import File, most
from streams.files.hdf5 import Extent
from streams.files.record_reading import Findings, Fragment
from streams.files.sources import Place

_WINDOW = ("window_begin", "window_end")  # fields of a fragment header
_STREAMS = {key: number for number, key in enumerate(channel_map.STREAMS)}


@dataclass(frozen=True, eq=False)
class Window:
    """One trigger record or time slice of one crate.

    Attributes
    ----------
    file : the file that it is in.
    name : its group there.
    crate : number of the crate.
    timestamp : 62.5 MHz timestamp of its first frame.
    end : timestamp after its last frame.
    names : dataset of each of the 40 streams in the order of ``channel_map.STREAMS``, "" for one that is not there.
    offsets, sizes : int64 arrays, (40,), where the bytes of each stream are, see ``hdf5.Extent``; 0 bytes for a stream
        that is not there.
    checks, checks_begin : where the frame checks are, uint64 (40, n), and the timestamp of the first ones; 0 bytes
        without them.
    origin : timestamp of tick 0 of the run.
    """

    file: File
    name: str
    crate: int
    timestamp: int
    end: int
    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    checks: Extent
    checks_begin: int
    origin: int = 0

    @property
    def n_blocks(self) -> int:
        """Blocks of 64 ticks (frames of each stream) from its begin to its end."""
        return -(-(self.end - self.timestamp) // wibeth.TIMESTAMP_PER_FRAME)

    def path(self, stream: int) -> str:
        """Return the path of a stream's dataset."""
        return f"{self.name}/RawData/{self.names[stream]}"

    @property
    def first_tick(self) -> int:
        """Tick of its first sample, from the start of the run, a multiple of 64."""
        return tick_of(self.timestamp, self.origin)

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"{self.file.path}: {self.name}"


def tick_of(timestamp: int, origin: int) -> int:
    """Return the first tick of the block at a timestamp: 64 for each 2 048 counts since tick 0 at ``origin``."""
    return (timestamp - origin) // wibeth.TIMESTAMP_PER_FRAME * wibeth.SAMPLES


def stream_of(place: Place) -> int:
    """Return the number of a stream in its crate, 0 to 39; -1 for a slot or stream that an assembly does not have."""
    return _STREAMS.get((place.slot, place.stream_id), -1)


def name_of(place: Place) -> str:
    """Return how messages call a stream."""
    number = stream_of(place)
    if number < 0:
        return f"slot {place.slot}, stream_id {place.stream_id} of crate {place.crate}"
    return channel_map.stream_name(number)


def window_of(file: File, name: str, crate: int, streams: dict[int, Fragment], checks: Extent) -> Window:
    """Return the window of a record from the fragments of its streams, by number."""
    names = [""] * channel_map.N_STREAMS
    extents = np.zeros((2, channel_map.N_STREAMS), np.int64)
    for stream, part in streams.items():
        names[stream], extents[:, stream] = sys.intern(part.name), part.extent
    header_begin = most(part.header.get("window_begin") for part in streams.values())
    begin = _first_timestamp(streams.values(), header_begin)
    longest = begin + max((part.frames for part in streams.values()), default=0) * wibeth.TIMESTAMP_PER_FRAME
    end = _end(streams.values(), begin, longest)
    return Window(
        file, name, crate, begin, end, tuple(names), extents[0], extents[1], checks, header_begin or begin
    )


def _first_timestamp(parts: Iterable[Fragment], begin: int | None) -> int:
    """Return when a window's first frame begins, as the streams' first frames and their headers' window say.

    A stream may have lost its first frames, and a timestamp may be damaged: of those in step with most streams and not
    before the window, the first one that at least two streams have is taken; without any, the most frequent one.
    """
    found = Counter(part.first for part in parts if part.first is not None)
    if not found:
        return begin or 0
    common, step = found.most_common(1)[0][0], wibeth.TIMESTAMP_PER_FRAME
    if begin is None:
        return common
    fit = [time for time, n in found.items() if n > 1 and begin - step < time and (common - time) % step == 0]
    return min((time for time in fit if time <= common), default=common)


def _end(parts: Iterable[Fragment], begin: int, longest: int) -> int:
    """Return when a window ends: as two headers at least say, most of all; else with its longest stream.

    Not with the longest stream whatever the headers say: it may have frames twice, or all may lack the last ones.
    """
    said = Counter(part.header["window_end"] for part in parts if part.header).most_common(1)
    if said and said[0][1] > 1 and said[0][0] > begin:
        end: int = said[0][0]
        return end
    return longest


def check_streams(where: str, streams: dict[int, Fragment], findings: Findings) -> None:
    """Note streams that a record lacks, and those whose window is not that of most."""
    missing = [stream for stream in range(channel_map.N_STREAMS) if stream not in streams]
    if missing:
        more = f" (and {len(missing) - 1} more)" if missing[1:] else ""
        findings.add(
            f"{where}: got {len(streams)} streams, want {channel_map.N_STREAMS}: "
            f"{channel_map.stream_name(missing[0])}{more} is missing"
        )
    spans = {n: tuple(part.header[key] for key in _WINDOW) for n, part in streams.items() if part.header}
    common = Counter(spans.values()).most_common(1)
    for stream, span in sorted(spans.items()):
        if span != common[0][0]:
            findings.add(
                f"{where}: {channel_map.stream_name(stream)}: got the window {span}, want {common[0][0]} as in most "
                "streams: the streams are not aligned"
            )
