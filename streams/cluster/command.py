"""What ``lartrig simulate`` does with a run in parts: its options, and the table at the end.

>>> where_of(Options(apas=2, workers=3)), where_of(Options(apas=2, serial=True))
(Where(scheduler='', workers=2), Where(scheduler='', workers=0))
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.cluster.clients import cores
from streams.cluster.run import SPAN_MS, Run, run_of, spans
from streams.cluster.whole import Where, Whole, simulate_run
from streams.config import SimulationConfig
from streams.limits import refuse


class Options(NamedTuple):
    """The options of the command line; None: not given."""

    apas: int | None = None
    span_ms: float | None = None
    workers: int | None = None
    scheduler: str = ""
    serial: bool = False


def where_of(options: Options) -> Where:
    """Return who makes the files: on this machine no more workers than assemblies, each of which is a chain of files.

    Raises
    ------
    ConfigError : options that exclude each other.
    """
    given = (
        ("--scheduler", bool(options.scheduler)),
        ("--workers", options.workers is not None),
        ("--serial", options.serial),
    )
    names = [name for name, there in given if there]
    refuse(len(names) > 1, f"{' and '.join(names)}: got both, want one of --scheduler, --workers, --serial")
    if options.scheduler or options.serial:
        return Where(options.scheduler)
    workers = cores() if options.workers is None else options.workers
    return Where("", min(workers, options.apas or 1))


def simulate_in_parts(config: SimulationConfig, folder: Path, options: Options) -> dict[str, object]:
    """Simulate into ``folder``; return names and values for a table.

    Raises
    ------
    ConfigError, UserError : what cannot be used, or what the disk or the cluster does not do.
    """
    where = where_of(options)
    refuse(options.apas == 0, "--apas: got 0, want 1 to 150, as many as a module has")
    run = run_of(config, options.apas or 0, SPAN_MS if options.span_ms is None else options.span_ms)
    return summary(run, simulate_run(run, folder, where, shown="simulate"))


def summary(run: Run, whole: Whole) -> dict[str, object]:
    """Return names and values for a table."""
    new = [one for one in whole.made if one.new]
    work_s, start_s = (sum(getattr(one, name) for one in new) for name in ("whole_s", "start_s"))
    size = sum(one.size for one in whole.made)
    length_ms = run.config.windows * run.config.window_blocks * TICKS_PER_BLOCK * TICK_NS * 1e-6
    rows: dict[str, object] = {
        "files": f"{len(whole.made)}: assemblies {max(run.apas, 1)}, spans of time {spans(run)}; {len(new)} new",
        "written": f"{length_ms:.3f} ms of each assembly, {size / 1e6:.1f} MB",
        "digest": whole.digest,
    }
    if new:
        rows["work"] = f"{work_s:.1f} s of all workers, {start_s / work_s:.0%} of it to start the streams"
    return rows
