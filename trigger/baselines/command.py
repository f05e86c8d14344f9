"""The command ``lartrig tpg``: a thin function that parses, calls the library and prints one summary."""

from __future__ import annotations

from collections import Counter
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
    given: list[str] = typer.Option([], "--set", "-s", help="NAME=VALUE, by DUNE's name; may be repeated"),
    crate: int = typer.Option(None, "--crate", help="read this crate only"),
    channel_map: Path = typer.Option(
        None, "--channel-map", help="DUNE's PD2HDChannelMap, if not the file's own map"
    ),
    settled: bool = typer.Option(False, "--settled", help="begin with the first sample as the pedestal"),
    strict: bool = typer.Option(
        False, "--strict", help="end with the first fault, exit code 1, and write nothing"
    ),
) -> None:
    """Find trigger primitives in raw frames, as DUNE's code does, and write them in DUNE's layout.

    A pedestal of tpglibs needs 90 ms to settle, as DUNE's does: a shorter file gives no TPs without --settled.

    Example: lartrig tpg run.h5 --algorithm simple_threshold --threshold 60 --settled -o tps.h5

    Example: lartrig tpg run/ -a abs_rs -n fdreadoutlibs --set tpg_threshold=60 --crate 2 -o tps.h5
    """
    from streams.console import console, table
    from streams.errors import UserError
    from streams.receiver.report import Report
    from trigger.baselines import algorithms, options
    from trigger.baselines.from_file import Task

    parameters = options.parameters(numerics, threshold, given)
    chain = algorithms.make(algorithm, numerics, parameters)
    if settled:
        chain = options.settled(chain)
    task = Task(source, chain, crate, channel_map, strict, shown="tpg")
    facts = {"algorithm": algorithm, "numerics": numerics, "parameters": parameters, "settled": settled}
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
    planes: Counter[str] = Counter()

    def tps() -> Iterator[NDArray[np.void]]:
        for batch, generator in batches(task, report):
            seen[:] = [generator]
            planes.update(options.by_plane(batch))
            yield batch

    file = task.found.files[0]
    index = 0 if task.source.is_dir() else file.index
    config = json.dumps(facts)
    plan = TpPlan(task.chain.tp_version, file.run_number, file_index=index, config_json=config)
    write_tps(output, tps(), plan, {"command": "tpg", "source": str(task.source), **facts})
    return options.summary(task.chain, planes, seen[0].dropped, report)
