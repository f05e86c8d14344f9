// net_global: maximum or sum over all beats of a frame, number by number.
//
// Contract
//   in   s_*   frames of Beats beats of Count numbers
//   out  m_*   one beat per frame: Count maxima, or sums (exact modulo 2**OutWidth)
//   latency      1 clock after the last beat of a frame; throughput 1 beat per clock, frames back to back
//   reset        synchronous, active high: the next beat is the first of a frame
//   reference    trigger/integer_layers.py:step (GlobalPool2D before its factor); hls/cycles_fronts.py:Global for the clocks
//
// Only the last beat of a frame waits for the result before it to be taken.
`default_nettype none
module net_global #(
    parameter int Beats    = 16,  // beats of a frame
    parameter int Count    = 1,   // numbers per beat
    parameter int Width    = 8,   // bits of a number
    parameter bit Signed   = 0,   // numbers are two's complement, else unsigned
    parameter bit Sum      = 1,   // sum, else maximum
    parameter int OutWidth = 12   // bits of a result; at least Width
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire                       s_valid,
    output wire                       s_ready,
    input  wire  [   Count*Width-1:0] s_data,
    output logic                      m_valid,
    input  wire                       m_ready,
    output logic [Count*OutWidth-1:0] m_data
);
  initial begin
    if (Beats < 1 || OutWidth < Width)
      $fatal(1, "net_global: Beats = %0d, OutWidth = %0d, want at least 1 and Width (%m)", Beats, OutWidth);
  end

  localparam int BW = Beats > 1 ? $clog2(Beats) : 1;
  localparam logic [BW-1:0] LAST = BW'(Beats - 1);

  logic [BW-1:0] beat_q;  // that is awaited
  logic [Count*OutWidth-1:0] held_q;  // of the beats so far
  wire [Count*OutWidth-1:0] held_d;
  wire first = beat_q == '0;
  wire ends = beat_q == LAST;
  wire take = s_valid && s_ready;

  assign s_ready = !ends || !m_valid || m_ready;

  for (genvar c = 0; c < Count; c++) begin : g_channel
    wire [Width-1:0] number = s_data[c*Width+:Width];
    wire signed [OutWidth:0] wide = {{(OutWidth + 1 - Width) {Signed && number[Width-1]}}, number};
    wire [OutWidth-1:0] held = held_q[c*OutWidth+:OutWidth];
    wire signed [OutWidth:0] so_far = {Signed && held[OutWidth-1], held};
    wire keeps = !first && !Sum && so_far > wide;
    wire [OutWidth-1:0] joined = !Sum || first ? wide[OutWidth-1:0] : held + wide[OutWidth-1:0];
    assign held_d[c*OutWidth+:OutWidth] = keeps ? held : joined;
  end

  always_ff @(posedge clk) begin
    if (take) held_q <= held_d;
    if (take && ends) m_data <= held_d;
    if (rst) begin
      m_valid <= 1'b0;
      beat_q  <= '0;
    end else begin
      if (take) beat_q <= ends ? '0 : beat_q + 1'b1;
      if (take && ends) m_valid <= 1'b1;
      else if (m_ready) m_valid <= 1'b0;
    end
  end
endmodule
`default_nettype wire
