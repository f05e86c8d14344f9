"""net_quantize: every rounding with every overflow, over all inputs of small widths and many shifts."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_tests import quantize_bulk
from firmware_tests.simulation import RTL, sample, simulate
from hls.bench.simulators import quickest

#: Faults that only some of the modes can show.
FAULTS = (
    ("Rounding == 1 ? 1'b1", "Rounding == 1 ? 1'b0"),
    ("Rounding == 2 ? sign", "Rounding == 2 ? !sign"),
    ("Rounding == 3 && !sign", "Rounding == 3"),
    ("sign && (half || rest)", "sign && half"),
    ("ABOVE = Overflow == 2 ? '0 : MAX", "ABOVE = MAX"),
    ("Overflow != 3 && compared < MIN", "compared < MIN"),
)


def run(folder: Path, shell: Path, every: int, simulator: str) -> None:
    top = folder / "quantize_bulk.sv"
    top.write_text(quantize_bulk.harness(quantize_bulk.configurations()[::every]))
    where = {"LARTRIG_EVERY": str(every)}
    cases = "firmware_tests.quantize_cases"
    simulate("quantize_bulk", cases, sources=[shell, top], simulator=simulator, env=where)


@pytest.mark.rtl
def test_wide_numbers_equal_the_reference(tmp_path: Path) -> None:
    every = 1 if quickest() == "icarus" else 9
    top = tmp_path / "quantize_bulk.sv"
    top.write_text(quantize_bulk.harness(quantize_bulk.wide_configurations()[::every]))
    where = {"LARTRIG_EVERY": str(every), "LARTRIG_WIDE": "1"}
    sources = [RTL / "net_quantize.sv", top]
    simulate(
        "quantize_bulk", "firmware_tests.quantize_cases", sources=sources, simulator=quickest(), env=where
    )


@pytest.mark.rtl
def test_every_mode_equals_the_reference(tmp_path: Path) -> None:
    every = 1 if quickest() == "icarus" else 31  # Verilator compiles each configuration by itself
    run(tmp_path, RTL / "net_quantize.sv", every, quickest())


@pytest.mark.rtl
@pytest.mark.parametrize(("old", "new"), sample([pytest.param(*fault, id=fault[1]) for fault in FAULTS]))
def test_fault_is_caught(old: str, new: str, tmp_path: Path) -> None:
    text = (RTL / "net_quantize.sv").read_text()
    assert text.count(old) == 1
    (tmp_path / "net_quantize.sv").write_text(text.replace(old, new))
    with pytest.raises(AssertionError, match=r"1 of 1 cases failed"):
        run(tmp_path, tmp_path / "net_quantize.sv", 19, quickest())
