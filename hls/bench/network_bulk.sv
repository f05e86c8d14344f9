// network_bulk: runs the generated network alone at the simulator's own speed: frames from a file, every beat into files.
//
// Contract
//   in   stimulus.bin   one beat after the other: a byte {6'b0, tuser, tlast}, then tdata in whole bytes, highest
//                       first; offered without pause
//        start          set to 1 by cocotb
//   out  taken.hex      clocks in which beats begin or cease to be accepted, one per line, hex
//        cells.hex      one beat per line, hex: clock, {tuser, tlast}, tdata; always ready
//        done           the input has ended, and nothing has moved for Quiet clocks
//   latency, reset      none of its own: it holds reset for 8 clocks after start
//   reference           hls/bench/network_bulk.py reads and writes the files
`default_nettype none
module network_bulk #(
    parameter int InWidth  = 8,  // bits of a pixel
    parameter int OutWidth = 8,  // bits of a cell
    parameter int Quiet    = 5000  // clocks without a beat after which the run ends
);
  localparam int Bytes = 1 + (InWidth + 7) / 8;
  localparam int Chunk = 4096;  // beats that are read at once: the simulator spends no time on the file
  logic start /* verilator public_flat_rw */ = 1'b0;
  logic done /* verilator public_flat_rw */ = 1'b0;
  logic [31:0] clock /* verilator public_flat_rw */ = 0;
  wire [31:0] frames_short /* verilator public_flat_rw */;
  wire [31:0] frames_long /* verilator public_flat_rw */;

  logic clk = 1'b0;
  logic rst = 1'b1;
  logic [8*Bytes-1:0] chunk[0:Chunk-1];
  logic [8*Bytes-1:0] beat = '0;
  logic offered = 1'b0;
  logic moved = 1'b0;
  integer at = 0, have = 0, quiet = 0;
  integer stimulus, taken, cells;
  wire ready, cell_valid, cell_last;
  wire [1:0] cell_user;
  wire [OutWidth-1:0] cell_data;

  initial forever begin
    #2 clk = start && !clk && !done;
  end

  network network_i (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(beat[InWidth-1:0]),
      .s_axis_tvalid(offered),
      .s_axis_tready(ready),
      .s_axis_tlast(beat[8*Bytes-8]),
      .s_axis_tuser(beat[8*Bytes-7]),
      .m_axis_tdata(cell_data),
      .m_axis_tvalid(cell_valid),
      .m_axis_tready(1'b1),
      .m_axis_tlast(cell_last),
      .m_axis_tuser(cell_user),
      .frames_short(frames_short),
      .frames_long(frames_long)
  );

  initial begin
    stimulus = $fopen("stimulus.bin", "rb");
    taken    = $fopen("taken.hex", "w");
    cells    = $fopen("cells.hex", "w");
    if (stimulus == 0) $fatal(1, "network_bulk: cannot open stimulus.bin");
    have = $fread(chunk, stimulus) / Bytes;
  end

  wire moves = offered && ready;

  always @(posedge clk) begin
    clock <= clock + 1;
    rst   <= clock < 8;
    if (clock >= 10 && (!offered || ready)) begin
      offered <= at < have;
      if (at < have) beat <= chunk[at];
      at = at + 1;
      if (at == Chunk) begin
        have = $fread(chunk, stimulus) / Bytes;
        at = 0;
      end
    end
    if (!rst) begin
      moved <= moves;
      if (moves != moved) $fwrite(taken, "%08x\n", clock);
      if (cell_valid) $fwrite(cells, "%08x%1x%x\n", clock, {1'b0, cell_user, cell_last}, cell_data);
      quiet <= cell_valid || moves ? 0 : quiet + 1;
      if (quiet == Quiet) begin
        $fclose(taken);
        $fclose(cells);
        done <= 1'b1;
      end
    end
  end
endmodule
`default_nettype wire
