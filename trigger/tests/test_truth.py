from __future__ import annotations

import numpy as np

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, Block
from trigger.truth import Truth


def _block(
    first_tick: int, events: list[tuple[int, str, int]], charge: list[tuple[int, int, int, float]]
) -> Block:
    found = np.zeros(len(events), EVENT_DTYPE)
    for row, (identity, origin, last) in zip(found, events, strict=True):
        row["id"], row["origin"], row["tick_last"] = identity, origin, last
    return Block(first_tick, 0, np.zeros((64, 960), np.uint16), found, np.array(charge, CHARGE_DTYPE))


def test_the_window_holds_what_is_needed_and_no_more() -> None:
    truth = Truth()
    blocks = [
        _block(0, [(1, "nue_cc", 70), (2, "Ar39", 10)], [(1, 63, 5, 1.0), (2, 10, 5, 2.0)]),
        _block(64, [(3, "nue_cc", 100)], [(1, 64, 5, 3.0), (3, 100, 6, 4.0)]),
    ]
    assert list(truth.watch(blocks)) == blocks
    assert truth.neutrinos().tolist() == [1, 3]
    assert truth.charge(63, 65)["electrons"].tolist() == [1.0, 3.0]
    truth.forget(64)
    assert truth.charge(0, 1000)["electrons"].tolist() == [3.0, 4.0]
    assert truth.neutrinos().tolist() == [1, 3]  # interaction 1 reaches into the window
    assert truth.origin(2) == "unknown"
    truth.forget(70)
    assert truth.neutrinos().tolist() == [1, 3]
    truth.forget(71)
    assert truth.neutrinos().tolist() == [3]
