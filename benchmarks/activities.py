"""How fast trigger activities are made of the TPs of one assembly: ``python benchmarks/activities.py``.

The TPs are random at the nominal rate: 39Ar 146 Hz on each of 960 collection channels (reference section 1.8) and noise
of 9 Hz on all 2 560, about 165 kHz, with the sizes of small pulses; in chunks of 10 ms, as they come. A line is
``name value unit``: TPs per second and the ratio to real time (above 1: faster than the detector).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streams.daq.tp import TP
from trigger.activities.base import configure
from trigger.snb.engine import hits_of, windows_of
from trigger.snb.grid import scan

CHANNELS, COLLECTION = 2560, 1600  # offline numbers of an assembly; the first of the collection plane
AR39_HZ, NOISE_HZ = 146.0, 9.0
CHUNK_S = 0.01
CLOCK_HZ = 62.5e6
MAKERS = ("swift", "channel_adjacency", "dbscan", "supernova")


def nominal(seconds: float, seed: int = 1) -> NDArray[np.void]:
    """Return the TPs of so many seconds, in time order."""
    random = np.random.default_rng(seed)
    decays = random.poisson(AR39_HZ * (CHANNELS - COLLECTION) * seconds)
    noise = random.poisson(NOISE_HZ * CHANNELS * seconds)
    tps = np.zeros(decays + noise, TP)
    tps["version"], tps["detid"], tps["type"] = 1, 3, 1
    tps["time_start"] = np.sort(random.integers(0, int(seconds * CLOCK_HZ), len(tps))) // 32 * 32 + 10**9
    channel = np.concatenate(
        [random.integers(COLLECTION, CHANNELS, decays), random.integers(0, CHANNELS, noise)]
    )
    tps["channel"] = random.permutation(channel)
    tps["samples_over_threshold"] = random.integers(1, 16, len(tps))
    tps["samples_to_peak"] = tps["samples_over_threshold"] // 2
    tps["adc_peak"] = random.integers(60, 160, len(tps))
    tps["adc_integral"] = tps["adc_peak"] * tps["samples_over_threshold"] * 7 // 10
    return tps


def chunks(tps: NDArray[np.void]) -> list[NDArray[np.void]]:
    """Return the TPs in pieces of 10 ms."""
    edges = np.arange(10**9, int(tps["time_start"][-1]), int(CHUNK_S * CLOCK_HZ))[1:]
    return np.split(tps, np.searchsorted(tps["time_start"], edges.astype(np.uint64)))


def activities(name: str) -> Callable[[list[NDArray[np.void]]], int]:
    """Return what makes the TAs of some chunks and counts them."""

    def run(parts: list[NDArray[np.void]]) -> int:
        maker = configure(name)
        return sum(len(maker(part)) for part in parts)

    return run


def clusters(parts: list[NDArray[np.void]]) -> int:
    """Return the number of clusters that pass in all 48 configurations, on collection channels."""
    found = 0
    for part in parts:
        tps = part[part["channel"] >= COLLECTION]
        found += sum(int(kept.sum()) for *_, kept in scan(hits_of(tps), windows_of(tps["time_start"])))
    return found


def main() -> None:
    """Time each of them once on warm machine code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds
    tps = nominal(seconds)
    parts = chunks(tps)
    print(f"tps {len(tps) / seconds / 1e3:.1f} kHz")
    runs = {name: activities(name) for name in MAKERS} | {"cluster_engine_48": clusters}
    for name, run in runs.items():
        run(parts[:3])
        begin = time.perf_counter()
        made = run(parts)
        took = time.perf_counter() - begin
        print(f"{name} {len(tps) / took / 1e6:.3f} MTP/s")
        print(f"{name}.real_time {seconds / took:.2f} x")
        print(f"{name}.made {made / seconds:.0f} Hz")


if __name__ == "__main__":
    main()
