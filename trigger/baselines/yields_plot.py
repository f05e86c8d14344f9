"""The figure of docs/tpg.md: TPs per event by plane, and in the window's time, ours and published.

>>> sorted(COLOURS)
['interaction', 'noise', 'published']
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trigger.baselines.yields_published import BINS, EVENTS, SAMPLES, TIME_START, WITH_CHARGE, per_event

COLOURS = {"interaction": "#1f6fb4", "noise": "#9cc3e6", "published": "#e07b1a"}
TOGETHER = 4  # bins of the window's time
_TITLES = {"simple_threshold": "SimpleThreshold", "abs_rs": "AbsRS"}


def draw(ours: Mapping[str, Any], sourced: Mapping[str, Any], path: Path) -> None:
    """Draw TPs per event with our settings, with those of the production, and published."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    for name, (bars, lines) in zip(_TITLES, figure.subplots(2, 2), strict=True):
        _bars(bars, name, ours[name], sourced[name])
        _lines(lines, name, sourced[name])
    figure.savefig(path, dpi=110)


def _bars(panel: Any, name: str, ours: Mapping[str, Any], sourced: Mapping[str, Any]) -> None:
    at = np.arange(3)
    for shift, one, mark in ((-0.27, ours, ""), (0.0, sourced, "//")):
        style = {"width": 0.25, "hatch": mark, "edgecolor": "white"}
        panel.bar(at + shift, one["noise"], color=COLOURS["noise"], **style)
        panel.bar(at + shift, one["interaction"], bottom=one["noise"], color=COLOURS["interaction"], **style)
    panel.bar(at + 0.27, per_event(name), 0.25, color=COLOURS["published"])
    for kind, label in (
        ("noise", "of noise"),
        ("interaction", "of the interaction"),
        ("published", "published"),
    ):
        panel.bar([0], [0], color=COLOURS[kind], label=label)
    panel.bar([0], [0], color="white", edgecolor="grey", hatch="//", label="settings of the production")
    panel.set_xticks(at, ["U", "V", "X"])
    panel.set(title=_TITLES[name], ylabel="TPs per event")
    panel.set_ylim(top=1.35 * max(per_event(name)))  # room for the legend
    panel.legend(frameon=False, fontsize=8, loc="upper left")


def _lines(panel: Any, name: str, sourced: Mapping[str, Any]) -> None:
    ours = np.array(sourced["noise_in_time"], float)
    ours[:WITH_CHARGE] += sum(sourced["interaction"]) / WITH_CHARGE
    theirs = 1000 * np.array(TIME_START["cc"][name]) / EVENTS
    edges = np.arange(0, SAMPLES + 1, TOGETHER * SAMPLES // BINS)
    for values, kind, label in (
        (ours, "interaction", "ours, settings of the production"),
        (theirs, "published", "published"),
    ):
        heights = values.reshape(-1, TOGETHER).mean(axis=1)
        panel.stairs(heights, edges, color=COLOURS[kind], label=label, baseline=None, linewidth=1.5)
    panel.set(
        xlabel="sample of the window", ylabel=f"TPs per event in {SAMPLES // BINS} samples", ylim=(0, None)
    )
    panel.legend(frameon=False)
