"""``lartrig validate streams``: the simulation against published numbers, as a table with plots."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from streams.validation.row import Findings, Row, Run

SIZES = {"small": 1.0, "full": 30.0}
_DATA = Path("../shared/data")


def collect(run: Run, names: list[str]) -> dict[str, Findings]:
    """Return the findings of these subjects, with a progress bar."""
    from streams.console import progress
    from streams.validation.subjects import load

    checks = {name: load(name) for name in names}
    return {name: checks[name](run) for name in progress(checks, "validate", len(checks))}


def sentence(rows: list[Row], output: Path) -> str:
    """Return the sentence that names the rows that fail, or an empty one."""
    failed = [f"{row.subject}: {row.quantity} (found {row.found:.4g}, wanted {row.wanted:.4g})"
              for row in rows if row.verdict == "NO"]  # fmt: skip
    if not failed:
        return ""
    return f"{len(failed)} of {len(rows)} rows fail: {'; '.join(failed)}: see {output}/table.md"


def _shown(rows: list[Row]) -> object:
    from rich.table import Table

    from streams.validation.report import cells

    shown = Table(title="validation of streams", title_justify="left")
    for name in ("subject", "quantity", "wanted", "found", "allowed", "holds?"):
        shown.add_column(name)
    for row in rows:
        subject, quantity, wanted, _, found, allowed, holds = cells(row)
        shown.add_row(subject, quantity, wanted, found, allowed, holds, style="red" if holds == "NO" else "")
    return shown


def _checked(package: str, size: str, data: Path | None, document: Path | None, only: list[str]) -> None:
    """Refuse options that cannot be used."""
    from streams.errors import ConfigError

    if package != "streams":
        raise ConfigError(f"validate: unknown package {package!r}, allowed is streams")
    if size not in SIZES:
        raise ConfigError(f"--size: got {size!r}, allowed are {', '.join(SIZES)}")
    if data is not None and not data.is_dir():
        raise ConfigError(
            f"--data: no folder {data}: give the folder of published files or leave the option out"
        )
    if document is not None and only:
        raise ConfigError("--document: got --only too, want all subjects: leave one of them out")
    if document is not None and not document.is_file():
        raise ConfigError(f"--document: no file {document}: give the Markdown file that has the table")


def _renew(document: Path, rows: list[Row], folder: Path) -> None:
    """Make the table of a document anew, and the plots in the folder ``plots`` beside it."""
    import shutil

    from streams.validation.report import put_table

    document.write_text(put_table(document.read_text(), rows))
    (document.parent / "plots").mkdir(exist_ok=True)
    for plot in folder.glob("*.png"):
        shutil.copyfile(plot, document.parent / "plots" / plot.name)


def validate(
    package: str = typer.Argument(..., help="what to validate: streams"),
    output: Path = typer.Option(..., "--output", "-o", help="folder to write; must not exist"),
    size: str = typer.Option("small", help="small (a minute) or full (ten minutes)"),
    only: list[str] = typer.Option([], help="a subject; may be given more than once; default: all"),
    data: Path | None = typer.Option(
        None, help="folder of published files; default: ../shared/data if it is there"
    ),
    seed: int = typer.Option(1, help="of every random number"),
    document: Path | None = typer.Option(None, help="Markdown file whose table and plots are made anew"),
) -> None:
    """Compare the simulation with published numbers: a table and plots (exit code 1 if a row fails).

    Example: lartrig validate streams -o build/validation
    """
    from streams import manifest
    from streams.console import console
    from streams.errors import UserError
    from streams.output import fresh
    from streams.validation.report import counts, draw, write_tables
    from streams.validation.row import Run
    from streams.validation.subjects import SUBJECTS

    _checked(package, size, data, document, only)
    start = time.perf_counter()
    run = Run(SIZES[size], seed, data or (_DATA if _DATA.is_dir() else None))
    with fresh(output, folder=True) as part:
        found = collect(run, only or list(SUBJECTS))
        rows = [row for findings in found.values() for row in findings.rows]
        write_tables(part, rows)
        for plot in (plot for findings in found.values() for plot in findings.plots):
            draw(plot, part / f"{plot.name}.png")
        manifest.write(part / "manifest.json", size=size, seed=seed, subjects=list(found), rows=counts(rows))
    if document is not None:
        _renew(document, rows, output)
    console.print(_shown(rows))
    kinds = ", ".join(f"{number} {name}" for name, number in counts(rows).items())
    console.print(f"rows: {kinds}; {time.perf_counter() - start:.0f} s; {output}/table.md")
    if fault := sentence(rows, output):
        raise UserError(fault)
