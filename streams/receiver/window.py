"""What the 40 streams of a window share: the source, its clock, and the report.

>>> window = Window(None, None, Report(), index=0, base=1000)
>>> window.time(2)
5096
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.daq.wibeth import TIMESTAMP_PER_FRAME
from streams.receiver.report import Report

if TYPE_CHECKING:
    from streams.receiver.receive import Identity, Links


@dataclass
class Window:
    """A window while it is read.

    Attributes
    ----------
    index : number of the window.
    base : timestamp of place 0; a step of the clock of all streams moves it.
    over : nothing will come after what the source still gives.
    fault : place, stream and sentence of the first fault of this span.
    """

    links: Links
    identity: Identity
    report: Report
    index: int
    base: int = 0
    over: bool = False
    fault: tuple[int, int, str] | None = None

    def time(self, place: int) -> int:
        """Return the timestamp of a place."""
        return self.base + place * TIMESTAMP_PER_FRAME

    def checks(self, stream: int, place: int, count: int) -> NDArray[np.uint64]:
        """Return the frame checks of some places: uint64 (count,), or (0,) if the source has none."""
        return self.links.checks(stream, self.time(place), count)

    def missing(self, stream: int, place: int, blocks: int, cause: int) -> None:
        """Count frames that are missing; if nothing else was wrong before, that is the first fault."""
        if self.report.first is None:
            frames = "1 frame is" if blocks == 1 else f"{blocks} frames are"
            text = f"got nothing for timestamp {self.time(place)}: {frames} missing from here on (a gap)"
            self.say(stream, place, text)
        self.report.note_missing(self.index, stream, self.time(place), blocks, cause)

    def say(self, stream: int, place: int, text: str) -> None:
        """Keep the sentence if it is about the first fault: the first place, then the first stream."""
        if self.report.first is None and (self.fault is None or (place, stream) < self.fault[:2]):
            name = channel_map.stream_name(stream)
            self.fault = (place, stream, f"{self.links.name}: {name}, frame {place}: {text}")

    def end_span(self) -> None:
        """Report the first fault of the span that ends."""
        if self.fault and self.report.first is None:
            self.report.first = self.fault[2]
