// commit_fifo: stores words of a frame, and hands them on only when the frame turns out to be good.
//
// Contract
//   in   push, push_data   one word of the frame in progress
//        frame_end         the frame ends (with or after its last push); frame_bad with it: forget its words;
//                          frame_tag with it: goes out with each of its words
//   out  m_*               the words of good frames, in order, each with its frame's tag
//        lost              words of good frames that found no place (or whose frame found none in the queue), and
//                          words of bad frames that found none
//   never blocks           a word that finds the memory full is lost and counted; a frame of at most Depth words
//                          fits into an empty memory
//   latency                2 clocks from frame_end to the first word; throughput one word per 2 clocks
//   reset                  synchronous, active high: empty
//   reference              trigger/decide.py:decide (order and content)
`default_nettype none
module commit_fifo #(
    parameter int Width  = 64,    // bits of a word
    parameter int TagBits = 33,   // bits of a frame's tag
    parameter int Depth  = 4096,  // words, a power of 2
    parameter int Queue  = 16     // good frames that wait, a power of 2
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                push,
    input  wire  [  Width-1:0] push_data,
    input  wire                frame_end,
    input  wire                frame_bad,
    input  wire  [TagBits-1:0] frame_tag,
    output logic [  Width-1:0] m_data,
    output logic [TagBits-1:0] m_tag,
    output logic               m_valid,
    input  wire                m_ready,
    output logic [       31:0] lost
);
  localparam int A = $clog2(Depth);
  localparam int Q = $clog2(Queue);
  localparam logic [A:0] DEPTH = Depth[A:0];
  localparam logic [Q:0] QUEUE = Queue[Q:0];

  initial begin
    if (Depth < 2 || Depth != 1 << A) $fatal(1, "commit_fifo: Depth = %0d, want a power of 2 (%m)", Depth);
    if (Queue < 2 || Queue != 1 << Q) $fatal(1, "commit_fifo: Queue = %0d, want a power of 2 (%m)", Queue);
  end

  logic [Width-1:0] words[Depth];
  logic [A+TagBits:0] frames[Queue];  // {end, tag} of each good frame
  logic [A:0] write_q, commit_q, read_q;  // next word; first word not yet good; next word out
  logic [Q:0] frame_in_q, frame_out_q;

  wire full = write_q - read_q == DEPTH;
  wire stored = push && !full;
  wire [A:0] write_d = write_q + {{A{1'b0}}, stored};
  wire [A:0] in_frame = write_d - commit_q;
  wire good = frame_end && !frame_bad && in_frame != '0;
  wire no_place = good && frame_in_q - frame_out_q == QUEUE;
  wire keep = good && !no_place;

  wire frame_waits = frame_in_q != frame_out_q;
  wire [A:0] frame_stop;
  wire [TagBits-1:0] tag;
  assign {frame_stop, tag} = frames[frame_out_q[Q-1:0]];
  wire issue = frame_waits && read_q != frame_stop && !m_valid;

  always_ff @(posedge clk) begin
    if (stored) words[write_q[A-1:0]] <= push_data;
    if (keep) frames[frame_in_q[Q-1:0]] <= {write_d, frame_tag};
    if (issue) {m_data, m_tag} <= {words[read_q[A-1:0]], tag};
    if (rst) begin
      {write_q, commit_q, read_q} <= '0;
      {frame_in_q, frame_out_q} <= '0;
      m_valid <= 1'b0;
      lost <= '0;
    end else begin
      write_q <= frame_end && !keep ? commit_q : write_d;
      if (keep) begin
        commit_q   <= write_d;
        frame_in_q <= frame_in_q + 1'b1;
      end
      if (issue) begin
        m_valid <= 1'b1;
        read_q  <= read_q + 1'b1;
      end else if (m_ready) m_valid <= 1'b0;
      if (frame_waits && read_q == frame_stop) frame_out_q <= frame_out_q + 1'b1;
      lost <= lost + {31'd0, push && full} + (no_place ? {{(31 - A) {1'b0}}, in_frame} : 32'd0);
    end
  end
endmodule
`default_nettype wire
