"""The command ``lartrig activities``: a thin function that parses, calls the library and prints one summary."""

from __future__ import annotations

from pathlib import Path

import typer


def activities(
    source: Path = typer.Argument(..., help="HDF5 file of TPs, ours or DUNE's, or folder of a run's"),
    algorithm: str = typer.Option(
        ..., "--algorithm", "-a", help="adc_simple_window, channel_adjacency, ... (a wrong name lists all)"
    ),
    given: list[str] = typer.Option([], "--set", "-s", help="NAME=VALUE, by DUNE's name; may be repeated"),
    output: Path = typer.Option(None, "--output", "-o", help="HDF5 file of TAs (and TCs) to write"),
    candidates: bool = typer.Option(False, "--candidates", help="make TCs of the TAs too"),
    candidate_given: list[str] = typer.Option(
        [], "--set-tc", help="NAME=VALUE for the TC maker; may be repeated"
    ),
    candidate_algorithm: str = typer.Option("", "--tc-algorithm", help="of the TCs, if not that of the TAs"),
    detector: int = typer.Option(None, "--detector", help="number of the detector, in a file of several"),
    flush: bool = typer.Option(False, "--flush", help="close the last window with a TP at the end of time"),
) -> None:
    """Make trigger activities (and candidates) of trigger primitives, as DUNE's code does.

    Example: lartrig activities tps.h5 --algorithm channel_adjacency --set adjacency_threshold=15 -o tas.h5

    Example: lartrig activities tps.h5 -a horizontal_muon --candidates --set-tc trigger_on_adc=true -o tas.h5
    """
    from streams.console import console, progress, table
    from streams.errors import ConfigError
    from streams.files.run_files import run_number
    from streams.files.tp_file import read_records
    from trigger.activities import run, ta_file

    if (candidate_given or candidate_algorithm) and not candidates:
        raise ConfigError("--set-tc and --tc-algorithm: they are for TCs: give --candidates too")
    tc_algorithm = (candidate_algorithm or algorithm) if candidates else ""
    parameters, tc_parameters = run.values("--set", given), run.values("--set-tc", candidate_given)
    task = run.Task(algorithm, parameters, tc_algorithm, tc_parameters, detector, flush)
    result = run.Result()
    made = run.batches(task, progress(read_records(source), "activities, records"), result, str(source))
    if output is None:
        for _ in made:
            pass
    else:
        facts = {
            "command": "activities",
            "source": str(source),
            "algorithm": algorithm,
            "parameters": parameters,
        }
        if candidates:
            facts |= {"candidates": tc_algorithm, "candidate_parameters": tc_parameters}
        ta_file.write(output, made, facts, run_number(source))
    console.print(table(f"{algorithm} {source}", run.summary(task, result)))
