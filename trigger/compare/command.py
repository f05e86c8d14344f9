"""The command ``lartrig compare``: a thin function that parses, calls the library and prints one summary."""

from __future__ import annotations

from pathlib import Path

import typer


def compare(
    a: Path = typer.Argument(..., help="HDF5 file of TPs, ours or DUNE's, or folder of a run's"),
    b: Path = typer.Argument(..., help="file or folder of TPs to compare it with"),
    output: Path | None = typer.Option(None, "--output", "-o", help="folder for compare.json and the plots"),
    report_file: Path | None = typer.Option(None, "--report", help="JSON file to write"),
    match: str = typer.Option(
        "overlap", "--match", help="overlap: TPs whose times overlap; exact: TPs of the same start"
    ),
    shift: int | None = typer.Option(
        None, "--shift", help="b starts so many 62.5 MHz counts later; without it: found from the first TPs"
    ),
) -> None:
    """Compare two files of trigger primitives: what is the same, what is not, and why. Exit code 1 if they differ.

    Example: lartrig compare ours.h5 theirs.h5 -o compared/

    Example: lartrig compare ours.h5 theirs/ --match exact --report compared.json
    """
    from streams.console import console, table
    from streams.errors import ConfigError
    from streams.output import check_free
    from trigger.compare import report
    from trigger.compare.comparison import compare as run

    if match not in ("overlap", "exact"):
        raise ConfigError(f"--match: got {match}, want overlap or exact")
    for path in filter(None, (output, report_file)):
        check_free(path)
    found = run(a, b, match, shift, shown="compare, records of a")  # type: ignore[arg-type]  # one of the two, as was just seen
    _write(found, output, report_file)
    console.print(table(f"{a} (a), {b} (b)", report.counts(found)))
    for shown in report.tables(found):
        console.print(shown)
    if not found.equal:
        raise typer.Exit(1)


def _write(found: object, output: Path | None, report_file: Path | None) -> None:
    import json

    from streams.output import fresh
    from trigger.compare import plots, report
    from trigger.compare.comparison import Comparison

    assert isinstance(found, Comparison)
    text = json.dumps(report.content(found), indent=1) + "\n"
    if report_file is not None:
        with fresh(report_file, folder=False) as part:
            part.write_text(text)
    if output is not None:
        with fresh(output, folder=True) as part:
            (part / "compare.json").write_text(text)
            plots.draw(found, part)
