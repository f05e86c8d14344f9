"""``lartrig synth --tool vitis`` and ``make RTL=``: the suite's numbers on Verilog with Vitis's ports.

Vitis itself was never here: a stand-in on PATH copies Verilog that ``vitis_stand_in`` wrote.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from firmware_tests import network_suites, vitis_stand_in
from hls import hls_project
from hls.bench import simulators, values, vectors, vitis_top
from hls.bench.errors import BenchError
from hls.bench.vectors import Stream
from hls.synth import vitis, vitis_rtl
from hls.synth.command import synth
from streams.errors import UserError
from trigger import network_spec
from trigger.network_spec import Format, Input, Merge, NetworkSpec, Quantize, Reshape

SHAPE, FLAT = (4, 5, 2), (40,)
REPORT = """<profile>
<ReportVersion><Version>2023.2</Version></ReportVersion>
<UserAssignments><TopModelName>network</TopModelName><TargetClockPeriod>5.00</TargetClockPeriod></UserAssignments>
<PerformanceEstimates>
<SummaryOfTimingAnalysis><EstimatedClockPeriod>3.5</EstimatedClockPeriod></SummaryOfTimingAnalysis>
<SummaryOfOverallLatency><Best-caseLatency>9</Best-caseLatency><Worst-caseLatency>9</Worst-caseLatency>
<Interval-min>20</Interval-min><Interval-max>20</Interval-max></SummaryOfOverallLatency></PerformanceEstimates>
<AreaEstimates><Resources><BRAM_18K>0</BRAM_18K><DSP>1</DSP><FF>2</FF><LUT>3</LUT></Resources></AreaEstimates>
</profile>
"""

SAME = """module network (x_TDATA, y_TDATA, ap_clk, ap_rst_n, x_TVALID, x_TREADY, y_TVALID, y_TREADY);
input  [7:0] x_TDATA;
output  [7:0] y_TDATA;
input   ap_clk;
input   ap_rst_n;
input   x_TVALID;
output   x_TREADY;
output   y_TVALID;
input   y_TREADY;
reg    full_n = 1'b1;
reg    blocked;
always @ (*) begin
    blocked = (full_n == 1'b0);
end
assign y_TDATA = x_TDATA;
assign y_TVALID = x_TVALID & ~blocked;
assign x_TREADY = y_TREADY & ~blocked;
endmodule
"""


def network() -> NetworkSpec:
    """Two inputs; outputs of 4 bits, which hls4ml sends in one beat of 40, and of 19 bits, in beats of two."""
    a, b = Format(signed=True, width=9, fraction=2), Format(signed=False, width=9, fraction=0)
    low, image = Format(signed=False, width=4, fraction=0), {"input_shape": SHAPE, "output_shape": SHAPE}
    return NetworkSpec(
        name="product",
        inputs=(Input(name="a", shape=SHAPE, number=a), Input(name="b", shape=SHAPE, number=b)),
        layers=(
            Quantize(name="cut", sources=("a",), output=low, **image),
            Reshape(name="flat", sources=("cut",), input_shape=SHAPE, output_shape=FLAT, output=low),
            Merge(name="times", sources=("a", "b"), op="multiply", output=Format(True, 18, 2), **image),
            Merge(name="wide", sources=("times", "a"), op="add", output=Format(True, 19, 2), **image),
        ),
        outputs=("flat", "wide"),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what convert writes of the network, as far as it is used here."""
    folder = tmp_path_factory.mktemp("vitis") / "firmware"
    folder.mkdir()
    network_spec.write(network(), folder / "network.json")
    network_suites.write(network(), folder)
    hls_project.write(network(), folder / "hls4ml")
    return folder


@pytest.fixture
def firmware(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "firmware"))


