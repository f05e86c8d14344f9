// net_mac: sums weight * number over a window or a flattened frame, Parallel numbers per clock, all filters at once.
//
// Contract
//   in   s_*     Inputs numbers per beat, Beats beats per sum; weight_data: the weights of one turn, 1 clock after
//                weight_address (filter f, number p of its group in this turn at bits [(f*Parallel + p)*WeightWidth +: WeightWidth])
//   out  m_*     one beat of Filters sums (filter f at bits [f*OutWidth +: OutWidth]), bias included, exact modulo 2**OutWidth
//   latency      Turns + Depth + 1 clocks after the last beat of a sum; throughput one beat per Turns clocks
//   reset        synchronous, active high: the next beat is the first of a sum
//   reference    trigger/integer_network.py:evaluate (Conv2D, Dense), hls/cycles.py:run for the clocks
//
// Turns = ceil(Inputs / Groups / Parallel); what is missing in the last turn is zero.
// Depth = 3 + floor(clog2(terms) / 2), terms = Parallel with DSP blocks, Parallel * ceil(WeightWidth / 2) in logic: numbers
// beside their weights, terms, a register after every second level of adders, and the sum.
// The arithmetic never stalls: a sum is begun only where the buffer behind it has a place for it (credit counter).
// hls/kernel_choice.py:mac_clocks has the same formulas.
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
    parameter int Parallel    = 1,   // numbers of a group that are multiplied in one clock
    parameter int Groups      = 1,   // filter f sees the numbers of group f / (Filters / Groups) only
    parameter int Run         = Inputs / Groups,  // numbers of one group that follow each other in a beat
    parameter bit UseDsp      = 1,   // multiply in DSP blocks, else in logic
    localparam int Turns = (Inputs / Groups + Parallel - 1) / Parallel,
    localparam int Words = Turns * Beats > 1 ? Turns * Beats : 2,  // of the weight memory
    localparam int AddressWidth = $clog2(Words)
) (
    input  wire                                     clk,
    input  wire                                     rst,
    input  wire                                     s_valid,
    output wire                                     s_ready,
    input  wire                  [Inputs*Width-1:0] s_data,
    output logic                 [AddressWidth-1:0] weight_address,
    input  wire  [Filters*Parallel*WeightWidth-1:0] weight_data,
    output wire                                     m_valid,
    input  wire                                     m_ready,
    output wire              [Filters*OutWidth-1:0] m_data
);
  localparam int InGroup = Inputs / Groups;
  localparam int Digits = (WeightWidth + 1) / 2;
  localparam int Terms = UseDsp ? Parallel : Parallel * Digits;  // of one filter in one clock
  localparam int Levels = $clog2(Terms);
  localparam int Stages = Levels / 2;  // registers inside the tree of adders
  localparam int NeededPlaces = 2 + (4 + Stages) / (Turns * Beats);
  localparam int Places = NeededPlaces > 4 ? NeededPlaces : 4;  // sums that the buffer holds
  localparam int TurnBits = Turns > 1 ? $clog2(Turns) : 1;
  localparam int BeatBits = Beats > 1 ? $clog2(Beats) : 1;
  localparam int UsedBits = $clog2(Places + 1);
  localparam int LaneWidth = Turns * Parallel * Width;
  localparam int TermWidth = Width + 1 + 2 * Digits;
  localparam int TreeWidth = TermWidth + Levels;
  localparam logic [TurnBits-1:0] TurnEnd = TurnBits'(Turns - 1);
  localparam logic [BeatBits-1:0] BeatEnd = BeatBits'(Beats - 1);
  localparam logic [AddressWidth-1:0] AddressEnd = AddressWidth'(Turns * Beats - 1);

  initial begin
    if (Parallel < 1 || Parallel > InGroup)
      $fatal(1, "net_mac: Parallel = %0d, want 1 to %0d (%m)", Parallel, InGroup);
    if (Groups < 1 || Inputs % (Groups * Run) != 0 || Filters % Groups != 0)
      $fatal(1, "net_mac: Groups = %0d, want a divisor of inputs, runs and filters (%m)", Groups);
  end

  // ---- the numbers of a beat, group by group
  wire [Groups*LaneWidth-1:0] lanes;
  for (genvar g = 0; g < Groups; g++) begin : g_lane
    for (genvar k = 0; k < Turns * Parallel; k++) begin : g_number
      if (k < InGroup) begin : g_real
        localparam int N = (k / Run) * Run * Groups + g * Run + k % Run;
        assign lanes[g*LaneWidth+k*Width+:Width] = s_data[N*Width+:Width];
      end else begin : g_zero
        assign lanes[g*LaneWidth+k*Width+:Width] = '0;
      end
    end
  end

  // ---- sequencer: one turn of the beat per clock
  logic busy_q;
  logic [TurnBits-1:0] turn_q;  // turn that is at work
  logic [BeatBits-1:0] beat_q;  // beat that is awaited
  logic [UsedBits-1:0] used_q;  // sums begun and not yet handed on
  logic [Groups*LaneWidth-1:0] lanes_q;
  wire beat_done = turn_q == TurnEnd;
  wire take = s_valid && s_ready;
  wire begins = take && beat_q == '0;
  wire pop = m_valid && m_ready;
  wire at_start = weight_address == '0;
  wire at_end = weight_address == AddressEnd;

  assign s_ready = (!busy_q || beat_done) && (beat_q != '0 || used_q != UsedBits'(Places));

  always_ff @(posedge clk) begin
    if (rst) begin
      busy_q         <= 1'b0;
      turn_q         <= '0;
      beat_q         <= '0;
      used_q         <= '0;
      weight_address <= '0;
    end else begin
      if (take) busy_q <= 1'b1;
      else if (beat_done) busy_q <= 1'b0;
      if (busy_q) begin
        turn_q         <= beat_done ? '0 : turn_q + 1'b1;
        weight_address <= at_end ? '0 : weight_address + 1'b1;
      end
      if (take) beat_q <= beat_q == BeatEnd ? '0 : beat_q + 1'b1;
      used_q <= used_q + UsedBits'(begins) - UsedBits'(pop);
    end
  end

  // ---- stages: numbers beside their weights, terms, tree of adders, sum
  logic [Stages+1:0] valid_q, first_q, last_q;
  logic done_q;
  logic [Groups*Parallel*Width-1:0] numbers_q;
  wire [Filters*OutWidth-1:0] sums;

  for (genvar g = 0; g < Groups; g++) begin : g_shift
    always_ff @(posedge clk) begin
      if (take) lanes_q[g*LaneWidth+:LaneWidth] <= lanes[g*LaneWidth+:LaneWidth];
      else lanes_q[g*LaneWidth+:LaneWidth] <= lanes_q[g*LaneWidth+:LaneWidth] >> (Parallel * Width);
      numbers_q[g*Parallel*Width+:Parallel*Width] <= lanes_q[g*LaneWidth+:Parallel*Width];
    end
  end

  always_ff @(posedge clk) begin
    first_q <= {first_q[Stages:0], at_start};
    last_q  <= {last_q[Stages:0], at_end};
    if (rst) begin
      valid_q <= '0;
      done_q  <= 1'b0;
    end else begin
      valid_q <= {valid_q[Stages:0], busy_q};
      done_q  <= valid_q[Stages+1] && last_q[Stages+1];
    end
  end

  for (genvar f = 0; f < Filters; f++) begin : g_filter
    localparam logic signed [OutWidth-1:0] BIAS = Bias[f*OutWidth+:OutWidth];
    localparam int G = f / (Filters / Groups);
    wire [Terms*TermWidth-1:0] terms;

    for (genvar p = 0; p < Parallel; p++) begin : g_product
      wire [Width-1:0] number = numbers_q[(G*Parallel+p)*Width+:Width];
      wire signed [Width:0] factor = {Signed && number[Width-1], number};
      wire signed [WeightWidth-1:0] weight = weight_data[(f*Parallel+p)*WeightWidth+:WeightWidth];
      if (UseDsp) begin : g_dsp
        (* use_dsp = "yes", multstyle = "dsp" *) logic signed [Width+WeightWidth:0] product_q;
        always_ff @(posedge clk) product_q <= factor * weight;
        assign terms[p*TermWidth+:TermWidth] = TermWidth'(product_q);
      end else begin : g_logic
        wire signed [2*Digits-1:0] wide = (2 * Digits)'(weight);
        for (genvar d = 0; d < Digits; d++) begin : g_digit
          // Two bits of the weight: 0, 1, 2, 3 times the number; the upper two, which have the sign, 0, 1, -2, -1 times.
          wire signed [Width+2:0] once = wide[2*d] ? (Width + 3)'(factor) : '0;
          wire signed [Width+2:0] twice = wide[2*d+1] ? (Width + 3)'(factor) <<< 1 : '0;
          (* use_dsp = "no", multstyle = "logic" *) logic signed [Width+2:0] digit_q;
          always_ff @(posedge clk) digit_q <= d == Digits - 1 ? once - twice : once + twice;
          assign terms[(p*Digits+d)*TermWidth+:TermWidth] = TermWidth'(digit_q) <<< (2 * d);
        end
      end
    end

    // Level 0 has the terms, level l half as many sums of two, rounded up.
    for (genvar l = 0; l <= Levels; l++) begin : g_level
      localparam int Count = (Terms + (1 << l) - 1) >> l;
      localparam int W = TermWidth + l;
      wire [Count*W-1:0] nodes;
      if (l == 0) begin : g_terms
        assign nodes = terms;
      end else begin : g_sums
        localparam int Before = (Terms + (1 << (l - 1)) - 1) >> (l - 1);
        for (genvar n = 0; n < Count; n++) begin : g_node
          wire signed [W-1:0] first = W'($signed(g_level[l-1].nodes[2*n*(W-1)+:W-1]));
          wire signed [W-1:0] node;
          if (2 * n + 1 < Before) begin : g_add
            assign node = first + W'($signed(g_level[l-1].nodes[(2*n+1)*(W-1)+:W-1]));
          end else begin : g_pass
            assign node = first;
          end
          if (l % 2 == 0) begin : g_register
            logic [W-1:0] node_q;
            always_ff @(posedge clk) node_q <= node;
            assign nodes[n*W+:W] = node_q;
          end else begin : g_wire
            assign nodes[n*W+:W] = node;
          end
        end
      end
    end

    // verilator lint_off UNUSEDSIGNAL
    // The sum is formed modulo its width.
    wire signed [TreeWidth-1:0] total = g_level[Levels].nodes;
    // verilator lint_on UNUSEDSIGNAL
    wire signed [OutWidth-1:0] term;
    logic signed [OutWidth-1:0] sum_q;
    if (OutWidth > TreeWidth) begin : g_extend
      assign term = {{(OutWidth - TreeWidth) {total[TreeWidth-1]}}, total};
    end else begin : g_cut
      assign term = total[OutWidth-1:0];
    end
    always_ff @(posedge clk) begin
      if (valid_q[Stages+1]) sum_q <= (first_q[Stages+1] ? BIAS : sum_q) + term;
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
