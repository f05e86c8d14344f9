// pedestal_bins: blocks of samples in, words of 8 pixels out, in a buffer of two banks of one block each.
//
// Contract
//   in   s_axis    8 samples of one tick per beat [ADC counts], lane k = channel 8g + k at bits [14k +: 14];
//                  groups g outer, ticks inner; tlast ends a block; tuser with tlast: last block of its window
//   out  write_*   one word: 8 pixels of 8 bits of group g, pixel row r, at address {bank, r * Groups + g}
//        token_*   after the last write of a block: token_block = 1: the block is whole (token_last: it ends its
//                  window); token_block = 0: a bad block was dropped, the window ends before it
//   in   release   the oldest whole block was read out: its bank is free
//   bad block      tlast early (blocks_short) or late (blocks_long): its bank is not handed on; the next block
//                  starts a new window, so its pedestals start at its first samples
//   latency        3 clocks from the beat that completes a word to its write; the token comes with a block's last
//   throughput     1 beat per clock, also from block to block; tready falls only between blocks, while both banks
//                  are taken
//   reset          synchronous, active high: both banks free, a new window
//   reference      trigger/frames.py:Assembler and trigger/frontend.py:FrontEnd, equal bit for bit
`default_nettype none
module pedestal_bins #(
    parameter int Groups           = 120,  // groups of 8 channels
    parameter int TicksPerBlock    = 64,   // ticks of a block
    parameter int TicksPerPixel    = 8,    // ticks summed into a pixel
    parameter int AccumulatorLimit = 10,   // see pedestal_lane
    parameter int Shift            = 5,    // see pedestal_lane
    parameter int Offset           = 16,   // see pedestal_lane
    parameter int AddressBits      = $clog2(TicksPerBlock / TicksPerPixel * Groups)  // of a word in its bank
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire  [        111:0] s_axis_tdata,
    input  wire                  s_axis_tvalid,
    input  wire                  s_axis_tlast,
    input  wire                  s_axis_tuser,
    output wire                  s_axis_tready,
    output logic                 write_valid,
    output logic                 write_bank,
    output logic [AddressBits-1:0] write_address,
    output wire  [         63:0] write_data,
    output logic                 token_valid,
    output logic                 token_block,
    output logic                 token_last,
    input  wire                  release_bank,
    output logic [         31:0] blocks_short,
    output logic [         31:0] blocks_long
);
  localparam int ADC_BITS = 14;
  localparam int ACC_BITS = $clog2(AccumulatorLimit + 2) + 1;
  localparam int STATE_BITS = ACC_BITS + ADC_BITS;
  localparam int GROUP_BITS = $clog2(Groups);
  localparam int TICK_BITS = $clog2(TicksPerBlock);
  localparam int LAST_GROUP_INT = Groups - 1;
  localparam int LAST_TICK_INT = TicksPerBlock - 1;
  localparam int LAST_INNER_INT = TicksPerPixel - 1;
  localparam logic [GROUP_BITS-1:0] LAST_GROUP = LAST_GROUP_INT[GROUP_BITS-1:0];
  localparam logic [TICK_BITS-1:0] LAST_TICK = LAST_TICK_INT[TICK_BITS-1:0];
  localparam logic [TICK_BITS-1:0] LAST_INNER = LAST_INNER_INT[TICK_BITS-1:0];
  localparam logic [AddressBits-1:0] GROUPS = Groups[AddressBits-1:0];

  initial begin
    if (Groups < 2) $fatal(1, "pedestal_bins: Groups = %0d, want at least 2 (%m)", Groups);
    if (TicksPerBlock < 2 || TicksPerBlock % TicksPerPixel != 0)
      $fatal(1, "pedestal_bins: TicksPerPixel = %0d, want a divisor of TicksPerBlock = %0d (%m)",
             TicksPerPixel, TicksPerBlock);
  end

  // Where in its block the next beat lies.
  logic [GROUP_BITS-1:0] group_q;
  logic [TICK_BITS-1:0] tick_q, inner_q;  // tick in the block; tick in the pixel
  logic [AddressBits-1:0] row_base_q;  // Groups * pixel row
  logic over_q;  // all beats of a block came, but no tlast
  logic fresh_q;  // this block is the first of its window
  logic bank_q;
  logic [1:0] taken_q;  // banks handed on and not released

  assign s_axis_tready = taken_q != 2'd2;
  wire fire = s_axis_tvalid && s_axis_tready;
  wire ends = group_q == LAST_GROUP && tick_q == LAST_TICK && !over_q;
  wire good = fire && s_axis_tlast && ends;
  wire bad = fire && s_axis_tlast && !ends;

  always_ff @(posedge clk) begin
    if (rst) begin
      {group_q, tick_q, inner_q, row_base_q, over_q} <= '0;
      {bank_q, taken_q} <= '0;
      {blocks_short, blocks_long} <= '0;
      fresh_q <= 1'b1;
    end else begin
      if (fire) begin
        inner_q <= inner_q == LAST_INNER ? '0 : inner_q + 1'b1;
        tick_q  <= tick_q + 1'b1;
        if (inner_q == LAST_INNER) row_base_q <= row_base_q + GROUPS;
        if (tick_q == LAST_TICK) begin
          {tick_q, row_base_q} <= '0;
          group_q <= group_q == LAST_GROUP ? '0 : group_q + 1'b1;
        end
        if (ends) over_q <= 1'b1;
        if (s_axis_tlast) begin
          {group_q, tick_q, inner_q, row_base_q, over_q} <= '0;
          fresh_q <= bad || s_axis_tuser;
        end
      end
      if (bad && over_q) blocks_long <= blocks_long + 1'b1;
      if (bad && !over_q) blocks_short <= blocks_short + 1'b1;
      if (good) bank_q <= !bank_q;
      taken_q <= taken_q + {1'b0, good} - {1'b0, release_bank};
    end
  end

  // State of every channel between its groups: read ahead, so it is there at the first tick of a group.
  logic [8*STATE_BITS-1:0] states[Groups];
  logic [8*STATE_BITS-1:0] loaded_q;
  wire [8*STATE_BITS-1:0] store;
  wire [GROUP_BITS-1:0] next_group = group_q == LAST_GROUP ? '0 : group_q + 1'b1;
  wire begins = tick_q == '0;
  logic store_q;
  logic [GROUP_BITS-1:0] store_group_q;

  always_ff @(posedge clk) begin
    store_q <= fire && tick_q == LAST_TICK;
    store_group_q <= group_q;
    if (store_q) states[store_group_q] <= store;
    loaded_q <= states[begins ? group_q : next_group];
  end

  for (genvar k = 0; k < 8; k++) begin : g_lane
    pedestal_lane #(
        .AdcBits(ADC_BITS),
        .TicksPerPixel(TicksPerPixel),
        .AccumulatorLimit(AccumulatorLimit),
        .Shift(Shift),
        .Offset(Offset)
    ) lane_i (
        .clk(clk),
        .fire(fire),
        .begins(begins),
        .fresh(fresh_q),
        .opens(inner_q == '0),
        .sample(s_axis_tdata[ADC_BITS*k+:ADC_BITS]),
        .load(loaded_q[STATE_BITS*k+:STATE_BITS]),
        .store(store[STATE_BITS*k+:STATE_BITS]),
        .pixel(write_data[8*k+:8])
    );
  end

  // What goes along with the lanes' 3 stages.
  logic [2:0] write_q, bad_q, good_q, last_q, along_bank_q;
  logic [AddressBits-1:0] address_q[3];
  wire [AddressBits-1:0] address = row_base_q + {{(AddressBits - GROUP_BITS) {1'b0}}, group_q};

  always_ff @(posedge clk) begin
    along_bank_q <= {along_bank_q[1:0], bank_q};
    last_q <= {last_q[1:0], s_axis_tuser};
    address_q[0] <= address;
    address_q[1] <= address_q[0];
    address_q[2] <= address_q[1];
    if (rst) {write_q, bad_q, good_q} <= '0;
    else begin
      write_q <= {write_q[1:0], fire && inner_q == LAST_INNER && !over_q};
      good_q  <= {good_q[1:0], good};
      bad_q   <= {bad_q[1:0], bad};
    end
  end

  assign write_valid = write_q[2];
  assign write_bank = along_bank_q[2];
  assign write_address = address_q[2];
  assign token_valid = good_q[2] || bad_q[2];
  assign token_block = good_q[2];
  assign token_last = last_q[2];
endmodule
`default_nettype wire
