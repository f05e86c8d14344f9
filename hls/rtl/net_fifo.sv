// net_fifo: small first-in first-out buffer that cuts the ready path between two layers.
//
// Contract
//   in   s_valid, s_ready, s_data   one word per beat
//   out  m_valid, m_ready, m_data   the same words in the same order
//   latency      1 clock; throughput 1 beat per clock (Depth of at least 2)
//   reset        synchronous, active high: empty
//   reference    hls/cycles.py:run, equal in every clock; s_ready comes from a register only
`default_nettype none
module net_fifo #(
    parameter int Width = 8,  // bits of a word
    parameter int Depth = 2   // words
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              s_valid,
    output wire              s_ready,
    input  wire  [Width-1:0] s_data,
    output wire              m_valid,
    input  wire              m_ready,
    output wire  [Width-1:0] m_data
);
  initial begin
    if (Depth < 2) $fatal(1, "net_fifo: Depth = %0d, want at least 2 (%m)", Depth);
  end

  localparam int AW = $clog2(Depth);
  localparam logic [AW-1:0] LAST = AW'(Depth - 1);
  localparam logic [AW:0] FULL = (AW + 1)'(Depth);

  logic [Width-1:0] words[Depth];
  logic [AW-1:0] write_q, read_q;
  logic [AW:0] count_q;
  wire push = s_valid && s_ready;
  wire pop = m_valid && m_ready;

  assign s_ready = count_q != FULL;
  assign m_valid = count_q != '0;
  assign m_data  = words[read_q];

  always_ff @(posedge clk) begin
    if (push) words[write_q] <= s_data;
    if (rst) begin
      write_q <= '0;
      read_q  <= '0;
      count_q <= '0;
    end else begin
      if (push) write_q <= write_q == LAST ? '0 : write_q + 1'b1;
      if (pop) read_q <= read_q == LAST ? '0 : read_q + 1'b1;
      count_q <= count_q + (AW + 1)'(push) - (AW + 1)'(pop);
    end
  end
endmodule
`default_nettype wire
