"""net_global, net_resize and net_repack against their references and the model of their clocks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_tests.simulation import RTL, sample, simulate
from hls.bench.simulators import quickest, verilator, verilator_root

SHAPES = {
    "net_global": {
        "sum": {"Beats": 6, "Count": 3, "Width": 5, "Signed": 1, "OutWidth": 8},
        "max": {"Beats": 5, "Count": 2, "Width": 4, "Signed": 1, "Sum": 0, "OutWidth": 4},
        "max_unsigned": {"Beats": 8, "Count": 1, "Width": 6, "Sum": 0, "OutWidth": 7},
        "one_beat": {"Beats": 1, "Count": 2, "Width": 7, "OutWidth": 7},
        "wide_sum": {"Beats": 3, "Count": 1, "Width": 60, "OutWidth": 62},
    },
    "net_resize": {
        "both": {
            "Rows": 2, "Columns": 3, "SizeRows": 3, "SizeCols": 2, "PadTop": 1, "PadBottom": 2, "PadLeft": 2,
            "PadRight": 1,
        },
        "zeros": {"Rows": 3, "Columns": 2, "PadTop": 2, "PadRight": 1},
        "up": {"Rows": 3, "Columns": 4, "SizeRows": 2, "SizeCols": 3, "Width": 11},
        "column": {"Rows": 3, "Columns": 1, "SizeRows": 2, "SizeCols": 2, "PadLeft": 1},
        "rows_only": {"Rows": 1, "Columns": 5, "SizeRows": 4},
        "one_pixel": {"Rows": 1, "Columns": 1, "SizeRows": 3, "PadBottom": 1},
        "nothing": {"Rows": 2, "Columns": 2},
    },
    "net_repack": {
        "flatten": {"InCount": 5, "OutCount": 1, "Numbers": 15, "Width": 3},
        "gather": {"InCount": 1, "OutCount": 6, "Numbers": 12},
        "uneven_down": {"InCount": 6, "OutCount": 4, "Numbers": 24, "Width": 5},
        "uneven_up": {"InCount": 4, "OutCount": 6, "Numbers": 12, "Width": 5},
        "coprime": {"InCount": 3, "OutCount": 5, "Numbers": 15, "Width": 4},
        "coprime_down": {"InCount": 7, "OutCount": 3, "Numbers": 21, "Width": 4},
        "same": {"InCount": 2, "OutCount": 2, "Numbers": 8},
    },
}  # fmt: skip
ALL = [(top, shape) for top, shapes in SHAPES.items() for shape in shapes]
MUTATIONS = (
    ("net_global", "sum", "assign s_ready = !ends || !m_valid || m_ready;", "assign s_ready = 1'b1;"),
    ("net_global", "sum", "wire first = beat_q == '0;", "wire first = 1'b0;"),
    ("net_global", "sum", "assign s_ready = !ends ||", "assign s_ready ="),
    ("net_global", "max", "{Signed && held[OutWidth-1], held}", "{1'b0, held}"),
    ("net_resize", "zeros", "fresh || (row_q == '0 && col_q == '0)", "fresh"),
    ("net_resize", "both", "if (next && fresh) memory", "if (next) memory"),
    ("net_resize", "both", "if (real_place) col_phase_q", "col_phase_q"),
    ("net_resize", "both", "assign s_ready = en && fresh && last_copy;", "assign s_ready = en && fresh;"),
    ("net_repack", "flatten", "(In < Out ? In : Out) - 1;", "(In < Out ? In : Out) - 2;"),
    ("net_repack", "coprime", "take ? kept | added : kept", "kept | added"),
    ("net_repack", "uneven_up", "held_q  <= '0;", ""),
)


@pytest.mark.rtl
@pytest.mark.parametrize(("top", "shape"), sample(ALL), ids=[f"{t}-{s}" for t, s in sample(ALL)])
def test_front(top: str, shape: str) -> None:
    cases = f"firmware_tests.{top}_cases"
    simulate(top, cases, sources=[f"{top}.sv"], parameters=SHAPES[top][shape], simulator=quickest())


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("top", "shape", "old", "new"), sample(MUTATIONS), ids=[f"{m[0]}-{m[3]}" for m in sample(MUTATIONS)]
)
def test_fault_is_caught(top: str, shape: str, old: str, new: str, tmp_path: Path) -> None:
    text = (RTL / f"{top}.sv").read_text()
    assert text.count(old) == 1
    (tmp_path / f"{top}.sv").write_text(text.replace(old, new))
    sources, cases = [tmp_path / f"{top}.sv"], f"firmware_tests.{top}_cases"
    with pytest.raises(AssertionError, match=r"[1-9] of [1-9] cases failed"):
        simulate(top, cases, sources=sources, parameters=SHAPES[top][shape], simulator=quickest())


@pytest.mark.rtl
@pytest.mark.parametrize("top", SHAPES)
def test_lint_is_clean(top: str) -> None:
    environment = {**os.environ, "VERILATOR_ROOT": str(verilator_root() or "")}
    for parameters in SHAPES[top].values():
        given = [f"-G{name}={value}" for name, value in parameters.items()]
        command = [str(verilator()), "--lint-only", "-Wall", *given, str(RTL / f"{top}.sv")]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0 and "%Warning" not in done.stderr, done.stderr


@pytest.mark.rtl
def test_yosys_takes_them() -> None:
    for top in (*SHAPES, "net_quantize"):
        passes = [f"read_verilog -sv {RTL / top}.sv", f"hierarchy -check -top {top}", "proc", "check -assert"]
        command = [sys.executable, "-m", "hls.synth.yosys_child", *passes]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
