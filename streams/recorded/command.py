"""``lartrig import``: recorded waveforms into a DUNE-DAQ HDF5 file."""

from __future__ import annotations

import time
from pathlib import Path

import typer


def import_waveforms(
    source: Path = typer.Argument(
        ..., help="ADC counts (.npy, .npz), or electrons of Wire-Cell (.tar, .tar.bz2)"
    ),
    output: Path = typer.Option(..., "--output", "-o", help="HDF5 file to write; must not exist"),
    config: Path | None = typer.Option(None, "--config", "-c", help="TOML file: how; absent: the defaults"),
) -> None:
    """Bring waveforms that a detector recorded into a DUNE-DAQ HDF5 file.

    Example: lartrig import waveforms.npz -o run.h5 --config import.toml
    """
    from streams.console import console, table
    from streams.recorded.config import ImportConfig
    from streams.recorded.imported import import_file
    from streams.toml import load

    settings = load(config, ImportConfig) if config else ImportConfig()
    start = time.perf_counter()
    rows = import_file(source, output, settings, shown="import")
    rows["took"] = f"{time.perf_counter() - start:.1f} s"
    console.print(table(f"imported {output}", rows))
