"""The commands of ``trigger``: thin functions that parse, call the library and print one summary."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from streams.errors import ConfigError

if TYPE_CHECKING:
    from streams.block import Block
    from trigger.replay import Progress, Result


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
    from trigger import train as training
    from trigger.config import TrainConfig

    settings = toml.load(config, TrainConfig)
    _absent(picture)
    result = training.run(settings, output)
    if picture is not None:
        from trigger import plots

        plots.training(result.facts, picture)
    console.print(table(f"Model {output}", training.summary(settings, result)))


def replay(
    source: Path = typer.Argument(..., help="run.h5, or a TOML file of a simulation to stream from"),
    firmware: Path = typer.Option(..., "--firmware", "-f", help="folder that `lartrig convert` wrote"),
    interactions: int = typer.Option(0, min=0, help="with a simulation: stop after this many interactions"),
    exposure: float = typer.Option(
        0.0, min=0.0, help="with a simulation: stop after this many seconds of one APA"
    ),
    report: Path | None = typer.Option(None, "--report", help="JSON file to write"),
    pictures: Path | None = typer.Option(None, "--pictures", help="folder for event.png and efficiency.png"),
) -> None:
    """Replay a file, or a simulation, through the trigger: triggers against truth.

    Example: lartrig replay run.h5 --firmware firmware/

    Example: lartrig replay signal.toml --firmware firmware/ --interactions 500 --report replay.json
    """
    from streams.console import console
    from trigger import replay as replaying
    from trigger import report as reports

    loaded = replaying.load(firmware)
    _absent(report)
    _absent(pictures)
    blocks, shown, per_10kt = _stream(source, interactions, exposure)
    result = replaying.run(blocks, loaded, interactions=interactions, exposure_s=exposure, shown=shown)
    result.per_10kt = per_10kt
    content = {"source": str(source), "threshold": loaded.settings.threshold, **reports.report(result)}
    if report is not None:
        _write_json(content, report)
    if pictures is not None:
        _draw(result, content, pictures)
    console.print(reports.candidate_table(content))
    if result.interactions:
        console.print(reports.energy_table(content))
    console.print(reports.summary(content))


def _absent(path: Path | None) -> None:
    """Refuse an output that could not be written, before the work that it would be lost after.

    >>> _absent(Path("none/r.json"))
    Traceback (most recent call last):
    streams.errors.ConfigError: output none/r.json: the folder none does not exist: create it first
    """
    if path is None:
        return
    if path.exists():
        raise ConfigError(f"output {path} exists already: remove it or choose another name")
    if not path.parent.is_dir():
        raise ConfigError(f"output {path}: the folder {path.parent} does not exist: create it first")


def _stream(source: Path, interactions: int, exposure_s: float) -> tuple[Iterable[Block], Progress, float]:
    """Return the blocks of a file or of a simulation, how to show progress on its frames, and rates per 10 kt."""
    from streams import toml
    from streams.config import SimulationConfig, checked
    from streams.console import progress
    from trigger.physics import PER_10KT
    from trigger.sample import FRAME_S

    if source.suffix != ".toml":
        from streams.replay import blocks, windows

        if interactions or exposure_s:
            raise ConfigError(f"{source}: a file is replayed whole: leave out --interactions and --exposure")
        whole = -(-sum(window.n_blocks for window in windows(source)) // 8)
        return blocks(source), lambda frames: progress(frames, "replay, frames", whole), PER_10KT
    import msgspec

    from streams.signals import NeutrinoSignal
    from streams.simulate import stream
    from trigger.assembly import per_10kt

    config = checked(toml.load(source, SimulationConfig))
    factor = per_10kt(config)
    neutrinos = [s for s in config.signals if isinstance(s, NeutrinoSignal)]
    rate = sum(s.rate_hz for s in neutrinos)
    if not interactions and not exposure_s:
        raise ConfigError(f"{source}: a simulation has no end: give --interactions N or --exposure SECONDS")
    if interactions and not rate:
        raise ConfigError(
            f"{source}: --interactions {interactions} needs neutrinos: give a signal of that kind a rate_hz over 0"
        )
    seconds = max(exposure_s, interactions / rate if interactions else 0.0)
    about = int(seconds / FRAME_S) + 1
    blocks_ = stream(msgspec.structs.replace(config, planes=("X",)))
    return blocks_, lambda frames: progress(frames, "replay, frames (about)", about), factor


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
