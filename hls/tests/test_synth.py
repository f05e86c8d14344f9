"""Synthesis of modules and of a firmware folder: line buffers in block RAM, memory of results, bad input."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from hls.synth import baselines, yosys
from hls.synth.firmware import Report, modules, synthesise_firmware
from hls.synth.nextpnr import place, read
from hls.synth.resources import Resources, count
from streams.errors import UserError

RTL = Path(__file__).parents[1] / "rtl"


def test_line_buffer_is_block_ram_where_it_is_large() -> None:
    # What Yosys made of them: test_synth_baselines synthesises them and compares exactly.
    large = baselines.read("net_window_992x1")
    assert (large.parameters["Columns"], large.parameters["Width"]) == (992, 8)
    assert large.cells["RAMB18E2"] == 1, "two rows of 992 pixels of 8 bits and a mark: 17 856 bits"
    assert not any(name.startswith(("RAM32", "RAM64", "SRL")) for name in large.cells)
    small = baselines.read("net_window_32x8")
    assert small.parameters["Columns"] == 32 and small.resources.bram == 0
    assert any(name.startswith(("RAM32", "RAM64")) for name in small.cells)


def test_place_and_route_gives_a_speed() -> None:
    found = place([RTL / "net_fifo.sv"], "net_fifo", {"Width": 16, "Depth": 4})
    assert 100 < found.fmax_mhz < 600
    assert found.resources.ff >= 7, "write and read address, count"
    assert found.resources.lut > 16


def test_result_is_remembered_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.sv"
    source.write_text("module a(input wire [3:0] x, output wire y); assign y = ^x; endmodule\n")
    cache = tmp_path / "cache"
    first = yosys.synthesise([source], "a", "ecp5", cache=cache)
    assert (first.resources.lut, first.cells) == (1, {"LUT4": 1})
    with monkeypatch.context() as patch:
        patch.setattr(yosys, "run", lambda *_: pytest.fail("Yosys is run again"))
        assert yosys.synthesise([source], "a", "ecp5", cache=cache) == first
    next(cache.iterdir()).write_text("{")  # damaged: made anew
    assert yosys.synthesise([source], "a", "ecp5", cache=cache) == first
    source.write_text("module a(input wire [3:0] x, output wire y); assign y = x[0]; endmodule\n")
    assert yosys.synthesise([source], "a", "ecp5", cache=cache).resources.lut == 0


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*none\.sv: No such file"):
        yosys.synthesise([tmp_path / "none.sv"], "none", cache=tmp_path)
    with pytest.raises(UserError, match=r"synthesis of other: Yosys failed: Module `other' not found!$"):
        yosys.synthesise([RTL / "net_fifo.sv"], "other", "ecp5", cache=tmp_path)
    with pytest.raises(UserError, match=r"net_fifo: Yosys has not ended after 0.01 s"):
        yosys.synthesise([RTL / "net_fifo.sv"], "net_fifo", cache=tmp_path, time_limit_s=0.01)
    with pytest.raises(UserError, match="2 cells of unknown type GTH"):
        count({"GTH": 2}, "xcup")
    for damaged in (b"", b"[]", b'{"fmax": {}}', b'{"fmax": {"clk": 3}, "utilization": {}}'):
        with pytest.raises(UserError, match=r"place and route of a: the report is not nextpnr's"):
            read(damaged, "a")
    assert not list(tmp_path.iterdir()), "a failure is not remembered"


def _firmware(folder: Path) -> Path:
    """Return a folder of two modules and a top that wires them, in the form that the RTL writer gives."""
    rtl = folder / "rtl"
    rtl.mkdir(parents=True)
    shutil.copy(RTL / "net_fifo.sv", rtl)
    (rtl / "layer0_a.sv").write_text(
        "// not net_unused\nmodule layer0_a(input wire clk, input wire [3:0] x, output reg y);\n"
        "  always @(posedge clk) y <= ^x;\nendmodule\n"
    )
    (rtl / "net_unused.sv").write_text("module net_unused; endmodule\n")
    (rtl / "network.sv").write_text(
        "module network (\n    input wire clk\n);\n  wire [3:0] d;\n"
        "  net_fifo #(\n      .Width(4),\n      .Depth(2)\n  ) flags (\n      .clk(clk)\n  );\n\n"
        "  layer0_a layer0 (\n      .clk(clk),\n      .x(d)\n  );\nendmodule\n"
    )
    (rtl / "network.f").write_text("net_fifo.sv\nnet_unused.sv\nlayer0_a.sv\nnetwork.sv\n")
    estimate = {"lut": 2, "ff": 1, "dsp": 0, "bram": 0}
    plan = {"network": "n", "layers": [{"name": "a", "module": "layer0_a", "estimate": estimate}]}
    (folder / "plan.json").write_bytes(msgspec.json.encode(plan))
    return folder


def test_firmware_folder(tmp_path: Path) -> None:
    from hls.synth.command import table

    firmware = _firmware(tmp_path / "firmware")
    found = [(m.instance, m.top, m.parameters, [f.name for f in m.files]) for m in modules(firmware / "rtl")]
    assert found == [
        ("flags", "net_fifo", {"Width": "4", "Depth": "2"}, ["net_fifo.sv"]),
        ("layer0", "layer0_a", {}, ["layer0_a.sv"]),
    ]
    report = synthesise_firmware(firmware, "ecp5", tmp_path / "cache")
    assert msgspec.json.decode((firmware / "synth.json").read_bytes(), type=Report) == report
    flags, layer = report.rows
    assert (layer.estimate, layer.found) == (Resources(lut=2, ff=1), Resources(lut=1, ff=1))
    assert flags.estimate is None and flags.found.ff >= 4
    assert report.total == flags.found + layer.found
    assert report.fmax_mhz == flags.fmax_mhz, "no path from register to register in the layer"
    cells = [list(column.cells) for column in table(report).columns]
    assert cells[0] == ["flags (net_fifo)", "layer0 (layer0_a)", "together"]
    assert cells[1] == [str(flags.found.lut), "2 / 1", str(report.total.lut)]


def test_firmware_folder_with_something_missing(tmp_path: Path) -> None:
    firmware = _firmware(tmp_path / "firmware")
    (firmware / "rtl" / "layer0_a.sv").rename(firmware / "kept.sv")
    with pytest.raises(UserError, match=r"cannot read .*layer0_a\.sv: No such file"):
        synthesise_firmware(firmware, cache=tmp_path)
    (firmware / "kept.sv").rename(firmware / "rtl" / "layer0_a.sv")
    (firmware / "plan.json").write_text('{"layers": [{"estimate": {"lut": "many"}}]}')
    with pytest.raises(UserError, match=r"plan\.json: Expected `int`, got `str`"):
        synthesise_firmware(firmware, cache=tmp_path)
    (firmware / "plan.json").unlink()
    with pytest.raises(UserError, match=r"cannot read plan"):
        synthesise_firmware(firmware, cache=tmp_path)
    (firmware / "rtl" / "network.sv").write_text("module network; endmodule\n")
    with pytest.raises(UserError, match="no layers found"):
        modules(firmware / "rtl")
    (firmware / "rtl" / "network.f").unlink()
    with pytest.raises(UserError, match=r"cannot read .*network\.f"):
        modules(firmware / "rtl")
    assert not (firmware / "synth.json").exists()
