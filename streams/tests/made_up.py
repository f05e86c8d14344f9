"""A made-up stream for tests of files: random samples and truth, no simulation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, Block
from streams.files.writer import Plan, write_file

FIRST_TIMESTAMP = 1_000_000_000_000


def blocks(seed: int = 1, first_tick: int = 0) -> Iterator[Block]:
    rng = np.random.default_rng(seed)
    number = 0
    while True:
        tick = first_tick + 64 * number
        events = np.zeros(rng.integers(0, 3), EVENT_DTYPE)
        events["id"] = 10 * number + np.arange(len(events)) + 1
        events["origin"] = rng.choice(["nue_cc", "Ar39", "Tl208"], len(events))
        events["tick_first"] = tick
        charge = np.zeros(rng.integers(0, 20), CHARGE_DTYPE)
        charge["tick"] = tick + rng.integers(0, 64, len(charge))
        charge["electrons"] = rng.uniform(0, 1e4, len(charge))
        adc = rng.integers(0, 1 << 14, (64, 960), np.uint16)
        induction = {plane: rng.integers(0, 1 << 14, (64, 800), np.uint16) for plane in "UV"}
        yield Block(tick, FIRST_TIMESTAMP + 32 * tick, adc, events, charge, induction)
        number += 1


def write(path: Path, windows: int = 2, window_blocks: int = 5, first_tick: int = 0) -> Path:
    write_file(path, blocks(first_tick=first_tick), Plan(windows, window_blocks, config_json='{"seed":1}'))
    return path
