"""Negative controls: the cases fail on every fault that is put into the RTL."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_tests.mutations import MUTATIONS, Mutation
from firmware_tests.simulation import sample, simulate
from firmware_tests.test_decide import SHAPES
from firmware_tests.test_front_end import SMALL
from hls.bench.simulators import quickest

PARAMETERS = {"front_end": SMALL, "decide": SHAPES["three_outputs"]}


@pytest.mark.rtl
@pytest.mark.parametrize("mutation", sample(MUTATIONS), ids=lambda mutation: mutation.name)
def test_mutation_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="1 of 1 cases failed"):
        simulate(
            mutation.top,
            f"firmware_tests.{mutation.top}_cases",
            sources=mutation.write(tmp_path),
            parameters=PARAMETERS[mutation.top],
            tag=mutation.name,
            simulator=quickest(),
            env={"COCOTB_TEST_FILTER": mutation.case},
        )
