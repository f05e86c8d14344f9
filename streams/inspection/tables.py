"""The tables of an inspection: the source in one, the streams of each crate in another, one line for each gap.

>>> from pathlib import Path
>>> rows(Inspection(Path("run.h5"), fault="run.h5 is empty"))
{'integrity': 'FAILED'}
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

import numpy as np

from streams import channel_map
from streams.daq import wibeth
from streams.files.windows import Window
from streams.inspection.look import CrateSummary, Inspection
from streams.receiver.report import Gap

if TYPE_CHECKING:
    from rich.table import Table

_SHORT = {
    "missing": "missing",
    "lost": "lost",
    "corrupted": "corr.",
    "truncated": "trunc.",
    "late": "late",
    "jumped": "jumped",
    "duplicated": "dup.",
    "reordered": "reord.",
    "flagged": "flags",
    "stepped": "steps",
}
MOST_ORIGINS = 8  # rows of truth; the rest is summed up
GAP_COLUMNS = ("file", "record", "crate", "stream", "slot", "stream_id", "timestamp", "frames", "cause")


def rows(seen: Inspection) -> dict[str, object]:
    """Return names and values for a table."""
    found = seen.found
    if found is None or not found.files:
        return {"integrity": "FAILED"}
    shown: dict[str, object] = {"run": found.files[0].run_number}
    if len(found.files) > 1:
        shown["files"] = len(found.files)
    writers = sorted({file.writer for file in found.files} - {""})
    if writers:
        shown["written by"] = ", ".join(writers)
    for crate in seen.crates:
        mark = f"crate {crate.crate}: " if len(seen.crates) > 1 else ""
        shown |= {f"{mark}{name}": value for name, value in _crate_rows(crate).items()}
    shown |= seen.tps.rows() if seen.tps else {}
    for kind, (count, size) in sorted(found.others.items()):
        shown[f"other: {kind}"] = f"{count} fragments, {size / 1e6:.1f} MB"
    seconds, each = sum(crate.seconds for crate in seen.crates), " in each crate" if seen.crates[1:] else ""
    for origin, events in seen.events.most_common(MOST_ORIGINS):
        rate = f", {events / seconds:.1f} Hz{each}" if seconds else ""
        shown[f"truth {origin}"] = f"{events} events{rate}"
    rest = seen.events.most_common()[MOST_ORIGINS:]
    if rest:
        shown["truth, others"] = f"{sum(events for _, events in rest)} events of {len(rest)} more sources"
    if not any(file.truth for file in found.files):
        shown["truth"] = "none"
    good = (
        "good: every frame in order, all streams aligned" if seen.crates else "good: every fragment is whole"
    )
    shown["integrity"] = "FAILED" if seen.fault else good
    return shown


def _crate_rows(crate: CrateSummary) -> dict[str, object]:
    windows, size = crate.windows, crate.frames * wibeth.FRAME_BYTES
    ticks = _range(w.n_blocks * wibeth.SAMPLES for w in windows)
    shown: dict[str, object] = {
        "windows": f"{len(windows)} of {ticks} ticks",
        "streams": f"{_streams(crate)} (crate {crate.crate}), {wibeth.CHANNELS} channels each, {frames_per_s(crate)}",
        "span": f"{crate.seconds * 1e3:.3f} ms of data from timestamp {windows[0].timestamp}{_pause(crate)}",
        "frames read": f"{crate.frames} ({size / 1e6:.1f} MB; {size / crate.seconds / 1e9:.2f} GB/s in detector time)",
    }
    counted = crate.report.rows()
    if not crate.report.good or crate.report.total("missing"):
        shown |= {name: value for name, value in counted.items() if name not in ("delivered", "first fault")}
    elif "flagged" in counted:
        shown["flagged"] = counted["flagged"]
    mean, rms = crate.sums.pedestal(crate.table), crate.sums.rms(crate.table)
    for plane, first in channel_map.PLANE_FIRST.items():
        count = channel_map.PLANE_CHANNELS[plane]
        part = slice(first, first + count)
        there = ~np.isnan(mean[part])
        if there.any():
            shown[f"plane {plane}"] = (
                f"{there.sum()} channels, mean {mean[part][there].mean():.1f}, "
                f"r.m.s. {np.sqrt(np.mean(rms[part][there] ** 2)):.2f} ADC"
            )
    return shown


def _streams(crate: CrateSummary) -> str:
    there = int((crate.report.counts["delivered"] > 0).sum())
    return str(there) if there == channel_map.N_STREAMS else f"{there} of {channel_map.N_STREAMS}"


def frames_per_s(crate: CrateSummary) -> str:
    """Say how many frames a second the streams gave."""
    rates = crate.report.counts["delivered"] / crate.seconds
    low, high = rates.min(), rates.max()
    return f"{high:.1f} frames/s" if high - low < 0.05 else f"{low:.1f} to {high:.1f} frames/s"


def _pause(crate: CrateSummary) -> str:
    """Say how far the windows reach if there are pauses between them."""
    first, last = crate.windows[0], crate.windows[-1]
    seconds = (last.end - first.timestamp) / 62.5e6
    if seconds < 1.001 * crate.seconds:
        return ""
    return f", over {seconds:.3f} s" if seconds >= 1 else f", over {seconds * 1e3:.3f} ms"


def _range(numbers: Iterable[int]) -> str:
    found = sorted(set(numbers))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def stream_table(crate: CrateSummary) -> Table:
    """Return the streams of a crate with what was counted of each; kinds of fault that nobody had are left out."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    counts = crate.report.counts
    kinds = [name for name in _SHORT if counts[name].any()]
    shown = Table(title=f"crate {crate.crate}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("stream", "slot", "id", "frames", "per s", *(_SHORT[name] for name in kinds)):
        shown.add_column(name, justify="right", no_wrap=True)
    for number, (slot, stream_id) in enumerate(channel_map.STREAMS):
        frames = int(counts["delivered"][number])
        first = (number, slot, stream_id, frames, f"{frames / crate.seconds:.0f}")
        faults = [int(counts[name][number]) for name in kinds]
        shown.add_row(
            *map(str, first), *(str(n or "") for n in faults), style="yellow" if any(faults) else None
        )
    return shown


class GapWriter:
    """Writes gaps as lines of a CSV file, as they are found."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(GAP_COLUMNS)

    def __call__(self, crate: int, window: Window, gap: Gap) -> None:
        """Write a gap."""
        slot, stream_id = channel_map.STREAMS[gap.stream]
        place = (window.file.path.name, window.name, crate, gap.stream, slot, stream_id)
        self._writer.writerow((*place, gap.timestamp, gap.blocks, gap.cause))
