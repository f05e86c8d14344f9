"""The truth in a file: its bytes do not depend on when Python lets go of the datasets; a plain file has none."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, Block
from streams.config import FileConfig, SimulationConfig
from streams.files.disk import hdf5_file
from streams.files.truth import Truth
from streams.files.writer import summary, write_run


def test_the_order_in_which_datasets_are_let_go_does_not_matter(tmp_path):
    block = Block(
        64,
        2048,
        np.zeros((64, 960), np.uint16),
        events=np.ones(5, EVENT_DTYPE),
        charge=np.ones(9, CHARGE_DTYPE),
    )
    found = []
    for last_first in (False, True):
        path = tmp_path / f"{last_first}.h5"
        with hdf5_file(path) as file:
            truth = Truth(file, block)
            truth.append([block])
            truth.flush()
            for name in sorted(truth._datasets, reverse=last_first):
                del truth._datasets[name]
        found.append(path.read_bytes())
    assert found[0] == found[1]


def test_a_plain_file_lists_no_truth(tmp_path):
    config = SimulationConfig(seed=5, windows=1)
    ours = summary(write_run(config, tmp_path / "ours.h5"))
    plain = structs.replace(config, file=FileConfig(plain=True))
    assert ours.keys() - summary(write_run(plain, tmp_path / "plain.h5")).keys() >= {"truth Ar39"}
