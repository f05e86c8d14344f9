// net_guard: makes every frame exactly Pixels beats long, counts frames that were not.
//
// Contract
//   in   s_axis   pixels; tlast on the last pixel of a frame; tuser of that beat is handed on
//   out  m_*      exactly Pixels beats per frame: a short frame is completed with zeros, a long one cut
//   out  flag_*   one word per frame: {bad, tuser of its last beat}, pushed with the frame's tlast
//   out  frames_short, frames_long   counters of bad frames since reset (they wrap)
//   latency      1 clock; throughput 1 beat per clock; no beat is taken while zeros are filled in
//   reset        synchronous, active high: the next beat is the first pixel of a frame
//   reference    hls/cycles.py:run for the clocks
`default_nettype none
module net_guard #(
    parameter int Width  = 8,  // bits of a pixel
    parameter int Pixels = 64  // pixels of a frame
) (
    input  wire              clk,
    input  wire              rst,
    input  wire  [Width-1:0] s_axis_tdata,
    input  wire              s_axis_tvalid,
    output wire              s_axis_tready,
    input  wire              s_axis_tlast,
    input  wire              s_axis_tuser,
    output logic             m_valid,
    input  wire              m_ready,
    output logic [Width-1:0] m_data,
    output wire              flag_valid,
    input  wire              flag_ready,
    output wire  [      1:0] flag_data,
    output logic [     31:0] frames_short,
    output logic [     31:0] frames_long
);
  localparam int PW = Pixels > 1 ? $clog2(Pixels) : 1;
  localparam logic [PW-1:0] LAST = PW'(Pixels - 1);

  logic [PW-1:0] position_q;  // of the next beat to send on
  logic fill_q;  // the frame ended early: zeros until it is whole
  logic skip_q;  // the frame is whole, its tlast has not come: beats are dropped
  wire free = !m_valid || m_ready;
  wire take = s_axis_tvalid && s_axis_tready;
  wire at_end = position_q == LAST;
  wire send = !skip_q && (take || (fill_q && free));

  assign s_axis_tready = flag_ready && !fill_q && (skip_q || free);
  assign flag_valid    = s_axis_tvalid && !fill_q && (skip_q || free) && s_axis_tlast;
  assign flag_data     = {skip_q || !at_end, s_axis_tuser};

  always_ff @(posedge clk) begin
    if (rst) begin
      m_valid      <= 1'b0;
      position_q   <= '0;
      fill_q       <= 1'b0;
      skip_q       <= 1'b0;
      frames_short <= '0;
      frames_long  <= '0;
    end else begin
      if (free) m_valid <= send;
      if (send) begin
        m_data     <= fill_q ? '0 : s_axis_tdata;
        position_q <= at_end ? '0 : position_q + 1'b1;
        if (at_end) fill_q <= 1'b0;
      end
      if (take && !skip_q && s_axis_tlast && !at_end) begin
        fill_q       <= 1'b1;
        frames_short <= frames_short + 1'b1;
      end
      if (take && !skip_q && !s_axis_tlast && at_end) begin
        skip_q      <= 1'b1;
        frames_long <= frames_long + 1'b1;
      end
      if (take && skip_q && s_axis_tlast) skip_q <= 1'b0;
    end
  end
endmodule
`default_nettype wire
