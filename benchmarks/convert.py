"""Speed of converting the trigger network, and of its fast integer network against hls4ml's C simulation.

The model is the demo's, with seeded weights instead of trained ones, on images of 64 x 992.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hls import csim
from hls.convert import convert
from hls.images import random_images
from hls.keras_alias import legacy_keras
from hls.random_networks import fill_weights
from trigger.config import NetworkConfig
from trigger.integer_network_fast import evaluate_fast
from trigger.model import build

FRAMES, REPEATS = 5, 5


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median time of ``work``."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    with legacy_keras():
        model = build(NetworkConfig(), columns=992)
    fill_weights(model, np.random.default_rng(1))
    with tempfile.TemporaryDirectory() as folder:
        made = convert(model, Path(folder) / "firmware", image=(64, 992))
        for step, seconds in made.seconds.items():
            print(f"convert_{step} {seconds:.1f} s")
        print(f"convert_without_compile {sum(made.seconds.values()) - made.seconds['compile']:.1f} s")
        images = random_images(made.spec, 0, FRAMES, seed=1)
        project = Path(folder) / "firmware" / "hls4ml"
        want = csim.run(project, made.spec, images)
        one = median_seconds(lambda: csim.run(project, made.spec, images[:1]))  # and the start of the child
        slow = (median_seconds(lambda: csim.run(project, made.spec, images)) - one) / (FRAMES - 1)
        many = np.concatenate([images] * 10)
        if not np.array_equal(evaluate_fast(made.spec, images), want):
            raise SystemExit("the fast integer network differs from the C simulation")
        fast = median_seconds(lambda: evaluate_fast(made.spec, many)) / len(many)
    print(f"csim_frame {1e3 * slow:.1f} ms")
    print(f"integer_network_frame {1e3 * fast:.2f} ms")
    print(f"integer_network_to_csim {slow / fast:.0f} ratio")


if __name__ == "__main__":
    main()
