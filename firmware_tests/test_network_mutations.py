"""Negative controls: every one-line fault of the network's shells makes the co-simulation fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_tests.mutation import Mutation, name_of
from firmware_tests.mutations_network import MUTATIONS
from firmware_tests.network_examples import examples
from firmware_tests.network_suites import simulate, write
from firmware_tests.simulation import sample


@pytest.mark.rtl
@pytest.mark.parametrize("fault", sample(MUTATIONS), ids=name_of)
def test_fault_is_caught(fault: Mutation, tmp_path: Path) -> None:
    example = examples()["every"]
    write(example.spec, tmp_path, example.kernels)
    fault.plant(tmp_path / "rtl")
    with pytest.raises(AssertionError, match="cases failed"):
        simulate(tmp_path, "fault")
