// net_resize: each pixel SizeCols times, each row SizeRows times, then rows and columns of zeros around, as beats.
//
// Contract
//   in   s_*   frames of Rows x Columns pixels, row by row, without a gap
//   out  m_*   frames of PadTop + Rows*SizeRows + PadBottom rows, PadLeft + Columns*SizeCols + PadRight columns
//   latency      1 clock after the beat that it needs; throughput 1 beat out per clock, frames back to back; a pixel is
//                taken with its last copy in its row; no beat is taken while zeros or repeated rows go out
//   reset        synchronous, active high: the next beat is the first pixel of a frame
//   reference    trigger/integer_layers.py:step (Upsample2D, ZeroPad2D); hls/cycles_fronts.py:Resize for the clocks
//
// A frame is begun, zeros included, only when its first pixel is offered: what is behind never holds a part of a frame
// that may not come. Rows are repeated from a memory of one row.
`default_nettype none
module net_resize #(
    parameter int Width     = 8,  // bits of a pixel
    parameter int Rows      = 4,  // of the frame that comes in
    parameter int Columns   = 4,
    parameter int SizeRows  = 1,
    parameter int SizeCols  = 1,
    parameter int PadTop    = 0,
    parameter int PadBottom = 0,
    parameter int PadLeft   = 0,
    parameter int PadRight  = 0
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              s_valid,
    output wire              s_ready,
    input  wire  [Width-1:0] s_data,
    output logic             m_valid,
    input  wire              m_ready,
    output logic [Width-1:0] m_data
);
  initial begin
    if (Rows < 1 || Columns < 1 || SizeRows < 1 || SizeCols < 1)
      $fatal(1, "net_resize: %0d x %0d pixels, size %0d x %0d, want at least 1 (%m)", Rows, Columns, SizeRows, SizeCols);
  end

  localparam int RowEnd = PadTop + Rows * SizeRows;  // first row of zeros below
  localparam int ColEnd = PadLeft + Columns * SizeCols;
  localparam int OutRows = RowEnd + PadBottom;
  localparam int OutCols = ColEnd + PadRight;
  localparam int RowBits = OutRows > 1 ? $clog2(OutRows) : 1;
  localparam int ColBits = OutCols > 1 ? $clog2(OutCols) : 1;
  localparam int RowPhaseBits = SizeRows > 1 ? $clog2(SizeRows) : 1;
  localparam int ColPhaseBits = SizeCols > 1 ? $clog2(SizeCols) : 1;

  // ---- the next beat's place
  logic [RowBits-1:0] row_q;
  logic [ColBits-1:0] col_q;
  logic [RowPhaseBits-1:0] row_phase_q;  // which copy of the row
  logic [ColPhaseBits-1:0] col_phase_q;  // which copy of the pixel
  // verilator lint_off UNSIGNED
  // Without padding above or on the left a side of this is constant.
  wire real_row = 32'(row_q) >= PadTop && 32'(row_q) < RowEnd;
  wire real_place = real_row && 32'(col_q) >= PadLeft && 32'(col_q) < ColEnd;
  // verilator lint_on UNSIGNED
  wire fresh = real_place && row_phase_q == '0;
  wire needs = fresh || (row_q == '0 && col_q == '0);
  wire en = !m_valid || m_ready;
  wire step = en && (s_valid || !needs);
  wire last_copy = col_phase_q == ColPhaseBits'(SizeCols - 1);
  wire row_ends = 32'(col_q) == OutCols - 1;
  wire frame_ends = 32'(row_q) == OutRows - 1;
  assign s_ready = en && fresh && last_copy;

  // ---- the row before, to be repeated
  wire [Width-1:0] again;
  if (SizeRows > 1 && Columns > 1) begin : g_memory
    localparam int AddressBits = $clog2(Columns);
    logic [Width-1:0] memory[Columns];
    logic [Width-1:0] again_q;
    logic [AddressBits-1:0] address_q;  // of the next beat's pixel
    wire [AddressBits-1:0] address_d = address_q == AddressBits'(Columns - 1) ? '0 : address_q + 1'b1;
    wire next = step && real_place && last_copy;
    always_ff @(posedge clk) begin
      if (next) again_q <= memory[address_d];
      if (next && fresh) memory[address_q] <= s_data;
      if (rst) address_q <= '0;
      else if (next) address_q <= address_d;
    end
    assign again = again_q;
  end else if (SizeRows > 1) begin : g_register
    logic [Width-1:0] again_q;
    always_ff @(posedge clk) if (step && fresh) again_q <= s_data;
    assign again = again_q;
  end else begin : g_once
    assign again = '0;
  end

  always_ff @(posedge clk) begin
    if (en) m_data <= !real_place ? '0 : fresh ? s_data : again;
    if (rst) begin
      m_valid     <= 1'b0;
      row_q       <= '0;
      col_q       <= '0;
      row_phase_q <= '0;
      col_phase_q <= '0;
    end else begin
      if (en) m_valid <= step;
      if (step) begin
        if (real_place) col_phase_q <= last_copy ? '0 : col_phase_q + 1'b1;
        col_q <= row_ends ? '0 : col_q + 1'b1;
        if (row_ends) begin
          row_q <= frame_ends ? '0 : row_q + 1'b1;
          if (real_row) row_phase_q <= row_phase_q == RowPhaseBits'(SizeRows - 1) ? '0 : row_phase_q + 1'b1;
        end
      end
    end
  end
endmodule
`default_nettype wire
