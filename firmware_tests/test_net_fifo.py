"""net_fifo and net_deep_fifo against their clock-by-clock model; each one-line fault is caught."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from firmware_tests.simulation import RTL, sample, simulate
from hls.bench.simulators import quickest, verilator, verilator_root

SMALL, DEEP = "net_fifo", "net_deep_fifo"
SHAPES = [(SMALL, 2, 9), (SMALL, 5, 1), (DEEP, 3, 5), (DEEP, 64, 17), (DEEP, 67, 33)]
FAULTS = [
    (SMALL, "count_q != FULL", "1'b1", "overflows"),
    (SMALL, "count_q != '0", "count_q > 1", "keeps_its_last_word"),
    (SMALL, "read_q == LAST ? '0 : read_q + 1'b1", "read_q + 1'b1", "read_address_does_not_wrap"),
    (DEEP, "count_q != FULL", "1'b1", "overflows"),
    (DEEP, "count_q != FULL", "count_q < FULL - 1", "one_word_less"),
    (DEEP, "(!m_valid || pop)", "1'b1", "register_overwritten"),
    (DEEP, "(!m_valid || pop)", "!m_valid", "a_clock_lost_per_word"),
    (DEEP, "else if (pop) m_valid <= 1'b0;", "", "last_word_twice"),
    (DEEP, "count_q != (AW + 1)'(m_valid)", "count_q != '0", "reads_an_empty_memory"),
    (DEEP, "m_valid <= 1'b0;\n      write_q", "write_q", "a_word_survives_the_reset"),
]


def run(module: str, source: Path, depth: int, width: int, simulator: str) -> None:
    simulate(
        module,
        "firmware_tests.net_fifo_cases",
        sources=[source],
        parameters={"Depth": depth, "Width": width},
        simulator=simulator,
        tag=f"{depth}x{width}",
        env={"NET_FIFO_DEEP": str(int(module == DEEP))},
    )


@pytest.mark.rtl
@pytest.mark.parametrize(("module", "depth", "width"), SHAPES)
def test_equals_the_model(module: str, depth: int, width: int) -> None:
    run(module, RTL / f"{module}.sv", depth, width, quickest())


@pytest.mark.rtl
@pytest.mark.slow
def test_equals_the_model_from_random_registers() -> None:
    run(DEEP, RTL / f"{DEEP}.sv", 5, 8, "verilator")


@pytest.mark.rtl
@pytest.mark.parametrize(("module", "depth", "width"), SHAPES)
def test_lint_is_clean(module: str, depth: int, width: int) -> None:
    options = ["--lint-only", "-Wall", "--top-module", module, f"-GDepth={depth}", f"-GWidth={width}"]
    environment = {**os.environ, "VERILATOR_ROOT": str(verilator_root() or "")}
    command = [verilator(), *options, str(RTL / f"{module}.sv")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("module", "old", "new", "why"),
    sample([pytest.param(*fault, id=f"{fault[0]}_{fault[3]}") for fault in FAULTS]),
)
def test_fault_is_caught(module: str, old: str, new: str, why: str, tmp_path: Path) -> None:
    text = (RTL / f"{module}.sv").read_text()
    assert text.count(old) == 1, why
    source = tmp_path / f"{module}.sv"
    source.write_text(text.replace(old, new))
    with pytest.raises(AssertionError, match="cases failed"):
        run(module, source, 5, 8, quickest())
