// pedestal_lane: one of the 8 lanes of the front end: frugal pedestal, sum of ticks, 8-bit pixel.
//
// Contract
//   in   sample     unsigned ADC counts, taken in clocks with `fire`
//        begins     with `fire`: first tick of a group; the pedestal comes from `load` (or, with `fresh`,
//                   is the sample itself and the imbalance 0)
//        opens      with `fire`: first tick of a pixel
//   out  pixel      unsigned; the pixel that ends with a tick is there 3 clocks after that tick's `fire`
//        store      {imbalance, pedestal} after the last tick that fired, one clock later
//   latency         3 clocks; throughput 1 sample per clock; no back-pressure
//   reset           none: whatever was left is replaced by `begins` and `opens`
//   reference       trigger/frontend.py:FrontEnd (FrugalPedestal, then _pixel), equal bit for bit
`default_nettype none
module pedestal_lane #(
    parameter int AdcBits          = 14,  // bits of a sample
    parameter int TicksPerPixel    = 8,   // ticks in a pixel
    parameter int AccumulatorLimit = 10,  // imbalance that moves the pedestal by one count, less one
    parameter int Shift            = 5,   // a pixel count is 2**Shift ADC tick
    parameter int Offset           = 16,  // pixel of a sum of 0
    parameter int AccBits          = $clog2(AccumulatorLimit + 2) + 1  // bits of the imbalance, signed
) (
    input  wire                        clk,
    input  wire                        fire,
    input  wire                        begins,
    input  wire                        fresh,
    input  wire                        opens,
    input  wire  [        AdcBits-1:0] sample,
    input  wire  [AccBits+AdcBits-1:0] load,
    output wire  [AccBits+AdcBits-1:0] store,
    output logic [                7:0] pixel
);
  // Widest sum: TicksPerPixel differences of AdcBits + 1 bits, and room for half a count and the offset.
  localparam int SUM_BITS = AdcBits + 2 + $clog2(TicksPerPixel) + 8;
  localparam int HALF_INT = (1 << Shift) / 2;
  localparam logic signed [SUM_BITS-1:0] HALF = HALF_INT[SUM_BITS-1:0];
  localparam logic signed [SUM_BITS-1:0] OFFSET = Offset[SUM_BITS-1:0];
  localparam logic signed [SUM_BITS-1:0] PIXEL_MAX = 255;
  localparam logic signed [AccBits-1:0] LIMIT = AccumulatorLimit[AccBits-1:0];
  localparam logic signed [AccBits-1:0] ACC_ONE = 1;
  localparam logic [AdcBits-1:0] ONE = 1;

  logic [AdcBits-1:0] pedestal_q, pedestal_d, start, sample_q;
  logic signed [AccBits-1:0] imbalance_q, imbalance_d, bumped;
  logic fire_q, opens_q;
  logic signed [SUM_BITS-1:0] total_q;

  wire [AdcBits-1:0] load_pedestal = load[AdcBits-1:0];
  wire signed [AccBits-1:0] load_imbalance = load[AccBits+AdcBits-1:AdcBits];

  // Stage 1: the pedestal follows the sample.
  always_comb begin
    start = pedestal_q;
    bumped = imbalance_q;
    if (begins) begin
      start = fresh ? sample : load_pedestal;
      bumped = fresh ? '0 : load_imbalance;
    end
    if (sample > start) bumped = bumped + ACC_ONE;
    else if (sample < start) bumped = bumped - ACC_ONE;
    pedestal_d  = start;
    imbalance_d = bumped;
    if (bumped > LIMIT) begin
      pedestal_d  = start + ONE;
      imbalance_d = '0;
    end else if (bumped < -LIMIT) begin
      pedestal_d  = start - ONE;
      imbalance_d = '0;
    end
  end

  assign store = {imbalance_q, pedestal_q};

  // Stage 2: the sum of a pixel. Stage 3: scale, round half up, saturate.
  wire signed [SUM_BITS-1:0] difference = $signed({{(SUM_BITS - AdcBits) {1'b0}}, sample_q})
                                        - $signed({{(SUM_BITS - AdcBits) {1'b0}}, pedestal_q});
  wire signed [SUM_BITS-1:0] scaled = ((total_q + HALF) >>> Shift) + OFFSET;

  always_ff @(posedge clk) begin
    fire_q <= fire;
    if (fire) begin
      pedestal_q  <= pedestal_d;
      imbalance_q <= imbalance_d;
      sample_q    <= sample;
      opens_q     <= opens;
    end
    if (fire_q) total_q <= opens_q ? difference : total_q + difference;
    if (scaled < 0) pixel <= 8'd0;
    else if (scaled > PIXEL_MAX) pixel <= 8'd255;
    else pixel <= scaled[7:0];
  end
endmodule
`default_nettype wire
