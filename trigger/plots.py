"""The pictures: an image with truth and triggers, efficiency against energy, the training curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from streams.block import CHANNELS_PER_FACE, TICK_NS
from trigger.candidates import Fired
from trigger.frames import ROWS
from trigger.images import CELL_COLUMNS, CELL_TICKS, POSITIVE, TICKS_PER_ROW, charge_by_event, labels
from trigger.replay import Snapshot

TRUTH, TRIGGER, INK = "#35d0ff", "#7cff4f", "#222222"
_ZOOM = 40  # channels either side of the candidate in the lower panel


def _figure(width: float, height: float, panels: int = 1) -> tuple[Any, Any]:
    """Return a figure that needs no screen, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(panels, 1)


def image(snapshot: Snapshot, fired: list[Fired], path: Path) -> None:
    """Draw a frame with the neutrino's cells (truth) and the cells over threshold (triggers).

    Parameters
    ----------
    snapshot : the frame and its truth.
    fired : the cells over threshold of all candidates; those of other frames are left out.
    path : PNG file to write.
    """
    figure, (whole, zoom) = _figure(11, 7.2, 2)
    channel = snapshot.found.candidate.best.channel
    face = channel // CHANNELS_PER_FACE
    left = int(np.clip(channel - _ZOOM, face * CHANNELS_PER_FACE, (face + 1) * CHANNELS_PER_FACE - 2 * _ZOOM))
    for axes in (whole, zoom):
        shown = _pixels(axes, snapshot)
        _cells(axes, snapshot, fired)
    whole.set_xlim(0, 2 * CHANNELS_PER_FACE)
    whole.axvline(CHANNELS_PER_FACE, color="white", linewidth=0.8, linestyle=":")
    whole.set_title(
        f"One frame of {ROWS} x 960 pixels: 262 us of both faces of one APA (dotted: between the faces)"
    )
    zoom.set_xlim(left, left + 2 * _ZOOM)
    zoom.set_title(
        f"Around a {snapshot.found.energy_mev:.1f} MeV neutrino "
        f"({snapshot.found.match.electrons / 1000:.0f} ke- in the candidate's cells)"
    )
    _name_events(zoom, snapshot, left)
    figure.colorbar(shown, ax=[whole, zoom], label="pixel [32 ADC tick], pedestal at 16", shrink=0.7)
    handles, names = zoom.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=130)


def _pixels(axes: Any, snapshot: Snapshot) -> Any:
    frame = snapshot.frame
    guard = frame.image.shape[1] // 2 - CHANNELS_PER_FACE
    faces = frame.image.reshape(ROWS, 2, CHANNELS_PER_FACE + guard)[:, :, :CHANNELS_PER_FACE]
    axes.set_xlabel("collection channel")
    axes.set_ylabel("time in the frame [us]")
    extent = (0, 2 * CHANNELS_PER_FACE, 0, ROWS * TICKS_PER_ROW * TICK_NS / 1000)
    return axes.imshow(
        faces.reshape(ROWS, -1), extent=extent, aspect="auto", origin="lower", cmap="magma", vmin=8, vmax=64
    )


def _cells(axes: Any, snapshot: Snapshot, fired: list[Fired]) -> None:
    first = snapshot.frame.first_tick
    truth = labels(snapshot.charge, snapshot.neutrinos, first)
    every = charge_by_event(snapshot.charge, snapshot.neutrinos, first).max(axis=0, initial=0.0)
    some = (every > 1000) & (truth != POSITIVE)
    for cells, style, name in [
        (truth == POSITIVE, "-", "truth: cell with at least 20 ke- of one neutrino"),
        (some, ":", "truth: 1 to 20 ke- (left out of the loss)"),
    ]:
        for row, column in np.argwhere(cells).tolist():
            channel = column * CELL_COLUMNS - (column >= 124) * 16
            _box(axes, row * CELL_TICKS, channel, TRUTH, style, name, inset=0.0)
    for cell in fired:
        if first <= cell.first_tick < first + ROWS * TICKS_PER_ROW:
            _box(
                axes,
                cell.first_tick - first,
                cell.channel,
                TRIGGER,
                "-",
                "trigger: cell over threshold",
                inset=0.12,
            )


