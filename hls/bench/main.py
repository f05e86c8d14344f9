"""What ``make`` in a suite's folder runs: check the tools, build, simulate, say how it went."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from .errors import BenchError

_COCOTB = (2, 1)


def main(folder: Path, arguments: Sequence[str]) -> int:
    """Co-simulate the suite in ``folder``; return the exit code.

    Parameters
    ----------
    arguments : simulator, and seed of what registers hold before reset (Verilator); both may be left out.

    If ``RTL`` is set, to a folder with the Verilog that Vitis HLS made of the hls4ml project, the numbers are compared
    on that (``values``).
    """
    try:
        _check_cocotb()
        sys.stdout.write(_simulate(folder, *arguments) + "\n")
    except BenchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except (AssertionError, RuntimeError) as error:
        sys.stderr.write(f"{error}\nerror: the co-simulation failed: see above\n")
        return 1
    return 0


def _check_cocotb() -> None:
    try:
        told = metadata.version("cocotb")
        import numpy  # noqa: F401
    except (ImportError, metadata.PackageNotFoundError) as error:
        raise BenchError(f"{error.name or error} is missing: pip install numpy cocotb==2.1.0") from error
    if tuple(int(part) for part in told.split(".")[:2] if part.isdigit()) < _COCOTB:
        raise BenchError(f"cocotb {told} is too old: want 2.1 or newer: pip install cocotb==2.1.0")


def _simulate(folder: Path, simulator: str = "", seed: str = "1") -> str:
    from . import simulators, values, vectors
    from .runner import Design, build, run

    if os.environ.get("RTL"):
        verilog = Path(os.environ["RTL"]).resolve()
        os.chdir(folder)
        return values.simulate(folder, verilog, simulator or os.environ.get("SIM", ""), int(seed))
    suite = vectors.read(folder)
    large = max(stream.beats for stream in suite.inputs) > simulators.LARGE
    chosen = simulator or os.environ.get("SIM") or simulators.usable(large)
    os.chdir(folder)
    design = Design("network", [folder / suite.rtl], simulator=chosen, public="top")
    design.files()  # before a simulator is asked for: a file that is missing is named first
    start = time.monotonic()
    build(design)
    built = time.monotonic()
    place = run(
        design,
        f"{__package__}.network_cases",
        tag="suite",
        seed=int(seed),
        env={"LARTRIG_SUITE": str(folder)},
    )
    seconds = f"build {built - start:.0f} s, simulation {time.monotonic() - built:.0f} s"
    return f"{suite.network}: all cases passed on {chosen} ({seconds}); log {place / 'run.log'}"
