"""The commands of ``firmware_tests``: thin functions that parse, call the library and print one summary."""

from __future__ import annotations

from pathlib import Path

import typer


def cosim(
    firmware: Path = typer.Argument(..., help="folder that convert wrote"),
    run: Path = typer.Argument(..., help="HDF5 file that simulate wrote, or of a detector"),
    windows: int = typer.Option(0, min=0, help="windows of the file to take; 0 takes all"),
    simulator: str = typer.Option("verilator", help="verilator or icarus"),
    report: Path | None = typer.Option(None, help="JSON file to write the result to"),
    faults: str = typer.Option("", help='put faults into the frames: "lost=0.01,seed=7" (docs/replay.md)'),
    crate: int | None = typer.Option(None, help="crate of a file with several"),
) -> None:
    """Co-simulate front end, network and decision on a file; every beat is compared.

    Example: lartrig cosim firmware/ run.h5

    Example: lartrig cosim firmware/ run.h5 --faults "lost=0.01,silent=3"
    """
    from rich.console import Console

    from firmware_tests.cosim import cosim as library_cosim
    from firmware_tests.cosim_summary import summary, write
    from streams.console import console
    from trigger.replay_source import Asked

    with Console(stderr=True).status(
        "building and simulating; the first build of a firmware takes about a minute"
    ):
        asked = Asked(faults=faults, crate=crate)
        found = library_cosim(firmware, run, windows=windows, simulator=simulator, asked=asked)
    console.print(summary(found))
    if report is not None:
        write(found, report)


def demo(
    output: Path = typer.Option(Path("build/demo"), "--output", "-o", help="folder to write"),
) -> None:
    """Run the whole line, from simulation to proven firmware, and print one table.

    Example: lartrig demo
    """
    from firmware_tests.demo import run

    run(output)
