"""The command ``lartrig tpg``: a thin function that parses, calls the library and prints one summary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from streams.receiver.report import Report
    from trigger.baselines.from_file import Task
    from trigger.baselines.generator import Generator


def tpg(
    source: Path = typer.Argument(..., help="HDF5 file of raw frames, or folder with the files of one run"),
    output: Path = typer.Option(..., "--output", "-o", help="HDF5 file of TPs to write"),
    algorithm: str = typer.Option(
        "simple_threshold", "--algorithm", "-a", help="simple_threshold, abs_rs, standard_rs"
    ),
    numerics: str = typer.Option(
        "tpglibs_v2", "--numerics", "-n", help="tpglibs_v2, tpglibs_v1, fdreadoutlibs"
    ),
    threshold: str = typer.Option(
        "", "--threshold", "-t", help="ADC counts; three with commas for planes U, V, X"
    ),
    parameter: list[str] = typer.Option(
        [], "--parameter", "-p", help="NAME=VALUE, by DUNE's name; may be repeated"
    ),
    crate: int = typer.Option(None, "--crate", help="read this crate only"),
    channel_map: Path = typer.Option(
        None, "--channel-map", help="DUNE's PD2HDChannelMap, if not the file's own map"
    ),
    settled: bool = typer.Option(False, "--settled", help="begin with the first sample as the pedestal"),
    strict: bool = typer.Option(False, "--strict", help="end with the first frame that is wrong"),
) -> None:
    """Find trigger primitives in raw frames, as DUNE's code does, and write them in DUNE's layout.

    Example: lartrig tpg run.h5 --algorithm simple_threshold --numerics tpglibs_v2 --threshold 60 -o tps.h5
    """
    from streams.console import console, table
    from streams.errors import UserError
    from streams.receiver.report import Report
    from trigger.baselines import algorithms, options
    from trigger.baselines.from_file import Task

    given = options.parameters(numerics, threshold, parameter)
    chain = algorithms.make(algorithm, numerics, given)
    if settled:
        chain = options.settled(chain)
    task = Task(source, chain, crate, channel_map, strict)
    facts = {"algorithm": algorithm, "numerics": numerics, "parameters": given, "settled": settled}
    report = Report()
    rows = _write(task, output, facts, report)
    console.print(table(f"TPs {output}", rows))
    if report.first is not None and not report.good:
        raise UserError(report.first)


def _write(task: Task, output: Path, facts: dict[str, Any], report: Report) -> dict[str, str]:
    """Write the file; return the rows of the summary."""
    import json

    from streams.files.tp_file import TpPlan, write_tps
    from trigger.baselines import options
    from trigger.baselines.from_file import batches

    seen: list[Generator] = []

    def tps() -> Iterator[NDArray[np.void]]:
        for batch, generator in batches(task, report):
            seen[:] = [generator]
            yield batch

    plan = TpPlan(version=task.chain.tp_version, config_json=json.dumps(facts))
    written = write_tps(output, tps(), plan, {"command": "tpg", "source": str(task.source), **facts})
    return options.summary(task.chain, written, seen[0].dropped, report)