def _name_events(axes: Any, snapshot: Snapshot, left: int) -> None:
    """Write the origin beside each background event with at least 2 ke- in the panel."""
    charge = snapshot.charge
    shown = (charge["channel"] >= left) & (charge["channel"] < left + 2 * _ZOOM)
    for identity in np.unique(charge["event"][shown & ~np.isin(charge["event"], snapshot.neutrinos)]):
        mine = charge[shown & (charge["event"] == identity)]
        total = float(mine["electrons"].sum())
        if total < 2000:
            continue
        tick = float(np.average(mine["tick"], weights=mine["electrons"])) - snapshot.frame.first_tick
        channel = float(np.average(mine["channel"], weights=mine["electrons"]))
        name = f"{snapshot.origins.get(int(identity), '?')}, {total / 1000:.0f} ke-"
        place = (channel + 1.5, tick * TICK_NS / 1000)
        axes.annotate(name, place, color="white", fontsize=7, va="center", annotation_clip=True)


def _box(axes: Any, tick: int, channel: int, color: str, style: str, name: str, inset: float) -> None:
    from matplotlib.patches import Rectangle

    us = TICK_NS / 1000
    high, wide = CELL_TICKS * us, float(CELL_COLUMNS)
    corner = (channel + inset * wide, tick * us + inset * high)
    size = (wide * (1 - 2 * inset), high * (1 - 2 * inset))
    axes.add_patch(
        Rectangle(corner, *size, fill=False, edgecolor=color, linestyle=style, linewidth=1.3, label=name)
    )


def efficiency(content: dict[str, Any], path: Path) -> None:
    """Draw efficiency against neutrino energy from a report (see ``trigger.report.report``), 90 % intervals."""
    figure, axes = _figure(7, 4.6)
    rows = [r for r in content["efficiency"]["by_energy"] if r["tried"]]
    centre = np.array([(r["low_mev"] + r["high_mev"]) / 2 for r in rows])
    half = np.array([(r["high_mev"] - r["low_mev"]) / 2 for r in rows])
    value = np.array([r["efficiency"] for r in rows])
    down = value - np.array([r["interval_low"] for r in rows])
    up = np.array([r["interval_high"] for r in rows]) - value
    style = {"fmt": "o", "color": "#0b62a4", "markersize": 4.5, "capsize": 2.5, "linewidth": 1.2}
    axes.errorbar(
        centre,
        value,
        xerr=half,
        yerr=[np.maximum(down, 0), np.maximum(up, 0)],
        label="90 % interval",
        **style,
    )
    for x, r in zip(centre, rows, strict=True):
        axes.annotate(
            f"{r['tried']:.0f}",
            (x, 0.015),
            ha="center",
            fontsize=7,
            color=INK,
            xycoords=("data", "axes fraction"),
        )
    eff, back = content["efficiency"], content["background"]
    low, high = back["interval_90_hz_per_10kt"]
    rate = f"< {high:.3g}" if not back["candidates"] else f"{low:.3g} to {high:.3g}"
    axes.set_title(
        f"{eff['found']} of {eff['tried']} interactions found; background {rate} Hz per 10 kt\n"
        f"(90 %, from {content['exposure_s']:.3g} s of one APA)",
        fontsize=10,
    )
    axes.set_xlabel("neutrino energy [MeV]   (numbers: interactions tried)")
    axes.set_ylabel("efficiency per interaction")
    axes.set_ylim(0, 1.04)
    axes.grid(alpha=0.25)
    axes.legend(loc="center right", frameon=False)
    figure.savefig(path, dpi=130)


def training(facts: dict[str, Any], path: Path) -> None:
    """Draw the training curve from the content of ``training.json``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     training({"loss": [0.3, 0.1], "validation_loss": [0.2, 0.1]}, Path(folder) / "curve.png")
    ...     [path.name for path in Path(folder).iterdir()]
    ['curve.png']
    """
    figure, axes = _figure(7, 4.2)
    epochs = np.arange(1, len(facts["loss"]) + 1)
    axes.plot(epochs, facts["loss"], "o-", color="#0b62a4", markersize=4, label="training crops")
    axes.plot(
        epochs,
        facts["validation_loss"],
        "s--",
        color="#d1495b",
        markersize=4,
        label="validation crops (own seeds)",
    )
    axes.set_ylim(0, 1.1 * max(facts["loss"] + facts["validation_loss"]))
    axes.set_xlabel("epoch")
    axes.set_ylabel("weighted cross-entropy per judged cell")
    axes.set_xticks(epochs)
    axes.grid(alpha=0.25, which="both")
    axes.legend(frameon=False)
    axes.set_title("Quantisation-aware training", fontsize=10)
    figure.savefig(path, dpi=130)
