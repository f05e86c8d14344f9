"""The command ``lartrig synth``: what a firmware folder takes of an FPGA, per layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from hls.synth.firmware import Report
    from hls.synth.resources import Resources
    from hls.synth.vitis_report import CoSimulation, CSynthesis


def synth(
    firmware: Path = typer.Argument(..., help="folder that convert wrote"),
    tool: str = typer.Option(
        "yosys", help="yosys (UltraScale+), ecp5 (with place and route) or vitis (the hls4ml project)"
    ),
) -> None:
    """Synthesise a firmware folder; print LUT, FF, DSP and BRAM per layer beside the plan's estimates.

    With Vitis: its reports, then the numbers of the folder's cocotb suite on the RTL that it made.

    Example: lartrig synth firmware/ --tool ecp5
    """
    from hls.synth import vitis, vitis_rtl
    from hls.synth.firmware import synthesise_firmware
    from streams.console import console, progress
    from streams.errors import ConfigError, UserError

    if tool not in ("yosys", "ecp5", "vitis"):
        raise ConfigError(f"got --tool {tool}, want yosys, ecp5 or vitis")
    if not firmware.is_dir():
        raise UserError(f"no firmware folder {firmware}: convert a model first")
    if tool == "vitis":
        project = firmware / "hls4ml"
        console.print(vitis_table(vitis.synthesise(project), vitis.read_cosim(project)))
        console.print(f"cocotb suite: {vitis_rtl.co_simulate(firmware, vitis.verilog(project))}")
        return
    report = synthesise_firmware(
        firmware,
        "xcup" if tool == "yosys" else "ecp5",
        tell=lambda modules: progress(modules, "synthesis", len(modules)),
    )
    console.print(table(report))


def table(report: Report) -> Table:
    """Return the modules of a network as a table for people: estimated / found, and the sum."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    speed = f", {report.fmax_mhz} MHz" if report.fmax_mhz is not None else ""
    shown = Table(
        title=f"{report.tool}: estimated / synthesised; {report.levels} cells on the longest path{speed}",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    shown.add_column("module", overflow="fold")
    names = ["LUT", "FF", "DSP", "BRAM", "levels"] + ["MHz"] * (report.fmax_mhz is not None)
    for name in names:
        shown.add_column(name, justify="right", no_wrap=True)
    for row in report.rows:
        speeds = [] if report.fmax_mhz is None else [f"{row.fmax_mhz or 0:.1f}"]
        name = row.module if row.module == row.instance else f"{row.instance} ({row.module})"
        shown.add_row(name, *_cells(row.estimate, row.found), str(row.levels), *speeds)
    ends = [] if report.fmax_mhz is None else [f"{report.fmax_mhz:.1f}"]
    shown.add_row("together", *_cells(None, report.total), str(report.levels), *ends)
    return shown


def vitis_table(found: CSynthesis, simulated: CoSimulation | None) -> Table:
    """Return Vitis's reports as a table for people."""
    from streams.console import table as pairs

    used = found.resources
    rows: dict[str, object] = {
        "clock": f"{found.estimated_ns} ns estimated, {found.target_ns} ns asked for",
        "latency": _clocks(found.latency),
        "interval": _clocks(found.interval),
        "LUT, FF, DSP, BRAM18, URAM": f"{used.lut}, {used.ff}, {used.dsp}, {used.bram}, {found.uram}",
    }
    if simulated is not None:
        rows["co-simulation"] = f"{simulated.status} ({simulated.language}), {_clocks(simulated.latency)}"
    return pairs(f"Vitis HLS {found.version}, function {found.top}", rows)


def _clocks(pair: tuple[int, int] | None) -> str:
    return f"{pair[0]} to {pair[1]} clocks" if pair else "not known before simulation"


def _cells(estimate: Resources | None, found: Resources) -> list[str]:
    pairs = ((getattr(estimate, name, None), getattr(found, name)) for name in ("lut", "ff", "dsp", "bram"))
    return [str(got) if guess is None else f"{guess} / {got}" for guess, got in pairs]
