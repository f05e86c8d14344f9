// chain: the firmware of one APA: front_end -> network (generated) -> decide; wires only.
//
// Contract
//   in   s_axis      samples, as front_end takes them
//        threshold   signed: smallest score of a record, on the grid of the network's output
//   out  m_axis      trigger records of 96 bits, as decide sends them
//        counters    bad blocks, frames and lost records since reset (see front_end, the network, decide)
//   latency          that of the parts: front_end 7 clocks, the network as its plan says, decide 4 clocks
//   throughput       1 beat of samples per clock, 1 pixel per clock
//   reset            synchronous, active high: leaves no trace
//   reference        trigger/frames.py:Assembler, trigger/integer_network.py:evaluate, trigger/decide.py:decide
`default_nettype none
module chain #(
    parameter int FaceChannels     = 480,  // channels of one of the two faces, a multiple of 8 and CellChannels
    parameter int GuardColumns     = 16,   // columns of 0 after each face, a multiple of 8 and CellChannels
    parameter int Rows             = 64,   // rows of a frame, a multiple of CellRows
    parameter int TicksPerPixel    = 8,    // see front_end
    parameter int AccumulatorLimit = 10,   // see front_end
    parameter int Shift            = 5,    // see front_end
    parameter int Offset           = 16,   // see front_end
    parameter int OutputBits       = 8,    // bits of one output of the network
    parameter int OutputSigned     = 1,    // 1: two's complement, 0: unsigned
    parameter int Outputs          = 1,    // outputs of a cell
    parameter int CellRows         = 4,    // rows of pixels per cell
    parameter int CellChannels     = 4,    // columns of pixels per cell
    parameter int Depth            = 4096  // records that are stored, a power of 2
) (
    input  wire                clk,
    input  wire                rst,
    input  wire signed [ 31:0] threshold,
    input  wire        [111:0] s_axis_tdata,
    input  wire                s_axis_tvalid,
    input  wire                s_axis_tlast,
    input  wire                s_axis_tuser,
    output wire                s_axis_tready,
    output wire        [ 95:0] m_axis_tdata,
    output wire                m_axis_tvalid,
    input  wire                m_axis_tready,
    output wire        [ 31:0] blocks_short,
    output wire        [ 31:0] blocks_long,
    output wire        [ 31:0] frames_short,
    output wire        [ 31:0] frames_long,
    output wire        [ 31:0] frames_bad,
    output wire        [ 31:0] records_lost
);
  wire [7:0] pixel_tdata;
  wire pixel_tvalid, pixel_tready, pixel_tlast, pixel_tuser;
  wire [OutputBits*Outputs-1:0] cell_tdata;
  wire cell_tvalid, cell_tready, cell_tlast;
  wire [1:0] cell_tuser;

  initial begin
    if (FaceChannels % CellChannels != 0 || GuardColumns % CellChannels != 0 || Rows % CellRows != 0)
      $fatal(1, "chain: FaceChannels, GuardColumns = %0d, %0d want multiples of CellChannels = %0d (%m)",
             FaceChannels, GuardColumns, CellChannels);
  end

  front_end #(
      .FaceChannels(FaceChannels),
      .GuardColumns(GuardColumns),
      .Rows(Rows),
      .TicksPerPixel(TicksPerPixel),
      .AccumulatorLimit(AccumulatorLimit),
      .Shift(Shift),
      .Offset(Offset)
  ) front_end_i (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(s_axis_tdata),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tlast(s_axis_tlast),
      .s_axis_tuser(s_axis_tuser),
      .s_axis_tready(s_axis_tready),
      .m_axis_tdata(pixel_tdata),
      .m_axis_tvalid(pixel_tvalid),
      .m_axis_tlast(pixel_tlast),
      .m_axis_tuser(pixel_tuser),
      .m_axis_tready(pixel_tready),
      .blocks_short(blocks_short),
      .blocks_long(blocks_long)
  );

  network network_i (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(pixel_tdata),
      .s_axis_tvalid(pixel_tvalid),
      .s_axis_tlast(pixel_tlast),
      .s_axis_tuser(pixel_tuser),
      .s_axis_tready(pixel_tready),
      .m_axis_tdata(cell_tdata),
      .m_axis_tvalid(cell_tvalid),
      .m_axis_tlast(cell_tlast),
      .m_axis_tuser(cell_tuser),
      .m_axis_tready(cell_tready),
      .frames_short(frames_short),
      .frames_long(frames_long)
  );

  decide #(
      .OutputBits(OutputBits),
      .OutputSigned(OutputSigned),
      .Outputs(Outputs),
      .Rows(Rows / CellRows),
      .CellsPerFace(FaceChannels / CellChannels),
      .GuardCells(GuardColumns / CellChannels),
      .CellChannels(CellChannels),
      .Depth(Depth)
  ) decide_i (
      .clk(clk),
      .rst(rst),
      .threshold(threshold),
      .s_axis_tdata(cell_tdata),
      .s_axis_tvalid(cell_tvalid),
      .s_axis_tlast(cell_tlast),
      .s_axis_tuser(cell_tuser),
      .s_axis_tready(cell_tready),
      .m_axis_tdata(m_axis_tdata),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tready(m_axis_tready),
      .frames_bad(frames_bad),
      .records_lost(records_lost)
  );
endmodule
`default_nettype wire
