"""The bytes of a file's truth do not depend on when Python lets go of the datasets."""

from __future__ import annotations

import numpy as np

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, Block
from streams.files.disk import hdf5_file
from streams.files.truth import Truth


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
