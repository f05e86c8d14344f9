// net_window: turns a stream of pixels into the windows of a convolution or pooling, padding included.
//
// Contract
//   in   s_*   frames of Rows x Columns pixels of Channels numbers, row by row, without a gap
//   out  m_*   one window per output position: number (i, j, c) at bits [((i*KernelCols + j)*Channels + c)*Width +: Width];
//              places outside the frame hold PadValue; with Marks one bit per place above them, 1 = inside the frame
//   latency      2 clocks after the beat that completes the window; throughput 1 pixel per clock, frames back to back
//   reset        synchronous, active high: the next beat is the first pixel of a frame
//   reference    trigger/integer_network.py:evaluate for the values, hls/cycles.py:run for the clocks
//
// The pixels of all frames are one line: tap (i, j) is the line delayed by (KernelRows-1-i)*Columns + KernelCols-1-j.
// Padding costs no beat, it is masked. The anchor is the place in the frame of tap (PadTop, PadLeft); a mark that runs
// with the first pixel of a frame sets it to (0, 0), so what lies between two frames never matters. The last windows of
// a frame come out with the next frame's pixels, or, where none waits, with empty beats made here.
`default_nettype none
module net_window #(
    parameter int Rows       = 8,  // of the frame
    parameter int Columns    = 8,  // of the frame
    parameter int Channels   = 1,  // numbers per pixel
    parameter int Width      = 8,  // bits of a number
    parameter int KernelRows = 3,
    parameter int KernelCols = 3,
    parameter int StrideRows = 1,
    parameter int StrideCols = 1,
    parameter int PadTop     = 1,
    parameter int PadLeft    = 1,
    parameter int OutRows    = 8,  // rows of output positions
    parameter int OutCols    = 8,  // columns of output positions
    parameter logic [Width-1:0] PadValue = '0,  // what a place outside the frame holds
    parameter bit Marks      = 0,  // one bit per place stands above the numbers
    localparam int DataWidth = KernelRows * KernelCols * (Channels * Width + 32'(Marks))
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire                       s_valid,
    output wire                       s_ready,
    input  wire  [Channels*Width-1:0] s_data,
    output logic                      m_valid,
    input  wire                       m_ready,
    output logic [     DataWidth-1:0] m_data
);
  localparam int PixelWidth = Channels * Width;
  localparam int WordWidth = PixelWidth + 1;  // a pixel and the mark of the first pixel
  localparam int ColumnWidth = KernelRows * WordWidth;  // row i of the window at bits [i*WordWidth +: WordWidth]
  localparam int Delay = (KernelRows - 1 - PadTop) * Columns + KernelCols - 1 - PadLeft;  // first pixel -> anchor
  localparam int RowBits = Rows > 1 ? $clog2(Rows) : 1;
  localparam int ColBits = Columns > 1 ? $clog2(Columns) : 1;
  localparam int PixelBits = $clog2(Rows * Columns + 1);
  localparam int DelayBits = $clog2(Delay + 2);
  localparam int FrameBits = $clog2(Delay / (Rows * Columns) + 4);
  localparam logic [RowBits-1:0] RowEnd = RowBits'(Rows - 1);
  localparam logic [ColBits-1:0] ColEnd = ColBits'(Columns - 1);
  localparam logic [RowBits-1:0] RowLast = RowBits'((OutRows - 1) * StrideRows);  // of the last window
  localparam logic [ColBits-1:0] ColLast = ColBits'((OutCols - 1) * StrideCols);
  localparam logic [PixelBits-1:0] PixelEnd = PixelBits'(Rows * Columns - 1);
  localparam logic [DelayBits-1:0] Primed = DelayBits'(Delay);

  initial begin
    if (PadTop >= KernelRows || PadLeft >= KernelCols)
      $fatal(1, "net_window: padding (%0d, %0d), want less than the kernel (%m)", PadTop, PadLeft);
  end

  // ---- which beats move the line
  logic [PixelBits-1:0] pixel_q;  // position in its frame of the next pixel
  logic [FrameBits-1:0] open_q;  // frames that have begun, and whose last window is not out
  wire en = !m_valid || m_ready;
  wire first = pixel_q == '0;
  wire flush = !s_valid && first && open_q != '0;
  wire step = en && (s_valid || flush);
  assign s_ready = en;

  // ---- the newest column of the window: this pixel, and the same column of the rows above
  wire [ColumnWidth-1:0] column;
  assign column[(KernelRows-1)*WordWidth+:WordWidth] = {s_valid && first, s_data};

  if (KernelRows > 1) begin : g_lines
    localparam int LineWidth = (KernelRows - 1) * WordWidth;
    logic [LineWidth-1:0] above_q;  // rows 0 .. KernelRows-2 of the newest column
    wire [LineWidth-1:0] below = column[ColumnWidth-1:WordWidth];
    assign column[LineWidth-1:0] = above_q;
    if (Columns > 1) begin : g_memory
      logic [LineWidth-1:0] memory[Columns];
      logic [ColBits-1:0] address_q;
      wire [ColBits-1:0] address_d = address_q == ColEnd ? '0 : address_q + 1'b1;
      always_ff @(posedge clk) begin
        if (step) begin
          memory[address_q] <= below;
          above_q <= memory[address_d];
        end
        if (rst) address_q <= '0;
        else if (step) address_q <= address_d;
      end
    end else begin : g_register
      always_ff @(posedge clk) if (step) above_q <= below;
    end
  end

  // ---- the window, and the anchor's place in the frame
  // verilator lint_off UNUSEDSIGNAL
  // The mark runs on in every tap and is read in one.
  logic [KernelCols*ColumnWidth-1:0] window_q;  // column j at bits [j*ColumnWidth +: ColumnWidth]
  // verilator lint_on UNUSEDSIGNAL
  wire [KernelCols*ColumnWidth-1:0] window_d;
  assign window_d[(KernelCols-1)*ColumnWidth+:ColumnWidth] = column;
  if (KernelCols > 1) begin : g_shift
    assign window_d[(KernelCols-1)*ColumnWidth-1:0] = window_q[KernelCols*ColumnWidth-1:ColumnWidth];
  end
  logic [DelayBits-1:0] primed_q;  // marks older than the reset are not believed
  wire start = primed_q == Primed && window_d[PadLeft*ColumnWidth+PadTop*WordWidth+PixelWidth];
  logic moved_q, active_q;
  logic [RowBits-1:0] row_q;
  logic [ColBits-1:0] col_q;
  logic [RowBits-1:0] row_phase_q;  // modulo StrideRows
  logic [ColBits-1:0] col_phase_q;  // modulo StrideCols
  wire row_ends = col_q == ColEnd;
  // verilator lint_off CMPCONST
  // Some frames have as many rows as the counter has values.
  wire ready_row = row_q <= RowLast && row_phase_q == '0;
  wire ready_col = col_q <= ColLast && col_phase_q == '0;
  // verilator lint_on CMPCONST
  wire emit = moved_q && active_q && ready_row && ready_col;
  wire closes = en && emit && row_q == RowLast && col_q == ColLast;
  wire opens = step && s_valid && first;

  always_ff @(posedge clk) begin
    if (step) window_q <= window_d;
    if (rst) begin
      m_valid  <= 1'b0;
      moved_q  <= 1'b0;
      active_q <= 1'b0;
      pixel_q  <= '0;
      open_q   <= '0;
      primed_q <= '0;
    end else begin
      if (en) begin
        moved_q <= step;
        m_valid <= emit;
      end
      open_q <= open_q + FrameBits'(opens) - FrameBits'(closes);
      if (step) begin
        if (s_valid) pixel_q <= pixel_q == PixelEnd ? '0 : pixel_q + 1'b1;
        if (primed_q != Primed) primed_q <= primed_q + 1'b1;
        if (start) active_q <= 1'b1;
        else if (row_ends && row_q == RowEnd) active_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk) begin
    if (step) begin
      if (start) begin
        row_q <= '0;
        col_q <= '0;
        row_phase_q <= '0;
        col_phase_q <= '0;
      end else if (row_ends) begin
        row_q <= row_q + 1'b1;
        col_q <= '0;
        row_phase_q <= row_phase_q == RowBits'(StrideRows - 1) ? '0 : row_phase_q + 1'b1;
        col_phase_q <= '0;
      end else begin
        col_q <= col_q + 1'b1;
        col_phase_q <= col_phase_q == ColBits'(StrideCols - 1) ? '0 : col_phase_q + 1'b1;
      end
    end
  end

  // ---- the masked window
  for (genvar i = 0; i < KernelRows; i++) begin : g_row
    // Row of tap i is row_q + i - PadTop; written so that no side can be negative or overflow.
    wire above, under;
    if (i < PadTop) begin : g_above
      assign above = 32'(row_q) < 32'(PadTop - i);
    end else begin : g_not_above
      assign above = 1'b0;
    end
    if (i > PadTop) begin : g_under
      assign under = 32'(row_q) + 32'(i - PadTop) > 32'(Rows - 1);
    end else begin : g_not_under
      assign under = 1'b0;
    end
    for (genvar j = 0; j < KernelCols; j++) begin : g_col
      wire left, right;
      if (j < PadLeft) begin : g_left
        assign left = 32'(col_q) < 32'(PadLeft - j);
      end else begin : g_not_left
        assign left = 1'b0;
      end
      if (j > PadLeft) begin : g_right
        assign right = 32'(col_q) + 32'(j - PadLeft) > 32'(Columns - 1);
      end else begin : g_not_right
        assign right = 1'b0;
      end
      wire outside = above || under || left || right;
      always_ff @(posedge clk) begin
        if (en && emit) begin
          m_data[(i*KernelCols+j)*PixelWidth+:PixelWidth] <=
              outside ? {Channels{PadValue}} : window_q[j*ColumnWidth+i*WordWidth+:PixelWidth];
        end
      end
      if (Marks) begin : g_mark
        always_ff @(posedge clk) begin
          if (en && emit) m_data[KernelRows*KernelCols*PixelWidth+i*KernelCols+j] <= !outside;
        end
      end
    end
  end
endmodule
`default_nettype wire
