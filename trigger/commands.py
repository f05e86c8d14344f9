"""The commands of ``trigger``: thin functions that parse, call the library and print one summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from trigger.replay import Result


def train(
    config: Path = typer.Argument(..., help="TOML file of the training"),
    output: Path = typer.Option(..., "--output", "-o", help="folder to write the model to"),
    picture: Path | None = typer.Option(None, "--picture", help="PNG file for the training curve"),
) -> None:
    """Train the quantised network on simulated images.

    Example: lartrig train train.toml -o model/
    """
    from streams import toml
    from streams.console import console, table
    from streams.output import check_free
    from trigger import train as training
    from trigger.config import TrainConfig

    settings = toml.load(config, TrainConfig)
    if picture is not None:
        check_free(picture)
    result = training.run(settings, output)
    if picture is not None:
        from trigger import plots

        plots.training(result.facts, picture)
    console.print(table(f"Model {output}", training.summary(settings, result)))


def replay(
    source: Path = typer.Argument(
        ..., help="run.h5, a folder of one run, or a TOML file of a simulation to stream from"
    ),
    firmware: Path = typer.Option(..., "--firmware", "-f", help="folder that `lartrig convert` wrote"),
    interactions: int | None = typer.Option(
        None, help="with a simulation: stop after this many interactions"
    ),
    exposure: float | None = typer.Option(
        None, help="with a simulation: stop after this many seconds of one APA"
    ),
    report: Path | None = typer.Option(None, "--report", help="JSON file to write"),
    pictures: Path | None = typer.Option(None, "--pictures", help="folder for event.png and efficiency.png"),
    faults: str = typer.Option(
        "", "--faults", help='put faults into the frames: "lost=0.01,seed=7", or a TOML file (docs/replay.md)'
    ),
    speed: float = typer.Option(0.0, help="1: as fast as the detector; 0: as fast as it goes"),
    strict: bool = typer.Option(False, "--strict", help="end with the first fault, exit code 1"),
    crate: int | None = typer.Option(None, "--crate", help="read this crate only"),
    channel_map: Path | None = typer.Option(
        None, "--channel-map", help="DUNE's PD2HDChannelMap, if not the file's own map"
    ),
) -> None:
    """Replay a file, a folder or a simulation through the trigger: triggers against truth, and every fault counted.

    Example: lartrig replay run.h5 --firmware firmware/

    Example: lartrig replay signal.toml --firmware firmware/ --interactions 500 --report replay.json

    Example: lartrig replay run.h5 --firmware firmware/ --faults "lost=0.01,flipped=0.01,silent=3@50"
    """
    from streams.console import console, table
    from streams.output import check_free
    from trigger import replay as replaying
    from trigger import report as reports
    from trigger.replay_source import Asked, open_source

    loaded = replaying.load(firmware)
    for path in filter(None, (report, pictures)):
        check_free(path)
    asked = Asked(interactions, exposure, faults, speed, strict, crate, channel_map)
    found = open_source(source, asked)
    result = replaying.run(
        found.blocks, loaded, interactions=interactions or 0, exposure_s=exposure or 0.0, shown=found.shown
    )
    result.per_10kt = found.per_10kt
    content = {"source": str(source), "threshold": loaded.settings.threshold, **reports.report(result)}
    content["readout"] = found.content()
    if report is not None:
        _write_json(content, report)
    if pictures is not None:
        _draw(result, content, pictures)
    console.print(reports.candidate_table(content))
    if result.interactions:
        console.print(reports.energy_table(content))
    console.print(reports.summary(content))
    if found.rows():
        console.print(table("Frames of the readout", found.rows()))


def _write_json(content: dict[str, Any], path: Path) -> None:
    from streams.output import fresh

    with fresh(path, folder=False) as part:
        part.write_text(json.dumps(content, indent=1) + "\n")


def _draw(result: Result, content: dict[str, Any], folder: Path) -> None:
    """Write the pictures that this replay has material for."""
    from streams.output import fresh
    from trigger import plots

    with fresh(folder, folder=True) as part:
        if result.snapshot is not None:
            cells = [cell for found in result.found for cell in found.candidate.cells]
            plots.image(result.snapshot, cells, part / "event.png")
        if result.interactions:
            plots.efficiency(content, part / "efficiency.png")
