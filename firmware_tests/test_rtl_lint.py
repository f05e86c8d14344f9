"""The hand-written RTL of the chain is clean under Verilator's strictest lint."""

from __future__ import annotations

import pytest

from firmware_tests.mutations_chain import SOURCES
from firmware_tests.simulation import lint


@pytest.mark.rtl
@pytest.mark.parametrize("outputs", [1, 3], ids=["one_output", "three_outputs"])
@pytest.mark.parametrize("top", SOURCES)
def test_lint_is_clean(top: str, outputs: int) -> None:
    assert lint(top, SOURCES[top], {"Outputs": outputs} if top == "decide" else {}) == ""
