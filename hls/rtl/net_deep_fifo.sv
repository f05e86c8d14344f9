// net_deep_fifo: first-in first-out buffer in a memory that is read into a register (block RAM).
//
// Contract
//   in   s_valid, s_ready, s_data   one word per beat
//   out  m_valid, m_ready, m_data   the same words in the same order
//   latency      2 clocks; throughput 1 beat per clock (Depth of at least 3); holds Depth words, the register's included
//   reset        synchronous, active high: empty
//   reference    hls/cycles.py:run, equal in every clock; s_ready and m_valid come from registers only
//
// No word is read in the clock in which it is written: read and write address are equal only where the memory is empty
// (nothing is read) or full (nothing is written), so the attribute that leaves out the collision logic is safe.
`default_nettype none
module net_deep_fifo #(
    parameter int Width = 8,   // bits of a word
    parameter int Depth = 128  // words
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
    if (Depth < 3) $fatal(1, "net_deep_fifo: Depth = %0d, want at least 3 (%m)", Depth);
  end

  localparam int AW = $clog2(Depth);
  localparam logic [AW-1:0] LAST = AW'(Depth - 1);
  localparam logic [AW:0] FULL = (AW + 1)'(Depth);

  (* no_rw_check *) (* ram_style = "block" *)
  logic [Width-1:0] words[Depth];
  logic [AW-1:0] write_q, read_q;
  logic [AW:0] count_q;  // words inside, the one in the register included
  wire push = s_valid && s_ready;
  wire pop = m_valid && m_ready;
  wire waiting = count_q != (AW + 1)'(m_valid);  // a word lies in the memory
  wire fetch = waiting && (!m_valid || pop);

  assign s_ready = count_q != FULL;

  always_ff @(posedge clk) begin
    if (push) words[write_q] <= s_data;
    if (fetch) m_data <= words[read_q];
    if (rst) begin
      m_valid <= 1'b0;
      write_q <= '0;
      read_q  <= '0;
      count_q <= '0;
    end else begin
      if (fetch) m_valid <= 1'b1;
      else if (pop) m_valid <= 1'b0;
      if (push) write_q <= write_q == LAST ? '0 : write_q + 1'b1;
      if (fetch) read_q <= read_q == LAST ? '0 : read_q + 1'b1;
      count_q <= count_q + (AW + 1)'(push) - (AW + 1)'(pop);
    end
  end
endmodule
`default_nettype wire
