// net_row_window: turns rows of pixels without end into the windows of a convolution or pooling that is valid in time.
//
// Contract
//   in   s_*   rows of Columns pixels of Channels numbers, without end
//   out  m_*   one window per output position: number (i, j, c) at bits [((i*KernelCols + j)*Channels + c)*Width +: Width];
//              columns outside the row hold PadValue; with Marks a bit per place (1 = inside the row) above the numbers
//   latency      2 clocks after the beat that completes the window; throughput 1 pixel per clock, row after row
//   reset        synchronous, active high: the next beat is the first pixel of row 0; the first windows end in row KernelRows-1
//   reference    trigger/continuous.py for the values, hls/cycles.py:run for the clocks
//
// The window is a shift register of columns, fed by a memory of KernelRows-1 rows. The anchor is tap PadLeft; what runs
// with each column says whether it is real. Padding on the left and right is masked and costs no beat: the last
// windows of a row come out with the next row's pixels, or, where none waits, with empty columns made here.
`default_nettype none
module net_row_window #(
    parameter int Columns    = 8,  // of a row
    parameter int Channels   = 1,  // numbers per pixel
    parameter int Width      = 8,  // bits of a number
    parameter int KernelRows = 3,
    parameter int KernelCols = 3,
    parameter int StrideRows = 1,
    parameter int StrideCols = 1,
    parameter int PadLeft    = 1,
    parameter int OutCols    = 8,  // output positions of a row
    parameter bit Marks      = 0,  // one bit per place stands above the numbers
    parameter logic [Width-1:0] PadValue = '0,  // what a place outside the row holds
    localparam int Places = KernelRows * KernelCols,
    localparam int OutWidth = Places * (Channels * Width + 32'(Marks))
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire                       s_valid,
    output wire                       s_ready,
    input  wire  [Channels*Width-1:0] s_data,
    output logic                      m_valid,
    input  wire                       m_ready,
    output logic [      OutWidth-1:0] m_data
);
  localparam int PixelWidth = Channels * Width;
  localparam int ColumnWidth = KernelRows * PixelWidth;  // row i of the window at bits [i*PixelWidth +: PixelWidth]
  localparam int Ahead = KernelCols - 1 - PadLeft;  // columns between the newest one and the anchor
  localparam int LastCol = (OutCols - 1) * StrideCols;  // anchor of a row's last window
  localparam int PadRight = LastCol + Ahead > Columns - 1 ? LastCol + Ahead - (Columns - 1) : 0;
  localparam int ColBits = Columns > 1 ? $clog2(Columns) : 1;
  localparam int RowBits = $clog2((KernelRows > StrideRows ? KernelRows : StrideRows) + 1);
  localparam int NeedBits = $clog2(PadRight + 2);
  localparam logic [ColBits-1:0] ColEnd = ColBits'(Columns - 1);
  localparam logic [ColBits-1:0] ColLast = ColBits'(LastCol);

  initial begin
    if (PadLeft >= KernelCols)
      $fatal(1, "net_row_window: padding %0d, want less than the kernel (%m)", PadLeft);
  end

  // ---- which beats move the window
  logic [ColBits-1:0] pixel_q;  // column of the next pixel
  logic [NeedBits-1:0] need_q;  // moves until the last window of the newest row is complete
  wire en = !m_valid || m_ready;
  wire flush = !s_valid && pixel_q == '0 && need_q != '0;
  wire step = en && (s_valid || flush);
  wire row_ends = s_valid && pixel_q == ColEnd;
  assign s_ready = en;

  // ---- the newest column of the window: this pixel, and the same column of the rows above
  wire [ColumnWidth-1:0] column;
  assign column[(KernelRows-1)*PixelWidth+:PixelWidth] = s_data;

  if (KernelRows > 1) begin : g_lines
    localparam int LineWidth = (KernelRows - 1) * PixelWidth;
    logic [LineWidth-1:0] above_q;  // rows 0 .. KernelRows-2 of the newest column
    wire [LineWidth-1:0] below = column[ColumnWidth-1:PixelWidth];
    assign column[LineWidth-1:0] = above_q;
    if (Columns > 1) begin : g_memory
      logic [LineWidth-1:0] memory[Columns];
      wire [ColBits-1:0] address_d = pixel_q == ColEnd ? '0 : pixel_q + 1'b1;
      always_ff @(posedge clk) begin
        if (step && s_valid) begin
          memory[pixel_q] <= below;
          above_q <= memory[address_d];
        end
      end
    end else begin : g_register
      always_ff @(posedge clk) if (step && s_valid) above_q <= below;
    end
  end

  // ---- the window, and the anchor's place in its row
  logic [KernelCols*ColumnWidth-1:0] window_q;  // column j at bits [j*ColumnWidth +: ColumnWidth]
  wire [KernelCols*ColumnWidth-1:0] window_d;
  logic [Ahead:0] real_q;  // whether the newest column, and those between it and the anchor, are real
  wire [Ahead:0] real_d;
  assign window_d[(KernelCols-1)*ColumnWidth+:ColumnWidth] = column;
  if (KernelCols > 1) begin : g_shift
    assign window_d[(KernelCols-1)*ColumnWidth-1:0] = window_q[KernelCols*ColumnWidth-1:ColumnWidth];
  end
  if (Ahead > 0) begin : g_real
    assign real_d = {real_q[Ahead-1:0], s_valid};
  end else begin : g_new
    assign real_d = s_valid;
  end
  logic moved_q;
  wire active = real_q[Ahead];
  logic [ColBits-1:0] col_q;  // of the anchor
  logic [ColBits-1:0] col_phase_q;  // modulo StrideCols
  logic [RowBits-1:0] wait_q;  // rows until one that has windows
  wire at_end = col_q == ColEnd;
  // verilator lint_off CMPCONST
  // Some rows have as many columns as the counter has values.
  wire emit = moved_q && active && wait_q == '0 && col_q <= ColLast && col_phase_q == '0;
  // verilator lint_on CMPCONST

  always_ff @(posedge clk) begin
    if (step) window_q <= window_d;
    if (rst) begin
      m_valid     <= 1'b0;
      moved_q     <= 1'b0;
      real_q      <= '0;
      pixel_q     <= '0;
      need_q      <= '0;
      col_q       <= '0;
      col_phase_q <= '0;
      wait_q      <= RowBits'(KernelRows - 1);
    end else begin
      if (en) begin
        moved_q <= step;
        m_valid <= emit;
      end
      if (step) begin
        if (s_valid) pixel_q <= row_ends ? '0 : pixel_q + 1'b1;
        if (row_ends) need_q <= NeedBits'(PadRight);
        else if (need_q != '0) need_q <= need_q - 1'b1;
        real_q <= real_d;
        if (active) begin  // the anchor leaves this column
          col_q <= at_end ? '0 : col_q + 1'b1;
          col_phase_q <= at_end || col_phase_q == ColBits'(StrideCols - 1) ? '0 : col_phase_q + 1'b1;
          if (at_end) wait_q <= wait_q == '0 ? RowBits'(StrideRows - 1) : wait_q - 1'b1;
        end
      end
    end
  end

  // ---- the masked window
  for (genvar j = 0; j < KernelCols; j++) begin : g_col
    wire outside;
    if (j < PadLeft) begin : g_left
      assign outside = 32'(col_q) < 32'(PadLeft - j);
    end else if (j > PadLeft) begin : g_right
      assign outside = 32'(col_q) + 32'(j - PadLeft) > 32'(Columns - 1);
    end else begin : g_anchor
      assign outside = 1'b0;
    end
    for (genvar i = 0; i < KernelRows; i++) begin : g_row
      always_ff @(posedge clk) begin
        if (en && emit) begin
          m_data[(i*KernelCols+j)*PixelWidth+:PixelWidth] <=
              outside ? {Channels{PadValue}} : window_q[j*ColumnWidth+i*PixelWidth+:PixelWidth];
        end
      end
      if (Marks) begin : g_mark
        always_ff @(posedge clk) if (en && emit) m_data[Places*PixelWidth+i*KernelCols+j] <= !outside;
      end
    end
  end
endmodule
`default_nettype wire
