"""``lartrig sources``: what would happen in an assembly, how often, and what a second of it costs."""

from __future__ import annotations

from pathlib import Path

import typer


def sources(
    config: Path | None = typer.Argument(None, help="TOML file of the simulation; absent: the defaults"),
) -> None:
    """List the sources of a simulation with their rates, and what a second of detector time costs.

    Example: lartrig sources run.toml
    """
    from rich.markup import escape
    from rich.table import Table

    from streams.config import SimulationConfig, checked
    from streams.console import console
    from streams.detector import load_detector, per_10kt
    from streams.sources.every import every_source
    from streams.sources.table import cost
    from streams.sources.table import sources as backgrounds
    from streams.toml import load

    settings = checked(load(config, SimulationConfig) if config else SimulationConfig())
    detector = load_detector(settings.detector)
    factor = per_10kt(detector, settings.position)
    table = Table(
        title=f"{settings.detector}, {settings.position}, model {settings.model}", title_justify="left"
    )
    for name in ("source", "place", "Hz", "Hz per 10 kt", "from"):
        table.add_column(name, justify="right" if "Hz" in name else "left")
    found = backgrounds(settings, detector)
    notes = {source.name: source.note for source in found}
    for source in every_source(settings, detector):
        rate = max((step[2] for step in source.steps), default=source.rate_hz)
        shown = "at most " if source.steps else ""
        note = notes.get(source.name, "signal")
        values = (source.name, source.place, f"{shown}{rate:.4g}", f"{shown}{rate * factor:.4g}", note)
        table.add_row(*map(escape, values))
    console.print(table)
    price = cost(found)
    console.print(
        f"{price.events:.4g} decays per second of detector time, about {price.cpu_seconds:.2g} s of one core for them"
    )
