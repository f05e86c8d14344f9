"""Speed of DUNE's trigger-primitive algorithms on one thread: frames in, TPs out, of the 40 streams of an assembly.

Each is shown in GB/s of frame bytes and as a ratio to memcpy of the same bytes, measured beside it; median of five.
The frames have noise of 11 ADC counts and 0.86 pulses each (410 hits a second and channel), then ten times as many;
an assembly sends 8.79 GB/s. What DUNE's own code gave on one core of another machine, same kind of frames, as ratio to
its memcpy (reference section 1.8b): fdreadoutlibs SimpleThreshold 0.31, tpglibs frugal and threshold 0.17 to 0.25,
tpglibs AbsRS 0.13 to 0.19.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streams.daq import adc_words, wibeth
from trigger.baselines.generator import Generator, make
from trigger.baselines.options import settled

STREAMS, FRAMES = 40, 200  # 57.6 MB, more than a cache holds
REPEATS = 5
NOISE = 11  # ADC counts
PULSES_PER_FRAME = 0.86
SHAPE = np.array([0.1, 0.4, 0.8, 1.0, 0.9, 0.6, 0.4, 0.2, 0.1])  # of a pulse, about 5 us long
CHAINS = {
    "simple_threshold": {
        "tpglibs_v2": "plane{} 60",
        "tpglibs_v1": "plane{} 60",
        "fdreadoutlibs": "tpg_threshold 60",
    },
    "abs_rs": {"tpglibs_v2": "plane{} 150", "tpglibs_v1": "plane{} 150", "fdreadoutlibs": "tpg_threshold 60"},
}


def made_up(pulses_per_frame: float) -> NDArray[np.uint64]:
    """Return frames with noise and pulses: uint64 array, (streams, n, 900)."""
    rng = np.random.default_rng(1)
    frames = np.zeros((STREAMS, FRAMES, wibeth.FRAME_WORDS), np.uint64)
    for stream in range(STREAMS):
        adc = rng.normal(0, NOISE, (FRAMES * 64, 64)) + rng.integers(900, 3600, 64)
        count = rng.poisson(pulses_per_frame * FRAMES)
        starts, channels = rng.integers(0, FRAMES * 64 - len(SHAPE), count), rng.integers(0, 64, count)
        for start, channel, height in zip(starts, channels, rng.uniform(100, 3000, count), strict=True):
            adc[start : start + len(SHAPE), channel] += height * SHAPE
        counts = np.clip(adc, 0, 16383).astype(np.uint16).reshape(FRAMES, 64, 64)
        adc_words.pack(counts, frames[stream])
        frames[stream, :, 1] = 2048 * np.arange(FRAMES)
    return frames


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median time of ``work`` after one run that compiles and warms up."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(label: str, frames: NDArray[np.uint64]) -> None:
    """Print the speed of each algorithm on these frames."""
    target = np.ones_like(frames)
    memcpy = median_seconds(lambda: np.copyto(target, frames))
    print(f"tpg{label}_memcpy_speed {frames.nbytes / memcpy / 1e9:.2f} GB/s")
    channels = np.arange(STREAMS * 64).reshape(STREAMS, 64)
    for algorithm, thresholds in CHAINS.items():
        for numerics, text in thresholds.items():
            name, value = text.split()
            chain = settled(make(algorithm, numerics, {name.format(plane): value for plane in range(3)}))
            generator = Generator(chain, channels, np.full_like(channels, 2))
            seconds = median_seconds(lambda run=generator: run.process(frames))
            found = len(generator.process(frames)) / (STREAMS * FRAMES)
            what = f"tpg{label}_{algorithm}_{numerics}"
            print(f"{what}_tps {found:.2f} TPs/frame")
            print(f"{what}_speed {frames.nbytes / seconds / 1e9:.2f} GB/s")
            print(f"{what}_to_memcpy {memcpy / seconds:.3f} ratio")


def main() -> None:
    """Measure and print."""
    measure("", made_up(PULSES_PER_FRAME))
    measure("_ten_times", made_up(10 * PULSES_PER_FRAME))


if __name__ == "__main__":
    main()