def tool(place: Path, firmware: Path, fault: str = "") -> None:
    """Put a ``vitis_hls`` into ``place`` that makes the stand-in's Verilog and a report."""
    made = place / "network_prj" / "solution1" / "syn"
    suite = vectors.read(firmware / "cocotb")
    vitis_stand_in.write(made / "verilog", suite, firmware / "rtl", firmware / "hls4ml", fault)
    (made / "report").mkdir()
    (made / "report" / "network_csynth.xml").write_text(REPORT)
    (place / "vitis_hls").write_text(f"#!/bin/sh\ncp -r {place}/network_prj .\n")
    (place / "vitis_hls").chmod(0o755)


def numbers(firmware: Path) -> int:
    """Return how many numbers of outputs the suite's whole frames have."""
    suite = vectors.read(firmware / "cocotb")
    return sum(len(run.frames) for run in suite.traffic) * sum(s.beats * s.channels for s in suite.outputs)


def command(firmware: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, BaseException | None]:
    """Run ``lartrig synth --tool vitis`` with the stand-in in ``place`` on PATH."""
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.setenv("SIM", simulators.quickest())
    app = typer.Typer()
    app.command()(synth)
    done = CliRunner().invoke(app, [str(firmware), "--tool", "vitis"])
    return " ".join(done.output.split()), done.exception


@pytest.mark.rtl
def test_the_command_compares_every_number(
    firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, firmware)
    told, error = command(firmware, tmp_path, monkeypatch)
    assert error is None, told
    assert "Vitis HLS 2023.2, function network" in told
    assert f"{numbers(firmware)} numbers of 2 outputs in 4 runs equal" in told and numbers(firmware) > 1000
    assert "not compared: clocks, tuser, wrong frames, layers" in told


@pytest.mark.rtl
def test_a_fault_is_named(firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit of one beat: the 27th is row 1, column 1 of the second frame."""
    tool(tmp_path, firmware, fault="beat == 26")
    told, error = command(firmware, tmp_path, monkeypatch)
    assert "Vitis HLS 2023.2, function network" in told and "numbers of 2 outputs" not in told
    assert isinstance(error, UserError) and error.exit_code == 1
    found = re.findall(r"output wide \(m_axis_wide\): 1 of \d+ numbers differ: (.*): got", str(error))
    assert found == ["frame 1, row 1, column 1, channel 0"] * 4
    assert "output flat" not in str(error)


@pytest.mark.rtl
def test_make_elsewhere_without_the_project(firmware: Path, tmp_path: Path) -> None:
    tool(tmp_path, firmware)
    folder = Path(shutil.copytree(firmware / "cocotb", tmp_path / "elsewhere" / "cocotb"))
    verilog = Path(
        shutil.copytree(tmp_path / "network_prj/solution1/syn/verilog", tmp_path / "elsewhere" / "verilog")
    )
    command = ["make", "-C", str(folder), f"SIM={simulators.quickest()}", f"PYTHON={sys.executable}"]
    done = subprocess.run([*command, "RTL=../verilog"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"product: {numbers(firmware)} numbers of 2 outputs in 4 runs equal" in done.stdout
    (verilog / vitis_stand_in.TABLE).write_text("01\n")  # the top reads it from where the simulator runs
    done = subprocess.run([*command, "RTL=../verilog"], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "output flat (m_axis_flat): " in done.stderr


@pytest.mark.rtl
def test_what_vitis_writes_is_verilog_2005(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``blocked`` never changes: in SystemVerilog it stays X, in Icarus, and nothing moves."""
    byte = Format(signed=False, width=8, fraction=0)
    shape = {"input_shape": (3, 4, 1), "output_shape": (3, 4, 1)}
    layer = Quantize(name="same", output=byte, **shape)
    spec = NetworkSpec(name="same", inputs=(Input(shape=(3, 4, 1), number=byte),), layers=(layer,))
    network_suites.write(spec, tmp_path / "firmware")
    (tmp_path / "verilog").mkdir()
    (tmp_path / "verilog" / "network.v").write_text(SAME)
    monkeypatch.chdir(tmp_path)
    suite = tmp_path / "firmware" / "cocotb"
    told = values.simulate(suite, tmp_path / "verilog", simulators.quickest(), 1)
    assert f"same: {numbers(tmp_path / 'firmware')} numbers of 1 outputs in 4 runs equal" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("input   ap_rst_n;", "", "0 modules with ap_clk, ap_rst_n and streams"),
        ("ap_idle,", "ap_idle, s_axi_control_AWADDR,", "input s_axi_control_AWADDR is not known"),
        ("input  [31:0] image_in_1_TDATA", "input  [47:0] image_in_1_TDATA", "48 bits, want 32"),
        ("output  [63:0]", "output  [62:0]", "stream wide of 2 numbers of 19 bits: .* has 63 bits, want 64"),
        ("output  [63:0]", "input  [63:0]", "has 3 inputs, want 2"),
    ],
)
def test_other_verilog_is_refused(firmware: Path, tmp_path: Path, old: str, new: str, told: str) -> None:
    tool(tmp_path, firmware)
    path = tmp_path / "network_prj/solution1/syn/verilog/network.v"
    text = path.read_text()
    declared = re.sub(r"(\boutput\s+ap_done;)", r"input [5:0] s_axi_control_AWADDR;\n\1", text)
    changed = (declared if "s_axi" in new else text).replace(old, new)
    assert changed != text
    path.write_text(changed)
    with pytest.raises(BenchError, match=told):
        values.around(vectors.read(firmware / "cocotb"), vitis_top.read(path.parent))


