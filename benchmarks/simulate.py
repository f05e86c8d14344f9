"""How fast the simulation is on one core, and how much memory a second of one assembly takes.

``python benchmarks/simulate.py [blocks]``: median of five runs of that many blocks (default 600), start-up and
compilation not counted; the ratio is to a memcpy of the samples' bytes in the same run. ``--second`` adds a whole
second of all planes (about two minutes) and the largest memory that it took.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from itertools import islice

import numpy as np

from streams.block import Block
from streams.config import SimulationConfig
from streams.signals import NeutrinoSignal
from streams.simulate import stream

RUNS = 5
BLOCKS_PER_SECOND = 30_518


def samples_of(block: Block) -> int:
    """Return the samples of all planes of a block."""
    return block.adc.size + sum(plane.size for plane in block.induction.values())


def samples_per_second(config: SimulationConfig, blocks: int) -> float:
    """Return samples per second of processor time, median of the runs."""
    source = stream(config)
    next(source)
    speeds = []
    for _ in range(RUNS):
        start = time.process_time()
        samples = sum(samples_of(block) for block in islice(source, blocks))
        speeds.append(samples / (time.process_time() - start))
    return statistics.median(speeds)


def copies_per_second() -> float:
    """Return samples (uint16) per second of a memcpy of 64 MB on this core."""
    one = np.ones(1 << 25, np.uint16)
    other = np.zeros_like(one)
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        np.copyto(other, one)
        times.append(time.process_time() - start)
    return one.size / statistics.median(times)


def main() -> None:
    """Print one line per figure."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    blocks = numbers[0] if numbers else 600
    collection = ("X",)
    quiet = {"all": 0.0}
    cases = {
        "simulate_collection": SimulationConfig(planes=collection),
        "simulate_all_planes": SimulationConfig(),
        "simulate_collection_noise_only": SimulationConfig(planes=collection, backgrounds=quiet),
        "simulate_all_planes_noise_only": SimulationConfig(backgrounds=quiet),
        "simulate_all_planes_100_neutrinos_per_s": SimulationConfig(signals=(NeutrinoSignal(rate_hz=100.0),)),
        "simulate_collection_top": SimulationConfig(planes=collection, position="top"),
        "simulate_collection_end": SimulationConfig(planes=collection, position="end"),
        "simulate_collection_outer": SimulationConfig(planes=collection, position="outer"),
    }
    memcpy = copies_per_second()
    print(f"simulate_memcpy {memcpy / 1e6:.0f} Msample/s")
    for name, config in cases.items():
        speed = samples_per_second(config, blocks)
        print(f"{name} {speed / 1e6:.1f} Msample/s")
        print(f"{name}_to_memcpy {speed / memcpy:.4f} ratio")
    if "--second" in sys.argv:
        start = time.process_time()
        for _ in islice(stream(SimulationConfig()), BLOCKS_PER_SECOND):
            pass
        print(f"simulate_second {time.process_time() - start:.0f} s")
        print(f"simulate_second_memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main()
