"""Reports in the format that Vitis HLS publishes, whole and damaged; the tool absent, failing and working."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hls.synth import vitis
from hls.synth.resources import Resources
from hls.synth.vitis_report import CoSimulation, cosim, csynth
from streams.errors import UserError

XML = """<?xml version="1.0"?>
<profile>
<section name = "General Information" level="0"><item name = "Version">2023.2</item></section>
<ReportVersion><Version>2023.2</Version></ReportVersion>
<UserAssignments>
  <unit>ns</unit><ProductFamily>virtexuplus</ProductFamily><Part>xcvu9p-flga2104-2-e</Part>
  <TopModelName>network</TopModelName><TargetClockPeriod>4.00</TargetClockPeriod>
  <ClockUncertainty>1.08</ClockUncertainty>
</UserAssignments>
<PerformanceEstimates>
  <PipelineType>dataflow</PipelineType>
  <SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>2.894</EstimatedClockPeriod></SummaryOfTimingAnalysis>
  <SummaryOfOverallLatency>
    <unit>clock cycles</unit><Best-caseLatency>67611</Best-caseLatency><Average-caseLatency>67611</Average-caseLatency>
    <Worst-caseLatency>67620</Worst-caseLatency><Interval-min>67596</Interval-min><Interval-max>67600</Interval-max>
  </SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
  <Resources><BRAM_18K>38</BRAM_18K><DSP>12</DSP><FF>15871</FF><LUT>41233</LUT><URAM>1</URAM></Resources>
  <AvailableResources>
    <BRAM_18K>4320</BRAM_18K><DSP>6840</DSP><FF>2364480</FF><LUT>1182240</LUT><URAM>960</URAM>
  </AvailableResources>
</AreaEstimates>
</profile>
"""

TEXT = """

================================================================
== Vitis HLS Report for 'network'
================================================================
* Date:           Wed Oct 16 20:17:12 2024

* Version:        2023.2 (Build 4023990 on Oct 11 2023)
* Project:        network_prj
* Solution:       solution1 (Vivado IP Flow Target)
* Product family: virtexuplus
* Target device:  xcvu9p-flga2104-2-e


================================================================
== Performance Estimates
================================================================
+ Timing: 
    * Summary: 
    +--------+---------+----------+------------+
    |  Clock |  Target | Estimated| Uncertainty|
    +--------+---------+----------+------------+
    |ap_clk  |  4.00 ns|  2.894 ns|     1.08 ns|
    +--------+---------+----------+------------+

+ Latency: 
    * Summary: 
    +---------+---------+-----------+-----------+-------+-------+----------+
    |  Latency (cycles) |   Latency (absolute)  |    Interval   | Pipeline |
    |   min   |   max   |    min    |    max    |  min  |  max  |   Type   |
    +---------+---------+-----------+-----------+-------+-------+----------+
    |    67611|    67620|   0.270 ms|   0.270 ms|  67596|  67600|  dataflow|
    +---------+---------+-----------+-----------+-------+-------+----------+

    + Detail: 
        * Instance: 
        N/A

================================================================
== Utilization Estimates
================================================================
* Summary: 
+---------------------+---------+------+---------+---------+-----+
|         Name        | BRAM_18K|  DSP |    FF   |   LUT   | URAM|
+---------------------+---------+------+---------+---------+-----+
|DSP                  |        -|     -|        -|        -|    -|
|Expression           |        -|     -|        0|       20|    -|
|FIFO                 |       38|     -|     2094|     1446|    -|
|Instance             |        0|    12|    13774|    39749|    1|
|Register             |        -|     -|        3|        -|    -|
+---------------------+---------+------+---------+---------+-----+
|Total                |       38|    12|    15871|    41233|    1|
+---------------------+---------+------+---------+---------+-----+
|Available            |     4320|  6840|  2364480|  1182240|  960|
+---------------------+---------+------+---------+---------+-----+
"""  # noqa: W291

COSIM = """
================================================================
== Cosimulation Report for 'network'
================================================================
* Version:        2023.2
Report time       : Wed Oct 16 21:03:11 2024.
Solution          : solution1.
Simulation tool   : xsim.

