// net_repack: the same numbers in the same order, another number of them per beat.
//
// Contract
//   in   s_*   InCount numbers per beat (number n at bits [n*Width +: Width], the first one lowest)
//   out  m_*   OutCount numbers per beat
//   latency      1 clock after the beat that completes it; throughput: the side with fewer numbers moves in every clock
//   reset        synchronous, active high: empty
//   reference    trigger/integer_layers.py:step (Reshape); hls/cycles_fronts.py:Repack for the clocks
//
// A frame has Numbers numbers, a multiple of both, so no beat is ever left incomplete: after a frame it is empty.
// s_ready and m_valid come from the count of the numbers inside alone. New numbers are put in behind the old ones, at a
// multiple of the greatest common divisor of InCount and OutCount: cheap where one divides the other.
`default_nettype none
module net_repack #(
    parameter int Width    = 8,  // bits of a number
    parameter int InCount  = 2,  // numbers per beat in
    parameter int OutCount = 3,  // numbers per beat out
    parameter int Numbers  = 6   // numbers of a frame
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire                       s_valid,
    output wire                       s_ready,
    input  wire  [ InCount*Width-1:0] s_data,
    output wire                       m_valid,
    input  wire                       m_ready,
    output wire  [OutCount*Width-1:0] m_data
);
  initial begin
    if (Numbers % InCount != 0 || Numbers % OutCount != 0)
      $fatal(1, "net_repack: frames of %0d numbers, want a multiple of %0d and %0d (%m)", Numbers, InCount, OutCount);
  end

  function automatic integer divisor(input integer one, input integer other);
    integer k;
    divisor = 1;
    for (k = 2; k <= one; k = k + 1) if (one % k == 0 && other % k == 0) divisor = k;
  endfunction

  localparam int Unit = divisor(InCount, OutCount);
  localparam int In = InCount / Unit;  // all below counts in units
  localparam int Out = OutCount / Unit;
  localparam int Places = In + Out + (In < Out ? In : Out) - 1;
  localparam int UnitWidth = Unit * Width;
  localparam int CW = $clog2(Places + 1);

  logic [Places*UnitWidth-1:0] held_q;  // zero behind the numbers inside
  logic [CW-1:0] count_q;
  wire take = s_valid && s_ready;
  wire give = m_valid && m_ready;
  wire [CW-1:0] left = count_q - (give ? CW'(Out) : '0);
  wire [Places*UnitWidth-1:0] kept = give ? held_q >> OutCount * Width : held_q;
  wire [Places*UnitWidth-1:0] added;

  assign s_ready = count_q <= CW'(Places - In);
  assign m_valid = count_q >= CW'(Out);
  assign m_data  = held_q[OutCount*Width-1:0];

  for (genvar k = 0; k < Places; k++) begin : g_place
    // Unit k is unit k - left of the beat; where a beat is taken, left is at most Places - In.
    logic [UnitWidth-1:0] chosen;
    always_comb begin
      chosen = '0;
      for (int n = 0; n < In; n++) begin
        if (n <= k && k - n <= Places - In && left == CW'(k - n)) chosen |= s_data[n*UnitWidth+:UnitWidth];
      end
    end
    assign added[k*UnitWidth+:UnitWidth] = chosen;
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      held_q  <= '0;
      count_q <= '0;
    end else begin
      held_q  <= take ? kept | added : kept;
      count_q <= left + (take ? CW'(In) : '0);
    end
  end
endmodule
`default_nettype wire
