"""How fast noise, coherent noise, gain, coupling and digitising of each plane are on one core, without signals.

``python benchmarks/noise.py [blocks]``: the median of five runs, beside a copy of as many bytes of samples and numpy's
Gaussian numbers in float32 on the same core in the same run.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.readout import PlaneReadout


def msample_per_s(run: Callable[[], int]) -> float:
    """Return the median over five runs of what ``run`` returns (samples) per microsecond of processor time."""
    rates = []
    for _ in range(5):
        start = time.process_time()
        samples = run()
        rates.append(samples / (time.process_time() - start) / 1e6)
    return statistics.median(rates)


def main() -> None:
    """Print one line per case."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    detector = load_detector("fd1-hd-apa")
    planes = [PlaneReadout(SimulationConfig(), detector, plane) for plane in "UVX"]
    silence = [np.zeros((64, plane.channels), np.float32) for plane in planes]

    def read(chosen: list[int]) -> int:
        return sum(planes[n].block(64 * t, silence[n]).size for t in range(blocks) for n in chosen)

    read([0, 1, 2])  # compiles
    found = {f"noise_{name}": msample_per_s(lambda n=n: read([n])) for n, name in enumerate("UVX")}
    found["noise_all_planes"] = msample_per_s(lambda: read([0, 1, 2]))
    samples = np.ones(100_000_000, np.uint16)
    copy = np.zeros_like(samples)
    found["copy"] = msample_per_s(lambda: (np.copyto(copy, samples), samples.size)[1])
    random = np.random.default_rng(1)
    found["numpy_gaussian"] = msample_per_s(lambda: random.standard_normal(20_000_000, dtype=np.float32).size)
    for name, value in found.items():
        print(f"{name} {value:.0f} Msample/s")
    print(f"noise_to_copy {found['noise_all_planes'] / found['copy']:.3f} 1")
    print(f"noise_to_gaussian {found['noise_all_planes'] / found['numpy_gaussian']:.2f} 1")


if __name__ == "__main__":
    main()