+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
|          |          |             Latency(Clock Cycles)             |            Interval(Clock Cycles)             | Total Execution Time |
+   RTL    +  Status  +-----------------------------------------------+-----------------------------------------------+    (Clock Cycles)    +
|          |          |      min      |      avg      |      max      |      min      |      avg      |      max      |                      |
+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
|      VHDL|        NA|             NA|             NA|             NA|             NA|             NA|             NA|                    NA|
|   Verilog|      Pass|          67616|          67617|          67619|          67596|          67597|          67598|                202800|
+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
"""  # noqa: E501


@pytest.mark.parametrize("text", [XML, TEXT], ids=["xml", "text"])
def test_synthesis_report(text: str) -> None:
    found = csynth(text, "network_csynth")
    assert (found.top, found.version) == ("network", "2023.2")
    assert (found.target_ns, found.estimated_ns) == (4.0, 2.894)
    assert (found.latency, found.interval) == ((67611, 67620), (67596, 67600))
    assert (found.resources, found.uram) == (Resources(lut=41233, ff=15871, dsp=12, bram=38), 1)


def test_older_forms() -> None:
    old = XML.replace("DSP>", "DSP48E>").replace("<URAM>1</URAM>", "").replace(">67611<", ">undef<")
    found = csynth(old, "old.xml")
    assert (found.resources.dsp, found.uram, found.latency) == (12, 0, None)
    short = TEXT.replace("|   0.270 ms|   0.270 ms", "")  # before 2019.2: no absolute times
    assert csynth(short, "short.rpt").interval == (67596, 67600)
    unknown = TEXT.replace("|    67611|    67620|", "|        ?|        ?|")
    assert csynth(unknown, "unknown.rpt").latency is None


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda: XML[: len(XML) // 2], "not XML"),
        (lambda: XML.replace("<LUT>41233</LUT>", ""), "AreaEstimates/Resources/LUT is missing"),
        (lambda: XML.replace("<FF>15871", "<FF>many"), "'many', want a whole number"),
        (lambda: XML.replace("4.00</Target", "soon</Target"), "'soon', want a time"),
        (lambda: XML.replace("Interval-min>", "Gap>"), "Interval-min is missing"),
        (lambda: TEXT[: TEXT.index("|Total")], "Name and Total"),
        (lambda: TEXT.replace("|ap_clk", "|ap_clk|"), "the row of the clock"),
        (lambda: TEXT.replace("|    67611|    67620|", "|"), "the row of the latency"),
        (lambda: TEXT.replace("|    15871|    41233|", "|    15871|         -|"), "LUT is '-'"),
        (lambda: TEXT.replace("Report for 'network'", ""), "the name of the function"),
        (lambda: "", "Name and Total"),
    ],
)
def test_damaged_report(damage, told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        csynth(damage(), "place/report")
    assert "place/report" in str(error.value)


def test_cosimulation_report() -> None:
    assert cosim(COSIM, "r") == CoSimulation("Verilog", "Pass", (67616, 67619), (67596, 67598))
    failed = cosim(COSIM.replace("|      Pass|", "|      Fail|").replace("67596", "x"), "r")
    assert (failed.status, failed.interval) == ("Fail", None)
    for damaged in (COSIM.replace("Verilog", "SystemC"), COSIM[: COSIM.index("67617")], ""):
        with pytest.raises(UserError, match="a row of Verilog or VHDL"):
            cosim(damaged, "r")


def _project(folder: Path) -> Path:
    project = folder / "firmware" / "hls4ml"
    project.mkdir(parents=True)
    (project / "build_prj.tcl").write_text("exit\n")
    (project / "project.tcl").write_text('variable project_name\nset project_name "network"\n')
    return project


def _tool(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(stat.S_IRWXU)


@pytest.mark.parametrize("name", ["vitis-run", "vitis_hls"])
def test_command_with_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from hls.synth.command import vitis_table

    project = _project(tmp_path)
    (tmp_path / "report.xml").write_text(XML)
    (tmp_path / "cosim.rpt").write_text(COSIM)
    report = "network_prj/solution1/syn/report"
    script = f'echo "$@" > args; mkdir -p {report} && cp {tmp_path}/report.xml {report}/network_csynth.xml'
    _tool(tmp_path / "bin", name, script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = vitis.synthesise(project)
    assert found == csynth(XML, "report.xml")
    assert "build_prj.tcl" in (project / "args").read_text()
    assert "synth 1\n" in (project / "build_opt.tcl").read_text()
    assert vitis.read_cosim(project) is None
    simulated = project / "network_prj/solution1/sim/report"
    simulated.mkdir(parents=True)
    (simulated / "network_cosim.rpt").write_text(COSIM)
    cells = [
        str(cell) for column in vitis_table(found, vitis.read_cosim(project)).columns for cell in column.cells
    ]
    assert "41233, 15871, 12, 38, 1" in cells and "Pass (Verilog), 67616 to 67619 clocks" in cells
    assert vitis.verilog(project) == project / "network_prj" / "solution1" / "syn" / "verilog"


def test_command_without_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = _project(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="no vitis-run or vitis_hls on PATH: install Vitis") as error:
        vitis.synthesise(project)
    assert error.value.exit_code == 1
    _tool(tmp_path / "bin", "vitis_hls", "echo 'ERROR: [HLS 200-70] no licence'; exit 3")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(UserError, match=r"no licence: see .*vitis\.log"):
        vitis.synthesise(project)
    _tool(tmp_path / "bin", "vitis_hls", "exit 0")
    with pytest.raises(UserError, match=r"no report .*network_csynth\.xml"):
        vitis.synthesise(project)
    (project / "build_prj.tcl").unlink()
    with pytest.raises(UserError, match="no hls4ml project"):
        vitis.synthesise(project)


def test_bad_usage(tmp_path: Path) -> None:
    import typer

    from hls.synth.command import synth
    from streams.errors import ConfigError

    app = typer.Typer()
    app.command()(synth)
    wrong = CliRunner().invoke(app, [str(tmp_path), "--tool", "quartus"])
    assert isinstance(wrong.exception, ConfigError) and "quartus" in str(wrong.exception)
    absent = CliRunner().invoke(app, [str(tmp_path / "none")])
    assert isinstance(absent.exception, UserError) and "no firmware folder" in str(absent.exception)
