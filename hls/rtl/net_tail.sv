// net_tail: marks the last cell of each output frame and hands the frame's flags through.
//
// Contract
//   in   s_*      cells, Cells per frame; flag_* one word per frame
//   out  m_axis   the same cells; tlast, and tuser = the frame's flags, on its last cell (tuser 0 before it)
//   latency      1 clock; the last cell waits for the flags; throughput 1 beat per clock
//   reset        synchronous, active high: the next beat is the first cell of a frame
//   reference    hls/cycles.py:run for the clocks
`default_nettype none
module net_tail #(
    parameter int Width = 8,  // bits of a cell
    parameter int Cells = 1   // cells of a frame
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              s_valid,
    output wire              s_ready,
    input  wire  [Width-1:0] s_data,
    input  wire              flag_valid,
    output wire              flag_ready,
    input  wire  [      1:0] flag_data,
    output logic [Width-1:0] m_axis_tdata,
    output logic             m_axis_tvalid,
    input  wire              m_axis_tready,
    output logic             m_axis_tlast,
    output logic [      1:0] m_axis_tuser
);
  localparam int CW = Cells > 1 ? $clog2(Cells) : 1;
  localparam logic [CW-1:0] LAST = CW'(Cells - 1);

  logic [CW-1:0] cell_q;
  wire at_end = cell_q == LAST;
  wire free = !m_axis_tvalid || m_axis_tready;

  assign s_ready    = free && (!at_end || flag_valid);
  assign flag_ready = free && at_end && s_valid;

  always_ff @(posedge clk) begin
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      cell_q        <= '0;
    end else if (free) begin
      m_axis_tvalid <= s_valid && s_ready;
      if (s_valid && s_ready) begin
        cell_q       <= at_end ? '0 : cell_q + 1'b1;
        m_axis_tdata <= s_data;
        m_axis_tlast <= at_end;
        m_axis_tuser <= at_end ? flag_data : '0;
      end
    end
  end
endmodule
`default_nettype wire
