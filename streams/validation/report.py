"""Write the table and the plots of a validation.

>>> from streams.validation.row import Row
>>> print(markdown([Row("beta", "39Ar mean", 218.8, "ICRP-107", 218.512, 0.1, 2.2, "keV")]).splitlines()[-1])
| beta | 39Ar mean [keV] | 218.8 | ICRP-107 | 218.5 +- 0.1 | 2.2 | yes |
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from streams.validation.row import Plot, Row

_HEAD = ("subject", "quantity", "wanted", "source", "found", "allowed", "holds?")
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def cells(row: Row) -> tuple[str, ...]:
    """Return the row as text, one string for each column of the table."""
    found = _number(row.found)
    if row.sigma > 0:
        found += f" +- {row.sigma:.2g}"
    if row.note:
        found = f"{found} ({row.note})" if found else row.note
    name = f"{row.quantity} [{row.unit}]" if row.unit else row.quantity
    allowed = (
        "" if row.allowed is None else f"{row.allowed:.3g}" if row.allowed or not row.sigma else "3 sigma"
    )
    texts = (row.subject, name, _number(row.wanted), row.source, found, allowed, row.verdict)
    return tuple(text.replace("|", "/") for text in texts)  # a bar would end the column


def markdown(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines = [_HEAD, ("---",) * len(_HEAD), *(cells(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def counts(rows: list[Row]) -> dict[str, int]:
    """Return how many rows hold, fail, are stated beside, and could not be compared."""
    return {
        name: sum(row.verdict == name for row in rows) for name in ("yes", "NO", "stated", "not compared")
    }


def names_in(document: str) -> list[tuple[str, str]]:
    """Return (subject, quantity) of the rows between the marks of a Markdown document.

    >>> names_in(put_table(f"{BEGIN}{END}", [Row("beta", "39Ar mean", None, "", 218.5, unit="keV")]))
    [('beta', '39Ar mean')]
    """
    _, _, rest = document.partition(BEGIN)
    table, _, _ = rest.partition(END)
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+?)(?: \[[^]|]*\])? \|", table, re.MULTILINE)
    return [line for line in lines if line not in ((_HEAD[0], _HEAD[1]), ("---", "---"))]


def put_table(document: str, rows: list[Row]) -> str:
    """Return the document with the table between its marks made anew.

    >>> put_table(f"a {BEGIN} stale {END} b", []).count("stale")
    0
    """
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{markdown(rows)}\n{END}{after}"


def write_tables(folder: Path, rows: list[Row]) -> None:
    """Write ``table.md`` and ``table.json`` into ``folder``."""
    (folder / "table.md").write_text(markdown(rows))
    content = [{**msgspec.to_builtins(row, enc_hook=float), "holds": row.verdict} for row in rows]
    (folder / "table.json").write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def draw(plot: Plot, path: Path) -> None:
    """Draw a plot as a small PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), dpi=80, layout="constrained")
    axes: Any = figure.add_subplot()
    for number, (label, x, y) in enumerate(plot.curves):
        axes.plot(np.asarray(x), np.asarray(y), "-", color=f"C{number}", lw=1.2, label=label)
    for number, (label, x, y) in enumerate(plot.points):
        axes.plot(
            np.asarray(x),
            np.asarray(y),
            "ox+sd^v"[number % 7],
            color=f"C{number}",
            ms=4,
            mfc="none",
            label=label,
        )
    axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
    if plot.log_x:
        axes.set_xscale("log")
    if plot.log_y:
        axes.set_yscale("log")
    if plot.range_x:
        axes.set_xlim(plot.range_x)
    if plot.labels:
        axes.set_xticks(range(len(plot.labels)), plot.labels, rotation=90, fontsize=7)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, metadata={"Software": None})
