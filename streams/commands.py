"""The commands of ``streams``: thin functions that parse, call the library and print one summary."""

from __future__ import annotations

import time
from pathlib import Path

import typer


def simulate(
    config: Path = typer.Argument(..., help="TOML file of the simulation"),
    output: Path = typer.Option(..., "--output", "-o", help="HDF5 file to write; must not exist"),
) -> None:
    """Simulate a detector stream into a DUNE-DAQ HDF5 file.

    Example: lartrig simulate run.toml -o run.h5
    """
    from streams.config import SimulationConfig, checked
    from streams.console import console, table
    from streams.daq.writer import summary, write_run
    from streams.toml import load

    settings = checked(load(config, SimulationConfig))
    start = time.perf_counter()
    written = write_run(settings, output, shown="simulate")
    rows = summary(written)
    rows["took"] = f"{time.perf_counter() - start:.1f} s"
    console.print(table(f"simulated {output}", rows))


def inspect(
    file: Path = typer.Argument(..., help="HDF5 file of a run"),
) -> None:
    """Show what a file holds: windows, streams, rates, samples by plane, integrity (exit code 1 if it fails).

    Example: lartrig inspect run.h5
    """
    from streams import inspection
    from streams.console import console, table
    from streams.errors import UserError

    found = inspection.inspect(file, watch="inspect")
    console.print(table(f"{file}", inspection.rows(found)))
    if found.fault:
        raise UserError(found.fault)
