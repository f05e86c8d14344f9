"""The picture of an inspection: noise and pedestal of every channel, frames over time, faults by stream; or TPs.

>>> CAUSE_COLOURS["lost"]
'#b2182b'
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from streams import channel_map
from streams.block import CHANNELS_PER_FACE
from streams.console import hz
from streams.daq import wibeth
from streams.errors import ConfigError
from streams.inspection.look import CrateSummary, Inspection
from streams.inspection.tps import HEIGHT_STEP, TpSums
from streams.output import check_free, fresh
from streams.receiver.report import CAUSES

PLANE_COLOURS = {"U": "#0b62a4", "V": "#1b8a5a", "X": "#c2571a"}
CAUSE_COLOURS = {
    "lost": "#b2182b",
    "corrupted": "#ef8a62",
    "truncated": "#b07aa1",
    "late": "#e6b800",
    "jumped": "#4d4d4d",
    "duplicated": "#67a9cf",
    "reordered": "#2166ac",
}
FORMATS = (".png", ".pdf", ".svg")
_MS_PER_BLOCK = wibeth.TIMESTAMP_PER_FRAME / 62_500
_MOST_NAMED = 8  # assemblies in a legend
_HOT = 20.0  # times the median: then rates are drawn on a log axis
_SPREAD = 4.0  # the axis of a plane reaches this many times from its middle half to either side, not to every outlier


def check_name(path: Path | None) -> None:
    """Refuse, before anything is read, a picture that exists or whose format is not known."""
    if path is not None and path.suffix not in FORMATS:
        raise ConfigError(f"output {path}: got the ending {path.suffix!r}, want one of {', '.join(FORMATS)}")
    if path is not None:
        check_free(path)


def write(seen: Inspection, path: Path) -> list[Path]:
    """Write the picture of each crate, and that of the TPs; return the files.

    The first one is ``path``; if there are more, their names go on with ``.crate2`` and so on.
    """
    pictures = [(f".crate{crate.crate}", _crate_figure(crate, seen)) for crate in seen.crates]
    if seen.tps is not None and seen.tps.count:
        pictures.append((".tps", _tp_figure(seen.tps, seen)))
    paths = []
    for number, (mark, figure) in enumerate(pictures):
        target = path if number == 0 else path.with_name(f"{path.stem}{mark}{path.suffix}")
        with fresh(target, folder=False) as part:
            figure.savefig(part, format=target.suffix[1:], dpi=110)
        paths.append(target)
    return paths


def _figure(width: float, height: float) -> Any:
    """Return a figure that needs no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _crate_figure(crate: CrateSummary, seen: Inspection) -> Any:
    figure = _figure(13, 10)
    axes = figure.subplot_mosaic(
        [["rms U", "rms V", "rms X"], ["mean U", "mean V", "mean X"], ["time", "time", "faults"]],
        height_ratios=[1, 0.8, 1.7],
    )
    rms, mean = crate.sums.rms(crate.table), crate.sums.pedestal(crate.table)
    for plane, first in channel_map.PLANE_FIRST.items():
        part = slice(first, first + channel_map.PLANE_CHANNELS[plane])
        beyond = _channels(axes[f"rms {plane}"], rms[part], plane, "r.m.s. [ADC]")
        _channels(axes[f"mean {plane}"], mean[part], plane, "pedestal [ADC]")
        median = np.nanmedian(rms[part]) if np.any(~np.isnan(rms[part])) else float("nan")
        marked = f", {beyond} off the scale" if beyond else ""
        axes[f"rms {plane}"].set_title(f"plane {plane}: median r.m.s. {median:.2f} ADC{marked}", fontsize=10)
        axes[f"mean {plane}"].set_xlabel(
            f"{plane} channel" + (" (dotted: between the faces)" if plane == "X" else "")
        )
        if plane == "X":
            for name in ("rms X", "mean X"):
                axes[name].axvline(CHANNELS_PER_FACE, color="#777777", linewidth=0.7, linestyle=":")
    _time(figure, axes["time"], crate)
    _faults(axes["faults"], crate)
    assert seen.found is not None
    missing = crate.report.total("missing")
    covered = missing + crate.frames
    share = (
        f"{missing} of {covered} frames missing ({missing / max(covered, 1):.2%})"
        if missing
        else "none missing"
    )
    figure.suptitle(
        f"{seen.source.name}, run {seen.found.files[0].run_number}, crate {crate.crate}: "
        f"{len(crate.windows)} windows, {crate.seconds * 1e3:.3g} ms of data, {share}"
    )
    return figure


def _channels(axes: Any, values: Any, plane: str, label: str) -> int:
    """Draw one point for each channel; the few that are far off are marked at the edge: return how many."""
    number = np.arange(len(values))
    there = ~np.isnan(values)
    axes.set_xlim(0, len(values))
    axes.set_ylabel(label)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    for gone in number[~there]:
        axes.axvspan(gone, gone + 1, color="#eeeeee", linewidth=0)
    if not there.any():
        axes.text(0.5, 0.5, "no samples", transform=axes.transAxes, ha="center", color="#777777")
        return 0
    low, middle, high = np.percentile(values[there], [25, 50, 75])
    reach = max(_SPREAD * (high - low), 0.02 * abs(middle), 0.5)
    bottom, top = max(middle - reach, 0.0), middle + reach
    axes.set_ylim(bottom, top)
    shown = np.clip(values, bottom, top)
    axes.plot(number, shown, ".", markersize=2.5, color=PLANE_COLOURS[plane])
    for outside, mark, edge in ((values > top, "^", top), (values < bottom, "v", bottom)):
        if outside.any():
            axes.plot(
                number[outside],
                np.full(outside.sum(), edge),
                mark,
                markersize=5,
                color="#b2182b",
                clip_on=False,
            )
    return int(((values > top) | (values < bottom)).sum())


