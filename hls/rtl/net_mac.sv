// net_mac: sums weight * number over a window or a flattened frame, one number per clock, all filters at once.
//
// Contract
//   in   s_*     Inputs numbers per beat, Beats beats per sum; weight_data: Filters weights, 1 clock after weight_address
//   out  m_*     one beat of Filters sums (filter f at bits [f*OutWidth +: OutWidth]), bias included, exact modulo 2**OutWidth
//   latency      Inputs + 4 clocks after the last beat of a sum; throughput one beat per Inputs clocks
//   reset        synchronous, active high: the next beat is the first of a sum
//   reference    trigger/integer_network.py:evaluate (Conv2D, Dense), hls/cycles.py:run for the clocks
//
// The arithmetic never stalls: a sum is begun only where the buffer behind it has a place for it (credit counter).
`default_nettype none
module net_mac #(
    parameter int Inputs      = 9,   // numbers per beat
    parameter int Beats       = 1,   // beats per sum
    parameter int Filters     = 4,   // sums side by side
    parameter int Width       = 8,   // bits of a number
    parameter bit Signed      = 0,   // numbers are two's complement, else unsigned
    parameter int WeightWidth = 8,   // bits of a weight, two's complement
    parameter int OutWidth    = 24,  // bits of a sum
    parameter logic [Filters*OutWidth-1:0] Bias = '0,
    localparam int Depth = Inputs * Beats > 1 ? Inputs * Beats : 2,
    localparam int AddressWidth = $clog2(Depth)
) (
    input  wire                            clk,
    input  wire                            rst,
    input  wire                            s_valid,
    output wire                            s_ready,
    input  wire         [Inputs*Width-1:0] s_data,
    output logic        [AddressWidth-1:0] weight_address,
    input  wire  [Filters*WeightWidth-1:0] weight_data,
    output wire                            m_valid,
    input  wire                            m_ready,
    output wire     [Filters*OutWidth-1:0] m_data
);
  localparam int Places = 4;  // sums that the buffer holds
  localparam int InputBits = Inputs > 1 ? $clog2(Inputs) : 1;
  localparam int BeatBits = Beats > 1 ? $clog2(Beats) : 1;
  localparam int ProductWidth = Width + 1 + WeightWidth;
  localparam logic [InputBits-1:0] InputEnd = InputBits'(Inputs - 1);
  localparam logic [BeatBits-1:0] BeatEnd = BeatBits'(Beats - 1);
  localparam logic [AddressWidth-1:0] AddressEnd = AddressWidth'(Inputs * Beats - 1);

  // ---- sequencer: one number of the beat per clock
  logic busy_q;
  logic [InputBits-1:0] input_q;  // number that is at work
  logic [BeatBits-1:0] beat_q;  // beat that is awaited
  logic [2:0] used_q;  // sums begun and not yet handed on
  logic [Inputs*Width-1:0] numbers_q;
  wire beat_done = input_q == InputEnd;
  wire take = s_valid && s_ready;
  wire begins = take && beat_q == '0;
  wire pop = m_valid && m_ready;
  wire at_start = weight_address == '0;
  wire at_end = weight_address == AddressEnd;

  assign s_ready = (!busy_q || beat_done) && (beat_q != '0 || used_q != 3'(Places));

  always_ff @(posedge clk) begin
    if (take) numbers_q <= s_data;
    else numbers_q <= numbers_q >> Width;
    if (rst) begin
      busy_q         <= 1'b0;
      input_q        <= '0;
      beat_q         <= '0;
      used_q         <= '0;
      weight_address <= '0;
    end else begin
      if (take) busy_q <= 1'b1;
      else if (beat_done) busy_q <= 1'b0;
      if (busy_q) begin
        input_q        <= beat_done ? '0 : input_q + 1'b1;
        weight_address <= at_end ? '0 : weight_address + 1'b1;
      end
      if (take) beat_q <= beat_q == BeatEnd ? '0 : beat_q + 1'b1;
      used_q <= used_q + 3'(begins) - 3'(pop);
    end
  end

  // ---- three stages: number beside its weight, product, sum
  logic [1:0] valid_q, first_q, last_q;
  logic done_q;
  logic [Width-1:0] number_q;
  wire signed [Width:0] factor = {Signed && number_q[Width-1], number_q};
  wire [Filters*OutWidth-1:0] sums;

  always_ff @(posedge clk) begin
    number_q <= numbers_q[Width-1:0];
    first_q  <= {first_q[0], at_start};
    last_q   <= {last_q[0], at_end};
    if (rst) begin
      valid_q <= '0;
      done_q  <= 1'b0;
    end else begin
      valid_q <= {valid_q[0], busy_q};
      done_q  <= valid_q[1] && last_q[1];
    end
  end

  for (genvar f = 0; f < Filters; f++) begin : g_filter
    localparam logic signed [OutWidth-1:0] BIAS = Bias[f*OutWidth+:OutWidth];
    wire signed [WeightWidth-1:0] weight = weight_data[f*WeightWidth+:WeightWidth];
    logic signed [ProductWidth-1:0] product_q;
    wire signed [OutWidth-1:0] term;
    logic signed [OutWidth-1:0] sum_q;
    if (OutWidth > ProductWidth) begin : g_extend
      assign term = {{(OutWidth - ProductWidth) {product_q[ProductWidth-1]}}, product_q};
    end else begin : g_cut
      assign term = product_q[OutWidth-1:0];
    end
    always_ff @(posedge clk) begin
      product_q <= factor * weight;
      if (valid_q[1]) sum_q <= (first_q[1] ? BIAS : sum_q) + term;
    end
    assign sums[f*OutWidth+:OutWidth] = sum_q;
  end

  // verilator lint_off PINCONNECTEMPTY
  // The credits keep a place free: s_ready of the buffer is never low when a sum is done.
  net_fifo #(
      .Width(Filters * OutWidth),
      .Depth(Places)
  ) buffer (
      .clk,
      .rst,
      .s_valid(done_q),
      .s_ready(),
      .s_data (sums),
      .m_valid,
      .m_ready,
      .m_data
  );
  // verilator lint_on PINCONNECTEMPTY
endmodule
`default_nettype wire
