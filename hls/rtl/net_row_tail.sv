// net_row_tail: marks the last cell of each output row, and gives the row the number of the input row that completed it.
//
// Contract
//   in   s_*      cells, Columns per row; row_*, end_*: words of net_row_guard, one per input row
//   out  m_axis   the same cells; tlast on a row's last cell; tuser: number of the input row that completed this row, on
//                 every cell; its top bit, on the last cell: an input row that it depends on was short or long
//   latency      1 clock; a row's last cell waits for the end of the input row; throughput 1 beat per clock
//   reset        synchronous, active high: the next word and the next cell belong to row 0
//   reference    trigger/continuous.py:fields (Field), hls/cycles.py:run for the clocks
`default_nettype none
module net_row_tail #(
    parameter int Width       = 8,   // bits of a cell
    parameter int Columns     = 8,   // cells of a row
    parameter int UserWidth   = 32,  // bits of a row's number
    parameter int FieldRows   = 3,   // input rows that an output row depends on
    parameter int FieldStride = 1    // input rows from one output row to the next
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  s_valid,
    output wire                  s_ready,
    input  wire  [    Width-1:0] s_data,
    input  wire                  row_valid,
    output wire                  row_ready,
    input  wire  [UserWidth-1:0] row_data,
    input  wire                  end_valid,
    output wire                  end_ready,
    input  wire                  end_data,
    output logic [    Width-1:0] m_axis_tdata,
    output logic                 m_axis_tvalid,
    input  wire                  m_axis_tready,
    output logic                 m_axis_tlast,
    output logic [  UserWidth:0] m_axis_tuser
);
  localparam int CW = Columns > 1 ? $clog2(Columns) : 1;
  localparam int RW = $clog2((FieldRows > FieldStride ? FieldRows : FieldStride) + 1);
  localparam logic [CW-1:0] LAST = CW'(Columns - 1);

  logic [CW-1:0] cell_q;
  logic [RW-1:0] row_wait_q, end_wait_q;  // words of input rows that complete no output row
  logic [RW-1:0] bad_q;  // input rows to come that share an output row with a bad one
  wire at_end = cell_q == LAST;
  wire free = !m_axis_tvalid || m_axis_tready;
  wire row_here = row_valid && row_wait_q == '0;
  wire end_here = end_valid && end_wait_q == '0;
  wire take = s_valid && s_ready;
  wire pop_end = end_valid && end_ready;

  assign s_ready   = free && row_here && (!at_end || end_here);
  assign row_ready = row_wait_q != '0 || (take && at_end);
  assign end_ready = end_wait_q != '0 || (take && at_end);

  always_ff @(posedge clk) begin
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      cell_q        <= '0;
      row_wait_q    <= RW'(FieldRows - 1);
      end_wait_q    <= RW'(FieldRows - 1);
      bad_q         <= '0;
    end else begin
      if (free) m_axis_tvalid <= take;
      if (take) begin
        cell_q       <= at_end ? '0 : cell_q + 1'b1;
        m_axis_tdata <= s_data;
        m_axis_tlast <= at_end;
        m_axis_tuser <= {at_end && (end_data || bad_q != '0), row_data};
      end
      if (take && at_end) begin
        row_wait_q <= RW'(FieldStride - 1);
        end_wait_q <= RW'(FieldStride - 1);
      end else begin
        if (row_valid && row_wait_q != '0) row_wait_q <= row_wait_q - 1'b1;
        if (end_valid && end_wait_q != '0) end_wait_q <= end_wait_q - 1'b1;
      end
      if (pop_end) begin
        if (end_data) bad_q <= RW'(FieldRows - 1);
        else if (bad_q != '0) bad_q <= bad_q - 1'b1;
      end
    end
  end
endmodule
`default_nettype wire
