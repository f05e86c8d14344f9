"""Read all of a source and sum it up; what is wrong is reported, never raised.

>>> from pathlib import Path
>>> look(Path("absent.h5")).fault
'cannot read absent.h5: no such file'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.daq import wibeth
from streams.errors import UserError
from streams.files import catalogue
from streams.files.catalogue import Catalogue
from streams.files.hdf5 import opened
from streams.files.windows import Window
from streams.inspection.objects import object_rows
from streams.inspection.sums import Sums
from streams.inspection.tps import TpSums, sum_tps
from streams.receiver.report import CAUSES, Gap, Report

if TYPE_CHECKING:
    from streams.receiver.receive import Span

NO_TRUTH = Counter[str]()
_NONE_MISSING = np.zeros((16, channel_map.N_STREAMS), np.bool_)
TPS = "Trigger_Primitive"
OnGap = Callable[[int, Window, Gap], None]  # crate, window, gap


@dataclass
class CrateSummary:
    """What was seen of one crate.

    Attributes
    ----------
    windows : in the order of time.
    table : int16 array, (40, 64), its channel map.
    report : what the receiver counted.
    sums : samples by channel, frames by stream and time.
    """

    crate: int
    windows: tuple[Window, ...]
    table: NDArray[np.int16]
    report: Report
    sums: Sums

    @property
    def blocks(self) -> int:
        """Blocks of 64 ticks that the windows cover."""
        return sum(window.n_blocks for window in self.windows)

    @property
    def seconds(self) -> float:
        """Time that the windows cover; pauses between them do not count."""
        return self.blocks * TICKS_PER_BLOCK * TICK_NS * 1e-9

    @property
    def frames(self) -> int:
        """Frames that came as they should."""
        return self.report.total("delivered")


@dataclass
class Inspection:
    """The result: ``objects`` are rows on TAs and TCs, ``fault`` the first thing that is wrong, None if nothing is."""

    source: Path
    found: Catalogue | None = None
    crates: list[CrateSummary] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    tps: TpSums | None = None
    objects: dict[str, object] = field(default_factory=dict)
    fault: str | None = None

    @property
    def frames(self) -> int:
        """Frames that came as they should, of all crates."""
        return sum(crate.frames for crate in self.crates)


class TellingReport(Report):
    """A report that hands on every gap when it has ended, however many there are."""

    def __init__(self, tell: Callable[[Gap], None]) -> None:
        super().__init__()
        self._tell = tell
        self._open: dict[int, Gap] = {}  # by stream

    def note_missing(self, window: int, stream: int, timestamp: int, blocks: int, cause: int) -> None:
        """Count missing frames of a stream; those of one cause in a row become one gap."""
        super().note_missing(window, stream, timestamp, blocks, cause)
        last = self._open.get(stream)
        end = last.timestamp + last.blocks * wibeth.TIMESTAMP_PER_FRAME if last else -1
        if last and (last.window, last.cause, end) == (window, CAUSES[cause], timestamp):
            self._open[stream] = last._replace(blocks=last.blocks + blocks)
            return
        if last:
            self._tell(last)
        self._open[stream] = Gap(window, stream, timestamp, blocks, CAUSES[cause])

    def finish(self) -> None:
        """Hand on the gaps that have not ended."""
        for stream in sorted(self._open):
            self._tell(self._open[stream])
        self._open.clear()


def look(
    source: Path,
    *,
    crate: int | None = None,
    map_file: Path | None = None,
    watch: str | None = None,
    on_gap: OnGap | None = None,
) -> Inspection:
    """Read all of a file or folder.

    Parameters
    ----------
    crate : the one to read; without it all are.
    map_file : DUNE's text file PD2HDChannelMap; without it the map in the file, else the built-in rule.
    watch : label of a progress bar on stderr; without it nothing is shown.
    on_gap : called with every gap, as it is found.
    """
    seen = Inspection(source)
    try:
        seen.found = catalogue.read(source)
        if TPS in seen.found.others:
            seen.tps = sum_tps(seen.found)
        seen.objects = object_rows(seen.found)
        chosen = (
            [seen.found.crate(crate)]
            if crate is not None or not (seen.tps or seen.objects or seen.found.crates)
            else None
        )
        others = {w.file for w in seen.found.windows if chosen and w.crate not in chosen}
        for file in seen.found.files:
            if file.truth is not None and file not in others:
                seen.events += _origins(file.path)
        for number in chosen or seen.found.crates:
            _look_at(seen, number, map_file, watch, on_gap)
        late = [
            *seen.found.findings.sentences,
            *(c.report.first for c in seen.crates),
            *seen.found.sums.sentences,
        ]
        seen.fault = next((sentence for sentence in late if sentence), None)
    except UserError as error:
        seen.fault = str(error)
    return seen


def _look_at(
    seen: Inspection, number: int, map_file: Path | None, watch: str | None, on_gap: OnGap | None
) -> None:
    from streams.files.crate_map import table_of
    from streams.replay import new_windows, of_crate, received

    assert seen.found is not None
    windows = of_crate(seen.found, number)
    table = table_of(seen.found, number, map_file)
    read = [window for window, _ in new_windows(windows)]
    report = Report() if on_gap is None else TellingReport(lambda gap: on_gap(number, read[gap.window], gap))
    summary = CrateSummary(number, windows, table, report, Sums(sum(w.n_blocks for w in windows)))
    seen.crates.append(summary)
    starts = dict(zip(windows, np.cumsum([0, *(w.n_blocks for w in windows)]).tolist(), strict=False))
    for window, span in _watched(received(seen.found, number, table, report), watch, summary):
        block = starts[window] + (span.timestamp - window.timestamp) // wibeth.TIMESTAMP_PER_FRAME
        lost = _NONE_MISSING[: len(span.samples)] if span.missing is None else span.missing
        summary.sums.add(span.samples, lost, block)
    if isinstance(report, TellingReport):
        report.finish()


def _origins(path: Path) -> Counter[str]:
    """Count the events of a file's truth by origin."""
    found: Counter[str] = Counter()
    with opened(path) as file:
        events = file["Truth/events"]
        for low in range(0, len(events), 1 << 16):
            found.update(origin.decode() for origin in events[low : low + (1 << 16)]["origin"])
    return found


def _watched(
    source: Iterable[tuple[Window, Span]], label: str | None, summary: CrateSummary
) -> Iterator[tuple[Window, Span]]:
    if label is None:
        yield from source
        return
    from streams.console import progress

    total = sum(-(-window.n_blocks // 16) for window in summary.windows)
    yield from progress(source, f"{label} crate {summary.crate}", total=total)
