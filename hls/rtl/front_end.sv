// front_end: samples of one APA in, frames of pixels with guard columns out.
//
// Contract
//   in   s_axis    8 samples of 14 bits of one tick per beat [ADC counts]: pedestal_bins tells the order;
//                  tlast: last beat of a block; tuser with it: last block of its window
//   out  m_axis    one pixel per beat, unsigned 8 bits [counts of 2**Shift ADC tick]; tlast: last pixel of a frame;
//                  tuser with it: the frame was filled up at the end of its window
//        blocks_short, blocks_long   bad blocks; each is dropped whole and ends the window before it
//   latency        7 clocks from the acceptance of a block's last beat to its first pixel, if no earlier pixel waits
//   throughput     1 beat in and 1 pixel out per clock; a block of 64 x 960 samples is 7 680 beats in and 7 936
//                  pixels out, so the output never pauses inside a window while the input is supplied
//   reset          synchronous, active high: nothing in progress, a new window
//   reference      trigger/frames.py:Assembler, equal bit for bit
`default_nettype none
module front_end #(
    parameter int FaceChannels     = 480,  // channels of one of the two faces, a multiple of 8
    parameter int GuardColumns     = 16,   // columns of 0 after each face, a multiple of 8
    parameter int Rows             = 64,   // rows of a frame
    parameter int TicksPerBlock    = 64,   // ticks of a block
    parameter int TicksPerPixel    = 8,    // ticks summed into a pixel
    parameter int AccumulatorLimit = 10,   // see pedestal_lane
    parameter int Shift            = 5,    // see pedestal_lane
    parameter int Offset           = 16    // see pedestal_lane
) (
    input  wire          clk,
    input  wire          rst,
    input  wire  [111:0] s_axis_tdata,
    input  wire          s_axis_tvalid,
    input  wire          s_axis_tlast,
    input  wire          s_axis_tuser,
    output wire          s_axis_tready,
    output wire  [  7:0] m_axis_tdata,
    output wire          m_axis_tvalid,
    output wire          m_axis_tlast,
    output wire          m_axis_tuser,
    input  wire          m_axis_tready,
    output wire  [ 31:0] blocks_short,
    output wire  [ 31:0] blocks_long
);
  localparam int GROUPS = 2 * FaceChannels / 8;
  localparam int BLOCK_ROWS = TicksPerBlock / TicksPerPixel;
  localparam int ADDRESS_BITS = $clog2(BLOCK_ROWS * GROUPS);

  initial begin
    if (FaceChannels % 8 != 0 || GuardColumns % 8 != 0)
      $fatal(1, "front_end: FaceChannels = %0d, GuardColumns = %0d, want multiples of 8 (%m)",
             FaceChannels, GuardColumns);
  end

  wire write_valid, write_bank, token_valid, token_block, token_last, release_bank;
  wire [ADDRESS_BITS-1:0] write_address;
  wire [63:0] write_data;

  pedestal_bins #(
      .Groups(GROUPS),
      .TicksPerBlock(TicksPerBlock),
      .TicksPerPixel(TicksPerPixel),
      .AccumulatorLimit(AccumulatorLimit),
      .Shift(Shift),
      .Offset(Offset)
  ) pedestal_bins_i (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(s_axis_tdata),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tlast(s_axis_tlast),
      .s_axis_tuser(s_axis_tuser),
      .s_axis_tready(s_axis_tready),
      .write_valid(write_valid),
      .write_bank(write_bank),
      .write_address(write_address),
      .write_data(write_data),
      .token_valid(token_valid),
      .token_block(token_block),
      .token_last(token_last),
      .release_bank(release_bank),
      .blocks_short(blocks_short),
      .blocks_long(blocks_long)
  );

  frame_rows #(
      .WordsPerFace(FaceChannels / 8),
      .GuardWords(GuardColumns / 8),
      .BlockRows(BLOCK_ROWS),
      .Rows(Rows)
  ) frame_rows_i (
      .clk(clk),
      .rst(rst),
      .write_valid(write_valid),
      .write_bank(write_bank),
      .write_address(write_address),
      .write_data(write_data),
      .token_valid(token_valid),
      .token_block(token_block),
      .token_last(token_last),
      .release_bank(release_bank),
      .m_axis_tdata(m_axis_tdata),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tlast(m_axis_tlast),
      .m_axis_tuser(m_axis_tuser),
      .m_axis_tready(m_axis_tready)
  );
endmodule
`default_nettype wire
