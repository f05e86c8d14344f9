// net_enable: valid bits and the common clock enable of an arithmetic pipeline.
//
// Contract
//   in   s_valid, s_ready   beats that enter the pipeline
//   out  m_valid, m_ready   beats that leave it; en = the pipeline moves in this clock
//   latency      Stages clocks; throughput 1 beat per clock; all stages stall together
//   reset        synchronous, active high: every beat inside is forgotten
//   reference    hls/cycles.py:run, equal in every clock
`default_nettype none
module net_enable #(
    parameter int Stages = 1  // registers between input and output of the pipeline
) (
    input  wire clk,
    input  wire rst,
    input  wire s_valid,
    output wire s_ready,
    output wire m_valid,
    input  wire m_ready,
    output wire en
);
  initial begin
    if (Stages < 1) $fatal(1, "net_enable: Stages = %0d, want at least 1 (%m)", Stages);
  end

  logic [Stages-1:0] valid_q;

  assign m_valid = valid_q[Stages-1];
  assign en      = !m_valid || m_ready;
  assign s_ready = en;

  always_ff @(posedge clk) begin
    if (rst) valid_q <= '0;
    else if (en) valid_q <= Stages'({valid_q, s_valid});
  end
endmodule
`default_nettype wire
