"""The detector network on rows of 960 pixels without end, in RTL on Verilator: clocks per pixel, and the longest pause.

``python benchmarks/continuous.py``: every beat in and out is compared with the integer network and with the
cycle model's clocks first (case ``always`` of the network's own suite; with ``LARTRIG_ALL=1`` all cases: stalls, bad
rows, reset).
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from firmware_tests.network_suites import CASES, write
from firmware_tests.rows_examples import detector_of_rows
from hls.bench import runner, vectors


def main() -> None:
    """Print ``name value unit`` lines."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plan = write(detector_of_rows(64, 960), place, continuous=True)
        design = runner.Design("network", [place / "rtl" / "network.f"], simulator="verilator", public="top")
        runner.build(design)
        start = time.perf_counter()
        chosen = {} if os.environ.get("LARTRIG_ALL") else {"COCOTB_TEST_FILTER": "traffic=always"}
        runner.run(design, CASES, tag="continuous", env={"LARTRIG_SUITE": str(place / "cocotb"), **chosen})
        seconds = time.perf_counter() - start
        taken = vectors.read(place / "cocotb").arrays["taken.always.s_axis"]
    steps = np.diff(taken)
    print(f"continuous_rows {len(taken) // plan.pixels_per_frame} rows")
    print(f"continuous_pixels_per_row {plan.pixels_per_frame} pixels")
    print(f"continuous_clocks_per_pixel {steps.mean():.4f} clocks")
    print(f"continuous_longest_pause {steps.max() - 1} clocks")
    print(f"continuous_simulation {seconds:.1f} s")


if __name__ == "__main__":
    main()
