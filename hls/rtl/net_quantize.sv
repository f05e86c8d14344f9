// net_quantize: rounds to a coarser or finer grid, then brings the numbers into the range of the output.
//
// Contract
//   in   x   Count numbers of InWidth bits (number n at bits [n*InWidth +: InWidth])
//   out  y   Count numbers of OutWidth bits: x * 2**-Shift, by the modes of ap_fixed:
//            Rounding   0 RND_CONV (half to even)  1 RND (half up)  2 RND_ZERO (half to zero)  3 RND_INF (half away
//                       from zero)  4 RND_MIN_INF (half down)  5 TRN (floor)  6 TRN_ZERO (to zero)
//            Overflow   0 SAT  1 SAT_SYM (without the most negative number)  2 SAT_ZERO (0 for what does not fit)
//                       3 WRAP (upper bits dropped)
//   latency      2 enabled clocks; throughput 1 set of numbers per enabled clock
//   reset        none: the valid bits are in net_enable
//   reference    trigger/integer_layers.py:quantize, equal bit for bit
`default_nettype none
module net_quantize #(
    parameter int Count     = 1,   // numbers side by side
    parameter int InWidth   = 16,  // bits of a number of x
    parameter bit InSigned  = 1,   // x is two's complement, else unsigned
    parameter int OutWidth  = 8,   // bits of a number of y
    parameter bit OutSigned = 0,   // y is two's complement, else unsigned
    parameter int Rounding  = 0,   // see above
    parameter int Overflow  = 0,   // see above
    parameter int Shift     = 4    // fraction bits of x minus those of y; may be negative
) (
    input  wire                       clk,
    input  wire                       en,
    input  wire  [ Count*InWidth-1:0] x,
    output logic [Count*OutWidth-1:0] y
);
  initial begin
    if (Rounding < 0 || Rounding > 6 || Overflow < 0 || Overflow > 3)
      $fatal(1, "net_quantize: Rounding = %0d, Overflow = %0d, want 0 to 6, 0 to 3 (%m)", Rounding, Overflow);
  end

  localparam int Down = Shift > 0 ? Shift : 0;
  localparam int Up = Shift < 0 ? -Shift : 0;
  // Wide enough for the sign, for the bits that are dropped, and for a carry of the rounding.
  localparam int XW = (InWidth > Down ? InWidth : Down) + 2 + Up;
  localparam int QW = XW - Down;
  localparam int CW = (QW > OutWidth ? QW : OutWidth) + 2;  // both sides of the comparisons
  localparam logic signed [CW-1:0] ONE = CW'(1);
  localparam logic signed [CW-1:0] MAX = (ONE <<< (OutSigned ? OutWidth - 1 : OutWidth)) - ONE;
  localparam logic signed [CW-1:0] MIN = OutSigned ? (Overflow == 1 ? -MAX : -MAX - ONE) : '0;
  localparam logic signed [CW-1:0] ABOVE = Overflow == 2 ? '0 : MAX;
  localparam logic signed [CW-1:0] BELOW = Overflow == 2 ? '0 : MIN;

  for (genvar n = 0; n < Count; n++) begin : g_number
    wire [InWidth-1:0] number = x[n*InWidth+:InWidth];
    wire sign = InSigned && number[InWidth-1];
    // verilator lint_off UNUSEDSIGNAL
    // Some modes do not read what is dropped.
    wire [XW-1:0] wide = XW'({{XW{sign}}, number}) << Up;
    // verilator lint_on UNUSEDSIGNAL
    wire up;
    logic signed [QW-1:0] rounded_q;
    wire signed [CW-1:0] compared = {{(CW - QW) {rounded_q[QW-1]}}, rounded_q};

    if (Down == 0 || Rounding == 5) begin : g_floor
      assign up = 1'b0;
    end else begin : g_round
      wire half = wide[Down-1];
      wire rest;
      if (Down > 1) begin : g_rest
        assign rest = |wide[Down-2:0];
      end else begin : g_no_rest
        assign rest = 1'b0;
      end
      if (Rounding == 6) begin : g_to_zero
        assign up = sign && (half || rest);
      end else begin : g_nearest
        // Where exactly one half is dropped, this says whether to go up.
        wire tie = Rounding == 0 ? wide[Down] : Rounding == 1 ? 1'b1 : Rounding == 2 ? sign : Rounding == 3 && !sign;
        assign up = half && (rest || tie);
      end
    end

    always_ff @(posedge clk) begin
      if (en) begin
        rounded_q <= wide[XW-1:Down] + QW'(up);
        if (Overflow != 3 && compared > MAX) y[n*OutWidth+:OutWidth] <= ABOVE[OutWidth-1:0];
        else if (Overflow != 3 && compared < MIN) y[n*OutWidth+:OutWidth] <= BELOW[OutWidth-1:0];
        else y[n*OutWidth+:OutWidth] <= compared[OutWidth-1:0];
      end
    end
  end
endmodule
`default_nettype wire
