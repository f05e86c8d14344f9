"""Reads the reports of Vitis HLS: synthesis (``csynth.xml`` or ``.rpt``) and co-simulation (``cosim.rpt``).

>>> cosim("|   Verilog|  Pass|  5|  6|  7|  1|  1|  2|      100|\\n", "cosim.rpt")
CoSimulation(language='Verilog', status='Pass', latency=(5, 7), interval=(1, 2))
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec

from hls.synth.resources import Resources
from streams.errors import UserError


class CSynthesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What Vitis HLS says after C synthesis; latency and interval are None where it cannot tell.

    Attributes
    ----------
    top : function that became the module.
    version : of the tool.
    target_ns, estimated_ns : clock period asked for and expected.
    latency, interval : clocks, (least, most).
    """

    top: str
    version: str
    target_ns: float
    estimated_ns: float
    latency: tuple[int, int] | None
    interval: tuple[int, int] | None
    resources: Resources
    uram: int


class CoSimulation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Vitis HLS says after its own co-simulation: ``Pass`` or ``Fail``, and clocks, (least, most)."""

    language: str
    status: str
    latency: tuple[int, int] | None
    interval: tuple[int, int] | None


def csynth(text: str, where: str) -> CSynthesis:
    """Read a synthesis report, XML or text.

    Raises
    ------
    UserError : it is damaged, or no such report; the sentence names what is missing.
    """
    return _xml(text, where) if text.lstrip().startswith("<") else _text(text, where)


def cosim(text: str, where: str) -> CoSimulation:
    """Read a co-simulation report: the row of the language that was simulated.

    Raises
    ------
    UserError : no such row.
    """
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= 8 and cells[0] in ("Verilog", "VHDL") and cells[1] != "NA":
            return CoSimulation(cells[0], cells[1], _pair(cells[2], cells[4]), _pair(cells[5], cells[7]))
    raise _damaged(where, "a row of Verilog or VHDL with a result")


def _xml(text: str, where: str) -> CSynthesis:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UserError(f"report {where}: not XML: {error}: run the synthesis again") from error

    def item(path: str) -> str:
        found = root.findtext(path)
        if found is None or not found.strip():
            raise _damaged(where, path)
        return found.strip()

    def number(path: str) -> int:
        return _whole(item(path), where, path)

    area, overall = "AreaEstimates/Resources/", "PerformanceEstimates/SummaryOfOverallLatency/"
    # Vivado HLS calls it DSP48E; before 2020 there was no URAM.
    dsp = next((tag for tag in ("DSP", "DSP48E") if root.find(area + tag) is not None), "DSP")
    return CSynthesis(
        top=item("UserAssignments/TopModelName"),
        version=item("ReportVersion/Version"),
        target_ns=_real(item("UserAssignments/TargetClockPeriod"), where),
        estimated_ns=_real(item("PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod"), where),
        latency=_pair(item(overall + "Best-caseLatency"), item(overall + "Worst-caseLatency")),
        interval=_pair(item(overall + "Interval-min"), item(overall + "Interval-max")),
        resources=Resources(
            lut=number(area + "LUT"),
            ff=number(area + "FF"),
            dsp=number(area + dsp),
            bram=number(area + "BRAM_18K"),
        ),
        uram=number(area + "URAM") if root.find(area + "URAM") is not None else 0,
    )


def _text(text: str, where: str) -> CSynthesis:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()]

    def after(pattern: str, what: str) -> re.Match[str]:
        found = re.search(pattern, text)
        if found is None:
            raise _damaged(where, what)
        return found

    head = next((row for row in rows if row[0] == "Name" and "LUT" in row), None)
    total = next((row for row in rows if row[0] == "Total"), None)
    if head is None or total is None or len(head) != len(total):
        raise _damaged(where, "the rows Name and Total of the utilization")
    used = dict(zip(head, total, strict=True))
    clock = next((row for row in rows if "ns" in row[-1] and len(row) == 4), None)
    if clock is None:
        raise _damaged(where, "the row of the clock")
    start = next((k for k, row in enumerate(rows) if row[0].startswith("Latency (cycles)")), len(rows))
    numbers = next(
        (row for row in rows[start:] if len(row) >= 5 and row[0].replace("?", "0").isdigit()), None
    )
    if numbers is None:
        raise _damaged(where, "the row of the latency")
    # Since 2019.2 two columns of absolute latency stand between latency and interval.
    interval = numbers[4:6] if len(numbers) > 6 else numbers[2:4]
    return CSynthesis(
        top=after(r"Report for '([^']+)'", "the name of the function")[1],
        version=after(r"Version:\s+(\S+)", "the version")[1],
        target_ns=_real(clock[1], where),
        estimated_ns=_real(clock[2], where),
        latency=_pair(numbers[0], numbers[1]),
        interval=_pair(interval[0], interval[1]),
        resources=Resources(
            lut=_whole(used.get("LUT", ""), where, "LUT"),
            ff=_whole(used.get("FF", ""), where, "FF"),
            dsp=_whole(used.get("DSP", used.get("DSP48E", "")), where, "DSP"),
            bram=_whole(used.get("BRAM_18K", ""), where, "BRAM_18K"),
        ),
        uram=_whole(used.get("URAM", "0"), where, "URAM"),
    )


def _pair(least: str, most: str) -> tuple[int, int] | None:
    """Return two numbers of clocks; None where the tool writes ``undef``, ``?``, ``x`` or ``NA``."""
    return (int(least), int(most)) if least.isdigit() and most.isdigit() else None


def _whole(text: str, where: str, what: str) -> int:
    if not text.isdigit():
        raise UserError(f"report {where}: {what} is {text!r}, want a whole number: run the synthesis again")
    return int(text)


def _real(text: str, where: str) -> float:
    try:
        return float(text.removesuffix("ns").strip())
    except ValueError as error:
        raise UserError(
            f"report {where}: got {text!r}, want a time in ns: run the synthesis again"
        ) from error


def _damaged(where: str, what: str) -> UserError:
    return UserError(f"report {where}: {what} is missing: run the synthesis again")
