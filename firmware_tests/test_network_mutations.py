"""Negative controls: every one-line fault of the network's shells makes the co-simulation fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_tests.mutations_network import MUTATIONS, Mutation
from firmware_tests.simulation import sample, simulate
from firmware_tests.test_network import CASES, check_clocks, where, write
from hls.bench.simulators import quickest


@pytest.mark.rtl
@pytest.mark.parametrize("fault", sample(MUTATIONS), ids=lambda fault: fault.why.replace(" ", "-"))
def test_fault_is_caught(fault: Mutation, tmp_path: Path) -> None:
    files = write("every", tmp_path)
    shell = files.parent / fault.file
    text = shell.read_text()
    assert text.count(fault.old) == 1
    shell.write_text(text.replace(fault.old, fault.new))
    with pytest.raises(AssertionError):
        check_clocks(
            "every",
            tmp_path,
            simulate("network", CASES, sources=[files], simulator=quickest(), env=where(tmp_path)),
        )
