"""A module on a local Dask cluster: two workers against one.

``python benchmarks/cluster.py``: both clusters stand side by side, their workers have begun before (imports, compiled
code, tables), and they make the same run in turns, into the page cache: 12 assemblies x 2 files of 4.06 ms, 0.86 GB.
Median of five and all five, as ``name value unit``. The ratio means something on two cores that do nothing else:
``cluster_others`` is the greatest share of the cores that went to other processes and to the kernel's own.
``--module`` makes 150 assemblies x 1 ms instead: serial, and on two workers with the command killed on the way and
started again; the two must be the same bytes (two minutes, 2.7 GB for a while).
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from streams.cluster.clients import local_client
from streams.cluster.distribute import made_by
from streams.cluster.partition import Job
from streams.cluster.run import Run, run_of
from streams.cluster.whole import Where, simulate_run
from streams.config import SimulationConfig
from streams.errors import UserError

RUNS, APAS, WORKERS = 5, 12, 2
MS_BLOCKS = 31  # of 64 ticks: 1.016 ms
WINDOWS, SPAN_MS = 8, 4.1  # two files of four windows for each assembly
MODULE, TOML = 150, f"windows = 1\nwindow_blocks = {MS_BLOCKS}\n"


class Measured(NamedTuple):
    """A run: how long it took, and the share of all cores that others used meanwhile."""

    seconds: float
    others: float


def busy_s() -> tuple[float, float]:
    """Return the processor seconds of the machine, and of this process and those that it has begun, so far."""
    import psutil

    machine, own = psutil.cpu_times(), psutil.Process()
    of_all = sum(machine[:8]) - machine.idle - machine.iowait  # guests are part of user
    return of_all, sum(sum(one.cpu_times()[:2]) for one in (own, *own.children(recursive=True)))


def measure(client: object, run: Run, folder: Path) -> Measured:
    """Return what the workers of ``client`` take for ``run``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    before, start = busy_s(), time.perf_counter()
    for _ in made_by(client, Job(run, folder, {})):  # type: ignore[arg-type]
        pass
    seconds = time.perf_counter() - start
    machine, own = (late - early for late, early in zip(busy_s(), before, strict=True))
    return Measured(seconds, (machine - own) / (seconds * (os.cpu_count() or 1)))


def compare(folder: Path) -> None:
    """Print how much faster two workers are than one."""
    config = SimulationConfig(windows=WINDOWS, window_blocks=MS_BLOCKS)
    run, first = run_of(config, APAS, SPAN_MS), run_of(SimulationConfig(windows=1, window_blocks=1), APAS)
    found: dict[int, list[Measured]] = {1: [], WORKERS: []}
    with ExitStack() as stack:
        clients = {n: stack.enter_context(local_client(n)) for n in found}
        for client in clients.values():
            measure(client, first, folder / "first")
        for _ in range(RUNS):
            for n, client in clients.items():
                found[n].append(measure(client, run, folder / "run"))
    times = {n: [one.seconds for one in several] for n, several in found.items()}
    ratios = [one / more for one, more in zip(*times.values(), strict=True)]
    for n, seconds in times.items():
        print(f"cluster_{n}_workers {statistics.median(seconds):.2f} s")
    print(f"cluster_speedup {statistics.median(ratios):.2f} ratio")
    print(f"cluster_speedup_least {min(ratios):.2f} ratio")
    print(f"cluster_speedup_most {max(ratios):.2f} ratio")
    print(f"cluster_others {max(one.others for several in found.values() for one in several):.2f} share")


def module(folder: Path) -> None:
    """Print what 150 assemblies x 1 ms take; fail if the killed and resumed run is not the serial one."""
    run = run_of(SimulationConfig(windows=1, window_blocks=MS_BLOCKS), MODULE)
    start = time.perf_counter()
    serial = simulate_run(run, folder / "serial", Where())
    print(f"module_serial {time.perf_counter() - start:.1f} s")
    whole_s, start_s = (sum(getattr(one, name) for one in serial.made) for name in ("whole_s", "start_s"))
    print(f"module_serial_start_of_streams {start_s / whole_s:.2f} share")
    print(f"module_size {sum(one.size for one in serial.made) / 1e9:.3f} GB")
    shutil.rmtree(folder / "serial")
    (folder / "run.toml").write_text(TOML)
    words = ["simulate", str(folder / "run.toml"), "-o", str(folder / "cluster"), "--apas", str(MODULE)]
    command = [
        sys.executable,
        "-c",
        "from streams.cli import main; main()",
        *words,
        "--workers",
        str(WORKERS),
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    start = time.perf_counter()
    killed = subprocess.Popen(command, env=os.environ, **quiet)  # type: ignore[call-overload]
    while len(list((folder / "cluster").glob("*.hdf5"))) < MODULE // 3 and killed.poll() is None:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    print(f"module_killed_after {time.perf_counter() - start:.1f} s")
    print(f"module_files_then {len(list((folder / 'cluster').glob('*.hdf5')))} files")
    start = time.perf_counter()
    resumed = simulate_run(run, folder / "cluster", Where("", WORKERS))
    print(f"module_resumed {time.perf_counter() - start:.1f} s")
    print(f"module_made_after {sum(one.new for one in resumed.made)} files")
    print(f"module_digest {resumed.digest} sha256")
    if resumed.digest != serial.digest:
        raise UserError(f"the serial run has digest {serial.digest}: the bytes differ")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=".") as place:
        (module if "--module" in sys.argv else compare)(Path(place))
