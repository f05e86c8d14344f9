"""Speed of the WIBEth formats on one thread: packing, unpacking, replay of a file; median of five.

Each is shown in GB/s of frame bytes and as a ratio to memcpy of the same bytes, measured beside it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from streams import replay
from streams.block import Block
from streams.daq import adc_words, wibeth
from streams.daq.writer import Plan, write_file

N_FRAMES = 8000  # 57.6 MB, more than a cache holds
REPEATS = 5


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median time of ``work`` after one run that compiles and warms up."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(name: str, n_bytes: int, seconds: float, memcpy: float) -> None:
    """Print the speed and its ratio to memcpy."""
    print(f"{name}_speed {n_bytes / seconds / 1e9:.2f} GB/s")
    print(f"{name}_to_memcpy {memcpy / seconds:.3f} ratio")


def made_up() -> Iterator[Block]:
    """Yield blocks of random samples without end."""
    rng = np.random.default_rng(1)
    adc = rng.integers(0, 1 << 14, (64, 2560), np.uint16)
    number = 0
    while True:
        induction = {"U": adc[:, :800], "V": adc[:, 800:1600]}
        yield Block(64 * number, 2048 * number, adc[:, 1600:], induction=induction)
        number += 1


def main() -> None:
    """Measure and print."""
    adc = np.random.default_rng(1).integers(0, 1 << 14, (N_FRAMES, 64, 64), np.uint16)
    frames = wibeth.empty_frames(N_FRAMES)
    target = np.ones_like(frames)
    memcpy = median_seconds(lambda: np.copyto(target, frames))
    print(f"wibeth_memcpy_speed {frames.nbytes / memcpy / 1e9:.2f} GB/s")
    report("wibeth_pack", frames.nbytes, median_seconds(lambda: adc_words.pack(adc, frames)), memcpy)
    report("wibeth_unpack", frames.nbytes, median_seconds(lambda: adc_words.unpack(frames)), memcpy)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        write_file(path, made_up(), Plan(windows=2, window_blocks=N_FRAMES // 80))
        seconds = median_seconds(lambda: sum(1 for _ in replay.blocks(path)))
    report("wibeth_replay", frames.nbytes, seconds, memcpy)


if __name__ == "__main__":
    main()
