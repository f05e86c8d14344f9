from __future__ import annotations

from pathlib import Path

from firmware_tests import house_style


def test_findings_are_found(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(house_style, "ROOT", tmp_path)
    module = tmp_path / "adder.sv"
    module.write_text("// adder\nmodule subtractor; endmodule\nmodule adder; endmodule\n")
    assert len(list(house_style.rtl_findings(module))) == len(house_style.RTL_CONTRACT) + 2
    cases = tmp_path / "adder_cases.py"
    cases.write_text('"""Cases.\n\nStimulus: all.\nChecks: sum.\nTiming: none.\n"""\n')
    assert list(house_style.case_findings(cases)) == [
        "adder_cases.py: no line 'Not covered:' in its docstring"
    ]
