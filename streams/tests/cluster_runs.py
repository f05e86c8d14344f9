"""Small runs in parts, for tests."""

from __future__ import annotations

from pathlib import Path

from streams.cluster.whole import Where
from streams.config import SimulationConfig

CONFIG = SimulationConfig(seed=9, windows=3, window_blocks=2)
SPAN_MS = 0.07  # one window of 2 x 64 ticks
SERIAL = Where()


def files_of(folder: Path) -> list[Path]:
    """Return the files of a run, by name: span, then crate."""
    return sorted(folder.glob("*.hdf5"))