def _time(figure: Any, axes: Any, crate: CrateSummary) -> None:
    """Draw which share of the frames of each stream is missing, over the time of the data."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("missing", ["#e8f0e8", "#fdd49e", "#ef6548", "#7f0000"])
    share = 1 - crate.sums.delivered / np.maximum(crate.sums.covered, 1)
    length = crate.blocks * _MS_PER_BLOCK
    extent = (0, length, channel_map.N_STREAMS - 0.5, -0.5)
    shown = axes.imshow(
        share, extent=extent, aspect="auto", vmin=0, vmax=1, cmap=colours, interpolation="nearest"
    )
    edges = np.cumsum([window.n_blocks for window in crate.windows])[:-1] * _MS_PER_BLOCK
    if 0 < len(edges) <= 100:
        for edge in edges:
            axes.axvline(edge, color="#555555", linewidth=0.5, linestyle=":")
    pauses = " (dotted: between windows)" if 0 < len(edges) <= 100 else ""
    axes.set_xlabel(f"time of data [ms]{pauses}")
    _stream_axis(axes)
    axes.set_ylabel("stream (slots 0 to 4)")
    axes.set_title("frames that are missing, by stream and time", fontsize=10, loc="left", y=1.0, pad=6)
    scale = figure.colorbar(shown, cax=axes.inset_axes([0.76, 1.02, 0.24, 0.025]), orientation="horizontal")
    scale.set_ticks([0, 1], labels=["none missing", "all"], fontsize=8)
    scale.ax.xaxis.set_ticks_position("top")


def _faults(axes: Any, crate: CrateSummary) -> None:
    """Draw the faults of each stream by kind, one bar each."""
    kinds = [*CAUSES, "duplicated", "reordered"]
    numbers = np.arange(channel_map.N_STREAMS)
    left = np.zeros(channel_map.N_STREAMS)
    for kind in kinds:
        counts = crate.report.counts[kind].astype(float)
        if counts.any():
            label = f"{kind} ({int(counts.sum())})"
            axes.barh(numbers, counts, left=left, height=0.8, color=CAUSE_COLOURS[kind], label=label)
            left += counts
    axes.set_ylim(channel_map.N_STREAMS - 0.5, -0.5)
    _stream_axis(axes)
    axes.set_xlabel("frames")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title("faults by stream", fontsize=10)
    if left.any():
        axes.legend(fontsize=8, loc="lower right", framealpha=0.9)
    else:
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no faults", transform=axes.transAxes, ha="center", color="#777777")


def _stream_axis(axes: Any) -> None:
    axes.set_yticks(np.arange(0, channel_map.N_STREAMS, 4))
    for slot in range(1, 5):
        axes.axhline(8 * slot - 0.5, color="white", linewidth=1.2)
        axes.axhline(8 * slot - 0.5, color="#888888", linewidth=0.5)


def _tp_figure(sums: TpSums, seen: Inspection) -> Any:
    figure = _figure(13, 8)
    axes = figure.subplot_mosaic([["U", "V", "X"], ["time", "time", "height"]])
    for plane, counts in sums.by_plane().items():
        _tp_rates(axes[plane], plane, counts / sums.seconds)
    edges = np.linspace(0, sums.seconds * 1e3, len(sums.by_time) + 1)
    rate = sums.by_time / (sums.seconds / len(sums.by_time))
    axes["time"].stairs(rate / 1e3, edges, color="#222222", linewidth=0.8)
    axes["time"].set_xlim(0, edges[-1])
    axes["time"].set_ylim(bottom=0)
    axes["time"].set_xlabel("time from the first TP [ms]")
    axes["time"].set_ylabel("rate of TPs [kHz]")
    _tp_heights(axes["height"], sums)
    assert seen.found is not None
    run = seen.found.files[0].run_number
    figure.suptitle(f"{seen.source.name}, run {run}: {sums.count} TPs in {sums.span}")
    return figure


def _tp_rates(axes: Any, plane: str, rates: Any) -> None:
    """Draw the rate of each channel, one line for each assembly that has any."""
    there = [number for number, part in enumerate(rates) if part.any()]
    for number in there:
        colour = PLANE_COLOURS[plane] if len(there) == 1 else None
        label = f"assembly {number}"
        axes.plot(rates[number], drawstyle="steps-mid", linewidth=0.7, label=label, color=colour)
    if 1 < len(there) <= _MOST_NAMED:
        axes.legend(fontsize=8)
    full = rates[rates > 0]
    if full.size and full.max() > _HOT * np.median(full):
        axes.set_yscale("log")  # else a hot channel hides all others
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlim(0, rates.shape[1])
    axes.set_xlabel(f"{plane} channel")
    axes.set_ylabel("rate of TPs [Hz]")
    mean = f"{hz(full.mean())} each in {full.size} channels" if full.size else "no TPs"
    axes.set_title(f"plane {plane}: {mean}", fontsize=10)


def _tp_heights(axes: Any, sums: TpSums) -> None:
    """Draw how many TPs there are by their peak."""
    last = int(np.flatnonzero(sums.by_height.any(axis=0)).max(initial=0)) + 2
    edges = float(HEIGHT_STEP) * np.arange(last + 1)
    for row, plane in enumerate(channel_map.PLANES):
        if sums.by_height[row].any():
            counts = np.pad(sums.by_height[row], (0, 2))[:last]
            axes.stairs(counts, edges, color=PLANE_COLOURS[plane], label=plane)
    axes.set_xlabel("peak [ADC]")
    axes.set_ylabel(f"TPs per {HEIGHT_STEP} ADC")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, edges[-1])
    axes.legend(fontsize=8)
