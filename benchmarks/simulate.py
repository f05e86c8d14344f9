"""How fast the simulation is on one core: ``python benchmarks/simulate.py [blocks]``."""

from __future__ import annotations

import sys
import time
from itertools import islice

from streams.config import BACKGROUNDS, SignalConfig, SimulationConfig
from streams.simulate import induction, stream


def samples_per_second(config: SimulationConfig, blocks: int) -> float:
    """Return collection samples per second of processor time, start-up not counted."""
    source = stream(config)
    next(source)
    start = time.process_time()
    samples = sum(block.adc.size for block in islice(source, blocks))
    return samples / (time.process_time() - start)


def main() -> None:
    """Print one line per case."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    cases = {
        "simulate_nominal": SimulationConfig(),
        "simulate_with_100_neutrinos_per_s": SimulationConfig(signal=SignalConfig(rate_hz=100.0)),
        "simulate_noise_only": SimulationConfig(backgrounds=dict.fromkeys(BACKGROUNDS, 0.0)),
    }
    for name, config in cases.items():
        print(f"{name} {samples_per_second(config, blocks) / 1e6:.1f} Msample/s")
    source = induction(SimulationConfig())
    next(source)
    start = time.process_time()
    samples = sum(block.size for block in islice(source, blocks))
    print(f"simulate_induction_noise {samples / (time.process_time() - start) / 1e6:.1f} Msample/s")


if __name__ == "__main__":
    main()
