"""What a person sees: one console, progress on anything over a few seconds, summary tables.

>>> hz(145953.6), hz(221.845), duration(0.00450765), duration(12.5)
('146 kHz', '222 Hz', '4.508 ms', '12.500 s')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

T = TypeVar("T")
console = Console(soft_wrap=True)
MOST_ORIGINS = 8  # rows of truth; the rest is summed up


def progress(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items`` while a progress bar (on stderr) shows how far they are, or how many came."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}" if total is None else "{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total)
        for item in items:
            yield item
            bar.advance(task)


def table(title: str, rows: Mapping[str, object]) -> Table:
    """Return a two-column table of names and values, whatever is in them: rich would take ``[us]`` for markup."""
    shown = Table(title=escape(title), show_header=False, title_justify="left")
    for name, value in rows.items():
        shown.add_row(escape(name), escape(str(value)))
    return shown


def hz(rate: float) -> str:
    """Return a rate with three digits and a unit."""
    for factor, unit in ((1e6, "MHz"), (1e3, "kHz")):
        if rate >= 0.9995 * factor:
            return f"{rate / factor:.3g} {unit}"
    return f"{rate:.3g} Hz"


def duration(seconds: float) -> str:
    """Return a time with a unit."""
    return f"{seconds * 1e3:.3f} ms" if seconds < 1 else f"{seconds:.3f} s"


def truth_rows(events: Counter[str], seconds: float, each: str = "") -> dict[str, object]:
    """Return rows on what happened: the most frequent sources with their rates, and how many others.

    >>> truth_rows(Counter(Ar39=75, Kr85=1), 0.5)
    {'truth Ar39': '75 events, 150 Hz', 'truth Kr85': '1 event, 2 Hz'}
    """
    rows: dict[str, object] = {}
    for origin, count in events.most_common(MOST_ORIGINS):
        rate = f", {hz(count / seconds)}{each}" if seconds else ""
        rows[f"truth {origin}"] = f"{count} event{'' if count == 1 else 's'}{rate}"
    rest = events.most_common()[MOST_ORIGINS:]
    if rest:
        rows["truth, others"] = f"{sum(count for _, count in rest)} events of {len(rest)} more sources"
    return rows
