"""The commands of ``streams``: thin functions that parse, call the library and print one summary."""

from __future__ import annotations

import time
from pathlib import Path

import typer


def simulate(
    config: Path = typer.Argument(..., help="TOML file of the simulation"),
    output: Path = typer.Option(
        ..., "--output", "-o", help="HDF5 file to write (must not exist), or the folder of a run in parts"
    ),
    apas: int | None = typer.Option(
        None,
        help="a run in parts: so many assemblies of a module, 1 to 150, each with its position and crate",
    ),
    span_ms: float | None = typer.Option(
        None, help="a run in parts: length of a file, rounded down to whole windows; without it 50 ms"
    ),
    workers: int | None = typer.Option(
        None,
        min=0,
        help="a run in parts: processes on this machine, 0: this one alone; without it one for each core",
    ),
    scheduler: str = typer.Option(
        "",
        help="a run in parts: address of a Dask scheduler; its workers write to the folder, so all must share it",
    ),
    serial: bool = typer.Option(
        False, "--serial", help="a run in parts: without Dask, the same as --workers 0"
    ),
) -> None:
    """Simulate a detector stream into a DUNE-DAQ HDF5 file, or a module into a folder of them.

    A run in parts has a file for each assembly and span of time. If it is stopped or killed, the same command goes on;
    the bytes are the same however it is made.

    Example: lartrig simulate run.toml -o run.h5

    Example: lartrig simulate run.toml -o run --span-ms 50

    Example: lartrig simulate run.toml -o module --apas 150 --scheduler tcp://host:8786
    """
    from streams.config import SimulationConfig, checked
    from streams.console import console, table
    from streams.files.writer import summary, write_run
    from streams.toml import load

    start = time.perf_counter()
    settings = checked(load(config, SimulationConfig))
    if apas is not None or span_ms is not None or workers is not None or scheduler or serial:
        from streams.cluster.command import Options, simulate_in_parts

        rows = simulate_in_parts(settings, output, Options(apas, span_ms, workers, scheduler, serial))
    else:
        rows = summary(write_run(settings, output, shown="simulate"))
    rows["took"] = f"{time.perf_counter() - start:.1f} s"
    console.print(table(f"simulated {output}", rows))


def join(
    sources: list[Path] = typer.Argument(
        ..., help="files of one span of time, one crate each; or the folder of a run"
    ),
    output: Path = typer.Option(
        ..., "--output", "-o", help="HDF5 file to write; for a folder, folder to write"
    ),
) -> None:
    """Join crates: the files of several assemblies into files whose records hold all of them, as DUNE's do.

    A folder gives a folder with one file for each span of time. What is joined is plain: no truth, no frame checks.

    Example: lartrig join module/ -o joined/

    Example: lartrig join run_crate0001.hdf5 run_crate0002.hdf5 -o run.hdf5
    """
    from streams.console import console, table
    from streams.files import joined

    rows = joined.join(sources, output, shown="join")
    console.print(table(f"joined {output}", rows))


def inspect(
    source: Path = typer.Argument(..., help="HDF5 file, or folder with the files of one run"),
    output: Path = typer.Option(
        None, "--output", "-o", help="PNG file: noise, pedestals, frames over time, faults"
    ),
    gaps: Path = typer.Option(None, "--gaps", help="CSV file: every gap, one a line"),
    crate: int = typer.Option(None, "--crate", help="read this crate only"),
    channel_map: Path = typer.Option(
        None, "--channel-map", help="DUNE's PD2HDChannelMap, if not the file's own map"
    ),
) -> None:
    """Show what a file or folder holds: streams, rates, faults, samples, TPs, TAs (exit code 1 if anything is wrong).

    Example: lartrig inspect run.h5 -o run.png --gaps gaps.csv

    Example: lartrig inspect module/ --crate 7
    """
    from contextlib import ExitStack

    from streams.console import console, table
    from streams.errors import UserError
    from streams.inspection import look, picture, tables
    from streams.output import fresh

    picture.check_name(output)
    with ExitStack() as stack:
        writer = None
        if gaps:
            part = stack.enter_context(fresh(gaps, folder=False))
            writer = tables.GapWriter(stack.enter_context(part.open("w")))
        seen = look.look(source, crate=crate, map_file=channel_map, watch="inspect", on_gap=writer)
        if seen.fault and not (seen.crates or seen.tps or seen.objects):
            raise UserError(seen.fault)
        drawn = picture.write(seen, output) if output else []
    if seen.crates[1:]:
        console.print(tables.crate_table(seen))
    for one in seen.crates:
        if not one.report.good or one.report.total("flagged"):
            console.print(tables.stream_table(one))
    made = [*drawn, *filter(None, [gaps])]
    written = (
        {"written": ", ".join(map(str, made[:3])) + f" and {len(made) - 3} more" * (len(made) > 3)}
        if made
        else {}
    )
    console.print(table(f"{source}", tables.rows(seen) | written))
    if seen.fault:
        raise UserError(seen.fault)
