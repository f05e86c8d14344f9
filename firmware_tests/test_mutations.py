"""Negative controls: the cases fail on every fault that is put into the RTL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from firmware_tests.mutation import Mutation, name_of
from firmware_tests.mutations_chain import MUTATIONS, SOURCES, top_of
from firmware_tests.simulation import RTL, sample, simulate
from firmware_tests.test_decide import SHAPES
from firmware_tests.test_front_end import SMALL
from hls.bench.simulators import quickest

PARAMETERS = {"front_end": SMALL, "decide": SHAPES["three_outputs"]}


@pytest.mark.rtl
@pytest.mark.parametrize("mutation", sample(MUTATIONS), ids=name_of)
def test_mutation_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    top = top_of(mutation)
    sources = [Path(shutil.copy(RTL / source, tmp_path)) for source in SOURCES[top]]
    mutation.plant(tmp_path)
    with pytest.raises(AssertionError, match="1 of 1 cases failed"):
        simulate(
            top,
            f"firmware_tests.{top}_cases",
            sources=sources,
            parameters=PARAMETERS[top],
            tag=name_of(mutation),
            simulator=quickest(),
            env={"COCOTB_TEST_FILTER": mutation.case},
        )
