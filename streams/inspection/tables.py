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
from numpy.typing import NDArray

from streams import channel_map
from streams.console import duration, truth_rows
from streams.daq import wibeth
from streams.files.windows import Window
from streams.inspection.look import TPS, CrateSummary, Inspection
from streams.inspection.objects import KINDS
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
SUMMED = (TPS, *KINDS)  # fragments with rows of their own
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
    if len(seen.crates) == 1:
        shown |= _crate_rows(seen.crates[0])
    elif seen.crates:
        shown |= {"crates": len(seen.crates), "frames read": _size(seen.frames)}
    shown |= seen.tps.rows() if seen.tps else {}
    shown |= seen.objects
    for kind, (count, size) in sorted(found.others.items()):
        if kind not in SUMMED:
            shown[f"other: {kind}"] = f"{count} fragments, {size / 1e6:.1f} MB"
    seconds, each = sum(crate.seconds for crate in seen.crates), " in each crate" if seen.crates[1:] else ""
    shown |= truth_rows(seen.events, seconds, each)
    if seen.crates and not any(file.truth for file in found.files):
        shown["truth"] = "none"
    good = (
        "good: every frame in order, all streams aligned" if seen.crates else "good: every fragment is whole"
    )
    shown["integrity"] = "FAILED" if seen.fault else good
    return shown


def _crate_rows(crate: CrateSummary) -> dict[str, object]:
    windows, speed = crate.windows, crate.frames * wibeth.FRAME_BYTES / crate.seconds
    ticks = _range(w.n_blocks * wibeth.SAMPLES for w in windows)
    shown: dict[str, object] = {
        "windows": f"{len(windows)} of {ticks} ticks",
        "streams": f"{_streams(crate)} (crate {crate.crate}), {wibeth.CHANNELS} channels each, {frames_per_s(crate)}",
        "span": f"{crate.seconds * 1e3:.3f} ms of data from timestamp {windows[0].timestamp}{_pause(crate)}",
        "frames read": f"{_size(crate.frames)}, {speed / 1e9:.2f} GB/s in detector time",
    }
    counted = crate.report.rows()
    if not crate.report.good or crate.report.total("missing"):
        shown |= {name: value for name, value in counted.items() if name not in ("delivered", "first fault")}
    elif "flagged" in counted:
        shown["flagged"] = counted["flagged"]
    mean, rms = crate.sums.pedestal(crate.table), crate.sums.rms(crate.table)
    for plane, first in channel_map.PLANE_FIRST.items():
        there = mean[first : first + channel_map.PLANE_CHANNELS[plane]]
        there = there[~np.isnan(there)]
        if there.size:
            noise = f"r.m.s. {_plane_rms(rms, plane):.2f} ADC"
            shown[f"plane {plane}"] = f"{there.size} channels, mean {there.mean():.1f}, {noise}"
    return shown


def _size(frames: int) -> str:
    return f"{frames}, {frames * wibeth.FRAME_BYTES / 1e6:.1f} MB"


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
    """Return the streams of a crate that something is wrong with; kinds of fault that nobody had are left out."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    counts = crate.report.counts
    kinds = [name for name in _SHORT if counts[name].any()]
    shown = Table(title=f"crate {crate.crate}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("stream", "slot", "id", "frames", "per s", *(_SHORT[name] for name in kinds)):
        shown.add_column(name, justify="right", no_wrap=True)
    wrong = [n for n in range(channel_map.N_STREAMS) if any(counts[name][n] for name in kinds)]
    for number in wrong:
        slot, stream_id = channel_map.STREAMS[number]
        frames = int(counts["delivered"][number])
        first = (number, slot, stream_id, frames, f"{frames / crate.seconds:.0f}")
        shown.add_row(*map(str, first), *(str(counts[name][number] or "") for name in kinds))
    if len(wrong) < channel_map.N_STREAMS:
        shown.caption = f"{channel_map.N_STREAMS - len(wrong)} other streams without faults"
        shown.caption_justify = "left"
    return shown


def crate_table(seen: Inspection) -> Table:
    """Return the crates of a run, one row each."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(title="r.m.s. in ADC counts", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("crate", "windows", "data", "streams", "frames", "missing", *channel_map.PLANES):
        shown.add_column(name, justify="right", no_wrap=True)
    for crate in seen.crates:
        rms = crate.sums.rms(crate.table)
        first = (crate.crate, len(crate.windows), duration(crate.seconds), _streams(crate), crate.frames)
        missing = str(crate.report.total("missing") or "")
        noise = [f"{_plane_rms(rms, plane):.2f}" for plane in channel_map.PLANES]
        shown.add_row(
            *map(str, first), missing, *noise, style=None if crate.report.good and not missing else "yellow"
        )
    return shown


def _plane_rms(rms: NDArray[np.float64], plane: str) -> float:
    """Return the r.m.s. of a plane; not a number without samples."""
    first = channel_map.PLANE_FIRST[plane]
    part = rms[first : first + channel_map.PLANE_CHANNELS[plane]]
    there = part[~np.isnan(part)]
    return float(np.sqrt(np.mean(there**2))) if there.size else float("nan")


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
