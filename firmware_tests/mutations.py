"""One-line faults in the hand-written RTL of the chain; the suite must fail on each.

>>> len(MUTATIONS) >= 10
True
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from firmware_tests.simulation import RTL

FRONT_END = ("front_end.sv", "pedestal_bins.sv", "pedestal_lane.sv", "frame_rows.sv")
DECIDE = ("decide.sv", "commit_fifo.sv")
PLAIN = "idle=False/stall=False"
STALLED = "equals_reference/idle=False/stall=True"
IDLE = "equals_reference/idle=True/stall=False"
BAD = "bad_blocks_are_dropped/stall=False"


@dataclass(frozen=True)
class Mutation:
    """A fault.

    Attributes
    ----------
    name : what is wrong with the mutant.
    file : where; in ``hls/rtl``.
    old, new : text, found there exactly once, and what replaces it.
    case : regular expression of the cocotb cases that must catch it (fewer cases, faster).
    """

    name: str
    file: str
    old: str
    new: str
    case: str = PLAIN

    @property
    def top(self) -> str:
        """Module that is simulated."""
        return "front_end" if self.file in FRONT_END else "decide"

    def write(self, folder: Path) -> list[Path]:
        """Write the sources of ``top`` with the fault into ``folder``; return them."""
        sources = FRONT_END if self.top == "front_end" else DECIDE
        for source in sources:
            shutil.copy(RTL / source, folder / source)
        text = (RTL / self.file).read_text()
        if text.count(self.old) != 1:
            raise ValueError(
                f"mutation {self.name}: {self.old!r} is {text.count(self.old)} times in {self.file}"
            )
        (folder / self.file).write_text(text.replace(self.old, self.new))
        return [folder / source for source in sources]


MUTATIONS = (
    Mutation("equal_sample_counts_up", "pedestal_lane.sv", "sample > start", "sample >= start"),
    Mutation("pedestal_moves_one_early", "pedestal_lane.sv", "bumped > LIMIT", "bumped >= LIMIT"),
    Mutation("no_first_sample", "pedestal_lane.sv", "fresh ? sample :", "1'b0 ? sample :"),
    Mutation("no_rounding", "pedestal_lane.sv", "(total_q + HALF)", "(total_q)"),
    Mutation("no_clip_below", "pedestal_lane.sv", "scaled < 0", "1'b0"),
    Mutation("bank_overwritten", "pedestal_bins.sv", "taken_q != 2'd2", "taken_q != 2'd3", STALLED),
    Mutation(
        "no_restart_after_bad",
        "pedestal_bins.sv",
        "fresh_q <= bad || s_axis_tuser",
        "fresh_q <= s_axis_tuser",
        BAD,
    ),
    Mutation(
        "state_lost_in_a_pause", "pedestal_bins.sv", "begins ? group_q : next_group", "next_group", IDLE
    ),
    Mutation("bad_block_handed_on", "pedestal_bins.sv", "if (good) bank_q", "if (good || bad) bank_q", BAD),
    Mutation("long_not_counted", "pedestal_bins.sv", "if (ends) over_q <= 1'b1;", "", BAD),
    Mutation("guards_not_zero", "frame_rows.sv", "held_zero_q <= !real_word", "held_zero_q <= 1'b0"),
    Mutation(
        "fills_a_whole_frame", "frame_rows.sv", "ends_window_q && !frame_ends ? FILL", "ends_window_q ? FILL"
    ),
    Mutation(
        "pixel_lost_in_a_stall", "frame_rows.sv", "left_q == 4'd1 && m_axis_tready", "left_q == 4'd1", STALLED
    ),
    Mutation(
        "filled_not_marked", "frame_rows.sv", "held_filled_q <= state_q == FILL", "held_filled_q <= 1'b0"
    ),
    Mutation("fills_an_empty_frame", "frame_rows.sv", "else if (row_q != '0) state_q", "else state_q", BAD),
    Mutation("threshold_not_reached", "decide.sv", "score_2q >= threshold", "score_2q > threshold"),
    Mutation(
        "guard_cells_trigger", "decide.sv", "real_1q <= column_q <= LAST_REAL && !over_q", "real_1q <= 1'b1"
    ),
    Mutation("wrong_length_kept", "decide.sv", "s_axis_tuser[1] || !map_ends", "s_axis_tuser[1]"),
    Mutation("marked_frame_kept", "decide.sv", "s_axis_tuser[1] || !map_ends", "!map_ends"),
    Mutation("last_of_equals", "decide.sv", "> best[k-1] ? k", ">= best[k-1] ? k"),
    Mutation(
        "bad_frame_not_rolled_back", "commit_fifo.sv", "frame_end && !keep ? commit_q", "1'b0 ? commit_q"
    ),
    Mutation(
        "record_lost_in_a_stall", "commit_fifo.sv", "else if (m_ready) m_valid", "else m_valid", STALLED
    ),
    Mutation("memory_overwritten", "commit_fifo.sv", "push && !full;", "push;", "what_finds_no_place"),
)
