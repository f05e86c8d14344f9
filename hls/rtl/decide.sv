// decide: cells over threshold become trigger records; the records of a bad frame are dropped.
//
// Contract
//   in   s_axis      one cell per beat, row by row: output c of the network at bits [c * OutputBits +: OutputBits];
//                    tlast: last cell of a frame; tuser with it: bit 0 = frame was filled up, bit 1 = bad
//        threshold   signed: a cell with score >= threshold over real channels gives a record; hold it still
//                    within a frame
//   out  m_axis      one record per beat: [31:0] score, signed; [63:32] number of the frame since reset;
//                    [79:64] first collection channel of the cell; [87:80] row of the cell; [94:88] label (the output
//                    that gave the score); [95] the frame was filled up
//        frames_bad  frames that were marked bad or do not have Rows x columns cells; none of their records leaves
//        records_lost  records that found no place (see commit_fifo)
//   score            Outputs = 1: output 0; else the largest of outputs 1.. less output 0 (background)
//   latency          4 clocks from a frame's last cell to its first record, if none waits
//   throughput       1 cell per clock, s_axis_tready is always 1; 1 record per 2 clocks
//   reset            synchronous, active high: no record waits, frame number 0
//   reference        trigger/decide.py:decide, equal bit for bit
`default_nettype none
module decide #(
    parameter int OutputBits   = 8,    // bits of one output of the network
    parameter int OutputSigned = 1,    // 1: outputs are two's complement, 0: unsigned
    parameter int Outputs      = 1,    // outputs of a cell
    parameter int Rows         = 16,   // rows of cells in a frame
    parameter int CellsPerFace = 120,  // columns of cells over real channels, per face
    parameter int GuardCells   = 4,    // columns of cells over guard columns, after each face
    parameter int CellChannels = 4,    // channels that a cell spans
    parameter int Depth        = 4096  // records that are stored, a power of 2
) (
    input  wire                                  clk,
    input  wire                                  rst,
    input  wire signed [                   31:0] threshold,
    input  wire        [OutputBits*Outputs-1:0] s_axis_tdata,
    input  wire                                  s_axis_tvalid,
    input  wire                                  s_axis_tlast,
    input  wire        [                    1:0] s_axis_tuser,
    output wire                                  s_axis_tready,
    output wire        [                   95:0] m_axis_tdata,
    output wire                                  m_axis_tvalid,
    input  wire                                  m_axis_tready,
    output logic       [                   31:0] frames_bad,
    output wire        [                   31:0] records_lost
);
  localparam int SIDE_INT = CellsPerFace + GuardCells - 1;
  localparam int REAL_INT = CellsPerFace - 1;
  localparam int LAST_ROW_INT = Rows - 1;
  localparam int COLUMN_BITS = $clog2(CellsPerFace + GuardCells);
  localparam logic [COLUMN_BITS-1:0] LAST_COLUMN = SIDE_INT[COLUMN_BITS-1:0];
  localparam logic [COLUMN_BITS-1:0] LAST_REAL = REAL_INT[COLUMN_BITS-1:0];
  localparam logic [7:0] LAST_ROW = LAST_ROW_INT[7:0];
  localparam logic [15:0] CELL_CHANNELS = CellChannels[15:0];

  initial begin
    if (OutputBits > 30 || Rows > 256 || Outputs > 127)
      $fatal(1, "decide: OutputBits = %0d, Rows = %0d, Outputs = %0d, want at most 30, 256, 127 (%m)",
             OutputBits, Rows, Outputs);
  end

  assign s_axis_tready = 1'b1;

  // Stage 1: where the cell lies.
  logic [COLUMN_BITS-1:0] column_q;
  logic side_q, over_q;
  logic [7:0] row_q;
  logic [15:0] channel_q;
  wire row_ends = column_q == LAST_COLUMN && side_q;
  wire map_ends = row_ends && row_q == LAST_ROW && !over_q;

  logic valid_1q, real_1q, last_1q, filled_1q, bad_1q;
  logic [7:0] row_1q;
  logic [15:0] channel_1q;
  logic [OutputBits*Outputs-1:0] outputs_1q;

  always_ff @(posedge clk) begin
    if (rst) begin
      {column_q, side_q, over_q, row_q, channel_q} <= '0;
      valid_1q <= 1'b0;
    end else begin
      valid_1q <= s_axis_tvalid;
      if (s_axis_tvalid) begin
        column_q <= column_q == LAST_COLUMN ? '0 : column_q + 1'b1;
        if (column_q == LAST_COLUMN) side_q <= !side_q;
        if (column_q <= LAST_REAL) channel_q <= channel_q + CELL_CHANNELS;
        if (row_ends) begin
          channel_q <= '0;
          row_q <= row_q + 1'b1;
        end
        if (map_ends) over_q <= 1'b1;
        if (s_axis_tlast) {column_q, side_q, over_q, row_q, channel_q} <= '0;
      end
    end
    real_1q <= column_q <= LAST_REAL && !over_q;
    last_1q <= s_axis_tlast;
    filled_1q <= s_axis_tuser[0];
    bad_1q <= s_axis_tuser[1] || !map_ends;
    row_1q <= row_q;
    channel_1q <= channel_q;
    outputs_1q <= s_axis_tdata;
  end

  // Stage 2: score and label.
  wire signed [31:0] outputs[Outputs];
  wire signed [31:0] best[Outputs];
  wire [6:0] label[Outputs];

  for (genvar k = 0; k < Outputs; k++) begin : g_output
    wire sign = OutputSigned != 0 && outputs_1q[OutputBits*k+OutputBits-1];
    assign outputs[k] = {{(32 - OutputBits) {sign}}, outputs_1q[OutputBits*k+:OutputBits]};
    if (k < 2) begin : g_first
      assign best[k]  = outputs[k];
      assign label[k] = k;
    end else begin : g_later
      assign best[k]  = outputs[k] > best[k-1] ? outputs[k] : best[k-1];
      assign label[k] = outputs[k] > best[k-1] ? k : label[k-1];
    end
  end

  logic valid_2q, real_2q, last_2q, filled_2q, bad_2q;
  logic [7:0] row_2q;
  logic [15:0] channel_2q;
  logic [6:0] label_2q;
  logic signed [31:0] score_2q;
  wire signed [31:0] background = Outputs > 1 ? outputs[0] : 32'sd0;

  always_ff @(posedge clk) begin
    valid_2q <= valid_1q && !rst;
    {real_2q, last_2q, filled_2q, bad_2q} <= {real_1q, last_1q, filled_1q, bad_1q};
    {row_2q, channel_2q} <= {row_1q, channel_1q};
    score_2q <= best[Outputs-1] - background;
    label_2q <= label[Outputs-1];
  end

  // Stage 3: the decision, and the end of the frame.
  logic [31:0] number_q;
  wire hit = valid_2q && real_2q && score_2q >= threshold;
  wire frame_end = valid_2q && last_2q;

  always_ff @(posedge clk) begin
    if (rst) {number_q, frames_bad} <= '0;
    else if (frame_end) begin
      number_q <= number_q + 1'b1;
      if (bad_2q) frames_bad <= frames_bad + 1'b1;
    end
  end

  wire [62:0] record;
  wire [32:0] tag;
  assign m_axis_tdata = {tag[32], record[62:32], tag[31:0], record[31:0]};

  commit_fifo #(
      .Width(63),
      .TagBits(33),
      .Depth(Depth)
  ) commit_fifo_i (
      .clk(clk),
      .rst(rst),
      .push(hit),
      .push_data({label_2q, row_2q, channel_2q, score_2q}),
      .frame_end(frame_end),
      .frame_bad(bad_2q),
      .frame_tag({filled_2q, number_q}),
      .m_data(record),
      .m_tag(tag),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .lost(records_lost)
  );
endmodule
`default_nettype wire
