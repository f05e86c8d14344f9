// net_row_guard: makes every row exactly Columns beats long, counts rows that were not; rows follow without end.
//
// Contract
//   in   s_axis   pixels; tlast on the last pixel of a row; tuser of a row's first beat is its number
//   out  m_*      exactly Columns beats per row: a short row is completed with zeros, a long one cut
//   out  row_*    one word per row, with its first beat: its number
//   out  end_*    one word per row, with its tlast: 1 = it was short or long
//   out  rows_short, rows_long   counters of such rows since reset (they wrap)
//   latency      1 clock; throughput 1 beat per clock; no beat is taken while zeros are filled in
//   reset        synchronous, active high: the next beat is the first pixel of a row
//   reference    hls/cycles.py:run for the clocks
`default_nettype none
module net_row_guard #(
    parameter int Width     = 8,  // bits of a pixel
    parameter int Columns   = 8,  // pixels of a row
    parameter int UserWidth = 32  // bits of a row's number
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire  [    Width-1:0] s_axis_tdata,
    input  wire                  s_axis_tvalid,
    output wire                  s_axis_tready,
    input  wire                  s_axis_tlast,
    input  wire  [UserWidth-1:0] s_axis_tuser,
    output logic                 m_valid,
    input  wire                  m_ready,
    output logic [    Width-1:0] m_data,
    output wire                  row_valid,
    input  wire                  row_ready,
    output wire  [UserWidth-1:0] row_data,
    output wire                  end_valid,
    input  wire                  end_ready,
    output wire                  end_data,
    output logic [         31:0] rows_short,
    output logic [         31:0] rows_long
);
  localparam int CW = Columns > 1 ? $clog2(Columns) : 1;
  localparam logic [CW-1:0] LAST = CW'(Columns - 1);

  logic [CW-1:0] column_q;  // of the next beat to send on
  logic fill_q;  // the row ended early: zeros until it is whole
  logic skip_q;  // the row is whole, its tlast has not come: beats are dropped
  wire free = !m_valid || m_ready;
  wire open = !fill_q && (skip_q || free);  // a beat could be taken, as far as the pixels go
  wire take = s_axis_tvalid && s_axis_tready;
  wire at_end = column_q == LAST;
  wire send = !skip_q && (take || (fill_q && free));

  assign s_axis_tready = row_ready && end_ready && open;
  assign row_valid     = s_axis_tvalid && open && end_ready && !skip_q && column_q == '0;
  assign row_data      = s_axis_tuser;
  assign end_valid     = s_axis_tvalid && open && row_ready && s_axis_tlast;
  assign end_data      = skip_q || !at_end;

  always_ff @(posedge clk) begin
    if (rst) begin
      m_valid    <= 1'b0;
      column_q   <= '0;
      fill_q     <= 1'b0;
      skip_q     <= 1'b0;
      rows_short <= '0;
      rows_long  <= '0;
    end else begin
      if (free) m_valid <= send;
      if (send) begin
        m_data   <= fill_q ? '0 : s_axis_tdata;
        column_q <= at_end ? '0 : column_q + 1'b1;
        if (at_end) fill_q <= 1'b0;
      end
      if (take && !skip_q && s_axis_tlast && !at_end) begin
        fill_q     <= 1'b1;
        rows_short <= rows_short + 1'b1;
      end
      if (take && !skip_q && !s_axis_tlast && at_end) begin
        skip_q    <= 1'b1;
        rows_long <= rows_long + 1'b1;
      end
      if (take && skip_q && s_axis_tlast) skip_q <= 1'b0;
    end
  end
endmodule
`default_nettype wire
