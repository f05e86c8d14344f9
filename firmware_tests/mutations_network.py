"""One-line faults in the network's shells; ``test_network_mutations.py`` shows that each is caught.

>>> len(MUTATIONS) >= 16
True
"""

from __future__ import annotations

from firmware_tests.mutation import Mutation

MUTATIONS = (
    Mutation(
        "net_window.sv",
        "32'(col_q) < 32'(PadLeft - j)",
        "32'(col_q) <= 32'(PadLeft - j)",
        "left padding too wide",
    ),
    Mutation(
        "net_window.sv",
        "32'(i - PadTop) > 32'(Rows - 1)",
        "32'(i - PadTop) > 32'(Rows)",
        "bottom padding not masked",
    ),
    Mutation(
        "net_window.sv",
        "wire flush = !s_valid && first && open_q != '0;",
        "wire flush = 1'b0;",
        "last rows never come",
    ),
    Mutation(
        "net_window.sv",
        "wire start = primed_q == Primed && window_d",
        "wire start = window_d",
        "marks survive a reset",
    ),
    Mutation(
        "net_window.sv",
        "wire step = en && (s_valid || flush);",
        "wire step = s_valid || flush;",
        "stall not obeyed",
    ),
    Mutation(
        "net_window.sv",
        "assign column[(KernelRows-1)*WordWidth+:WordWidth] = {s_valid && first, s_data};",
        "assign column[(KernelRows-1)*WordWidth+:WordWidth] = {first, s_data};",
        "an empty beat opens a frame",
    ),
    Mutation(
        "net_guard.sv",
        "m_data     <= fill_q ? '0 : s_axis_tdata;",
        "m_data     <= s_axis_tdata;",
        "filled with noise",
    ),
    Mutation(
        "net_guard.sv",
        "assign flag_data     = {skip_q || !at_end,",
        "assign flag_data     = {skip_q,",
        "short not marked",
    ),
    Mutation(
        "net_guard.sv",
        "if (take && skip_q && s_axis_tlast) skip_q",
        "if (take && skip_q) skip_q",
        "resumes before tlast",
    ),
    Mutation("net_tail.sv", "m_axis_tuser <= at_end ? flag_data : '0;", "m_axis_tuser <= '0;", "flags lost"),
    Mutation(
        "net_quantize.sv",
        "Rounding == 0 ? wide[Down] :",
        "Rounding == 0 ? 1'b1 :",
        "ties round up, not to even",
    ),
    Mutation("net_quantize.sv", "(Overflow == 1 ? -MAX : -MAX - ONE)", "(-MAX - ONE)", "SAT_SYM is SAT"),
    Mutation(
        "net_mac.sv",
        "(beat_q != '0 || used_q != UsedBits'(Places))",
        "1'b1",
        "no credits: sums lost in a stall",
    ),
    Mutation(
        "net_mac.sv", "(!busy_q || beat_done) &&", "!busy_q &&", "a clock lost per beat: only the clocks tell"
    ),
    Mutation(
        "net_enable.sv",
        "assign en      = !m_valid || m_ready;",
        "assign en      = 1'b1;",
        "pipeline ignores a stall",
    ),
    Mutation("net_fifo.sv", "assign s_ready = count_q != FULL;", "assign s_ready = 1'b1;", "FIFO overflows"),
)
