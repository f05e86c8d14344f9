// net_quantize: rounds half to even (RND_CONV) to a coarser or finer grid, then saturates (SAT or SAT_SYM).
//
// Contract
//   in   x   Count numbers of InWidth bits (number n at bits [n*InWidth +: InWidth])
//   out  y   Count numbers of OutWidth bits: x * 2**-Shift, rounded, saturated
//   latency      2 enabled clocks; throughput 1 set of numbers per enabled clock
//   reset        none: the valid bits are in net_enable
//   reference    trigger/integer_network.py:evaluate (layer Quantize), equal bit for bit
`default_nettype none
module net_quantize #(
    parameter int Count     = 1,   // numbers side by side
    parameter int InWidth   = 16,  // bits of a number of x
    parameter bit InSigned  = 1,   // x is two's complement, else unsigned
    parameter int OutWidth  = 8,   // bits of a number of y
    parameter bit OutSigned = 0,   // y is two's complement, else unsigned
    parameter bit Symmetric = 0,   // SAT_SYM: the most negative number is not used
    parameter int Shift     = 4    // fraction bits of x minus those of y; may be negative
) (
    input  wire                       clk,
    input  wire                       en,
    input  wire  [ Count*InWidth-1:0] x,
    output logic [Count*OutWidth-1:0] y
);
  localparam int Down = Shift > 0 ? Shift : 0;
  localparam int Up = Shift < 0 ? -Shift : 0;
  // Wide enough for the sign, for the bits that are dropped, and for a carry of the rounding.
  localparam int XW = (InWidth > Down ? InWidth : Down) + 2 + Up;
  localparam int QW = XW - Down;
  localparam int CW = (QW > OutWidth ? QW : OutWidth) + 2;  // both sides of the comparisons
  localparam logic signed [CW-1:0] ONE = CW'(1);
  localparam logic signed [CW-1:0] MAX = (ONE <<< (OutSigned ? OutWidth - 1 : OutWidth)) - ONE;
  localparam logic signed [CW-1:0] MIN = OutSigned ? (Symmetric ? -MAX : -MAX - ONE) : '0;

  for (genvar n = 0; n < Count; n++) begin : g_number
    wire [InWidth-1:0] number = x[n*InWidth+:InWidth];
    wire sign = InSigned && number[InWidth-1];
    wire [XW-1:0] wide = XW'({{XW{sign}}, number}) << Up;
    wire up;
    logic signed [QW-1:0] rounded_q;
    wire signed [CW-1:0] compared = {{(CW - QW) {rounded_q[QW-1]}}, rounded_q};

    if (Down > 1) begin : g_round
      assign up = wide[Down-1] && (wide[Down] || (|wide[Down-2:0]));
    end else if (Down == 1) begin : g_half
      assign up = wide[0] && wide[1];
    end else begin : g_exact
      assign up = 1'b0;
    end

    always_ff @(posedge clk) begin
      if (en) begin
        rounded_q <= wide[XW-1:Down] + QW'(up);
        if (compared > MAX) y[n*OutWidth+:OutWidth] <= MAX[OutWidth-1:0];
        else if (compared < MIN) y[n*OutWidth+:OutWidth] <= MIN[OutWidth-1:0];
        else y[n*OutWidth+:OutWidth] <= compared[OutWidth-1:0];
      end
    end
  end
endmodule
`default_nettype wire
