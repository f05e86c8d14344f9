"""One-line faults in the hand-written RTL of the chain; ``test_mutations.py`` shows that each is caught.

>>> len(MUTATIONS) >= 20 and {top_of(mutation) for mutation in MUTATIONS} == {"front_end", "decide"}
True
"""

from __future__ import annotations

from firmware_tests.mutation import Mutation

#: Sources of the two modules that are simulated, by top module.
SOURCES = {
    "front_end": ("front_end.sv", "pedestal_bins.sv", "pedestal_lane.sv", "frame_rows.sv"),
    "decide": ("decide.sv", "commit_fifo.sv"),
}
PLAIN = "idle=False/stall=False"
STALLED = "equals_reference/idle=False/stall=True"
IDLE = "equals_reference/idle=True/stall=False"
BAD = "bad_blocks_are_dropped/stall=False"


def top_of(mutation: Mutation) -> str:
    """Return the module that is simulated with this fault in it."""
    return next(top for top, files in SOURCES.items() if mutation.file in files)


MUTATIONS = (
    Mutation("pedestal_lane.sv", "sample > start", "sample >= start", "equal sample counts up", PLAIN),
    Mutation("pedestal_lane.sv", "bumped > LIMIT", "bumped >= LIMIT", "pedestal moves one early", PLAIN),
    Mutation("pedestal_lane.sv", "fresh ? sample :", "1'b0 ? sample :", "no first sample", PLAIN),
    Mutation("pedestal_lane.sv", "(total_q + HALF)", "(total_q)", "no rounding", PLAIN),
    Mutation("pedestal_lane.sv", "scaled < 0", "1'b0", "no clip below", PLAIN),
    Mutation("pedestal_bins.sv", "taken_q != 2'd2", "taken_q != 2'd3", "bank overwritten", STALLED),
    Mutation(
        "pedestal_bins.sv",
        "fresh_q <= bad || s_axis_tuser",
        "fresh_q <= s_axis_tuser",
        "no restart after bad",
        BAD,
    ),
    Mutation(
        "pedestal_bins.sv", "begins ? group_q : next_group", "next_group", "state lost in a pause", IDLE
    ),
    Mutation("pedestal_bins.sv", "if (good) bank_q", "if (good || bad) bank_q", "bad block handed on", BAD),
    Mutation("pedestal_bins.sv", "if (ends) over_q <= 1'b1;", "", "long not counted", BAD),
    Mutation("frame_rows.sv", "held_zero_q <= !real_word", "held_zero_q <= 1'b0", "guards not zero", PLAIN),
    Mutation(
        "frame_rows.sv",
        "ends_window_q && !frame_ends ? FILL",
        "ends_window_q ? FILL",
        "fills a whole frame",
        PLAIN,
    ),
    Mutation(
        "frame_rows.sv", "left_q == 4'd1 && m_axis_tready", "left_q == 4'd1", "pixel lost in a stall", STALLED
    ),
    Mutation(
        "frame_rows.sv",
        "held_filled_q <= state_q == FILL",
        "held_filled_q <= 1'b0",
        "filled not marked",
        PLAIN,
    ),
    Mutation("frame_rows.sv", "else if (row_q != '0) state_q", "else state_q", "fills an empty frame", BAD),
    Mutation("decide.sv", "score_2q >= threshold", "score_2q > threshold", "threshold not reached", PLAIN),
    Mutation(
        "decide.sv",
        "real_1q <= column_q <= LAST_REAL && !over_q",
        "real_1q <= 1'b1",
        "guard cells trigger",
        PLAIN,
    ),
    Mutation("decide.sv", "s_axis_tuser[1] || !map_ends", "s_axis_tuser[1]", "wrong length kept", PLAIN),
    Mutation("decide.sv", "s_axis_tuser[1] || !map_ends", "!map_ends", "marked frame kept", PLAIN),
    Mutation("decide.sv", "> best[k-1] ? k", ">= best[k-1] ? k", "last of equals", PLAIN),
    Mutation(
        "commit_fifo.sv",
        "frame_end && !keep ? commit_q",
        "1'b0 ? commit_q",
        "bad frame not rolled back",
        PLAIN,
    ),
    Mutation(
        "commit_fifo.sv", "else if (m_ready) m_valid", "else m_valid", "record lost in a stall", STALLED
    ),
    Mutation("commit_fifo.sv", "push && !full;", "push;", "memory overwritten", "what_finds_no_place"),
)
