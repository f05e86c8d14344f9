// chain_bulk: runs the chain at the simulator's own speed: stimulus from a file, every beat into files.
//
// Contract
//   in   stimulus.hex   one beat per line, hex: {3'b0, tuser, 3'b0, tlast, tdata}, offered without pause
//        threshold, cells_wanted, start   set by cocotb, then start = 1
//   out  pixels.hex, cells.hex, records.hex   one accepted beat per line, hex: clock, {tuser, tlast}, tdata
//        done           every wanted cell came and the records had time to drain, or nothing moved for long
//   latency, reset      none of its own: it holds reset for 8 clocks after start
//   reference           firmware_tests/chain_bulk.py writes, hls/bench/bulk.py reads the files
`default_nettype none
module chain_bulk #(
    parameter int TicksPerPixel    = 8,     // see chain, as all of these
    parameter int AccumulatorLimit = 10,
    parameter int Shift            = 5,
    parameter int Offset           = 16,
    parameter int OutputBits       = 8,
    parameter int OutputSigned     = 1,
    parameter int Outputs          = 1,
    parameter int CellRows         = 4,
    parameter int CellChannels     = 4,
    parameter int Drain            = 10000  // clocks after the last cell: more than 2 per stored record
);
  logic signed [31:0] threshold /* verilator public_flat_rw */;
  logic [31:0] cells_wanted /* verilator public_flat_rw */;
  logic start /* verilator public_flat_rw */ = 1'b0;
  logic done /* verilator public_flat_rw */ = 1'b0;
  logic [31:0] clock /* verilator public_flat_rw */ = 0;
  logic [31:0] stalls /* verilator public_flat_rw */ = 0;  // clocks with a beat offered and not taken
  wire [31:0] blocks_short /* verilator public_flat_rw */;
  wire [31:0] blocks_long /* verilator public_flat_rw */;
  wire [31:0] frames_short /* verilator public_flat_rw */;
  wire [31:0] frames_long /* verilator public_flat_rw */;
  wire [31:0] frames_bad /* verilator public_flat_rw */;
  wire [31:0] records_lost /* verilator public_flat_rw */;

  logic clk = 1'b0;
  logic rst = 1'b1;
  logic [119:0] beat = '0, next_beat;
  logic offered = 1'b0;
  wire ready, record_valid;
  wire [95:0] record;
  integer stimulus, pixels, cells, records, got;
  logic [31:0] cells_seen = 0, quiet = 0;
  logic ended = 1'b0;

  initial forever begin
    #2 clk = start && !clk && !done;
  end

  chain #(
      .TicksPerPixel(TicksPerPixel),
      .AccumulatorLimit(AccumulatorLimit),
      .Shift(Shift),
      .Offset(Offset),
      .OutputBits(OutputBits),
      .OutputSigned(OutputSigned),
      .Outputs(Outputs),
      .CellRows(CellRows),
      .CellChannels(CellChannels)
  ) chain_i (
      .clk(clk),
      .rst(rst),
      .threshold(threshold),
      .s_axis_tdata(beat[111:0]),
      .s_axis_tvalid(offered),
      .s_axis_tlast(beat[112]),
      .s_axis_tuser(beat[116]),
      .s_axis_tready(ready),
      .m_axis_tdata(record),
      .m_axis_tvalid(record_valid),
      .m_axis_tready(1'b1),
      .blocks_short(blocks_short),
      .blocks_long(blocks_long),
      .frames_short(frames_short),
      .frames_long(frames_long),
      .frames_bad(frames_bad),
      .records_lost(records_lost)
  );

  initial begin
    stimulus = $fopen("stimulus.hex", "r");
    pixels   = $fopen("pixels.hex", "w");
    cells    = $fopen("cells.hex", "w");
    records  = $fopen("records.hex", "w");
    if (stimulus == 0) $fatal(1, "chain_bulk: cannot open stimulus.hex");
  end

  wire pixel_moves = chain_i.pixel_tvalid && chain_i.pixel_tready;
  wire cell_moves = chain_i.cell_tvalid && chain_i.cell_tready;

  always @(posedge clk) begin
    clock <= clock + 1;
    rst   <= clock < 8;
    if (clock >= 10 && (!offered || ready)) begin
      got = ended ? 0 : $fscanf(stimulus, "%h\n", next_beat);
      beat <= next_beat;
      offered <= got == 1;
      ended <= got != 1;
    end
    if (offered && !ready) stalls <= stalls + 1;
    if (!rst) begin
      if (pixel_moves)
        $fwrite(pixels, "%08x%1x%02x\n", clock, {2'b0, chain_i.pixel_tuser, chain_i.pixel_tlast}, chain_i.pixel_tdata);
      if (cell_moves)
        $fwrite(cells, "%08x%1x%x\n", clock, {1'b0, chain_i.cell_tuser, chain_i.cell_tlast}, chain_i.cell_tdata);
      if (record_valid) $fwrite(records, "%08x0%024x\n", clock, record);
      if (cell_moves) cells_seen <= cells_seen + 1;
      quiet <= pixel_moves || cell_moves || (offered && ready) ? 0 : quiet + 1;
      if ((ended && cells_seen >= cells_wanted && quiet > Drain) || quiet > 200000) begin
        $fclose(pixels);
        $fclose(cells);
        $fclose(records);
        done <= 1'b1;
      end
    end
  end
endmodule
`default_nettype wire
