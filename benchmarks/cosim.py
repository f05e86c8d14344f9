"""Co-simulation of a network under cocotb, and the bare Verilator C++ loop of the same model, in turn.

``python benchmarks/cosim.py [frames] [rounds]``. Both send the same frames of 64 x 992 pixels back to back; the outputs
of both are compared with the integer network's. Speeds are clocks per second of processor time, start-up and build not
counted; the ratio is that of the medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from firmware_tests.network_examples import detector
from hls.bench import network_bulk, simulators
from hls.bench.bulk import unpack
from hls.bench.runner import VERILATOR_ARGS, Design, build, file_list
from hls.rtl_writer import write_rtl
from trigger.integer_network_fast import evaluate_fast
from trigger.network_spec import NetworkSpec

LOOP = Path(__file__).with_name("cosim_loop.cpp")


def build_loop(rtl: Path, spec: NetworkSpec, folder: Path) -> Path:
    """Build the bare loop with the options of the bench; return its program."""
    program = simulators.verilator()
    environment = {**os.environ, **simulators.verilator_environment(program)}
    width = -(-spec.input_shape[-1] * spec.input.width // 8)
    verilate = [program, "-cc", "--exe", *VERILATOR_ARGS, "--top-module", "network", "-Mdir", folder]
    verilate += ["-CFLAGS", f"-DIN_BYTES={width}", *file_list(rtl), LOOP]
    make = ["make", "-C", folder, "-f", "Vnetwork.mk", "OPT_FAST=-O2"]
    for command in (verilate, make):
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return folder / "Vnetwork"


def bare(program: Path, place: Path) -> tuple[float, list[int]]:
    """Run the bare loop on the stimulus in ``place``; return clocks per second, and the beats that came out."""
    done = subprocess.run([program.resolve()], cwd=place, check=True, capture_output=True, text=True)
    clocks, seconds = done.stdout.split()
    return int(clocks) / float(seconds), [int(line, 16) for line in (place / "bare.hex").read_text().split()]


def measure(
    spec: NetworkSpec, design: Design, program: Path, images: np.ndarray, rounds: int
) -> list[list[float]]:
    """Return the speeds of both [clocks/s], by round."""
    outputs, number = spec.output_shape[-1], spec.output
    want = evaluate_fast(spec, images).reshape(-1, outputs)
    frames = images.reshape(len(images), -1, spec.input_shape[-1])
    speeds: list[list[float]] = [[], []]
    for _ in range(rounds):
        seen = network_bulk.run_frames(design, frames, spec.input.width, limit=3 * images.size + 100_000)
        speed, beats = bare(program, design.place("bulk"))
        for data in (seen.cells.data, beats):
            np.testing.assert_array_equal(unpack(data, outputs, number.width, number.signed), want)
        speeds[0].append(seen.clocks / seen.seconds)
        speeds[1].append(speed)
    return speeds


def main() -> None:
    """Measure and print."""
    count, rounds = (int(given) for given in [*sys.argv[1:], *("4", "5")[len(sys.argv) - 1 :]])
    spec = detector()
    images = np.random.default_rng(1).integers(0, spec.input.max_int + 1, (count, *spec.input_shape))
    with tempfile.TemporaryDirectory() as folder:
        write_rtl(spec, Path(folder) / "rtl")
        rtl = Path(folder) / "rtl" / "network.f"
        widths = (spec.input_shape[-1] * spec.input.width, spec.output_shape[-1] * spec.output.width)
        design = network_bulk.design_of(rtl, widths)
        build(design)
        program = build_loop(rtl, spec, Path(folder) / "bare")
        cosim, loop = (statistics.median(speeds) for speeds in measure(spec, design, program, images, rounds))
    print(f"cosim_network_speed {cosim / 1e3:.0f} kclock/s")
    print(f"cosim_bare_loop_speed {loop / 1e3:.0f} kclock/s")
    print(f"cosim_network_to_bare_loop {cosim / loop:.2f} ratio")


if __name__ == "__main__":
    main()
