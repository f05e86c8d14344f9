// frame_rows: blocks of pixels in a buffer, out as rows with guard columns and frames of `Rows` rows.
//
// Contract
//   in   write_*   words of 8 pixels into one of two banks (see pedestal_bins)
//        token_*   a whole block (token_last: it ends its window), or the end of a window before a bad block
//   out  release   one clock: a block was read, its bank is free
//        m_axis    one pixel per beat [counts]; a row is WordsPerFace words of face 0, GuardWords words of 0, the
//                  same for face 1; tlast with the last pixel of a frame; tuser with it: the frame was filled up
//   end of window  a frame in progress is filled up with rows of 0; one that is whole or not begun adds nothing
//   latency        first pixel of a block 4 clocks after its token, if no earlier pixel waits
//   throughput     1 pixel per clock, without pause while tokens are there; back-pressure honoured
//   reset          synchronous, active high: nothing in progress
//   reference      trigger/frames.py:Assembler, equal bit for bit
`default_nettype none
module frame_rows #(
    parameter int WordsPerFace = 60,  // words of 8 pixels in a row of one face
    parameter int GuardWords   = 2,   // words of 0 after each face
    parameter int BlockRows    = 8,   // rows of a block
    parameter int Rows         = 64,  // rows of a frame
    parameter int AddressBits  = $clog2(BlockRows * 2 * WordsPerFace)  // of a word in its bank
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   write_valid,
    input  wire                   write_bank,
    input  wire [AddressBits-1:0] write_address,
    input  wire [           63:0] write_data,
    input  wire                   token_valid,
    input  wire                   token_block,
    input  wire                   token_last,
    output wire                   release_bank,
    output wire [            7:0] m_axis_tdata,
    output wire                   m_axis_tvalid,
    output wire                   m_axis_tlast,
    output wire                   m_axis_tuser,
    input  wire                   m_axis_tready
);
  localparam int FACE_INT = WordsPerFace - 1;
  localparam int SIDE_INT = WordsPerFace + GuardWords - 1;
  localparam int WORD_BITS = $clog2(WordsPerFace + GuardWords);
  localparam int ROW_BITS = $clog2(Rows);
  localparam int BLOCK_ROW_BITS = $clog2(BlockRows + 1);
  localparam int LAST_ROW_INT = Rows - 1;
  localparam int LAST_BLOCK_ROW_INT = BlockRows - 1;
  localparam logic [WORD_BITS-1:0] LAST_REAL = FACE_INT[WORD_BITS-1:0];
  localparam logic [WORD_BITS-1:0] LAST_WORD = SIDE_INT[WORD_BITS-1:0];
  localparam logic [ROW_BITS-1:0] LAST_ROW = LAST_ROW_INT[ROW_BITS-1:0];
  localparam logic [BLOCK_ROW_BITS-1:0] LAST_BLOCK_ROW = LAST_BLOCK_ROW_INT[BLOCK_ROW_BITS-1:0];

  initial begin
    if (GuardWords < 1 || Rows < 2)
      $fatal(1, "frame_rows: GuardWords = %0d, Rows = %0d, want at least 1 and 2 (%m)", GuardWords, Rows);
  end

  // Tokens that wait: at most 2 blocks, and one end of window behind each.
  logic [1:0] tokens[4];  // {block, last}
  logic [2:0] token_in_q, token_out_q;
  wire token_waits = token_in_q != token_out_q;
  wire [1:0] token = tokens[token_out_q[1:0]];

  // What the next word is: nothing yet, the next one of a block, or part of a filled row.
  localparam logic [1:0] IDLE = 2'd0, READ = 2'd1, FILL = 2'd2;
  logic [1:0] state_q;
  logic ends_window_q;  // the block being read is the last of its window
  logic bank_q, side_q;
  logic [WORD_BITS-1:0] word_q;  // in its face, guard included
  logic [BLOCK_ROW_BITS-1:0] block_row_q;
  logic [ROW_BITS-1:0] row_q;
  logic [AddressBits-1:0] address_q;

  // One word is held until the pixels before it have left.
  logic held_valid_q, held_zero_q, held_last_q, held_filled_q;
  logic [63:0] read_q;
  wire issue = state_q != IDLE && !held_valid_q;
  wire real_word = state_q == READ && word_q <= LAST_REAL;
  wire row_ends = word_q == LAST_WORD && side_q;
  wire block_ends = state_q == READ && row_ends && block_row_q == LAST_BLOCK_ROW;
  wire frame_ends = row_ends && row_q == LAST_ROW;
  wire take;

  assign release_bank = issue && block_ends;

  logic [63:0] words[2 << AddressBits];
  always_ff @(posedge clk) begin
    if (write_valid) words[{write_bank, write_address}] <= write_data;
    if (issue) read_q <= words[{bank_q, address_q}];
  end

  always_ff @(posedge clk) begin
    if (token_valid) tokens[token_in_q[1:0]] <= {token_block, token_last};
    if (rst) begin
      {token_in_q, token_out_q} <= '0;
      state_q <= IDLE;
      {bank_q, side_q, word_q, block_row_q, row_q, address_q} <= '0;
      held_valid_q <= 1'b0;
    end else begin
      if (token_valid) token_in_q <= token_in_q + 1'b1;
      if (take) held_valid_q <= 1'b0;
      if (state_q == IDLE && token_waits) begin
        token_out_q <= token_out_q + 1'b1;
        ends_window_q <= token[0];
        if (token[1]) state_q <= READ;
        else if (row_q != '0) state_q <= FILL;
      end
      if (issue) begin
        held_valid_q <= 1'b1;
        held_zero_q <= !real_word;
        held_last_q <= frame_ends;
        held_filled_q <= state_q == FILL;
        word_q <= word_q == LAST_WORD ? '0 : word_q + 1'b1;
        if (word_q == LAST_WORD) side_q <= !side_q;
        if (row_ends) row_q <= frame_ends ? '0 : row_q + 1'b1;
        if (real_word) address_q <= address_q + 1'b1;
        if (state_q == READ && row_ends) block_row_q <= block_row_q + 1'b1;
        if (block_ends) begin
          {block_row_q, address_q} <= '0;
          bank_q  <= !bank_q;
          state_q <= ends_window_q && !frame_ends ? FILL : IDLE;
        end
        if (state_q == FILL && frame_ends) state_q <= IDLE;
      end
    end
  end

  // The pixels of a word leave one by one.
  logic [63:0] pixels_q;
  logic [3:0] left_q;
  logic last_q, filled_q;
  wire fire = m_axis_tvalid && m_axis_tready;
  assign take = held_valid_q && (left_q == 4'd0 || (left_q == 4'd1 && m_axis_tready));

  always_ff @(posedge clk) begin
    if (rst) left_q <= 4'd0;
    else if (take) begin
      left_q <= 4'd8;
      pixels_q <= held_zero_q ? '0 : read_q;
      last_q <= held_last_q;
      filled_q <= held_filled_q;
    end else if (fire) begin
      left_q   <= left_q - 1'b1;
      pixels_q <= {8'd0, pixels_q[63:8]};
    end
  end

  assign m_axis_tvalid = left_q != 4'd0;
  assign m_axis_tdata = pixels_q[7:0];
  assign m_axis_tlast = last_q && left_q == 4'd1;
  assign m_axis_tuser = m_axis_tlast && filled_q;
endmodule
`default_nettype wire
