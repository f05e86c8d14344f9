"""Damage to files for tests: cuts at random places and flipped bits, all from a seed; how much of it is one switch.

In CI a sample is tried; ``LARTRIG_FUZZ=full`` tries all that the project promises: each kind of file cut at 50 places
and with 200 flipped bits. ``LARTRIG_FUZZ_SEED`` takes other ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

FULL = os.environ.get("LARTRIG_FUZZ") == "full"
SEED = int(os.environ.get("LARTRIG_FUZZ_SEED", "1"))
CUTS, FLIPS = (50, 200) if FULL else (6, 20)


def cut(data: bytes, seed: int = 0, count: int = CUTS) -> Iterator[tuple[str, bytes]]:
    """Yield (what was done, bytes): cut short at random places, and right at the ends."""
    rng = np.random.default_rng([SEED, seed, 1])
    for size in sorted({0, len(data) - 1, *rng.integers(1, len(data), count).tolist()}):
        yield f"cut to {size} of {len(data)} bytes", data[:size]


def flipped(data: bytes, seed: int = 0, count: int = FLIPS, places=None) -> Iterator[tuple[str, bytes]]:
    """Yield (what was done, bytes): one bit flipped, at any byte or at one of ``places``."""
    rng = np.random.default_rng([SEED, seed, 2])
    for _ in range(count):
        byte = int(rng.integers(len(data)) if places is None else rng.choice(places))
        bit = int(rng.integers(8))
        changed = bytearray(data)
        changed[byte] ^= 1 << bit
        yield f"bit {bit} of byte {byte} flipped", bytes(changed)


def damaged(data: bytes, seed: int = 0, places=None) -> Iterator[tuple[str, bytes]]:
    """Yield all of it."""
    yield from cut(data, seed)
    yield from flipped(data, seed, places=places)
