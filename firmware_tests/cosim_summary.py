"""What a co-simulation found, for people and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from firmware_tests.cosim import Report


def summary(report: Report) -> Table:
    """Return the table that the command prints."""
    from streams.console import table

    rows: dict[str, object] = {
        part.name: f"{part.compared} compared, {part.mismatches} mismatches"
        for part in (report.pixels, report.outputs, report.records)
    }
    latency = (
        "-" if report.latency_clk is None else f"{report.latency_clk} (first cell {report.latency_first_clk})"
    )
    rows |= {
        "clocks per pixel": f"{report.clocks_per_pixel:.6f}",
        "latency of the network, clocks": f"{latency}, as planned"
        if latency != "-"
        else "- (no frame follows)",
        "clocks simulated": report.clocks,
        "clocks in which samples waited": report.stalls,
        **{f"seconds, {name}": value for name, value in report.seconds.items()},
    }
    return table(f"{report.frames} frames in {report.windows} window(s), {report.simulator}", rows)


def write(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    path.write_text(json.dumps(asdict(report), indent=1) + "\n")