def test_the_order_of_arguments_is_that_of_the_header(firmware: Path, tmp_path: Path) -> None:
    tool(tmp_path, firmware)
    folder = tmp_path / "network_prj/solution1/syn/verilog"
    written = vitis_top.read(folder)
    header = tmp_path / "firmware" / "network.h"  # beside the project's folder of Vitis, as hls4ml has it
    header.write_text("".join(f"hls::stream<t> &{n}," for n in (*written.outputs[::-1], *written.inputs)))
    assert vitis_top.read(folder).outputs == written.outputs[::-1]
    header.write_text("hls::stream<t> &other,")
    with pytest.raises(BenchError, match="has other: synthesise the project again"):
        vitis_top.read(folder)


def test_how_numbers_lie_in_a_port() -> None:
    wide = Stream("x", "x", rows=2, columns=3, channels=3, width=19, signed=True)
    assert [vitis_top.padded(wide, bits) for bits in (96, 72)] == [(wide, 32), (wide, 24)]
    fitted, pitch = vitis_top.padded(wide, 192)  # six numbers a beat
    assert (fitted.beats, fitted.channels, pitch) == (3, 6, 32)
    with pytest.raises(BenchError, match="has 160 bits, want 96"):
        vitis_top.padded(wide, 160)  # 18 numbers do not make beats of five


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("hls4ml/firmware/defines.h", "ap_fixed<9,7", "ap_fixed<9,8", "of a has Format.* want Format"),
        ("hls4ml/firmware/network.h", "&image_in_1,", "&image_in_1, hls::stream<a> &c,", "has 5 streams"),
        ("hls4ml/firmware/network.h", "hls::stream", "hls_stream", "no top function with streams"),
        ("cocotb/bench/values.py", "", None, "no cocotb suite for Vitis's RTL"),
        ("cocotb/suite.json", '"fields": {}', '"fields": {"m_axis_flat": [1, 1]}', "rows without end"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    firmware: Path, file: str, old: str, new: str | None, told: str
) -> None:
    tool(firmware / "hls4ml", firmware)
    text = (firmware / file).read_text()
    assert old in text
    (firmware / file).unlink()
    if new is not None:
        (firmware / file).write_text(text.replace(old, new))
    with pytest.raises(UserError, match=told):
        vitis_rtl.co_simulate(firmware, vitis.verilog(firmware / "hls4ml"))
