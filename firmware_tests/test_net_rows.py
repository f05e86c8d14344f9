"""The modules of continuous mode alone: row guard, row window, row tail; each one-line fault is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_tests.simulation import RTL, sample, simulate
from hls.bench.simulators import quickest

#: Columns, Channels, Width, KernelRows, KernelCols, StrideRows, StrideCols, PadLeft, OutCols, Marks, PadValue.
WINDOWS = {
    "same": (7, 2, 5, 3, 3, 1, 1, 1, 7, 0, 0),
    "valid": (9, 1, 8, 2, 4, 1, 1, 0, 6, 0, 0),
    "strides": (8, 1, 4, 3, 2, 2, 3, 1, 3, 0, 9),
    "wide_pads": (4, 1, 6, 1, 7, 3, 1, 3, 4, 1, 0),
    "one_column": (1, 3, 3, 4, 1, 2, 1, 0, 1, 0, 0),
    "marks": (5, 1, 4, 2, 3, 2, 2, 1, 3, 1, 8),
}
NAMES = (
    "Columns", "Channels", "Width", "KernelRows", "KernelCols", "StrideRows", "StrideCols", "PadLeft", "OutCols",
    "Marks", "PadValue",
)  # fmt: skip
FAULTS = {
    "net_row_window": [
        ("need_q != '0;", "1'b0;", "no_flush"),
        ("!s_valid && pixel_q == '0 && need_q", "!s_valid && need_q", "flushes_in_a_row"),
        ("RowBits'(StrideRows - 1) : wait_q", "RowBits'(StrideRows) : wait_q", "row_stride"),
        ("if (step && s_valid) begin", "if (step) begin", "flush_moves_the_lines"),
        ("col_q) < 32'(PadLeft - j)", "col_q) <= 32'(PadLeft - j)", "left_mask"),
        ("> 32'(Columns - 1)", "> 32'(Columns)", "right_mask"),
        ("real_q      <= '0;", "", "columns_survive_the_reset"),
        ("assign s_ready = en;", "assign s_ready = 1'b1;", "ignores_stalls"),
    ],
    "net_row_guard": [
        ("assign end_data      = skip_q || !at_end;", "assign end_data = skip_q;", "short_rows_are_good"),
        ("fill_q ? '0 : s_axis_tdata", "s_axis_tdata", "fills_with_data"),
        ("skip_q    <= 1'b1;\n        rows_long", "rows_long", "long_rows_go_on"),
        ("if (take && skip_q && s_axis_tlast) skip_q <= 1'b0;", "", "never_recovers"),
        ("!skip_q && column_q == '0", "column_q == '0", "a_number_too_many"),
    ],
    "net_row_tail": [
        ("bad_q <= RW'(FieldRows - 1)", "bad_q <= '0", "forgets_bad_rows"),
        ("else if (bad_q != '0) bad_q <= bad_q - 1'b1;", "", "never_forgives"),
        ("row_wait_q <= RW'(FieldStride - 1);", "row_wait_q <= '0;", "row_stride"),
        ("(!at_end || end_here)", "1'b1", "does_not_wait_for_the_end"),
    ],
}  # fmt: skip
_ENDS = """`default_nettype none
module row_ends #(
    parameter int Columns = 6, parameter int FieldRows = 3, parameter int FieldStride = 2
) (
    input wire clk, input wire rst,
    input wire [7:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    input wire [15:0] s_axis_tuser,
    output wire [7:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast,
    output wire [16:0] m_axis_tuser, output wire [31:0] rows_short, output wire [31:0] rows_long
);
  wire g_valid, g_ready, row_valid, row_ready, r_valid, r_ready;
  wire end_valid, end_ready, end_data, e_valid, e_ready, e_data;
  wire [7:0] g_data;
  wire [15:0] row_data, r_data;
  // Rows that give no output row end here, as they would in the layers.
  logic [15:0] row_q, column_q;
  wire keep = row_q >= FieldRows - 1 && (row_q - (FieldRows - 1)) % FieldStride == 0;
  wire t_ready;
  assign g_ready = keep ? t_ready : 1'b1;
  always_ff @(posedge clk) begin
    if (rst) {row_q, column_q} <= '0;
    else if (g_valid && g_ready) begin
      column_q <= column_q == Columns - 1 ? '0 : column_q + 1'b1;
      if (column_q == Columns - 1) row_q <= row_q + 1'b1;
    end
  end
  net_row_guard #(.Width(8), .Columns(Columns), .UserWidth(16)) guard (
      .clk, .rst, .s_axis_tdata, .s_axis_tvalid, .s_axis_tready, .s_axis_tlast, .s_axis_tuser,
      .m_valid(g_valid), .m_ready(g_ready), .m_data(g_data), .row_valid, .row_ready, .row_data, .end_valid, .end_ready,
      .end_data, .rows_short, .rows_long);
  net_fifo #(.Width(16), .Depth(4)) numbers (
      .clk, .rst, .s_valid(row_valid), .s_ready(row_ready), .s_data(row_data), .m_valid(r_valid), .m_ready(r_ready),
      .m_data(r_data));
  net_fifo #(.Width(1), .Depth(4)) ends (
      .clk, .rst, .s_valid(end_valid), .s_ready(end_ready), .s_data(end_data), .m_valid(e_valid), .m_ready(e_ready),
      .m_data(e_data));
  net_row_tail #(.Width(8), .Columns(Columns), .UserWidth(16), .FieldRows(FieldRows), .FieldStride(FieldStride)) tail (
      .clk, .rst, .s_valid(g_valid && keep), .s_ready(t_ready), .s_data(g_data), .row_valid(r_valid),
      .row_ready(r_ready),
      .row_data(r_data), .end_valid(e_valid), .end_ready(e_ready), .end_data(e_data), .m_axis_tdata, .m_axis_tvalid,
      .m_axis_tready, .m_axis_tlast, .m_axis_tuser);
endmodule
"""


def window(source: Path, shape: str, simulator: str) -> None:
    parameters = dict(zip(NAMES, WINDOWS[shape], strict=True))
    cases = "firmware_tests.net_row_window_cases"
    simulate("net_row_window", cases, sources=[source], parameters=parameters, simulator=simulator, tag=shape)


def ends(sources: list[Path], folder: Path, field: tuple[int, int], simulator: str) -> None:
    (folder / "row_ends.sv").write_text(_ENDS)
    simulate(
        "row_ends",
        "firmware_tests.net_row_ends_cases",
        sources=[RTL / "net_fifo.sv", *sources, folder / "row_ends.sv"],
        parameters={"FieldRows": field[0], "FieldStride": field[1]},
        simulator=simulator,
    )


@pytest.mark.rtl
@pytest.mark.parametrize("shape", WINDOWS)
def test_windows_are_cut_out_of_the_rows(shape: str) -> None:
    window(RTL / "net_row_window.sv", shape, quickest())


@pytest.mark.rtl
@pytest.mark.slow
def test_windows_from_random_registers() -> None:
    window(RTL / "net_row_window.sv", "same", "verilator")


@pytest.mark.rtl
@pytest.mark.parametrize("field", [(1, 1), (3, 1), (3, 2), (2, 5)])
def test_rows_keep_their_numbers_and_marks(field: tuple[int, int], tmp_path: Path) -> None:
    ends([RTL / "net_row_guard.sv", RTL / "net_row_tail.sv"], tmp_path, field, quickest())


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("module", "old", "new"),
    sample(
        [
            pytest.param(m, *fault[:2], id=f"{m}-{fault[2]}")
            for m, faults in FAULTS.items()
            for fault in faults
        ]
    ),
)
def test_fault_is_caught(module: str, old: str, new: str, tmp_path: Path) -> None:
    text = (RTL / f"{module}.sv").read_text()
    assert text.count(old) == 1
    (tmp_path / f"{module}.sv").write_text(text.replace(old, new))
    with pytest.raises(AssertionError, match=r"cases failed|ended early"):
        if module == "net_row_window":
            for shape in ("same", "wide_pads", "strides"):
                window(tmp_path / f"{module}.sv", shape, quickest())
        else:
            names = ("net_row_guard", "net_row_tail")
            files = [tmp_path / f"{n}.sv" if n == module else RTL / f"{n}.sv" for n in names]
            ends(files, tmp_path, (3, 2), quickest())
