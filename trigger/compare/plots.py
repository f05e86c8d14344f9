"""Pictures of a comparison: rates by channel and plane, differences of pairs, values of one file against the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from streams.channel_map import PLANES
from trigger.compare.comparison import Comparison
from trigger.compare.report import planes
from trigger.compare.tally import DRAWN, OCTAVES, PER_OCTAVE, WIDEST, plane_of

A, B = "#1f6fb4", "#e07b1a"
_UNITS = {
    "time_start": "512 ns",
    "time_over_threshold": "512 ns",
    "adc_integral": "ADC counts",
    "adc_peak": "ADC counts",
}


def draw(found: Comparison, folder: Path) -> None:
    """Write rates.png, differences.png and scatter.png into a folder."""
    _rates(found, folder / "rates.png")
    _differences(found, folder / "differences.png")
    _scatter(found, folder / "scatter.png")


def _figure(width: float, height: float, rows: int, columns: int) -> tuple[Any, Any]:
    """Return a figure that needs no screen, and its axes: (rows, columns)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def _rates(found: Comparison, path: Path) -> None:
    figure, axes = _figure(10, 8, len(PLANES), 1)
    plane, rates = plane_of(found.tally.channels), planes(found)
    for number, (name, panel) in enumerate(zip(PLANES, axes[:, 0], strict=True)):
        here = plane == number
        channel = found.tally.channels[here]
        for side, colour, label, mark, size in ((0, A, "a", "o", 6), (1, B, "b", ".", 3)):
            counts = found.tally.by_channel[side, here]
            rate = f", {rates[name][f'{label}_hz_per_channel']:.2f} Hz" if name in rates else ""
            text = f"{label}: {counts.sum()}{rate}"
            panel.plot(channel, counts, mark, markersize=size, color=colour, fillstyle="none", label=text)
        panel.set_ylabel(f"TPs on {name}")
        panel.set_ylim(bottom=0)
        panel.yaxis.get_major_locator().set_params(integer=True)
        panel.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, ncols=2, frameon=False)
    axes[-1, 0].set_xlabel("channel")
    figure.savefig(path, dpi=110)


def _differences(found: Comparison, path: Path) -> None:
    figure, axes = _figure(10, 7, 2, 2)
    at = np.arange(-WIDEST - 1, WIDEST + 2)
    for name, panel in zip(DRAWN, axes.ravel(), strict=True):
        counts = found.tally.apart[name]
        panel.stairs(counts, np.append(at, WIDEST + 2) - 0.5, fill=True, color=A)
        if counts.any():
            panel.set_yscale("log")
            panel.set_ylim(0.5, 3 * counts.max())  # one pair is seen
        reach = max(10, int(np.abs(at[counts > 0]).max(initial=0)) + 1)
        panel.set_xlim(-reach - 0.5, reach + 0.5)
        beyond = ", the outer bins: all beyond" if reach > WIDEST else ""
        panel.set_title(f"{name}: {counts[WIDEST + 1]} of {counts.sum()} pairs equal{beyond}", fontsize=9)
        panel.set_xlabel(f"b - a [{_UNITS[name]}]")
        panel.set_ylabel("pairs")
    figure.savefig(path, dpi=110)


def _scatter(found: Comparison, path: Path) -> None:
    from matplotlib.colors import LogNorm

    figure, axes = _figure(13, 4.2, 1, len(found.tally.scatter))
    edges = 2.0 ** (np.arange(PER_OCTAVE * OCTAVES + 1) / PER_OCTAVE)
    for (name, counts), panel in zip(found.tally.scatter.items(), axes[0], strict=True):
        some = np.flatnonzero(counts.any(axis=0) | counts.any(axis=1))
        low, high = (int(some[0]), int(some[-1]) + 1) if len(some) else (0, PER_OCTAVE)
        shown = counts[low:high, low:high].T
        norm = LogNorm(1, max(int(shown.max()), 2))
        panel.pcolormesh(
            edges[low : high + 1], edges[low : high + 1], np.ma.masked_equal(shown, 0), norm=norm
        )
        panel.plot(edges[[low, high]], edges[[low, high]], color="#888888", linewidth=0.7)
        panel.set(xscale="log", yscale="log", xlabel=f"1 + {name} of a", ylabel=f"1 + {name} of b")
    figure.savefig(path, dpi=110)
