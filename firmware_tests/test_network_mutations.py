"""Negative controls: every one-line fault of the network's shells makes the co-simulation fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_tests.mutations_network import MUTATIONS, Mutation
from firmware_tests.network_examples import examples
from firmware_tests.network_suites import simulate, write
from firmware_tests.simulation import sample


@pytest.mark.rtl
@pytest.mark.parametrize("fault", sample(MUTATIONS), ids=lambda fault: fault.why.replace(" ", "-"))
def test_fault_is_caught(fault: Mutation, tmp_path: Path) -> None:
    example = examples()["every"]
    write(example.spec, tmp_path, example.kernels)
    shell = tmp_path / "rtl" / fault.file
    text = shell.read_text()
    assert text.count(fault.old) == 1
    shell.write_text(text.replace(fault.old, fault.new))
    with pytest.raises(AssertionError):
        simulate(tmp_path, "fault")
