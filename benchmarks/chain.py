"""Speed of the fast front end, and of a co-simulation of the chain in full width (Verilator, comparison included).

The small network of the tests stands in for a trained one: about 300 weights.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from firmware_tests import firmware_folder
from firmware_tests.chain_examples import network, write_firmware
from firmware_tests.cosim import simulate_chain
from streams.block import Block
from trigger.frontend import FastFrontEnd

BLOCKS = 72  # nine frames


def made_up() -> list[Block]:
    """Return blocks of noise."""
    rng = np.random.default_rng(1)
    adc = rng.normal(900, 11, (BLOCKS, 64, 960)).round().astype(np.uint16)
    return [Block(64 * n, 2048 * n, block) for n, block in enumerate(adc)]


def main() -> None:
    """Measure and print."""
    blocks = made_up()
    front_end = FastFrontEnd()
    front_end.pixels(blocks[0].adc)  # compiles
    start = time.perf_counter()
    for block in blocks:
        front_end.pixels(block.adc)
    samples = BLOCKS * blocks[0].adc.size
    print(f"front_end_speed {samples / (time.perf_counter() - start) / 1e6:.0f} Msample/s")
    with tempfile.TemporaryDirectory() as folder:
        chip = firmware_folder.read(write_firmware(Path(folder), network()))
        report = simulate_chain(chip, blocks)
    print(f"cosim_build {report.seconds['build']:.1f} s")
    print(f"cosim_speed {report.clocks / report.seconds['simulate and compare'] / 1e3:.0f} kclock/s")


if __name__ == "__main__":
    main()
