// net_credit: valid bits of an arithmetic pipeline without clock enable; compared with net_enable by benchmarks/synth.py.
//
// Contract
//   in   s_valid, s_ready   beats that enter the pipeline; pop: a beat left the FIFO behind it
//   out  m_valid            a beat leaves the pipeline; the FIFO behind has a place for it
//   latency      Stages clocks; throughput 1 beat per clock with Places of at least Stages + 2
//   reset        synchronous, active high: every beat inside is forgotten
//   reference    none: not part of a network
`default_nettype none
module net_credit #(
    parameter int Stages = 1,  // registers between input and output of the pipeline
    parameter int Places = 3   // words of the FIFO behind it
) (
    input  wire clk,
    input  wire rst,
    input  wire s_valid,
    output wire s_ready,
    output wire m_valid,
    input  wire pop
);
  localparam int Bits = $clog2(Places + 1);
  logic [Stages-1:0] valid_q;
  logic [Bits-1:0] used_q;  // beats in the pipeline and in the FIFO
  wire take = s_valid && s_ready;
  assign s_ready = used_q != Bits'(Places);
  assign m_valid = valid_q[Stages-1];

  always_ff @(posedge clk) begin
    if (rst) begin
      valid_q <= '0;
      used_q  <= '0;
    end else begin
      valid_q <= Stages'({valid_q, take});
      used_q  <= used_q + Bits'(take) - Bits'(pop);
    end
  end
endmodule
`default_nettype wire
