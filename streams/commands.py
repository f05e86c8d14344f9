"""The commands of ``streams``: thin functions that parse, call the library and print one summary."""

from __future__ import annotations

from pathlib import Path

import typer


def simulate(
    config: Path = typer.Argument(..., help="TOML file of the simulation"),
    output: Path = typer.Option(..., "--output", "-o", help="HDF5 file to write"),
) -> None:
    """Simulate a detector stream into a DUNE-DAQ HDF5 file.

    Example: lartrig simulate run.toml -o run.h5
    """
    raise NotImplementedError
